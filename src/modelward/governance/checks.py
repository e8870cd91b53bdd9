"""The checks of a model's policy, asked of what is there."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.governance.standing import Standing
from modelward.monitoring.joint_plan import protected_names
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.tables import Performance
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.rules.policy_checks import Check, Evidence, policy_checks


def checks_of(session: Session, model: Model, found: Standing, *, now: datetime) -> tuple[Check, ...]:
    """Every check of the policy that the model stands under."""
    evidence = evidence_of(session, model)
    return policy_checks(found.policy.policy, found.risk, found.measured.figures, evidence, now=now)


def evidence_of(session: Session, model: Model, *, approvals: int | None = None) -> Evidence:
    """What is there beside what was measured. `approvals`: of the deployment that is asked for, if one is."""
    baseline = current_baseline(session, model.id)
    newest = select(func.max(Performance.ends_at)).where(Performance.model_id == model.id, Performance.labelled > 0)
    return Evidence(
        reference=baseline.status if baseline else None,
        protected=bool(protected_names(model, monitor_of(model).protected)),
        outcomes_until=session.scalar(newest),
        approvals=approvals,
    )
