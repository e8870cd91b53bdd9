"""Approving a submission, or rejecting it."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.errors import Refused
from modelward.governance.lifecycle_tables import Approval, Transition
from modelward.governance.moving import (
    Deciding,
    Why,
    check_possible,
    check_right,
    deciding,
    justified,
    lock_versions,
    move,
    place_of,
)
from modelward.governance.people import holder_of
from modelward.governance.sight import Sight, look
from modelward.governance.submit import take_step
from modelward.registry.tables import Model
from modelward.rules.deployment_gate import enough, may_approve
from modelward.rules.lifecycle import Action, Stage


def approve(
    session: Session, *, principal: Principal, model: Model, justification: str | None, now: datetime
) -> Transition:
    """Approve the newest submission. With the last approval that the policy asks for it is approved.

    Raises:
        Conflict: nothing was submitted.
        Refused: this caller cannot approve it (their role, four eyes, or they did already).
    """
    check_right(Action.APPROVE, principal)
    said = justified(Action.APPROVE, justification)
    lock_versions(session, model)
    check_possible(Action.APPROVE, model)
    by, before = deciding(session, principal, now=now), look(session, model)
    _check_approver(by, before)
    assert before.submission is not None  # it is submitted, so it was
    session.add(
        Approval(
            model_id=model.id,
            submission_id=before.submission.id,
            holder=holder_of(principal),
            role=by.approver.role,
            author=by.wire,
            at=now,
            justification=said,
        )
    )
    session.flush()
    known = replace(before.known, approvals=(*before.known.approvals, by.approver))
    after = Stage.APPROVED if enough(before.policy, known) else Stage.SUBMITTED
    why = Why(said, look(session, model))
    return move(session, model, Action.APPROVE.value, after=after, place=place_of(model), by=by, why=why)


def reject(
    session: Session, *, principal: Principal, model: Model, justification: str | None, now: datetime
) -> Transition:
    """Reject a submission, or take an approval back; one that is in production leaves it.

    Whoever asked may reject too: withdrawing one's own request needs no second pair of eyes.

    Raises what `take_step` raises.
    """
    return take_step(
        session, principal=principal, model=model, action=Action.REJECT, justification=justification, now=now
    )


def _check_approver(by: Deciding, sight: Sight) -> None:
    against = may_approve(sight.policy, by.approver, requester=sight.known.requester, approvals=sight.known.approvals)
    if against is not None:
        raise Refused(against.sentence, reasons=(against.to_dict(),))
