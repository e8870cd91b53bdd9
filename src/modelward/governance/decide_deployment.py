"""Deploying a version: through the gate, or past it by an admin who says why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal, Right
from modelward.errors import Conflict, FieldError, Forbidden, Invalid, Refused
from modelward.governance.lifecycle_tables import Transition
from modelward.governance.moving import (
    Deciding,
    Why,
    champion_of,
    check_possible,
    check_right,
    deciding,
    justified,
    lock_versions,
    move,
    said_in,
    title_of,
    unjustified,
)
from modelward.governance.overrides import end_later
from modelward.governance.sight import look, newest
from modelward.registry.tables import Model
from modelward.rules.governance_status import Reason
from modelward.rules.lifecycle import Action, Place, Stage


@dataclass(frozen=True)
class Wish:
    """How somebody wants a version deployed."""

    override: bool = False
    justification: str | None = None
    expires_at: datetime | None = None
    """When an override ends."""
    place: Place = Place.CHAMPION


def deploy(session: Session, *, principal: Principal, model: Model, wish: Wish, now: datetime) -> Transition:
    """Deploy a version. As champion it takes the place of the version that is in production, which is retired.

    One that is there already stays as it is, and the transition that brought it there is the answer; the gate is asked
    nevertheless, so that a program that repeats its request hears what holds now.

    Raises:
        Conflict: it is in production, and cannot go into the shadow by itself.
        Refused: the gate says no; with all reasons.
        Forbidden: an override that is needed, by somebody who is no admin.
        Invalid: an override without a justification, or with an end in the past.
    """
    check_right(Action.DEPLOY, principal)
    said = justified(Action.DEPLOY, wish.justification)
    versions = lock_versions(session, model)
    check_possible(Action.DEPLOY, model)
    _check_place(model, wish.place)
    sight = look(session, model)
    against = sight.against(now=now)
    there = _there_already(session, model, wish.place)
    overriding = bool(against) and _overrides(principal, model, wish, against, now=now)
    if there is not None and not (overriding and not _overridden(there, wish, now)):
        return there
    by = deciding(session, principal, now=now)
    expires_at = wish.expires_at if overriding else None
    replaced = None
    if wish.place is Place.CHAMPION:
        replaced = _make_way(session, champion_of(versions), model, by)
    why = Why(said, sight, against, override=overriding, expires_at=expires_at, other=replaced)
    step = move(session, model, Action.DEPLOY.value, after=Stage.DEPLOYED, place=wish.place, by=by, why=why)
    if expires_at is not None:
        end_later(session, step)
    return step


def check_override(
    principal: Principal, *, what: str, justification: str | None, expires_at: datetime | None, now: datetime
) -> None:
    """Whether this caller may go past the gate, and said what they have to.

    Raises:
        Forbidden: they are no admin.
        Invalid: there is no justification, or the end is over already.
    """
    if not principal.may(Right.ADMIN):
        raise Forbidden(f"The gate refuses this, and only an admin may override it: {what}")
    if said_in(justification) is None:
        raise unjustified("an override")
    if expires_at is not None and expires_at <= now:
        problem = FieldError("expires_at", "it is over already", "send a moment to come, or leave it out")
        raise Invalid("The override would end before it begins: send an expires_at to come.", fields=(problem,))


def refused(what: str, against: Sequence[Reason]) -> Refused:
    """The gate's no, with all its reasons."""
    sentences = " ".join(reason.sentence for reason in against)
    return Refused(f"{what}: {sentences}", reasons=tuple(reason.to_dict() for reason in against))


def _overrides(principal: Principal, model: Model, wish: Wish, against: Sequence[Reason], *, now: datetime) -> bool:
    if not wish.override:
        raise refused(f"{title_of(model)} is not deployed", against)
    what = " ".join(reason.sentence for reason in against)
    check_override(principal, what=what, justification=wish.justification, expires_at=wish.expires_at, now=now)
    return True


def _there_already(session: Session, model: Model, place: Place) -> Transition | None:
    if model.deployment_status != Stage.DEPLOYED or model.deployment_place != place:
        return None
    return newest(session, model.id, Action.DEPLOY)


def _overridden(step: Transition, wish: Wish, now: datetime) -> bool:
    """Whether it is there by this very override; one with another end is another one."""
    lasts = step.expires_at is None or step.expires_at > now
    return step.override and lasts and step.expires_at == wish.expires_at


def _check_place(model: Model, place: Place) -> None:
    if place is Place.CHALLENGER and model.deployment_place == Place.CHAMPION:
        raise Conflict(
            f"{title_of(model)} is in production, and nothing would answer in its place: deploy the version that "
            "takes over, or roll this one back and say why."
        )


def _make_way(session: Session, old: Model | None, new: Model, by: Deciding) -> Model | None:
    """Retire the version that is in production; it is what a rollback brings back."""
    if old is None or old.id == new.id:
        return None
    why = Why(f"{title_of(new)} took its place.", look(session, old), other=new)
    move(session, old, Action.RETIRE.value, after=Stage.RETIRED, place=None, by=by, why=why)
    return old
