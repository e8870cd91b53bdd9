"""Column × time: how far each column was from the reference in each window. A table, so that it also reads aloud."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from modelward.report.charts.frame import label_looks
from modelward.report.charts.svg import Attribute, joined, tag
from modelward.web.charts.axis import TimeAxis, Window
from modelward.web.writing import middle, score, span

NAME = 20  # letters of a name that fit beside the map

# Classes of a cell, from calm to strong; short, because a page holds thousands.
CALM, STIRRED, MODERATE, STRONG, TOO_FEW, REFERENCE = "l1", "l2", "l3", "l4", "lx", "lr"
_WORDS = {
    CALM: "no drift",
    STIRRED: "slightly off, within chance",
    MODERATE: "moderate drift",
    STRONG: "strong drift",
    TOO_FEW: "too few rows to tell",
    REFERENCE: "part of the reference",
}
_LEGEND: dict[str, Attribute] = {f"data_{look}": words for look, words in _WORDS.items()}


@dataclass(frozen=True)
class HeatCell:
    """`psi` is the worst of the windows that the cell stands for, `address` leads to the column in that window."""

    look: str
    psi: float | None
    note: str
    address: str


@dataclass(frozen=True)
class HeatRow:
    """`slug` is the state of the column now."""

    column: str
    slug: str
    word: str
    address: str
    cells: Sequence[HeatCell | None]
    chosen: bool = False


def look_of(level: str, psi: float | None) -> str:
    """The class for a level (ok, warning, drifted, too_few, reference); an ok one tells a little more by its PSI."""
    known = {"warning": MODERATE, "drifted": STRONG, "too_few": TOO_FEW, "reference": REFERENCE}
    return known.get(level, STIRRED if psi is not None and psi >= 0.05 else CALM)


def heat_map(windows: Sequence[Window], rows: Sequence[HeatRow], *, caption: str) -> Markup:
    """Rows are drawn in the order given. Every cell is a link with its PSI; where it drifted, the hover says why.

    Calm cells carry no words of their own: window, column and PSI are in the table, and the script tells them.
    """
    heads = joined(
        tag("th", scope="col", title=_when(w), class_=mark) for w, mark in zip(windows, _months(windows), strict=True)
    )
    head = tag("tr", tag("th", "Column", scope="col", class_="name"), heads)
    body = joined(_row(windows, row) for row in rows)
    return tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body), class_="heat", **_LEGEND)


def time_labels(windows: Sequence[Window]) -> Markup:
    """The time axis under the map, in the same columns as its cells."""
    ticks = TimeAxis.over(windows).ticks()
    drawn = joined(
        tag("text", text, class_=look, x=f"{at * 100:.2f}%", y=13)
        for (at, text), look in zip(ticks, label_looks(ticks), strict=True)
    )
    return tag("svg", drawn, class_="chart heat-axis", height=20, aria_hidden="true")


def _months(windows: Sequence[Window]) -> list[str | None]:
    firsts = [None, *windows]
    return [
        "month" if before and before.start.month != w.start.month else None
        for before, w in zip(firsts, windows, strict=False)
    ]


def _row(windows: Sequence[Window], row: HeatRow) -> Markup:
    icon = tag("svg", tag("use", href=f"#shape-{row.slug}"), class_=f"shape {row.slug}", aria_hidden="true")
    name = tag(
        "a",
        icon,
        tag("span", middle(row.column, NAME)),
        href=row.address,
        class_="row-name",
        title=f"{row.column}: {row.word}",
    )
    cells = Markup("").join(_cell(w, cell) for w, cell in zip(windows, row.cells, strict=True))
    return tag("tr", tag("th", name, scope="row"), cells, class_="chosen" if row.chosen else None)


def _cell(window: Window, cell: HeatCell | None) -> Markup:
    if cell is None:
        return Markup("<td></td>")
    told = f' title="{escape(_told(window, cell))}"' if cell.note else ""
    link = f'<a class="{cell.look}" href="{escape(cell.address)}"{told}>{escape(score(cell.psi))}</a>'
    return Markup(f"<td>{link}</td>")  # noqa: S704 - each part was escaped just above


def _told(window: Window, cell: HeatCell) -> str:
    return "\n".join([_when(window), f"{_WORDS[cell.look]}, PSI {score(cell.psi)}", cell.note])


def _when(window: Window) -> str:
    return span(window.start, window.end) + ("" if window.closed else " (not over yet)")
