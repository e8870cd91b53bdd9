"""Asking that a version be approved."""

from datetime import datetime

from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.governance.lifecycle_tables import Transition
from modelward.governance.moving import (
    Why,
    check_possible,
    check_right,
    deciding,
    justified,
    lock_versions,
    move,
    place_of,
)
from modelward.governance.sight import look
from modelward.registry.tables import Model
from modelward.rules.lifecycle import STEPS, Action


def submit(
    session: Session, *, principal: Principal, model: Model, justification: str | None, now: datetime
) -> Transition:
    """Submit a version: approvals begin anew, and belong to this submission.

    Raises:
        Conflict: it is submitted, approved or deployed already.
    """
    return take_step(
        session, principal=principal, model=model, action=Action.SUBMIT, justification=justification, now=now
    )


def take_step(
    session: Session, *, principal: Principal, model: Model, action: Action, justification: str | None, now: datetime
) -> Transition:
    """A step that the table alone decides on, with what was seen at that moment.

    Raises:
        Forbidden: the caller lacks the right.
        Conflict: the table does not allow it now.
        Invalid: it needs a justification.
    """
    check_right(action, principal)
    said, step = justified(action, justification), STEPS[action]
    lock_versions(session, model)
    check_possible(action, model)
    place = None if step.leaves else place_of(model)
    by, why = deciding(session, principal, now=now), Why(said, look(session, model))
    return move(session, model, action.value, after=step.after, place=place, by=by, why=why)
