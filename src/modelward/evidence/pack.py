"""The sections of an evidence pack. Each is bounded, and says how much it leaves out."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from modelward.alerting.tables import IncidentRow
from modelward.audit.tables import AuditEntry, AuditHead
from modelward.errors import FieldError, Invalid
from modelward.governance.gate import may_serve
from modelward.governance.lifecycle_schemas import TransitionAnswer
from modelward.governance.lifecycle_tables import Approval, Transition
from modelward.governance.policies import policy_of
from modelward.governance.policy_schemas import PolicyAnswer
from modelward.governance.policy_tables import PolicyVersion
from modelward.governance.queries import status_of
from modelward.governance.sight import approvals_of, newest
from modelward.monitoring import queries
from modelward.monitoring.performance_answers import fairness, performance
from modelward.registry.card_schemas import CARD
from modelward.registry.service import schema
from modelward.registry.tables import Model
from modelward.rules.lifecycle import Action

MOST = 400
"""So many windows, steps, incidents or entries are told in each section, the newest."""

HOW_TO_VERIFY = (
    "Run `modelward audit verify` on the machine, or ask GET /api/v1/audit/verify: the keyed hash of every entry is "
    "computed anew, and the chain must lead through this position to this hash. Keep the head somewhere else: a chain "
    "that was cut or written anew does not lead to it."
)


def pack(session: Session, model: Model, *, start: datetime, end: datetime, now: datetime) -> dict[str, Any]:
    """The evidence on a version from `start` up to but without `end`, as JSON holds it.

    Raises:
        Invalid: the period ends before it begins.
    """
    if end <= start:
        problem = FieldError("query.end", "it is not after start", "send a later moment")
        raise Invalid("The period must end after it begins.", fields=(problem,))
    period = (start, end)
    steps = _steps(session, model, period)
    return {
        "pack": {"made_at": now, "made_by": f"Modelward {version('modelward')}", "start": start, "end": end},
        "card": card(session, model),
        "status": {**status_of(session, model, now=now), "serving": _serving(session, model, now)},
        "drift": _drift(session, model, period),
        "performance": _told(performance(session, model, start=start, end=end), "windows"),
        "fairness": _fairness(session, model, period),
        "incidents": _incidents(session, model, period),
        "transitions": steps,
        "approvals": _approvals(session, model, period),
        "overrides": [step for step in steps["items"] if step["override"]],
        "decision": (decided := decision(session, model)),
        "policy": _policy(session, model, [*steps["items"], *([decided["step"]] if decided else [])]),
        "audit": _audit(session, model, period),
    }


def decision(session: Session, model: Model) -> dict[str, Any] | None:
    """Who let the version into production where it is now, knowing what, however long before the period that was.

    The step holds what was read at that moment; with it the submission that it rests on, and who had approved that.
    """
    step = newest(session, model.id, Action.DEPLOY) if model.deployment_place else None
    if step is None:
        return None
    submission = session.get(Transition, step.evidence.get("submission") or 0)
    approvals = approvals_of(session, submission) if submission else []
    return {
        "step": TransitionAnswer.of(step, model).model_dump(),
        "submission": TransitionAnswer.of(submission, model).model_dump() if submission else None,
        "approvals": [_approval(approval) for approval in approvals if approval.at <= step.at],
    }


def card(session: Session, model: Model) -> dict[str, Any]:
    """What people said of the model: the model card."""
    said = {name: model.attributes.get(name) for name in CARD}
    registered = ("training_accuracy", "fairness_baseline", "protected_attributes")
    return {
        "model_id": model.id,
        "key": model.key,
        "name": model.name,
        "version": model.version,
        "description": model.description,
        "task": model.task,
        "threshold": model.threshold,
        "time_zone": model.time_zone,
        "registered_by": model.created_by,
        "registered_at": model.created_at,
        **said,
        **{name: model.attributes.get(name) for name in registered},
        "schema": [{"name": feature.name, "kind": feature.kind} for feature in schema(session, model.id).features],
    }


def _serving(session: Session, model: Model, now: datetime) -> dict[str, Any]:
    found = may_serve(session, model, now=now)
    return {"answer": found.answer.value, "reasons": [reason.to_dict() for reason in found.reasons]}


def _drift(session: Session, model: Model, period: tuple[datetime, datetime]) -> dict[str, Any]:
    points = queries.window_history(session, model_id=model.id, start=period[0], end=period[1], limit=MOST)
    reference = queries.reference(session, model_id=model.id)
    windows = [
        {
            "starts_at": point.starts_at,
            "ends_at": point.ends_at,
            "closed": point.closed,
            "rows": point.rows,
            "verdict": point.verdict,
            "drifted": point.drifted,
            "drifted_columns": list(point.drifted_columns)[:20],
            "latency": asdict(point.latency) if point.latency else None,
        }
        for point in points
    ]
    return {
        "health": model.health,
        "reason": model.health_reason,
        "reference": asdict(reference) | {"columns": len(reference.columns)} if reference else None,
        "windows": windows,
        "drifted_windows": sum(point.drifted for point in points),
    }


def _told(answer: dict[str, Any], *lists: str) -> dict[str, Any]:
    return {**answer, **{name: list(answer[name])[-MOST:] for name in lists}}


def _fairness(session: Session, model: Model, period: tuple[datetime, datetime]) -> dict[str, Any]:
    answer = fairness(session, model, start=period[0], end=period[1])
    most = max(1, MOST // max(1, len(answer["attributes"])))
    answer["attributes"] = [{**one, "windows": list(one["windows"])[-most:]} for one in answer["attributes"]]
    return answer


def _incidents(session: Session, model: Model, period: tuple[datetime, datetime]) -> dict[str, Any]:
    """Those that were open at some moment of the period."""
    lasted = or_(IncidentRow.resolved_at.is_(None), IncidentRow.resolved_at >= period[0])
    query = select(IncidentRow).where(IncidentRow.model_id == model.id, IncidentRow.opened_at < period[1], lasted)
    rows, left_out = _newest(session, query, IncidentRow.id)
    names = ("id", "state", "severity", "title", "sentence", "opened_at", "resolved_at")
    return {"items": [{name: getattr(row, name) for name in names} for row in rows], "left_out": left_out}


def _steps(session: Session, model: Model, period: tuple[datetime, datetime]) -> dict[str, Any]:
    within = (Transition.at >= period[0], Transition.at < period[1])
    rows, left_out = _newest(session, select(Transition).where(Transition.model_id == model.id, *within), Transition.id)
    return {"items": [TransitionAnswer.of(row, model).model_dump() for row in rows], "left_out": left_out}


def _approvals(session: Session, model: Model, period: tuple[datetime, datetime]) -> dict[str, Any]:
    within = (Approval.at >= period[0], Approval.at < period[1])
    rows, left_out = _newest(session, select(Approval).where(Approval.model_id == model.id, *within), Approval.id)
    return {"items": [_approval(row) for row in rows], "left_out": left_out}


def _approval(row: Approval) -> dict[str, Any]:
    return {
        "submission": row.submission_id,
        "by": row.author["title"],
        "on_behalf_of": row.author["on_behalf_of"],
        "role": row.role,
        "at": row.at,
        "justification": row.justification,
    }


def _policy(session: Session, model: Model, steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What is in force now, and what the versions said that these steps were decided under."""
    found = policy_of(session, model)
    ids = {cited["id"] for step in steps for cited in step["policies"] if cited["id"] is not None}
    rows = session.scalars(select(PolicyVersion).where(PolicyVersion.id.in_(ids)).order_by(PolicyVersion.id))
    cited = [PolicyAnswer.of(row).model_dump() for row in rows]
    return {"in_force": found.policy.to_dict(), "versions": found.cited, "told": found.title, "cited": cited}


def _audit(session: Session, model: Model, period: tuple[datetime, datetime]) -> dict[str, Any]:
    """The head of the whole chain, and of its entries those on this version."""
    head = session.get(AuditHead, model.organisation_id)
    mine = (AuditEntry.organisation_id == model.organisation_id, AuditEntry.model_id == model.id)
    query = select(AuditEntry).where(*mine, AuditEntry.at >= period[0], AuditEntry.at < period[1])
    rows, left_out = _newest(session, query, AuditEntry.position)
    entries = [
        {
            "position": row.position,
            "at": row.at,
            "by": row.author_title,
            "on_behalf_of": row.on_behalf_of,
            "action": row.action,
            "reason": row.reason,
            "hash": row.hash,
        }
        for row in rows
    ]
    return {
        "head": {"position": head.position, "hash": head.hash} if head else None,
        "how_to_verify": HOW_TO_VERIFY,
        "entries": entries,
        "left_out": left_out,
    }


def _newest(session: Session, query: Select[Any], order: Any) -> tuple[Sequence[Any], int]:
    """The newest rows, oldest first, and how many more there are."""
    every = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(order.desc()).limit(MOST)).all()
    return rows[::-1], max(0, every - MOST)
