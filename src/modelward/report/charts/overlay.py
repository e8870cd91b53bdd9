"""Reference and current distribution of one column, one over the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from modelward.report.charts.frame import Frame, drawing, round_steps, stretched
from modelward.report.charts.svg import joined, share, tag
from modelward.report.writing import measure, middle, number, percent


@dataclass(frozen=True)
class Cell:
    """One bar of both distributions: its name, and the share of the rows on each side (0 to 1)."""

    label: str
    reference: float | None
    current: float | None


@dataclass(frozen=True)
class Histogram:
    """A numeric column cut at equally spaced `edges` (one more than there are shares)."""

    edges: Sequence[float]
    reference: Sequence[float] | None
    current: Sequence[float] | None


def histogram(
    data: Histogram, *, label: str, height: float = 184, current: str = "this window", hovers: bool = True
) -> Markup:
    """The reference as grey bars, the current rows (called `current` in the hover) in the accent over them."""
    sides = [side for side in (data.reference, data.current) if side is not None]
    frame = Frame.around([v for side in sides for v in side], height=height)
    cells = len(data.edges) - 1
    body = joined(
        [
            stretched(
                frame,
                *([_bars(frame, data.reference, "bar reference")] if data.reference is not None else []),
                *([_bars(frame, data.current, "bar current")] if data.current is not None else []),
            ),
            *(_hit(data, n, cells, height, current) for n in range(cells if hovers else 0)),
        ]
    )
    return drawing(frame, _edge_labels(data.edges), body, label=label, write=percent)


def _bars(frame: Frame, shares: Sequence[float], look: str) -> Markup:
    """All bars of one side as one path."""
    step = 1000 / len(shares)
    floor = f"{frame.height:g}"
    drawn = [
        f"M{(n + 0.04) * step:.1f} {floor}V{frame.y(v):.1f}h{step * 0.92:.1f}V{floor}"
        for n, v in enumerate(shares)
        if v
    ]
    return tag("path", class_=look, d="".join(drawn) or None)


def _hit(data: Histogram, n: int, cells: int, height: float, current: str) -> Markup:
    rows = [_named(data.edges, n)]
    rows += [f"reference: {percent(data.reference[n])}"] if data.reference is not None else []
    rows += [f"{current}: {percent(data.current[n])}"] if data.current is not None else []
    title = tag("title", "\n".join(rows))
    return tag("rect", title, class_="hit", x=share(n / cells), width=share(1 / cells), y=0, height=height)


def _of_whole_numbers(edges: Sequence[float]) -> bool:
    """Bars from half to half stand for one whole number each."""
    return all(edge % 1 == 0.5 for edge in edges) and all(b - a == 1 for a, b in pairwise(edges))


def _named(edges: Sequence[float], n: int) -> str:
    if _of_whole_numbers(edges):
        return measure(edges[n] + 0.5)
    return f"{measure(edges[n])} to {measure(edges[n + 1])}"


def _edge_labels(edges: Sequence[float]) -> list[tuple[float, str]]:
    if _of_whole_numbers(edges):
        cells = len(edges) - 1
        return [((n + 0.5) / cells, number(edges[n] + 0.5)) for n in range(0, cells, max(1, round(cells / 8)))]
    low, high = edges[0], edges[-1]
    steps = [step for step in round_steps(low, high, about=7) if low <= step <= high - (high - low) / 20]
    return [((step - low) / (high - low), number(0.0 if abs(step) < (high - low) / 1e9 else step)) for step in steps]


ROW = 30  # pixels for the two bars of one category


def paired_bars(cells: Sequence[Cell], *, label: str, current: str = "this window") -> Markup:
    """A row a category: its name, the grey bar of the reference over the current one, and both shares."""
    top = max([v for c in cells for v in (c.reference, c.current) if v is not None] + [1e-9])
    rows = joined(_pair(n, cell, top, current) for n, cell in enumerate(cells))
    return tag("svg", rows, class_="chart pairs", height=len(cells) * ROW + 4, role="img", aria_label=label)


def _pair(n: int, cell: Cell, top: float, current: str) -> Markup:
    y = n * ROW
    told = f"{cell.label}\nreference: {percent(cell.reference)}\n{current}: {percent(cell.current)}"
    return joined(
        [
            tag("text", middle(cell.label, 18), class_="pair-label", x=-10, y=y + 19),
            _bar(cell.reference, top, "bar reference", y + 5),
            _bar(cell.current, top, "bar current", y + 15),
            tag("text", percent(cell.reference), class_="pair-value reference", x="100%", dx=8, y=y + 13),
            tag("text", percent(cell.current), class_="pair-value", x="100%", dx=8, y=y + 25),
            tag("rect", tag("title", told), class_="hit", x=0, y=y, width="100%", height=ROW),
        ]
    )


def _bar(value: float | None, top: float, look: str, y: int) -> Markup:
    return tag("rect", class_=look, x=0, y=y, height=9, width=share((value or 0) / top))
