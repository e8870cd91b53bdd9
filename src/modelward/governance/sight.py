"""What a decision on a version rests on, read at the moment of the decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.governance.lifecycle_tables import Approval, Transition
from modelward.governance.standing import Standing, standing
from modelward.monitoring.joint_plan import protected_names
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.tables import Fairness, Performance
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.rules.deployment_gate import Approver, Known, gate
from modelward.rules.fairness import FairnessVerdict
from modelward.rules.governance_status import GovernanceStatus, Reason
from modelward.rules.lifecycle import Action, Stage
from modelward.rules.policy import Policy


@dataclass(frozen=True)
class Sight:
    """A version as the gate sees it: its standing, what is known of it, its newest submission and who approved that."""

    standing: Standing
    known: Known
    submission: Transition | None
    approvals: tuple[Approval, ...]

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.standing.policy.policy

    def against(self, *, now: datetime, returning: bool = False) -> tuple[Reason, ...]:
        """The reasons against deploying it now; none: it may."""
        return gate(self.policy, self.known, now=now, returning=returning)

    @property
    def evidence(self) -> dict[str, Any]:
        """All of it as JSON, as a decision keeps it."""
        known, found = self.known, self.standing
        return {
            "governance_status": found.status.value if found.status else None,
            "risk_score": found.risk_score,
            "reasons": [reason.to_dict() for reason in found.reasons],
            "measured_at": _iso(found.measured_at),
            "sources": found.sources,
            "reference": known.reference,
            "fairness_until": _iso(known.fairness_until),
            "labels_until": _iso(known.labels_until),
            "submission": self.submission.id if self.submission else None,
            "approvals": [
                {"by": approval.author["title"], "role": approval.role, "at": _iso(approval.at)}
                for approval in self.approvals
            ],
        }


def look(session: Session, model: Model, *, stands: Standing | None = None) -> Sight:
    """A version as it stands at this moment: a few indexed look-ups. `stands`: how it stands, where that is known."""
    stands = stands or standing(session, model)
    submission = newest(session, model.id, Action.SUBMIT)
    approvals = tuple(approvals_of(session, submission)) if submission else ()
    baseline = current_baseline(session, model.id)
    blocked = stands.status is GovernanceStatus.BLOCKED
    known = Known(
        stage=Stage(model.deployment_status),
        blocked=blocked,
        blocked_because=tuple(reason.sentence for reason in stands.reasons) if blocked else (),
        risk_score=stands.risk_score,
        reference=baseline.status if baseline else None,
        protected=bool(protected_names(model, monitor_of(model).protected)),
        fairness_until=_fairness_until(session, model.id),
        labels_until=_labels_until(session, model.id),
        requester=_approver(submission.author) if submission else None,
        approvals=tuple(_approver(approval.author) for approval in approvals),
    )
    return Sight(stands, known, submission, approvals)


def newest(session: Session, model_id: int, *actions: Action) -> Transition | None:
    """The newest transition of these kinds, or of any."""
    query = select(Transition).where(Transition.model_id == model_id)
    if actions:
        query = query.where(Transition.action.in_([action.value for action in actions]))
    return session.scalars(query.order_by(Transition.id.desc()).limit(1)).first()


def approvals_of(session: Session, submission: Transition) -> list[Approval]:
    """The approvals of a submission, oldest first."""
    query = select(Approval).where(Approval.submission_id == submission.id)
    return list(session.scalars(query.order_by(Approval.id)))


def _approver(author: dict[str, Any]) -> Approver:
    return Approver(
        author["title"], author["role"], frozenset(author["behind"]), nameless=author["kind"] in ("key", "operator")
    )


def _fairness_until(session: Session, model_id: int) -> datetime | None:
    told = Fairness.verdict != FairnessVerdict.NOT_ENOUGH.value
    return session.scalar(select(func.max(Fairness.ends_at)).where(Fairness.model_id == model_id, told))


def _labels_until(session: Session, model_id: int) -> datetime | None:
    known = Performance.labelled > 0
    return session.scalar(select(func.max(Performance.ends_at)).where(Performance.model_id == model_id, known))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
