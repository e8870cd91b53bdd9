"""The report as a Plotly figure, where Plotly is installed."""

from types import ModuleType
from typing import TYPE_CHECKING, Any

from modelward.errors import Invalid, Unavailable
from modelward.report.bars import Bars
from modelward.report.column_view import shown
from modelward.report.looks import LOOKS, gravest_first

if TYPE_CHECKING:
    from modelward.report.report import Report

_REFERENCE, _CURRENT = "#9aa2ac", "#2a6fd6"
_OF_STATE = {"drifted": "#b43600", "warning": "#b07400", "healthy": "#9aa2ac", "too-few": "#d3d7dc"}


def figure(report: "Report", column: str | None) -> Any:
    """The distributions of one column, or the drift of all columns.

    Raises:
        Unavailable: Plotly is not installed.
        Invalid: there is nothing to draw of the column.
        KeyError: the column was not compared.
    """
    plotly = _plotly()
    return _drift(plotly, report) if column is None else _distributions(plotly, report, column)


def _plotly() -> ModuleType:
    try:
        from plotly import graph_objects
    except ImportError as error:
        needed = (
            "a figure needs Plotly, which is not installed: pip install 'modelward[plotly]'; to_html() draws without it"
        )
        raise Unavailable(needed) from error
    return graph_objects  # type: ignore[no-any-return]


def _distributions(plotly: ModuleType, report: "Report", column: str) -> Any:
    finding = report[column]
    drawn = report.evidence.bars(column) if report.evidence else None
    if drawn is None or not drawn.labels:
        raise Invalid(f"{column!r} has no value on either side that could be drawn")
    sides = (("reference", drawn.reference, _REFERENCE), ("current", drawn.current, _CURRENT))
    bars = [_bar(plotly, drawn, shares, name, colour) for name, shares, colour in sides if shares is not None]
    made = plotly.Figure(bars)
    made.update_layout(
        title_text=_literal(finding.reason),
        barmode="overlay" if drawn.edges else "group",
        bargap=0.05 if drawn.edges else 0.2,
        yaxis={"tickformat": ".0%", "title_text": "share of the values"},
        xaxis={"title_text": _literal(shown(column)), **({} if drawn.edges else {"type": "category"})},
        template="plotly_white",
    )
    return made


def _bar(plotly: ModuleType, drawn: Bars, shares: tuple[float, ...], name: str, colour: str) -> Any:
    look = {"name": name, "marker_color": colour, "opacity": 0.65 if drawn.edges else 1.0, "y": shares}
    if not drawn.edges:
        return plotly.Bar(x=[_literal(shown(label)) for label in drawn.labels], **look)
    pairs = list(zip(drawn.edges, drawn.edges[1:], strict=False))
    middles, widths = [low / 2 + high / 2 for low, high in pairs], [high - low for low, high in pairs]
    return plotly.Bar(x=middles, width=widths, **look)


def _drift(plotly: ModuleType, report: "Report") -> Any:
    found = [finding for finding in gravest_first(report.columns) if "psi" in finding.statistics][::-1]
    bar = plotly.Bar(
        x=[finding.statistics["psi"] for finding in found],
        y=[_literal(shown(finding.column)) for finding in found],
        orientation="h",
        marker_color=[_OF_STATE[LOOKS[finding.verdict].slug] for finding in found],
        hovertext=[_literal(finding.reason) for finding in found],
    )
    made = plotly.Figure([bar])
    made.update_layout(title_text=_literal(report.reason), xaxis_title_text="PSI", template="plotly_white")
    made.update_yaxes(type="category")
    if report.evidence:
        for limit in (report.evidence.monitor.psi_moderate, report.evidence.monitor.psi_strong):
            made.add_vline(x=limit, line_dash="dash", line_color="#59616d")
    return made


def _literal(text: str) -> str:
    """Plotly reads a few HTML tags in text; a name out of a file is no tag."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
