"""The room of a chart: its vertical scale in round numbers, its grid, and the labels below it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelward.report.charts.svg import joined, share, tag


def round_steps(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers from below `low` to above `high`, in steps of 1, 2 or 5 times a power of ten."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return [0.0, 1.0]
    if high <= low:
        low, high = (min(low, 0.0), max(high, 0.0)) if low else (0.0, 1.0)
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 1e-300 else 1.0
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * n for n in range(first, max(last, first + 1) + 1)]


@dataclass(frozen=True)
class Frame:
    """The room of a chart: the vertical scale, and how tall the plot is in pixels."""

    low: float
    high: float
    height: float
    ticks: tuple[float, ...]

    @classmethod
    def around(cls, values: Sequence[float], *, height: float, zero: bool = True) -> "Frame":
        """A scale that holds all values, from zero unless told otherwise."""
        finite = [min(max(v, -LARGEST), LARGEST) for v in values if math.isfinite(v)]
        ticks = round_steps(min([*finite, 0.0] if zero else finite or [0.0]), max(finite or [0.0]))
        return cls(ticks[0], ticks[-1], height, tuple(ticks))

    def y(self, value: float) -> float:
        """Pixels from the top; what lies outside is held at the edge."""
        clipped = min(max(value, self.low), self.high)
        return self.height * (1 - (clipped - self.low) / ((self.high - self.low) or 1))


LARGEST = 1e300  # beyond it the differences of a scale would overflow
TOP, BOTTOM = 10, 24  # pixels above the plot, and below it for the labels of the axis


def drawing(
    frame: Frame, axis: Sequence[tuple[float, str]], body: str, *, label: str, write: Callable[[float], str]
) -> Markup:
    """A whole chart: grid, both axes, and the body in the plot's own coordinates (x in shares, y in pixels)."""
    grid = joined(
        tag("line", class_="grid", x1=0, x2="100%", y1=frame.y(v), y2=frame.y(v))
        + tag("text", write(v), class_="y-label", x=-8, y=frame.y(v), dy="0.32em")
        for v in frame.ticks
    )
    labels = joined(
        tag("text", text, class_=look, x=share(at), y=frame.height + 17)
        for (at, text), look in zip(axis, label_looks(axis), strict=True)
    )
    plot = tag("g", grid, labels, body, transform=f"translate(0 {TOP})")
    return tag("svg", plot, class_="chart plot", height=frame.height + TOP + BOTTOM, role="img", aria_label=label)


NARROWEST, LETTER = 290, 7  # pixels: a plot on a phone, and a letter of a label
MARGIN = 12
"""So far a label may reach beyond its plot without leaving the drawing."""


def label_looks(axis: Sequence[tuple[float, str]]) -> list[str]:
    """The classes of an axis' labels: of many every second goes where there is no room, and none leaves the drawing.

    A label begins at its place; one that would leave a narrow drawing ends there, and goes where it would then stand
    on the one before it.
    """
    many, looks, filled = len(axis) > 5, [], 0.0
    for n, (at, text) in enumerate(axis):
        width, place = len(text) * LETTER, at * NARROWEST
        ends = NARROWEST - place < width - MARGIN
        minor = (many and n % 2 == 1) or (ends and place - width < filled)
        looks.append("x-label" + (" minor" if minor else "") + (" end" if ends else ""))
        filled = filled if minor else place + width
    return looks


def stretched(frame: Frame, *shapes: str) -> Markup:
    """An inner box 1,000 wide, stretched to the plot's width: for lines, whose points cannot be shares."""
    box = f"0 0 1000 {frame.height:g}"
    return tag(
        "svg", *shapes, viewBox=box, preserveAspectRatio="none", width="100%", height=frame.height, class_="stretched"
    )
