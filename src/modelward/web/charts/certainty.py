"""One line that grows surer: dashed where it is estimated, dotted where some outcomes are known, solid where it is
final; the interval as a band, what it is held against in grey, the limit dashed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelward.web.charts.axis import Window
from modelward.web.charts.over_time import Band, Line, Spots, Threshold, over_time
from modelward.web.writing import measure

SURENESS = ("void", "estimate", "partial", "final")
"""How sure a figure is, from least to most; `void` is an estimate that no longer holds."""


@dataclass(frozen=True)
class Sure:
    """The figure of one window, and how sure it is."""

    value: float
    low: float | None
    high: float | None
    sureness: str


def certainty(
    windows: Sequence[Window],
    figures: Sequence[Sure | None],
    *,
    label: str,
    standard: float | None = None,
    limit: float | None = None,
    early: Sequence[Sure | None] = (),
) -> Markup:
    """The line over windows; between two of them it looks like the less sure one. `early` values are marks beside it,
    window by window, that nothing joins.
    """
    lines = [Line("standard", [standard] * len(windows), "reference")] if standard is not None else []
    for sureness in SURENESS:
        lines += [Line(sureness, piece, sureness) for piece in _pieces(figures, sureness)]
    return over_time(
        windows,
        lines,
        label=label,
        axis_write=measure,
        thresholds=[Threshold(limit, f"limit {measure(limit)}")] if limit is not None else [],
        band=Band("interval", *_sides(figures)[1:]),
        spots=Spots("early", *_sides(early)) if any(early) else None,
        zero=False,
        height=200,
    )


def _sides(figures: Sequence[Sure | None]) -> tuple[list[float | None], list[float | None], list[float | None]]:
    """Values, lower and upper ends, window by window."""
    return (
        [f.value if f else None for f in figures],
        [f.low if f else None for f in figures],
        [f.high if f else None for f in figures],
    )


def _pieces(figures: Sequence[Sure | None], sureness: str) -> list[list[float | None]]:
    """The runs of this look, by turns in two lines: within one, two neighbouring runs would be joined."""
    lines: list[list[float | None]] = [[None] * len(figures), [None] * len(figures)]
    for turn, run in enumerate(_runs(figures, sureness)):
        for n in run:
            figure = figures[n]
            lines[turn % 2][n] = figure.value if figure else None
    return [line for line in lines if any(value is not None for value in line)]


def _runs(figures: Sequence[Sure | None], sureness: str) -> list[list[int]]:
    """The windows of each unbroken stretch of pieces that look so, and windows without neighbours."""
    runs: list[list[int]] = []
    for n, figure in enumerate(figures):
        before = figures[n - 1] if n else None
        after = figures[n + 1] if n + 1 < len(figures) else None
        if figure and before and _weaker(before, figure) == sureness:
            if runs and runs[-1][-1] == n - 1 and len(runs[-1]) > 1 and _joined(figures, n - 1, sureness):
                runs[-1].append(n)
            else:
                runs.append([n - 1, n])
        elif figure and not before and not after and figure.sureness == sureness:
            runs.append([n])
    return runs


def _joined(figures: Sequence[Sure | None], at: int, sureness: str) -> bool:
    """Whether the piece before this window looks so too."""
    one, other = figures[at - 1] if at else None, figures[at]
    return bool(one and other and _weaker(one, other) == sureness)


def _weaker(one: Sure, other: Sure) -> str:
    return min(one.sureness, other.sureness, key=SURENESS.index)
