"""A figure beside its limits: one bar, and a dashed line for each limit."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from modelward.report.charts.svg import joined, share, tag

HEIGHT = 12


def meter(value: float, limits: Sequence[float], *, slug: str, label: str) -> Markup:
    """A bar up to twice the largest limit; what is longer ends in a point. `slug` is the state that colours it."""
    top = 2 * max(limits)
    size = abs(value) / top if math.isfinite(value) and top > 0 else math.inf
    bar = tag("rect", class_=f"level {slug}", y=2, height=HEIGHT - 4, width=share(min(max(size, 0.004), 1.0)))
    lines = joined(
        tag("line", class_="threshold", x1=share(limit / top), x2=share(limit / top), y1=0, y2=HEIGHT)
        for limit in limits
        if limit < top
    )
    beyond = tag("text", "»", class_="beyond", x="100%", dx=2, y=HEIGHT - 2) if size > 1 else Markup("")
    return tag("svg", bar, lines, beyond, class_="meter", height=HEIGHT, role="img", aria_label=label)
