"""Bars over time: how many events each window holds."""

from collections.abc import Sequence

from markupsafe import Markup

from modelward.report.charts.frame import Frame, drawing, stretched
from modelward.report.charts.svg import joined, tag
from modelward.web.charts.axis import TimeAxis, Window
from modelward.web.charts.over_time import Mark, cursor, incident_marks
from modelward.web.writing import number


def volume(
    windows: Sequence[Window], counts: Sequence[int], *, label: str, marks: Sequence[Mark] = (), height: float = 96
) -> Markup:
    """One bar a window; one that is not over yet is drawn lighter, because it will grow."""
    axis = TimeAxis.over(windows)
    frame = Frame.around([float(c) for c in counts], height=height)
    known = [(w, c) for w, c in zip(windows, counts, strict=True) if c]
    closed = "".join(_bar(frame, axis, w, c) for w, c in known if w.closed)
    still_open = "".join(_bar(frame, axis, w, c) for w, c in known if not w.closed)
    bars = stretched(
        frame,
        *([tag("path", class_="bar", d=closed)] if closed else []),
        *([tag("path", class_="bar open", d=still_open)] if still_open else []),
    )
    body = joined([bars, cursor(height), *incident_marks(axis, marks, height)])
    return drawing(frame, axis.ticks(), body, label=label, write=number)


def _bar(frame: Frame, axis: TimeAxis, window: Window, count: int) -> str:
    """One bar as a piece of a path: a year of bars is one element."""
    x, end = axis.at(window.start) * 1000, axis.at(window.end) * 1000
    top = min(frame.y(count), frame.height - 1)
    gap = (end - x) * 0.12
    return f"M{x + gap / 2:.1f} {frame.height:g}V{top:.1f}h{end - x - gap:.1f}V{frame.height:g}"
