"""Readings of risk and governance status: the steps of a model's history, of which the newest holds now."""

from datetime import timedelta

from sqlalchemy import select

from modelward.alerting.watched import LOOKS_BACK, Watched
from modelward.governance.risk_tables import RiskRecord
from modelward.rules.alert_readings import Reading, Series
from modelward.rules.alert_rules import AlertRule
from modelward.rules.governance_status import GovernanceStatus
from modelward.rules.verdict import Verdict

_STEPS = 20
"""Steps per window that a preview goes through at most."""
PREVIEWED = timedelta(days=31)
_LEVELS = {
    GovernanceStatus.APPROVED.value: Verdict.OK,
    GovernanceStatus.AT_RISK.value: Verdict.WARNING,
    GovernanceStatus.BLOCKED.value: Verdict.DRIFTED,
}


def risk_readings(watched: Watched, _rule: AlertRule) -> list[Series]:
    """The risk, step by step."""
    return [
        Series(
            "", [Reading(step.at, step.at, reason=_risk_said(step), value=step.risk_score) for step in _steps(watched)]
        )
    ]


def status_readings(watched: Watched, _rule: AlertRule) -> list[Series]:
    """The status, step by step; where nothing was measured there is none."""
    steps = [step for step in _steps(watched) if step.status]
    readings = [
        Reading(step.at, step.at, _LEVELS.get(step.status or "", Verdict.TOO_FEW), _status_said(step)) for step in steps
    ]
    return [Series("", readings)]


def _steps(watched: Watched) -> list[RiskRecord]:
    query = select(RiskRecord).where(RiskRecord.model_id == watched.model.id)
    if watched.windows > LOOKS_BACK:
        query = query.where(RiskRecord.at >= watched.now - PREVIEWED)
    newest = query.order_by(RiskRecord.at.desc(), RiskRecord.id.desc()).limit(_STEPS * watched.windows)
    return list(reversed(watched.session.scalars(newest).all()))


def _risk_said(step: RiskRecord) -> str:
    score = "not known" if step.risk_score is None else f"{step.risk_score:.1f}"
    return f"the risk is {score}: {step.cause}"


def _status_said(step: RiskRecord) -> str:
    said = [reason["sentence"] for reason in step.reasons if isinstance(reason, dict) and reason.get("sentence")]
    return f"the model is {step.status}: {said[0].rstrip('.') if said else step.cause}"
