"""Column × time: in which windows something was wrong with a column. A table; what is sound stays without words."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelward.report.charts.svg import joined, tag
from modelward.web.charts.axis import Window
from modelward.web.writing import middle, span

NAME = 20
LOOKS = {"ok": "l1", "warning": "l3", "failed": "l4", "too_few": "lx"}


@dataclass(frozen=True)
class Cell:
    """`verdict` is the worst of the windows that the cell stands for; one that alarms has a reason and an address."""

    verdict: str
    reason: str = ""
    address: str = ""


@dataclass(frozen=True)
class Row:
    """One column, or the window as a whole."""

    name: str
    slug: str
    cells: Sequence[Cell | None]


def quality_grid(windows: Sequence[Window], rows: Sequence[Row], *, caption: str) -> Markup:
    """Rows are drawn in the order given."""
    heads = joined(tag("th", scope="col", title=_when(window)) for window in windows)
    head = tag("tr", tag("th", "Column", scope="col", class_="name"), heads)
    body = joined(_row(windows, row) for row in rows)
    return tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body), class_="heat quality")


def _row(windows: Sequence[Window], row: Row) -> Markup:
    icon = tag("svg", tag("use", href=f"#shape-{row.slug}"), class_=f"shape {row.slug}", aria_hidden="true")
    name = tag("span", icon, tag("span", middle(row.name, NAME)), class_="row-name", title=row.name)
    cells = joined(_cell(window, cell) for window, cell in zip(windows, row.cells, strict=True))
    return tag("tr", tag("th", name, scope="row"), cells)


def _cell(window: Window, cell: Cell | None) -> Markup:
    if cell is None:
        return Markup("<td></td>")
    if not cell.address:
        return tag("td", tag("i", class_=LOOKS[cell.verdict]))
    said = "\n".join([_when(window), cell.reason])
    return tag("td", tag("a", cell.verdict, class_=LOOKS[cell.verdict], href=cell.address, title=said))


def _when(window: Window) -> str:
    return span(window.start, window.end) + ("" if window.closed else " (not over yet)")
