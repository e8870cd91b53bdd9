"""A rate by group: a bar with its interval, and a dashed limit across all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelward.report.charts.svg import joined, share, tag
from modelward.report.writing import exact, middle, percent

ROW, HEAD = 32, 20


@dataclass(frozen=True)
class Group:
    """One group's rate with its interval; one that is too small is not `compared`."""

    name: str
    rate: float
    low: float | None
    high: float | None
    rows: int
    compared: bool


def group_bars(groups: Sequence[Group], *, label: str, limit: float | None, limit_name: str) -> Markup:
    """A row a group, in the order given; `limit` is a rate."""
    top = max([1e-9, *(group.high or group.rate for group in groups), *([limit] if limit is not None else [])])
    height = HEAD + len(groups) * ROW
    rows = [_row(HEAD + n * ROW, group, top) for n, group in enumerate(groups)]
    line = _limit(limit / top, limit_name, height) if limit is not None else Markup()
    return tag("svg", *rows, line, class_="chart pairs groups", height=height + 4, role="img", aria_label=label)


def _row(y: int, group: Group, top: float) -> Markup:
    ends = (group.low, group.high) if group.low is not None and group.high is not None else None
    told = [group.name, f"selected: {percent(group.rate)}"]
    told += [f"95 % interval: {percent(ends[0])} to {percent(ends[1])}"] if ends else []
    told.append(f"{exact(group.rows)} rows" + ("" if group.compared else ": not enough rows to say"))
    parts = [
        tag("text", middle(group.name, 18), class_="pair-label", x=-10, y=y + 20),
        tag(
            "rect",
            class_="bar group" if group.compared else "bar uncounted",
            x=0,
            y=y + 7,
            height=18,
            width=share(group.rate / top),
        ),
    ]
    if ends:
        low, high = share(ends[0] / top), share(ends[1] / top)
        parts += [
            tag("line", class_="whisker", x1=low, x2=high, y1=y + 16, y2=y + 16),
            tag("line", class_="whisker", x1=low, x2=low, y1=y + 12, y2=y + 20),
            tag("line", class_="whisker", x1=high, x2=high, y1=y + 12, y2=y + 20),
        ]
    parts.append(
        tag(
            "text",
            percent(group.rate),
            class_="pair-value" if group.compared else "pair-value reference",
            x="100%",
            dx=8,
            y=y + 20,
        )
    )
    parts.append(tag("rect", tag("title", "\n".join(told)), class_="hit", x=0, y=y, width="100%", height=ROW))
    return joined(parts)


def _limit(at: float, name: str, height: int) -> Markup:
    line = tag("line", class_="threshold", x1=share(at), x2=share(at), y1=HEAD - 4, y2=height)
    look = "threshold-label" if at > 0.5 else "threshold-label from-left"
    return line + tag("text", name, class_=look, x=share(at), y=HEAD - 8)
