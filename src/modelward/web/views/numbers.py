"""The numbers behind a chart, window by window: its table, which also tells the chart's hover."""

from collections.abc import Sequence
from dataclasses import dataclass

from modelward.report.charts.svg import share
from modelward.web.charts.axis import TimeAxis, Window
from modelward.web.writing import span

TITLES = {
    "drift": "Drift by window",
    "predictions": "Predictions by window",
    "volume": "Events by window",
    "latency": "Latency by window",
}


@dataclass(frozen=True)
class Row:
    """One window: its name and values, and where in the chart it lies (shares of the width, as SVG writes them)."""

    name: str
    values: tuple[str, ...]
    start: str
    end: str


@dataclass(frozen=True)
class Table:
    """Rows newest first. `heads` begins with the word for the windows."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]


def table(windows: Sequence[Window], heads: Sequence[str], values: Sequence[tuple[str, ...] | None]) -> Table:
    """The table of windows with their values; a window without any is left out."""
    axis = TimeAxis.over(windows)
    rows = [
        Row(_named(w), told, share(axis.at(w.start)), share(axis.at(w.end)))
        for w, told in zip(windows, values, strict=True)
        if told is not None
    ]
    return Table(("Window", *heads), tuple(reversed(rows)))


def _named(window: Window) -> str:
    return span(window.start, window.end) + ("" if window.closed else " (not over yet)")
