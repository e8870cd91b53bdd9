"""Bars over time: how many events each window holds."""

from collections.abc import Sequence

from markupsafe import Markup

from modelward.web.charts.axis import Frame, TimeAxis, Window, drawing
from modelward.web.charts.over_time import Mark, hit, incident_marks
from modelward.web.charts.svg import joined, share
from modelward.web.writing import exact, number


def volume(
    windows: Sequence[Window], counts: Sequence[int], *, label: str, marks: Sequence[Mark] = (), height: float = 96
) -> Markup:
    """One bar a window; one that is not over yet is drawn lighter, because it will grow."""
    axis = TimeAxis.over(windows)
    frame = Frame.around([float(c) for c in counts], height=height)
    bars = [_bar(frame, axis, w, c) for w, c in zip(windows, counts, strict=True) if c]
    hits = [hit(axis, w, [f"{exact(c)} events"], height) for w, c in zip(windows, counts, strict=True)]
    body = joined([*bars, *incident_marks(axis, marks, height), *hits])
    return drawing(frame, axis.ticks(), body, label=label, write=number)


def _bar(frame: Frame, axis: TimeAxis, window: Window, count: int) -> Markup:
    x, end = axis.at(window.start), axis.at(window.end)
    top = min(frame.y(count), frame.height - 1)
    gap = (end - x) * 0.12
    look = "bar" if window.closed else "bar open"
    place = f'x="{share(x + gap / 2)}" width="{share(end - x - gap)}" y="{top:.2f}" height="{frame.height - top:.2f}"'
    return Markup(f'<rect class="{look}" {place}/>')  # noqa: S704 - numbers alone; a page has hundreds
