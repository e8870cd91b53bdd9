"""Readings of declared segments: each column, and the performance, in each part by itself, over the windows."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from sqlalchemy import select

from modelward.alerting.watched import Watched
from modelward.monitoring.columns import title_of
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.segment_state import PERFORMANCE
from modelward.monitoring.segment_tables import SegmentWindow
from modelward.rules import phrases
from modelward.rules.alert_readings import Reading, Series
from modelward.rules.alert_rules import AlertRule
from modelward.rules.performance import PerformanceVerdict
from modelward.rules.verdict import Verdict

_FALLS: Final = {
    PerformanceVerdict.FALLEN.value: Verdict.DRIFTED,
    PerformanceVerdict.WARNING.value: Verdict.WARNING,
    PerformanceVerdict.ESTIMATED_FALL.value: Verdict.WARNING,
    PerformanceVerdict.OK.value: Verdict.OK,
}


def segment_readings(watched: Watched, _rule: AlertRule) -> list[Series]:
    """What moved in at least one window of one part. The subject is `column|segment|value`."""
    parts: defaultdict[tuple[str, str], list[SegmentWindow]] = defaultdict(list)
    for row in _windows(watched):
        parts[row.segment, row.value].append(row)
    return [series for rows in parts.values() for series in _of_part(rows)]


def _windows(watched: Watched) -> list[SegmentWindow]:
    """The newest windows of every part, oldest first."""
    mine = (SegmentWindow.model_id == watched.model.id, judged_by(SegmentWindow, watched.spans.calendar))
    starts = select(SegmentWindow.starts_at).where(*mine).distinct().order_by(SegmentWindow.starts_at.desc())
    newest = watched.session.scalars(starts.limit(watched.windows + 1)).all()
    if not newest:
        return []
    since = SegmentWindow.starts_at >= newest[-1]
    query = select(SegmentWindow).where(*mine, since).order_by(SegmentWindow.starts_at, SegmentWindow.id)
    return list(watched.session.scalars(query))


def _of_part(rows: list[SegmentWindow]) -> Iterator[Series]:
    known = [row for row in rows if row.closed or row is rows[-1]]
    moved = {name for row in known for name, entry in row.columns.items() if Verdict(entry["verdict"]).alarming}
    for column in sorted(moved):
        yield _series(known[-1], column, [_moved(row, column) for row in known])
    if any(row.performance for row in known):
        yield _series(known[-1], PERFORMANCE, [_fallen(row) for row in known if row.closed and row.performance])


def _series(part: SegmentWindow, column: str, readings: list[Reading]) -> Series:
    where = f"{part.segment} {phrases.shortened(part.value)}"
    return Series(f"{column}|{part.segment}|{part.value}", readings, f"{_name(column)} of {where}")


def _name(column: str) -> str:
    return "performance" if column == PERFORMANCE else title_of(column)


def _moved(row: SegmentWindow, column: str) -> Reading:
    entry = row.columns.get(column, {})
    level = Verdict(entry.get("verdict", Verdict.TOO_FEW))
    return _reading(row, column, level, entry.get("reason", ""), entry.get("p_value"))


def _fallen(row: SegmentWindow) -> Reading:
    said = row.performance or {}
    level = _FALLS.get(said.get("verdict", ""), Verdict.TOO_FEW)
    return _reading(row, PERFORMANCE, level, said.get("reason", ""), None)


def _reading(row: SegmentWindow, column: str, level: Verdict, reason: str, p_value: float | None) -> Reading:
    part = f"`{phrases.shortened(row.segment)}` is {phrases.quoted([row.value])}"
    said = f"`{_name(column)}` where {part}: {reason}"
    return Reading(row.starts_at, row.ends_at, level, said, p_value=p_value, closed=row.closed)
