"""Axes: round numbers upward, calendar steps along time."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from markupsafe import Markup

from modelward.web.charts.svg import joined, share, tag


@dataclass(frozen=True)
class Window:
    """A stretch of time, end exclusive, already in the time zone that is to be read; an open one is not over yet."""

    start: datetime
    end: datetime
    closed: bool = True


@dataclass(frozen=True)
class TimeAxis:
    """Where a moment lies between start and end, as a share of the width."""

    start: datetime
    end: datetime

    @classmethod
    def over(cls, windows: Sequence[Window]) -> "TimeAxis":
        return cls(windows[0].start, windows[-1].end)

    @cached_property
    def _seconds(self) -> float:
        return max((self.end - self.start).total_seconds(), 1.0)

    def at(self, when: datetime) -> float:
        return (when - self.start).total_seconds() / self._seconds

    def middle(self, window: Window) -> float:
        return (self.at(window.start) + self.at(window.end)) / 2

    def ticks(self) -> list[tuple[float, str]]:
        """About six calendar moments with their labels; the year is written where it changes."""
        moments = [m for m in _moments(self.start, self.end) if self.start <= m < self.end]
        return [(self.at(m), _label(m, self.end - self.start)) for m in moments]


def _moments(start: datetime, end: datetime) -> Iterator[datetime]:
    days = (end - start) / timedelta(days=1)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if days > 60:
        return _months(midnight, end, next(step for step in (1, 2, 3, 6, 12, 24, 60, 1200) if days / 30 / step <= 10))
    step = next((h for h in (1, 3, 6, 12, 24, 48, 96, 168) if days * 24 / h <= 8), 168)
    return (midnight + timedelta(hours=step * n) for n in range(int(days * 24 / step) + 3))


def _months(start: datetime, end: datetime, step: int) -> Iterator[datetime]:
    month = start.year * 12 + (start.month - 1) // step * step
    while True:
        moment = start.replace(year=month // 12, month=month % 12 + 1, day=1)
        if moment >= end:
            return
        yield moment
        month += step


def _label(moment: datetime, length: timedelta) -> str:
    if length > timedelta(days=60):
        return f"{moment:%b %Y}" if moment.month == 1 else f"{moment:%b}"
    return f"{moment:%H:%M}" if moment.hour else f"{moment.day} {moment:%b}"


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
    many = len(axis) > 5
    labels = joined(
        tag("text", text, class_="x-label minor" if many and n % 2 else "x-label", x=share(at), y=frame.height + 17)
        for n, (at, text) in enumerate(axis)
    )
    plot = tag("g", grid, labels, body, transform=f"translate(0 {TOP})")
    return tag("svg", plot, class_="chart plot", height=frame.height + TOP + BOTTOM, role="img", aria_label=label)


def stretched(frame: Frame, *shapes: str) -> Markup:
    """An inner box 1,000 wide, stretched to the plot's width: for lines, whose points cannot be shares."""
    box = f"0 0 1000 {frame.height:g}"
    return tag(
        "svg", *shapes, viewBox=box, preserveAspectRatio="none", width="100%", height=frame.height, class_="stretched"
    )
