"""The constraints on a model's columns: what the reference suggests, and what people put in force."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from modelward.audit.author import SYSTEM, Author
from modelward.audit.service import changed
from modelward.errors import FieldError, Invalid
from modelward.monitoring.columns import SPECIAL, feature_key, profiled_columns, title_of
from modelward.monitoring.monitor_settings import evaluate_everything
from modelward.monitoring.quality import in_force
from modelward.monitoring.quality_tables import Constraints
from modelward.monitoring.subject import read_reference
from modelward.registry.entries import about_model
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.rules.constraints import Constraint, suggest, unheld

_OUTCOMES = {name[1:]: name for name in SPECIAL}


def constraints_answer(session: Session, model: Model) -> dict[str, Any]:
    """What the reference suggests and what is in force, a constraint a column."""
    reference = read_reference(session, current_baseline(session, model.id))
    suggested = suggest(reference.profile) if reference else []
    stored = session.get(Constraints, model.id)
    return {
        "model_id": model.id,
        "model": model.key,
        "suggested": [_shown(entry) for entry in suggested if entry.column not in SPECIAL],
        "in_force": [_shown(entry) for entry in in_force(session, model.id)],
        "changed_at": stored.changed_at if stored else None,
    }


def put_constraints(
    session: Session, *, model: Model, wire: Sequence[dict[str, Any]], now: datetime, author: Author = SYSTEM
) -> None:
    """Put these constraints in force in the place of all others, and judge the history by them.

    Raises:
        Invalid: a column that the model does not have, one that is named twice, or a rule that cannot be meant.
    """
    asked = [_parsed(session, model, number, entry) for number, entry in enumerate(wire)]
    names = [entry.column for entry in asked]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise Invalid(f"The column {title_of(twice)!r} is named twice; give all that is asked of a column at once.")
    before = _by_column(in_force(session, model.id))
    stored = session.get(Constraints, model.id)
    documents = [entry.to_dict() for entry in asked]
    if stored is None:
        session.add(Constraints(model_id=model.id, in_force=documents, changed_at=now))
    else:
        stored.in_force, stored.changed_at = documents, now
    session.flush()
    evaluate_everything(session, model_id=model.id, now=now)
    if (both := changed(before, _by_column(asked))) is not None:
        about_model(session, model, author=author, action="constraints.changed", at=now, before=both[0], after=both[1])


def _by_column(entries: Iterable[Constraint]) -> dict[str, Any]:
    return {title_of(entry.column): {**entry.to_dict(), "column": title_of(entry.column)} for entry in entries}


def _parsed(session: Session, model: Model, number: int, wire: dict[str, Any]) -> Constraint:
    known = {column.key: column.kind for column in profiled_columns(session, model.id)}
    named = wire["column"]
    key = feature_key(named)
    if key not in known:
        key = _OUTCOMES.get(named, key)
    if known and key not in known:
        field = FieldError(f"constraints.{number}.column", "the model has no such column")
        names = ", ".join(sorted(map(title_of, known)))
        raise Invalid(f"There is no column {named!r}; the model has {names}.", fields=(field,))
    try:
        asked = Constraint.from_dict({**wire, "column": key})
    except ValueError as error:
        raise Invalid(f"The {error}.".replace("The the", "The")) from error
    if key in known and (said := unheld(asked, "numeric" if known[key] == "numeric" else "text")):
        field = FieldError(f"constraints.{number}", "the column is of another kind")
        raise Invalid(f"The constraint of {named!r} cannot be used: {said}.", fields=(field,))
    return asked


def _shown(entry: Constraint) -> dict[str, Any]:
    return {**entry.to_dict(), "column": title_of(entry.column)}
