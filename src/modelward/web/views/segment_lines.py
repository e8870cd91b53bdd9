"""Declared segments over time: a line for each value, what each says in its newest window, and what alarms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from modelward.monitoring.segment_state import SegmentAlarm
from modelward.monitoring.segment_tables import SegmentWindow
from modelward.rules.metric_names import metric_name
from modelward.web.charts.axis import Window
from modelward.web.charts.over_time import Line, over_time
from modelward.web.states import State
from modelward.web.views.numbers import Table, table
from modelward.web.views.verdicts import FAIRNESS, PERFORMANCE, QUALITY, SEGMENT, between, figure
from modelward.web.writing import exact, middle, score

LONGEST_NAME = 28
DRAWN = 6
"""So many values have a line: those that alarm, then those with most rows. The table has all."""
SHOWS = (("drift", "Drift"), ("performance", "Performance"), ("fairness", "Fairness"))


@dataclass(frozen=True)
class ValueRow:
    """One value: its newest window in words and figures, and the key of its line, where it has one."""

    name: str
    short: str
    key: str
    state: State
    reason: str
    psi: str
    rows: str
    performance: str
    performance_reason: str
    quality: str
    fairness: str


@dataclass(frozen=True)
class SegmentLines:
    """The history of one declared segment."""

    by: str
    sentence: str
    chart: Markup | None
    legend: tuple[tuple[str, str], ...]
    shown: str
    what: str
    more: str
    rows: tuple[ValueRow, ...]
    numbers: Table | None


@dataclass(frozen=True)
class Ranking:
    """Segments by their loss, the largest first."""

    loss: str
    sentence: str
    rows: tuple[tuple[str, str, str, str], ...]


def ranking_of(answer: Mapping[str, Any]) -> Ranking | None:
    """The ranking of a divided span; None where no outcome is known in it."""
    ranking = answer["ranking"]
    if not ranking["segments"]:
        return None
    loss = "Share of wrong predictions" if ranking["loss"] == "error_rate" else metric_name(ranking["loss"])
    worse = [f"`{entry['segment']}`" for entry in ranking["segments"] if entry["worse"]]
    whole = f"{loss} over all of them is {figure(ranking['whole']['value'])}"
    named = ", ".join(worse[:3]) + (f" and {len(worse) - 3} more" if len(worse) > 3 else "")
    said = f"it is larger in {named} than chance explains" if worse else "it is larger nowhere than chance explains"
    rows = tuple(
        (
            middle(entry["segment"], LONGEST_NAME),
            figure(entry["value"]),
            between(entry["low"], entry["high"]),
            entry["reason"],
        )
        for entry in ranking["segments"]
    )
    return Ranking(loss, f"{whole}; {said}.", rows)


def told_alarms(alarms: Sequence[SegmentAlarm], segment: str | None = None) -> tuple[str, ...]:
    """What alarms, as sentences; of one segment only where it is named."""
    chosen = [alarm for alarm in alarms if segment is None or alarm.segment == segment]
    return tuple(alarm.sentence for alarm in chosen)


def segment_lines(
    by: str,
    histories: Mapping[str, Sequence[SegmentWindow]],
    alarms: Sequence[SegmentAlarm],
    *,
    show: str,
    zone: ZoneInfo,
) -> SegmentLines | None:
    """The lines of one segment; None where nothing was judged yet."""
    if not histories:
        return None
    alarming = [value for alarm in alarms if alarm.segment == by for value in alarm.values if value in histories]
    drawn = list(dict.fromkeys([*alarming, *histories]))[:DRAWN]
    windows = _windows(histories, zone)
    lines = [
        Line(value, _line(histories[value], windows, zone, show), f"series-{place + 1}")
        for place, value in enumerate(drawn)
    ]
    there = any(value is not None for line in lines for value in line.values)
    what = _what(histories, show)
    looks = {line.name: line.look for line in lines}
    order = list(dict.fromkeys([*alarming, *histories]))
    return SegmentLines(
        by=by,
        sentence=_sentence(by, histories, told_alarms(alarms, by)),
        chart=over_time(windows, lines, label=f"{what} by value of {by}", axis_write=figure, zero=show == "drift")
        if there
        else None,
        legend=tuple((line.look, middle(line.name, LONGEST_NAME)) for line in lines),
        shown=show,
        what=what,
        more=f"{len(histories) - DRAWN} more values have no line; the table has all." if len(histories) > DRAWN else "",
        rows=tuple(_row(value, histories[value][-1], looks.get(value, "")) for value in order),
        numbers=_numbers(windows, lines) if there else None,
    )


def _windows(histories: Mapping[str, Sequence[SegmentWindow]], zone: ZoneInfo) -> list[Window]:
    known = {(row.starts_at, row.ends_at, row.closed) for rows in histories.values() for row in rows}
    return [Window(start.astimezone(zone), end.astimezone(zone), closed) for start, end, closed in sorted(known)]


def _line(rows: Sequence[SegmentWindow], windows: Sequence[Window], zone: ZoneInfo, show: str) -> list[float | None]:
    by_start: dict[datetime, SegmentWindow] = {row.starts_at.astimezone(zone): row for row in rows}
    found = [by_start.get(window.start) for window in windows]
    return [None if row is None else _value(row, show) for row in found]


def _value(row: SegmentWindow, show: str) -> float | None:
    if show == "drift":
        return row.psi
    if show == "fairness":
        scores = [entry["score"] for entry in row.fairness if entry["score"] is not None]
        return min(scores, default=None)
    performance = row.performance or {}
    value: float | None = performance.get("value")
    return performance.get("estimate") if value is None else value


def _what(histories: Mapping[str, Sequence[SegmentWindow]], show: str) -> str:
    if show == "drift":
        return "Largest PSI of any column"
    if show == "fairness":
        return "Lowest fairness score"
    metrics = (row.performance.get("metric") for rows in histories.values() for row in rows if row.performance)
    named = next((metric for metric in metrics if metric), None)
    return f"{metric_name(named)}, estimated where outcomes are not known" if named else "Performance"


def _sentence(by: str, histories: Mapping[str, Sequence[SegmentWindow]], alarms: Sequence[str]) -> str:
    if alarms:
        first = alarms[0]
        more = f" ({len(alarms) - 1} more below)" if len(alarms) > 1 else ""
        return first[:1].upper() + first[1:] + more
    many = len(histories)
    return f"None of the {many} values of `{by}` alarms." if many > 1 else f"The one value of `{by}` does not alarm."


def _row(value: str, row: SegmentWindow, key: str) -> ValueRow:
    performance = row.performance or {}
    said = PERFORMANCE[performance["verdict"]].word if performance else "–"
    metric = figure(performance.get("value") if performance.get("value") is not None else performance.get("estimate"))
    scores = [entry for entry in row.fairness if entry["score"] is not None]
    worst = min(scores, key=lambda entry: entry["score"], default=None)
    return ValueRow(
        name=value,
        short=middle(value, LONGEST_NAME),
        key=key,
        state=SEGMENT[row.verdict],
        reason=row.reason,
        psi=score(row.psi),
        rows=exact(row.rows),
        performance=f"{metric} {said}".strip(),
        performance_reason=performance.get("reason", ""),
        quality=QUALITY[row.quality["verdict"]].word,
        fairness=f"{figure(worst['score'])} {FAIRNESS[worst['verdict']].word}" if worst else "–",
    )


def _numbers(windows: Sequence[Window], lines: Sequence[Line]) -> Table:
    values = [tuple(exact(line.values[place]) for line in lines) for place in range(len(windows))]
    return table(windows, tuple(middle(line.name, LONGEST_NAME) for line in lines), values)
