"""The windows of declared segments as pages and the API read them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.segment_state import SegmentAlarm
from modelward.monitoring.segment_tables import SegmentState, SegmentWindow
from modelward.monitoring.segments import Asked
from modelward.rules.window_spans import WindowSpans

MOST_ROWS = 10_000
"""So many rows (values × windows) are read at most, the newest ones."""


def segment_windows(
    session: Session,
    *,
    model_id: int,
    windows: WindowSpans,
    segment: str,
    start: datetime | None = None,
    end: datetime | None = None,
) -> dict[str, list[SegmentWindow]]:
    """The windows of every value, oldest first; the values with most rows come first."""
    query = select(SegmentWindow).where(
        SegmentWindow.model_id == model_id, judged_by(SegmentWindow, windows), SegmentWindow.segment == segment
    )
    if start is not None:
        query = query.where(SegmentWindow.ends_at > start)
    if end is not None:
        query = query.where(SegmentWindow.starts_at < end)
    found: defaultdict[str, list[SegmentWindow]] = defaultdict(list)
    for row in reversed(session.scalars(query.order_by(SegmentWindow.starts_at.desc()).limit(MOST_ROWS)).all()):
        found[row.value].append(row)
    return dict(sorted(found.items(), key=lambda pair: -sum(row.rows for row in pair[1])))


def segment_alarms(session: Session, model_id: int) -> list[SegmentAlarm]:
    """What alarms now, the gravest first."""
    state = session.get(SegmentState, model_id)
    stored: Sequence[dict[str, Any]] = state.alarms if state else []
    return [SegmentAlarm(**{**entry, "values": tuple(entry["values"])}) for entry in stored]


def alarms_json(session: Session, model_id: int) -> list[dict[str, Any]]:
    """The alarms as JSON, each with its sentence."""
    state = session.get(SegmentState, model_id)
    known = segment_alarms(session, model_id)
    return [
        {**entry, "sentence": alarm.sentence} for entry, alarm in zip(state.alarms if state else [], known, strict=True)
    ]


def lines_json(session: Session, asked: Asked, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """One line a value: its windows of the span with PSI, performance and fairness; nothing where not declared."""
    if not asked.declared:
        return []
    windows = asked.found.watched.windows
    found = segment_windows(
        session, model_id=asked.model.id, windows=windows, segment=asked.by.name, start=start, end=end
    )
    return [{"segment": value, "windows": [_point(row) for row in rows]} for value, rows in found.items()]


def _point(row: SegmentWindow) -> dict[str, Any]:
    performance = row.performance or {}
    return {
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "closed": row.closed,
        "rows": row.rows,
        "verdict": row.verdict,
        "psi": row.psi,
        "quality": row.quality["verdict"],
        "metric": performance.get("metric"),
        "value": performance.get("value"),
        "estimate": performance.get("estimate"),
        "performance": performance.get("verdict"),
        "fairness": [{name: entry[name] for name in ("attribute", "verdict", "score")} for entry in row.fairness],
    }
