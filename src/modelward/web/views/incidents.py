"""Marks on the time axis: where the alarms of now began, and those that are over."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from modelward.monitoring.readings import HeatMap, HeatRow
from modelward.rules.alarm import AlarmSpan, WindowLevel, alarm_spans
from modelward.rules.verdict import Verdict
from modelward.web.charts.over_time import Mark
from modelward.web.views.naming import column_title
from modelward.web.writing import day

_LEVELS = {verdict.value: verdict for verdict in Verdict}  # a window of the reference itself is no evidence


def incidents(heat: HeatMap, zone: ZoneInfo) -> list[Mark]:
    """One mark for each moment at which columns began to drift, those of the past first."""
    past = [(span.since, row.column, span.until) for row in heat.rows for span in _ended(heat, row)]
    now = [(row.drifted_since, row.column, None) for row in heat.rows if row.drifted_since]
    return [*_marks(past, zone), *_marks(now, zone)]


def _ended(heat: HeatMap, row: HeatRow) -> list[AlarmSpan]:
    """The alarms of a column that are over, by the stored windows of the range."""
    if not any(cell and cell.drifted for cell in row.cells):
        return []
    closed = [
        WindowLevel(point.starts_at, _LEVELS[cell.level])
        for point, cell in zip(heat.windows, row.cells, strict=True)
        if cell and point.closed and cell.level in _LEVELS
    ]
    return [span for span in alarm_spans(closed) if span.until]


def _marks(found: Iterable[tuple[datetime, str, datetime | None]], zone: ZoneInfo) -> list[Mark]:
    moments: dict[tuple[datetime, datetime | None], list[str]] = {}
    for since, column, until in found:
        moments.setdefault((since, until), []).append(column_title(column))
    return [_mark(since, until, columns, zone) for (since, until), columns in moments.items()]


def _mark(since: datetime, until: datetime | None, columns: list[str], zone: ZoneInfo) -> Mark:
    named = f"{', '.join(columns[:4])}{' …' if len(columns) > 4 else ''}"
    begun = day(since.astimezone(zone))
    if until is None:
        return Mark(since, "drifted", f"{begun}: drift begins in {named}")
    return Mark(since, "past", f"{begun}: drift in {named}, over on {day(until.astimezone(zone))}")
