"""Taking a version out of use."""

from datetime import datetime

from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.governance.lifecycle_tables import Transition
from modelward.governance.submit import take_step
from modelward.registry.tables import Model
from modelward.rules.lifecycle import Action


def retire(
    session: Session, *, principal: Principal, model: Model, justification: str | None, now: datetime
) -> Transition:
    """Retire a version; one that is in production leaves it, and nothing takes its place.

    Raises what `take_step` raises.
    """
    return take_step(
        session, principal=principal, model=model, action=Action.RETIRE, justification=justification, now=now
    )
