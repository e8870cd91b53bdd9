"""The checks of a model's policy, asked of what is there."""

from datetime import datetime

from sqlalchemy.orm import Session

from modelward.governance.sight import look
from modelward.governance.standing import Standing
from modelward.registry.tables import Model
from modelward.rules.policy_checks import Check, policy_checks


def checks_of(session: Session, model: Model, found: Standing, *, now: datetime) -> tuple[Check, ...]:
    """Every check of the policy that the model stands under."""
    known = look(session, model, stands=found).known
    return policy_checks(found.policy.policy, found.risk, found.measured.figures, known, now=now)
