"""Writing a new version of a policy, and trying one before it is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.tables import Organisation
from modelward.audit.author import Author
from modelward.audit.service import record
from modelward.errors import Conflict, Invalid
from modelward.governance.policies import (
    InForce,
    Place,
    in_force,
    models_under,
    newest_of,
    newest_versions,
    places_above,
    places_of,
)
from modelward.governance.policy_tables import PolicyVersion
from modelward.governance.standing import Standing, standing, standing_under
from modelward.jobs.service import enqueue
from modelward.registry.tables import Model, Project
from modelward.rules.policy import Policy, merged

TRIED = 0
"""The id and number of a version that is only tried."""


@dataclass(frozen=True)
class StatusChange:
    """A model that stands otherwise under another policy."""

    model: Model
    before: Standing
    after: Standing


def change_policy(
    session: Session,
    *,
    place: Place,
    body: Mapping[str, Any],
    author: Author,
    now: datetime,
    title: str,
    note: str | None = None,
    based_on: int | None = None,
) -> PolicyVersion:
    """Write a new version of what a place asks: it names only what it overrides, and nothing to override nothing.

    Every model under it is looked at anew. `title` names the place to people; `based_on` is the number of the version
    that was edited, so that nobody overwrites what another wrote meanwhile.

    Raises:
        Invalid: values that cannot be meant, by themselves or with those of the other levels.
        Conflict: `based_on` is not the newest version any more.
    """
    # Writers of one organisation take turns: a level is valid only together with the others.
    session.execute(select(Organisation.id).where(Organisation.id == place.organisation_id).with_for_update())
    newest = newest_of(session, place)
    number = newest.number if newest else 0
    if based_on is not None and based_on != number:
        raise Conflict(
            f"Version {based_on} is not the newest any more, {number} is: read it, and send your change based on it."
        )
    _check(session, place, body)
    version = PolicyVersion(
        organisation_id=place.organisation_id,
        scope=place.level,
        scope_id=place.id,
        number=number + 1,
        body=dict(body),
        author=author.title[:200],
        note=note,
        at=now,
    )
    session.add(version)
    session.flush()
    _note(session, version, newest, author, title)
    for model in models_under(session, place):
        enqueue(session, "measured", str(model.id), run_at=now)
    return version


def preview_policy(session: Session, *, place: Place, body: Mapping[str, Any]) -> tuple[tuple[StatusChange, ...], int]:
    """The models whose status would change today, the gravest first, and how many models are under the policy.

    Raises:
        Invalid: as for `change_policy`.
    """
    _check(session, place, body)
    newest = newest_versions(session, {place.organisation_id})
    tried = {**newest, place: _unwritten(place, body)}
    models = models_under(session, place)
    changes = []
    for model in models:
        before = standing(session, model, policy=_merged_at(model, newest))
        after = standing_under(before.measured, _merged_at(model, tried))
        if before.status != after.status:
            changes.append(StatusChange(model, before, after))
    order = {"BLOCKED": 0, "AT_RISK": 1, "APPROVED": 2}
    changes.sort(key=lambda change: (order.get(change.after.status or "", 3), -(change.after.risk_score or 0)))
    return tuple(changes), len(models)


def _merged_at(model: Model, versions: Mapping[Place, PolicyVersion]) -> InForce:
    return in_force([versions[place] for place in places_of(model) if place in versions])


def _unwritten(place: Place, body: Mapping[str, Any]) -> PolicyVersion:
    return PolicyVersion(
        id=TRIED,
        organisation_id=place.organisation_id,
        scope=place.level,
        scope_id=place.id,
        number=TRIED,
        body=dict(body),
        author="",
        at=datetime.min,  # noqa: DTZ901 - it is never kept
    )


def _check(session: Session, place: Place, body: Mapping[str, Any]) -> None:
    """Refuse what does not hold by itself, or together with a level above or below."""
    try:
        Policy.from_dict(body)
    except (ValueError, TypeError) as error:
        by_itself = str(error)
    else:
        by_itself = ""
    newest = {**newest_versions(session, {place.organisation_id}), place: _unwritten(place, body)}
    for levels, where in _together(session, place, newest):
        try:
            merged(*(version.body for version in levels))
        except (ValueError, TypeError) as error:
            raise Invalid(f"This policy cannot be used{where}: {error}.") from error
    if by_itself and not models_under(session, place):
        raise Invalid(f"This policy cannot be used: {by_itself}.")


def _together(
    session: Session, place: Place, newest: Mapping[Place, PolicyVersion]
) -> list[tuple[list[PolicyVersion], str]]:
    """Each way in which levels hold together where this one takes part, the one of itself first, and how to name it."""
    chains: dict[tuple[Place, ...], str] = {}
    above = places_above(session, place)
    chains[tuple(entry for entry in (*above, place) if entry in newest)] = ""
    for model in models_under(session, place):
        chain = tuple(entry for entry in places_of(model) if entry in newest)
        chains.setdefault(chain, f" with what is written for the model {model.key!r} or its project")
    return [([newest[entry] for entry in chain], where) for chain, where in chains.items()]


def _note(session: Session, version: PolicyVersion, before: PolicyVersion | None, author: Author, title: str) -> None:
    record(
        session,
        organisation_id=version.organisation_id,
        author=author,
        action="policy.changed",
        object_kind="policy",
        object_id=version.id,
        object_title=title,
        at=version.at,
        before={"number": before.number if before else 0, "names": before.body if before else {}},
        after={"number": version.number, "names": version.body},
        reason=version.note,
        model_id=version.scope_id if version.scope == "model" else None,
    )


def title_of_place(session: Session, place: Place) -> str:
    """A place as people name it."""
    if place.level == "organisation":
        return "the organisation's policy"
    table: Any = Project if place.level == "project" else Model
    key = session.scalar(select(table.key).where(table.id == place.id))
    return f"the policy of the {place.level} {key}"
