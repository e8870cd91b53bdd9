"""Saying that something changed, and reading what did."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.signals.tables import Signal


def emit(
    session: Session,
    *,
    organisation_id: int,
    model_id: int | None,
    kind: str,
    subject: str,
    before: str | None,
    after: str | None,
    reason: str,
    at: datetime,
    evidence: dict[str, Any] | None = None,
) -> Signal:
    """Write that `subject` changed from `before` to `after`; `reason` is a sentence."""
    signal = Signal(
        organisation_id=organisation_id,
        model_id=model_id,
        kind=kind,
        subject=subject,
        before=before,
        after=after,
        reason=reason,
        evidence=evidence,
        at=at,
    )
    session.add(signal)
    session.flush()
    return signal


def recent(
    session: Session,
    *,
    organisation_id: int,
    model_id: int | None = None,
    kind: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Signal]:
    """The latest signals, newest first. `before` is the id of the last one already seen."""
    query = select(Signal).where(Signal.organisation_id == organisation_id).order_by(Signal.id.desc()).limit(limit)
    if model_id is not None:
        query = query.where(Signal.model_id == model_id)
    if kind is not None:
        query = query.where(Signal.kind == kind)
    if before is not None:
        query = query.where(Signal.id < before)
    return list(session.scalars(query))
