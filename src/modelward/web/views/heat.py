"""The heat map of a model: many windows made few enough to draw, each row and cell a link to its column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from markupsafe import Markup

from modelward.monitoring.readings import HeatCell, HeatMap, HeatRow, WindowPoint
from modelward.web.charts import heat_map as chart
from modelward.web.charts.axis import Window
from modelward.web.states import HEALTHY, state_of
from modelward.web.views.naming import SPECIAL, column_title
from modelward.web.writing import count, day

CELLS = 92  # drawn side by side at most: a cell stays wide enough to hit
ROWS = 30  # columns on one page of the map

_RANK = {"drifted": 4, "warning": 3, "ok": 2, "reference": 1, "too_few": 0}
Link = Callable[..., str]


@dataclass(frozen=True)
class HeatView:
    """`sentence` says what moved; `pages` are the links to the other columns where there are many."""

    sentence: str
    map: Markup
    axis: Markup
    note: str
    shown: int
    columns: int
    pages: tuple[tuple[int, str], ...]
    page: int
    noun: str


def local_windows(points: Sequence[WindowPoint], zone: ZoneInfo) -> list[Window]:
    """Windows with their ends in the model's own zone, as charts draw them."""
    return [Window(p.starts_at.astimezone(zone), p.ends_at.astimezone(zone), p.closed) for p in points]


def heat_of(heat: HeatMap, *, zone: ZoneInfo, link: Link, chosen: str | None, page: int) -> HeatView | None:
    """The map, or None when nothing was evaluated. `link(column=…, window=…)` makes addresses."""
    if not heat.windows or not heat.rows:
        return None
    size = -(-len(heat.windows) // CELLS)
    groups = [range(n, min(n + size, len(heat.windows))) for n in range(0, len(heat.windows), size)]
    windows = _merged(local_windows(heat.windows, zone), groups)
    shown = causes_first(heat.rows)[(page - 1) * ROWS : page * ROWS]
    rows = [_row(row, heat.windows, groups, link, chosen) for row in shown]
    pages = tuple((n, link(columns=str(n))) for n in range(1, -(-len(heat.rows) // ROWS) + 1))
    noun = heat.window_kind
    return HeatView(
        sentence=_sentence(heat, zone),
        map=chart.heat_map(windows, rows, caption="Drift of each column, window by window"),
        axis=chart.time_labels(windows),
        note=f"Each cell is the worst of {size} {noun}s." if size > 1 else f"Each cell is one {noun}.",
        shown=len(rows),
        columns=len(heat.rows),
        pages=pages if len(pages) > 1 else (),
        page=page,
        noun=noun,
    )


def _merged(windows: Sequence[Window], groups: Sequence[range]) -> list[Window]:
    return [Window(windows[g[0]].start, windows[g[-1]].end, windows[g[-1]].closed) for g in groups]


def _row(
    row: HeatRow, windows: Sequence[WindowPoint], groups: Sequence[range], link: Link, chosen: str | None
) -> chart.HeatRow:
    state = state_of(_now(row.cells)) if row.drifted_since else HEALTHY
    cells = [_cell(row, windows, group, link) for group in groups]
    title = column_title(row.column)
    return chart.HeatRow(
        title, state.slug, state.of_column, link(column=row.column), cells, chosen=row.column == chosen
    )


def _now(cells: Sequence[HeatCell | None]) -> str:
    """The level of the newest window that says anything, of a column that is in alarm: a warning at least."""
    levels = [c.level for c in reversed(cells) if c and c.level in ("ok", "warning", "drifted")]
    return levels[0] if levels and levels[0] != "ok" else "warning"


def _cell(row: HeatRow, windows: Sequence[WindowPoint], group: range, link: Link) -> chart.HeatCell | None:
    known = [(n, cell) for n in group if (cell := row.cells[n]) is not None]
    if not known:
        return None
    n, worst = max(known, key=lambda pair: (_RANK.get(pair[1].level, 0), pair[1].psi or 0.0, pair[0]))
    note = worst.reason if worst.level in ("warning", "drifted") else ""
    where = link(column=row.column, window=windows[n].starts_at)
    return chart.HeatCell(chart.look_of(worst.level, worst.psi), worst.psi, note, where)


def _sentence(heat: HeatMap, zone: ZoneInfo) -> str:
    moved = [row for row in causes_first(heat.rows) if row.drifted_since]
    if not moved:
        watched = count(len(heat.rows), "column")
        return f"No column is in alarm: {watched} watched over {count(len(heat.windows), heat.window_kind)}."
    told = [
        f"`{column_title(r.column)}` since {day(r.drifted_since.astimezone(zone))}"
        for r in moved[:3]
        if r.drifted_since
    ]
    more = f" and {count(len(moved) - 3, 'more column')}" if len(moved) > 3 else ""
    verb = "is" if len(moved) == 1 else "are"
    return f"{len(moved)} of {count(len(heat.rows), 'column')} {verb} in alarm: {', '.join(told)}{more}."


def causes_first(rows: Sequence[HeatRow]) -> list[HeatRow]:
    """The rows in their order, but of those in alarm the features first: a score that moved is their consequence."""
    return sorted(rows, key=lambda row: (row.drifted_since is None, bool(row.drifted_since) and row.column in SPECIAL))


def chosen_column(heat: HeatMap, asked: str | None) -> str | None:
    """The column to open: the one asked for, else the worst in alarm, else the first; causes before consequences."""
    return asked or next((row.column for row in causes_first(heat.rows)), None)
