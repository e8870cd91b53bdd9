"""Rolling back: the version in production leaves, and the one that it replaced comes back, through the gate."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.governance.decide_deployment import check_override, refused
from modelward.governance.lifecycle_tables import Transition
from modelward.governance.moving import (
    Why,
    check_possible,
    check_right,
    deciding,
    justified,
    lock_versions,
    move,
    title_of,
)
from modelward.governance.overrides import end_later
from modelward.governance.sight import look, newest
from modelward.registry.tables import Model
from modelward.rules.lifecycle import Action, Place, Stage


@dataclass(frozen=True)
class RolledBack:
    """What a rollback did: the step of the version that left, and that of the one that came back, if any."""

    step: Transition
    restored: Model | None


def roll_back(
    session: Session,
    *,
    principal: Principal,
    model: Model,
    justification: str | None,
    override: bool = False,
    expires_at: datetime | None = None,
    now: datetime,
) -> RolledBack:
    """Roll a version back. Where it replaced none, it leaves production and nothing takes its place.

    Raises:
        Conflict: it is not in production.
        Refused: the version that would come back is refused by the gate; nothing is changed.
        Forbidden: an override that is needed, by somebody who is no admin.
        Invalid: there is no justification.
    """
    check_right(Action.ROLL_BACK, principal)
    said = justified(Action.ROLL_BACK, justification)
    lock_versions(session, model)
    check_possible(Action.ROLL_BACK, model)
    by, before = deciding(session, principal, now=now), look(session, model)
    previous = replaced_by(session, model)
    against = look(session, previous).against(now=now, returning=True) if previous else ()
    if previous is not None and against:
        if not override:
            raise refused(f"{title_of(model)} is not rolled back, because {title_of(previous)} may not return", against)
        what = " ".join(reason.sentence for reason in against)
        check_override(principal, what=what, justification=said, expires_at=expires_at, now=now)
    why = Why(said, before, other=previous)
    step = move(session, model, Action.ROLL_BACK.value, after=Stage.ROLLED_BACK, place=None, by=by, why=why)
    if previous is not None:
        ends = expires_at if against else None
        before_that = replaced_by(session, previous, ever=True)
        back = Why(said, look(session, previous), against, override=bool(against), expires_at=ends, other=before_that)
        returned = move(
            session, previous, Action.DEPLOY.value, after=Stage.DEPLOYED, place=Place.CHAMPION, by=by, why=back
        )
        if ends is not None:
            end_later(session, returned)
    return RolledBack(step, previous)


def replaced_by(session: Session, model: Model, *, ever: bool = False) -> Model | None:
    """The version that this one replaced, and that would come back; None where it replaced none.

    One that went on living since (it was submitted again, or retired by a person) does not come back by itself, unless
    `ever` asks which one it was at all.
    """
    step = _came_by(session, model.id)
    if step is None or step.other_model_id is None or (not ever and step.place_after != Place.CHAMPION):
        return None
    previous = session.get(Model, step.other_model_id)
    if previous is None or ever:
        return previous
    last = newest(session, previous.id)
    retired = last is not None and last.action == Action.RETIRE and last.other_model_id == model.id
    return previous if retired else None


def _came_by(session: Session, model_id: int) -> Transition | None:
    """The step that brought a version to its place. Deploying it once more, by an override say, replaces nothing."""
    came = (
        Transition.model_id == model_id,
        Transition.action == Action.DEPLOY.value,
        Transition.place_before.is_distinct_from(Transition.place_after),
    )
    return session.scalars(select(Transition).where(*came).order_by(Transition.id.desc()).limit(1)).first()
