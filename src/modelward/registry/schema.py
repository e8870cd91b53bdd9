"""A model's features: which there are, of which kind, in which column."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.errors import NotFound
from modelward.registry.names import feature_name
from modelward.registry.tables import Feature, Model
from modelward.signals.service import emit

MOST_COLUMNS = 500
"""So many features have columns of their own; the others are kept as JSON beside them."""


class FeatureKind(StrEnum):
    """What a feature's values are."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class FeatureSpec:
    """One feature with a column of its own."""

    name: str
    kind: FeatureKind
    column: str


@dataclass(frozen=True)
class Schema:
    """All features with columns, in the order in which they came; and the kind of the prediction once it is known."""

    features: tuple[FeatureSpec, ...]
    prediction: FeatureKind | None


def schema(session: Session, model_id: int) -> Schema:
    """What is known of the model's columns."""
    features = session.scalars(select(Feature).where(Feature.model_id == model_id).order_by(Feature.position))
    prediction = session.scalar(select(Model.prediction_kind).where(Model.id == model_id))
    return Schema(
        tuple(FeatureSpec(row.name, FeatureKind(row.kind), row.column) for row in features),
        FeatureKind(prediction) if prediction else None,
    )


def widen(
    session: Session,
    *,
    model_id: int,
    features: Mapping[str, str],
    prediction: str | None,
    now: datetime,
) -> Schema:
    """Give columns to features that have none yet, and a kind to the prediction. What is known stays as it is.

    The first 500 features get columns. A model that had events already emits the signal `schema_changed`.

    Raises:
        NotFound: there is no such model.
        Invalid: a feature has a name that cannot be kept.
    """
    # The model's row is the lock that two processes widening at once take turns by.
    model = session.scalars(select(Model).where(Model.id == model_id).with_for_update()).first()
    if model is None:
        raise NotFound(f"There is no model {model_id}.")
    if prediction and not model.prediction_kind:
        model.prediction_kind = FeatureKind(prediction).value
    added = _add(session, model, {feature_name(name): FeatureKind(kind) for name, kind in features.items()}, now)
    if added and model.event_count:
        _tell(session, model, added, now)
    session.flush()
    return schema(session, model_id)


def _add(session: Session, model: Model, features: Mapping[str, FeatureKind], now: datetime) -> list[Feature]:
    known = set(session.scalars(select(Feature.name).where(Feature.model_id == model.id)))
    last = session.scalar(select(func.max(Feature.position)).where(Feature.model_id == model.id)) or 0
    new = [name for name in features if name not in known][: max(0, MOST_COLUMNS - len(known))]
    rows = [
        Feature(model_id=model.id, name=name, kind=features[name].value, column=f"f{at}", position=at, added_at=now)
        for at, name in enumerate(new, start=last + 1)
    ]
    session.add_all(rows)
    return rows


def _tell(session: Session, model: Model, added: list[Feature], now: datetime) -> None:
    names = [feature.name for feature in added]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    before = added[0].position - 1
    emit(
        session,
        organisation_id=model.organisation_id,
        model_id=model.id,
        kind="schema_changed",
        subject=model.key,
        before=f"{before} features",
        after=f"{before + len(names)} features",
        reason=f"Events brought features that the model did not have: {shown}.",
        evidence={"added": {feature.name: feature.kind for feature in added}},
        at=now,
    )
