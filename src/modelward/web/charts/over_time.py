"""Lines over time: drift with its thresholds, latency percentiles, means against the reference.

The exact values are not in the drawing: the table of numbers beside it has them, is fetched when it is first needed,
and tells the hover. A year of windows is three charts, and a hover of its own for each window was a third of a page.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from modelward.report.charts.frame import Frame, drawing, stretched
from modelward.report.charts.svg import joined, path, share, tag
from modelward.web.charts.axis import TimeAxis, Window
from modelward.web.writing import exact


@dataclass(frozen=True)
class Line:
    """`look` is a class: current, reference, p50, p95, p99, or series-1 to series-6."""

    name: str
    values: Sequence[float | None]
    look: str = "current"


@dataclass(frozen=True)
class Threshold:
    value: float
    name: str


@dataclass(frozen=True)
class Mark:
    """An incident on the time axis."""

    at: datetime
    slug: str
    text: str


@dataclass(frozen=True)
class Band:
    """Where the middle half of the values lies, window by window."""

    name: str
    low: Sequence[float | None]
    high: Sequence[float | None]


@dataclass(frozen=True)
class Spots:
    """Single values with their intervals, of which no line is made: windows that say something, and too little.

    An interval that is wider than the drawing ends at its edge: it must not press the lines flat.
    """

    look: str
    values: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]


def over_time(
    windows: Sequence[Window],
    lines: Sequence[Line],
    *,
    label: str,
    axis_write: Callable[[float], str] = exact,
    thresholds: Sequence[Threshold] = (),
    marks: Sequence[Mark] = (),
    band: Band | None = None,
    spots: Spots | None = None,
    zero: bool = True,
    height: float = 152,
) -> Markup:
    """A chart of lines over windows; a missing value is a gap."""
    axis = TimeAxis.over(windows)
    frame = _frame(lines, thresholds, band, spots, zero=zero, height=height)
    middles = [axis.middle(window) for window in windows]
    drawn = [(line.look, _points(frame, middles, line.values)) for line in lines]
    shapes = [_area(_points(frame, middles, band.high), _points(frame, middles, band.low))] if band else []
    shapes += [tag("path", class_=f"line {look}", d=path(points)) for look, points in drawn]
    body = joined(
        [
            stretched(frame, *shapes),
            *(_dots(look, points) for look, points in drawn),
            *(_spots(frame, middles, spots) if spots else ()),
            *_thresholds(frame, thresholds),
            cursor(height),
            *incident_marks(axis, marks, frame.height),
        ]
    )
    return drawing(frame, axis.ticks(), body, label=label, write=axis_write)


def _frame(
    lines: Sequence[Line],
    thresholds: Sequence[Threshold],
    band: Band | None,
    spots: Spots | None,
    *,
    zero: bool,
    height: float,
) -> Frame:
    values = [v for line in lines for v in line.values if v is not None]
    values += [v for side in ((band.low, band.high) if band else ()) for v in side if v is not None]
    values += [v for v in spots.values if v is not None] if spots else []
    return Frame.around([*values, *(t.value for t in thresholds)], height=height, zero=zero)


Points = list[tuple[float, float] | None]


def _points(frame: Frame, middles: Sequence[float], values: Sequence[float | None]) -> Points:
    return [
        None if v is None or math.isnan(v) else (middle * 1000, frame.y(v))
        for middle, v in zip(middles, values, strict=True)
    ]


def _area(upper: Points, lower: Points) -> Markup:
    both = [(u, d) for u, d in zip(upper, lower, strict=True) if u and d]
    around = [u for u, _ in both] + [d for _, d in reversed(both)]
    return tag("path", class_="band", d=path(around) + "Z" if around else None)


def _dots(look: str, points: Points) -> Markup:
    """A value without neighbours would be invisible as a line; so would the only one."""
    around = [None, *points, None]
    alone = [
        p for before, p, after in zip(around, around[1:], around[2:], strict=False) if p and not before and not after
    ]
    return joined(tag("circle", class_=f"dot {look}", cx=share(x / 1000), cy=y, r=2.5) for x, y in alone)


def _spots(frame: Frame, middles: Sequence[float], spots: Spots) -> list[Markup]:
    drawn = []
    for middle, value, low, high in zip(middles, spots.values, spots.low, spots.high, strict=True):
        if value is None or math.isnan(value):
            continue
        x = share(middle)
        if low is not None and high is not None:
            top, bottom = (min(max(frame.y(end), 0.0), frame.height) for end in (high, low))
            drawn.append(tag("line", class_=f"whisker {spots.look}", x1=x, x2=x, y1=round(top, 1), y2=round(bottom, 1)))
        drawn.append(tag("circle", class_=f"dot {spots.look}", cx=x, cy=frame.y(value), r=3))
    return drawn


def _thresholds(frame: Frame, thresholds: Sequence[Threshold]) -> list[Markup]:
    """Dashed lines with their names; a name that would stand on another one is left out, the strongest stays."""
    drawn, last = [], -100.0
    for threshold in sorted(thresholds, key=lambda t: -t.value):
        y = frame.y(threshold.value)
        drawn.append(tag("line", class_="threshold", x1=0, x2="100%", y1=y, y2=y))
        if y - last >= 14:
            drawn.append(tag("text", threshold.name, class_="threshold-label", x="100%", y=y - 4))
            last = y
    return drawn


def incident_marks(axis: TimeAxis, marks: Sequence[Mark], height: float) -> list[Markup]:
    """A line through the plot and a sign at its top where drift began; what is over has a smaller sign alone."""
    drawn = []
    for mark in marks:
        at = axis.at(mark.at)
        if 0 <= at <= 1:
            past = mark.slug == "past"
            line = () if past else (tag("line", x1=share(at), x2=share(at), y1=0, y2=height),)
            sign = tag("circle", cx=share(at), cy=0, r=3 if past else 4)
            drawn.append(tag("g", *line, sign, tag("title", mark.text), class_=f"incident {mark.slug}"))
    return drawn


def cursor(height: float) -> Markup:
    """The place that listens, and the column that the script moves over the window that is pointed at."""
    area = tag("rect", class_="area", x=0, y=0, width="100%", height=height)
    return area + tag("rect", class_="cursor", x=0, y=0, width=0, height=height)
