"""Asking that a version be trained again. One that is in production goes on until something takes its place."""

from datetime import datetime

from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.governance.lifecycle_tables import Transition
from modelward.governance.submit import take_step
from modelward.registry.tables import Model
from modelward.rules.lifecycle import Action


def request_retraining(
    session: Session, *, principal: Principal, model: Model, justification: str | None, now: datetime
) -> Transition:
    """Ask for retraining. Raises what `take_step` raises."""
    return take_step(
        session,
        principal=principal,
        model=model,
        action=Action.REQUEST_RETRAINING,
        justification=justification,
        now=now,
    )
