"""The quality of a model's data: what was wrong with which column when, and the events that show it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from modelward.monitoring.readings import WindowPoint
from modelward.web.charts.axis import Window
from modelward.web.charts.heat_map import time_labels
from modelward.web.charts.quality_grid import Cell, Row, quality_grid
from modelward.web.states import State
from modelward.web.views.head_figures import Figure
from modelward.web.views.heat import CELLS, local_windows
from modelward.web.views.numbers import Table, table
from modelward.web.views.performance import lapse
from modelward.web.views.traffic import Part, volume_part
from modelward.web.views.verdicts import QUALITY, WINDOWS, WindowRow, figure, shown_of
from modelward.web.writing import count, exact, number, percent, span, utc

Link = Callable[[datetime], str]
ROWS = 30  # columns in the grid

WHOLE = "the whole window"
LABEL = "label"
CHECKS = {
    "missing": "missing",
    "invalid_type": "wrong type",
    "new_category": "new categories",
    "out_of_range": "out of range",
    "constant": "constant",
    "schema_change": "schema",
    "duplicates": "duplicates",
    "volume": "volume",
    "freshness": "freshness",
    "constraint": "constraint",
}
_RANK = ("ok", "too_few", "warning", "failed")


@dataclass(frozen=True)
class Example:
    """An event that shows a finding."""

    event_id: str
    value: str
    at: str


@dataclass(frozen=True)
class FindingView:
    """One check of one column that somebody may want to look at."""

    column: str
    check: str
    state: State
    reason: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class QualityTab:
    """Everything that the tab shows; `window` is the one whose findings are told."""

    state: State
    reason: str
    since: datetime | None
    figures: tuple[Figure, ...]
    sentence: str
    grid: Markup | None
    axis: Markup | None
    note: str
    window: str
    window_state: State
    window_reason: str
    findings: tuple[FindingView, ...]
    looked_at: str
    columns: tuple[tuple[str, tuple[str, ...]], ...]
    volume: Part | None
    rows: tuple[WindowRow, ...]
    shown: str
    schema_changes: tuple[str, ...]
    empty: bool


def quality_tab(
    answer: Mapping[str, Any],
    points: Sequence[WindowPoint],
    judged: Sequence[Mapping[str, Any]],
    *,
    ignored: Collection[str] = (),
    zone: ZoneInfo,
    link: Link,
) -> QualityTab:
    """The tab; `answer` is the quality of the window that is open, `judged` that of every window, oldest first.

    `ignored` are the columns that the settings leave out: whatever is in them, nothing of it is judged.
    """
    of_model = answer["state"] or answer
    found = [entry["quality"] or {"verdict": "too_few", "reason": "not judged", "findings": []} for entry in judged]
    start, end = answer["start"], answer["end"]
    rows, windows = _grid_rows(points, found, link), local_windows(points, zone)
    size = -(-len(points) // CELLS) or 1
    merged = _merged(windows, size)
    return QualityTab(
        state=QUALITY[of_model["verdict"]],
        reason=of_model["reason"],
        since=answer["state"]["since"] if answer["state"] else None,
        figures=_figures(answer, ignored) if start else (),
        sentence=_sentence(found, rows),
        grid=quality_grid(
            merged, [_squeezed(row, size) for row in rows[:ROWS]], caption="Findings by column and window"
        )
        if rows
        else None,
        axis=time_labels(merged) if rows else None,
        note=_note(size, rows),
        window=span(start.astimezone(zone), end.astimezone(zone)) if start and end else "",
        window_state=QUALITY[answer["verdict"]],
        window_reason=answer["reason"],
        findings=tuple(_finding(entry) for entry in answer["findings"]),
        looked_at=_looked_at(answer),
        columns=tuple(
            _column(f"{name} (ignored)" if name in ignored else name, entry)
            for name, entry in answer["columns"].items()
        ),
        volume=volume_part(points, (), zone),
        rows=tuple(_window(p, q, zone, link) for p, q in reversed(list(zip(points, found, strict=True))[-WINDOWS:])),
        shown=shown_of(len(points)),
        schema_changes=tuple(entry["reason"] for entry in answer["schema_changes"]),
        empty=not points,
    )


def quality_numbers(points: Sequence[WindowPoint], judged: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Table | None:
    """Every window with its verdict and the number of its findings."""
    if not points:
        return None
    values = [
        (exact(p.rows), QUALITY[q["verdict"]].word, exact(len(q["findings"]) + q["more"])) if q else None
        for p, q in zip(points, (entry["quality"] for entry in judged), strict=True)
    ]
    return table(local_windows(points, zone), ("Rows", "Verdict", "Findings"), values)


def _grid_rows(points: Sequence[WindowPoint], found: Sequence[Mapping[str, Any]], link: Link) -> list[Row]:
    """A row for every column with a finding, those with the most windows first."""
    cells: defaultdict[str, dict[int, Cell]] = defaultdict(dict)
    for at, quality in enumerate(found):
        for entry in quality["findings"]:
            name, before = entry["column"] or WHOLE, cells[entry["column"] or WHOLE].get(at)
            if before is None or _RANK.index(entry["verdict"]) > _RANK.index(before.verdict):
                cells[name][at] = Cell(entry["verdict"], entry["reason"], link(points[at].starts_at) + "#findings")
    rest = [Cell("too_few" if quality["verdict"] == "too_few" else "ok") for quality in found]
    ordered = sorted(cells.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [
        Row(name, _now(held, len(points)), [held.get(n, rest[n]) for n in range(len(points))]) for name, held in ordered
    ]


def _now(held: Mapping[int, Cell], windows: int) -> str:
    """The state of a column in the newest windows."""
    newest = next((held[n] for n in range(windows - 1, max(windows - 3, -1), -1) if n in held), None)
    return QUALITY[newest.verdict].slug if newest else QUALITY["ok"].slug


def _squeezed(row: Row, size: int) -> Row:
    """The worst of every `size` windows."""
    groups = [row.cells[n : n + size] for n in range(0, len(row.cells), size)]
    return Row(row.name, row.slug, [max(group, key=_gravity) for group in groups])


def _gravity(cell: Cell | None) -> int:
    return -1 if cell is None else _RANK.index(cell.verdict)


def _merged(windows: Sequence[Window], size: int) -> list[Window]:
    groups = [windows[n : n + size] for n in range(0, len(windows), size)]
    return [Window(group[0].start, group[-1].end, group[-1].closed) for group in groups]


def _note(size: int, rows: Sequence[Row]) -> str:
    each = f"Each cell is the worst of {size} windows." if size > 1 else "Each cell is one window."
    more = f" {len(rows) - ROWS} more columns have findings; the lists below tell them." if len(rows) > ROWS else ""
    return f"{each} Choose one to see what was found there.{more}"


def _sentence(found: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> str:
    wrong = sum(quality["verdict"] in ("warning", "failed") for quality in found)
    if not found:
        return "No window of this range was looked at yet."
    if not wrong:
        return f"Nothing was wrong with the data in {count(len(found), 'window')}."
    names = ", ".join(row.name if row.name == WHOLE else f"`{row.name}`" for row in rows[:3])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"In {wrong} of {count(len(found), 'window')} something was wrong: {names}{more}."


def _figures(answer: Mapping[str, Any], ignored: Collection[str]) -> tuple[Figure, ...]:
    volume, fresh, repeated = answer["volume"], answer["freshness"], answer["duplicates"]
    usual = f"usual are {number(volume['usual'])}" if volume and volume["usual"] is not None else "no usual number yet"
    late = f"late after {lapse(fresh['late_after_seconds'])}" if fresh else "no event yet"
    missing, where = most_missing(answer["columns"], ignored)
    return (
        Figure("Rows", number(answer["rows"]), usual),
        Figure("Findings", number(len(answer["findings"])), f"of {count(len(answer['columns']), 'column')}"),
        Figure("Missing, at most", percent(missing), f"of the values of `{where}`" if where else "of any column"),
        Figure("Silence", lapse(fresh["silent_seconds"]) if fresh else "–", late)
        if fresh and not repeated["events"]
        else Figure("Came again", percent(repeated["share"]), count(repeated["events"], "event")),
    )


def most_missing(columns: Mapping[str, Mapping[str, Any]], ignored: Collection[str]) -> tuple[float | None, str]:
    """The largest share of missing values of a judged column, and which; outcomes are not missing, but to come."""
    known = [
        (entry["missing_rate"], name)
        for name, entry in columns.items()
        if entry.get("missing_rate") is not None and name != LABEL and name not in ignored
    ]
    rate, name = max(known, key=lambda pair: pair[0], default=(None, ""))
    return rate, name if rate else ""


def _finding(entry: Mapping[str, Any]) -> FindingView:
    examples = [Example(e["event_id"], _written(e["value"]), utc(e["timestamp"])) for e in entry.get("examples", ())]
    rule = f": {entry['rule'].replace('_', ' ')}" if entry.get("rule") else ""
    return FindingView(
        column=entry["column"] or WHOLE,
        check=CHECKS.get(entry["check"], entry["check"]) + rule,
        state=QUALITY[entry["verdict"]],
        reason=entry["reason"],
        examples=tuple(examples),
    )


def _written(value: object) -> str:
    if value is None:
        return "missing"
    return figure(value) if isinstance(value, float) else str(value)[:80]


def _looked_at(answer: Mapping[str, Any]) -> str:
    rows = answer.get("repeated_rows")
    if rows is None:
        return ""
    again = f"{count(rows['repeated'], 'row')} said the same as another" if rows["repeated"] else "no row came twice"
    return f"Looked at {count(rows['looked_at'], 'event')}; {again}."


def _column(name: str, entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    new = entry.get("new_categories") or ()
    words = ", ".join(str(value)[:40] for value in new[:3]) + (f" and {len(new) - 3} more" if len(new) > 3 else "")
    rates = (percent(entry.get(key)) for key in ("missing_rate", "missing_rate_reference", "invalid_rate"))
    return name, (*rates, words or "–")


def _window(point: WindowPoint, quality: Mapping[str, Any], zone: ZoneInfo, link: Link) -> WindowRow:
    name = span(point.starts_at.astimezone(zone), point.ends_at.astimezone(zone))
    return WindowRow(
        name=name if point.closed else f"{name} (not over yet)",
        address=link(point.starts_at) + "#findings",
        state=QUALITY[quality["verdict"]],
        reason=quality["reason"],
        values=(exact(point.rows), exact(len(quality["findings"]) + quality.get("more", 0))),
    )
