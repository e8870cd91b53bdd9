"""What pages, the API and the record of the monitor read of governance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Scope
from modelward.governance.checks import checks_of
from modelward.governance.looks import look_of
from modelward.governance.risk_schemas import RiskHistoryAsked
from modelward.governance.risk_tables import GovernanceState, RiskRecord
from modelward.governance.standing import standing
from modelward.kit.paging import Page, listed
from modelward.registry.service import within
from modelward.registry.tables import Model
from modelward.rules.policy_checks import compliance
from modelward.rules.risk_step import RiskEvent


@dataclass(frozen=True)
class RiskChanges:
    """What happened to risk on one day of UTC, over the models of a scope: looks, and those that changed something."""

    day: date
    looks: int
    changes: int
    worse: int
    better: int


def status_of(session: Session, model: Model, *, now: datetime) -> dict[str, Any]:
    """How a model stands now, as JSON."""
    found = standing(session, model)
    look, checks = look_of(found), checks_of(session, model, found, now=now)
    stage = model.deployment_status
    return {
        "model_id": model.id,
        "model": model.key,
        "status": stage.upper(),
        "deployment_status": stage,
        "governance_status": look.status,
        "risk_score": look.risk_score,
        "sentence": found.risk.sentence,
        "reasons": look.reasons,
        "components": look.components,
        "unmeasured": look.unmeasured,
        "checks": [check.to_dict() for check in checks],
        "compliance": compliance(checks),
        "policy": found.policy.cited,
        "sources": look.sources,
        "measured_at": found.measured_at,
    }


def history_page(session: Session, model: Model, asked: RiskHistoryAsked) -> Page[RiskRecord]:
    """The steps at which the risk was known."""
    query = select(RiskRecord).where(RiskRecord.model_id == model.id, RiskRecord.risk_score.is_not(None))
    if asked.start is not None:
        query = query.where(RiskRecord.at >= asked.start)
    if asked.end is not None:
        query = query.where(RiskRecord.at < asked.end)
    return listed(session, query, asked, columns={"at": RiskRecord.at, "event": RiskRecord.event}, key=RiskRecord.id)


def risk_history(
    session: Session, *, model_id: int, start: datetime | None = None, end: datetime | None = None, limit: int = 200
) -> list[RiskRecord]:
    """The newest steps of a span, newest first."""
    query = select(RiskRecord).where(RiskRecord.model_id == model_id)
    if start is not None:
        query = query.where(RiskRecord.at >= start)
    if end is not None:
        query = query.where(RiskRecord.at < end)
    return list(session.scalars(query.order_by(RiskRecord.at.desc(), RiskRecord.id.desc()).limit(limit)))


def states_of(session: Session, model_ids: Sequence[int]) -> dict[int, GovernanceState]:
    """What was told last of each of these models; those that were never looked at are not there."""
    rows = session.scalars(select(GovernanceState).where(GovernanceState.model_id.in_(model_ids)))
    return {row.model_id: row for row in rows}


def risk_changes_by_day(session: Session, scope: Scope, start: datetime, end: datetime) -> list[RiskChanges]:
    """For each day of UTC in [start, end) on which a model of the scope was looked at: how the risk moved."""
    rows = session.execute(
        select(RiskRecord.model_id, RiskRecord.at, RiskRecord.risk_score, RiskRecord.event)
        .join(Model, Model.id == RiskRecord.model_id)
        .where(*within(scope), RiskRecord.at >= start, RiskRecord.at < end)
        .order_by(RiskRecord.at, RiskRecord.id)
    ).all()
    last = _scores_before(session, scope, start)
    days: dict[date, list[int]] = {}
    for model_id, at, score, event in rows:
        counts = days.setdefault(at.date(), [0, 0, 0, 0])
        before, last[model_id] = last.get(model_id), score
        counts[0] += 1
        counts[1] += event != RiskEvent.DAILY
        counts[2] += score is not None and before is not None and score > before
        counts[3] += score is not None and before is not None and score < before
    return [RiskChanges(day, *counts) for day, counts in sorted(days.items())]


def _scores_before(session: Session, scope: Scope, start: datetime) -> dict[int, float | None]:
    """The risk of each model of the scope when a span began."""
    newest = (
        select(RiskRecord.model_id, func.max(RiskRecord.at).label("at"))
        .join(Model, Model.id == RiskRecord.model_id)
        .where(*within(scope), RiskRecord.at < start)
        .group_by(RiskRecord.model_id)
        .subquery()
    )
    rows = session.execute(
        select(RiskRecord.model_id, RiskRecord.risk_score)
        .join(newest, (newest.c.model_id == RiskRecord.model_id) & (newest.c.at == RiskRecord.at))
        .order_by(RiskRecord.id)
    ).all()
    return {row.model_id: row.risk_score for row in rows}
