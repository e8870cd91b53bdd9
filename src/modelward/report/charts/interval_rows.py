"""A figure by row, before and now: a dot with its interval on a common scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelward.report.charts.frame import round_steps
from modelward.report.charts.svg import joined, share, tag
from modelward.report.writing import metric, middle, number

ROW, HEAD = 28, 22
LONGEST = 15


@dataclass(frozen=True)
class Dot:
    """A value with the ends of its interval."""

    value: float
    low: float
    high: float

    @property
    def told(self) -> str:
        """In words."""
        return f"{metric(self.value)} ({metric(self.low)} to {metric(self.high)})"


@dataclass(frozen=True)
class IntervalRow:
    """One row; `slug` is the state that colours what is now. A side that is not known is not drawn."""

    name: str
    slug: str
    before: Dot | None
    now: Dot | None


def interval_rows(rows: Sequence[IntervalRow], *, label: str) -> Markup:
    """A row each, in the order given, with the scale on top."""
    dots = [dot for row in rows for dot in (row.before, row.now) if dot is not None]
    ends = [end for dot in dots for end in (dot.low, dot.high, dot.value) if math.isfinite(end)]
    ticks = round_steps(min(ends, default=0.0), max(ends, default=1.0))
    scale = _Scale(ticks[0], ticks[-1])
    height = HEAD + len(rows) * ROW
    grid = joined(
        tag("line", class_="grid", x1=scale.at(tick), x2=scale.at(tick), y1=HEAD - 6, y2=height)
        + tag("text", number(tick), class_="x-label", x=scale.at(tick), y=HEAD - 10)
        for tick in ticks
    )
    body = joined(_row(HEAD + place * ROW, row, scale) for place, row in enumerate(rows))
    return tag("svg", grid, body, class_="chart pairs intervals", height=height + 4, role="img", aria_label=label)


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def at(self, value: float) -> str:
        """Where a value lies; what is beyond the scale lies at its end."""
        return share(min(1.0, max(0.0, (value - self.low) / ((self.high - self.low) or 1.0))))


def _row(y: int, row: IntervalRow, scale: _Scale) -> Markup:
    told = [row.name, *(f"{word}: {dot.told}" for word, dot in (("now", row.now), ("before", row.before)) if dot)]
    parts = [tag("text", middle(row.name, LONGEST), class_="pair-label", x=-10, y=y + 18)]
    if row.before:
        parts.append(_dot(y + 9, row.before, scale, "before"))
    if row.now:
        parts.append(_dot(y + 18, row.now, scale, f"now {row.slug}"))
        parts.append(tag("text", metric(row.now.value), class_="pair-value", x="100%", dx=8, y=y + 18))
    parts.append(tag("rect", tag("title", "\n".join(told)), class_="hit", x=0, y=y, width="100%", height=ROW))
    return joined(parts)


def _dot(y: int, dot: Dot, scale: _Scale, look: str) -> Markup:
    line = tag("line", class_=f"span {look}", x1=scale.at(dot.low), x2=scale.at(dot.high), y1=y, y2=y)
    return line + tag("circle", class_=f"dot {look}", cx=scale.at(dot.value), cy=y, r=4)
