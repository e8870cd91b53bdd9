"""The steps of a model's risk history, before and while they are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from modelward.governance.looks import look_in
from modelward.governance.risk_tables import RiskRecord
from modelward.rules.risk_step import Look, RiskEvent, RiskStep


@dataclass(frozen=True)
class Entry:
    """A step to be written: as a new row, or as `record` put right; `corrected` where late data are why."""

    look: Look
    step: RiskStep
    at: datetime
    record_id: int | None = None
    corrected: bool = False


@dataclass(frozen=True)
class Last:
    """The newest step so far: its look, when and by which event it was, and the id of its row where it has one."""

    look: Look
    at: datetime
    event: RiskEvent
    record_id: int | None = None

    @classmethod
    def of(cls, row: RiskRecord) -> "Last":
        """The step that a row tells."""
        return cls(look_in(row), row.at, RiskEvent(row.event), row.id)


def write_entries(session: Session, *, model_id: int, entries: Sequence[Entry], now: datetime) -> RiskRecord | None:
    """Write them in their order; answers the row of the last."""
    record = None
    for entry in entries:
        record = session.get(RiskRecord, entry.record_id) if entry.record_id is not None else None
        if record is None:
            record = RiskRecord(model_id=model_id, at=entry.at)
            session.add(record)
        record.risk_score, record.status = entry.look.risk_score, entry.look.status
        record.event, record.cause = entry.step.event.value, entry.step.cause
        record.components, record.unmeasured = list(entry.look.components), list(entry.look.unmeasured)
        record.reasons, record.sources = list(entry.look.reasons), dict(entry.look.sources)
        if entry.corrected:
            record.corrected_at = now
        session.flush()
    return record
