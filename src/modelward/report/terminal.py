"""A report in a terminal: the sentence first, then a table of the columns, the gravest first."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from modelward.report.looks import gravest_first
from modelward.report.outcome_looks import FAIRNESS, PERFORMANCE
from modelward.report.performance import Performance
from modelward.report.performance_view import performance_view
from modelward.rules import phrases
from modelward.rules.finding import ColumnFinding
from modelward.rules.verdict import Verdict

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from modelward.report.report import Report

# Sign, colour and word of a verdict; the sign and the word say it where there is no colour.
_LOOK = {
    Verdict.DRIFTED: ("●", "bold red", "drifted"),
    Verdict.WARNING: ("▲", "yellow", "warning"),
    Verdict.OK: ("✓", "green", "ok"),
    Verdict.TOO_FEW: ("○", "dim", "too few"),
}
_REASONS, _METRICS, _SLICES = 5, 8, 5


def render(report: "Report", *, every: bool = False) -> "Group":
    """The report for a rich console; columns without a finding are counted, or listed when `every` is asked for."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    shown = [finding for finding in gravest_first(report.columns) if every or finding.verdict is not Verdict.OK]
    parts: list[Any] = [_headline(report), Text()]
    if shown:
        parts += [Padding(_table(shown), (0, 0, 0, 2)), Text()]
    if report.performance is not None and report.performance.current.rows:
        parts += [Padding(_metrics(report.performance), (0, 0, 0, 2)), Text()]
    parts += [Text(f"  {_harmless(line)}") for line in _outcomes(report)]
    parts += [Text(f"  {_harmless(line)}", style="dim") for line in _footnotes(report, shown)]
    return Group(*parts)


def _harmless(text: str) -> str:
    """A name out of a file may not steer the terminal: control characters are shown as what they are, none."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) == "Cc" else char for char in text)


def _headline(report: "Report") -> "Text":
    from rich.text import Text

    sign, style, _ = _LOOK[report.verdict]
    return Text.assemble((f"{sign} ", style), (_harmless(headline(report)), "bold" if report.verdict.alarming else ""))


def headline(report: "Report") -> str:
    """The first line: what is wrong in how many columns, on how many rows."""
    counts = {verdict: sum(finding.verdict is verdict for finding in report.columns) for verdict in Verdict}
    if not report.comparison.verdict.alarming:
        return report.reason
    rows = f"{report.comparison.rows_current:,} rows against {report.comparison.rows_reference:,}"
    moderate = f", {counts[Verdict.WARNING]} changed moderately" if counts[Verdict.WARNING] else ""
    columns = f"{counts[Verdict.DRIFTED]} of {len(report.columns)} columns drifted{moderate}: {rows}."
    return " ".join([columns, *report.beside_columns])


def _table(findings: Sequence[ColumnFinding]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False, expand=False)
    table.add_column("column", no_wrap=True, max_width=28)
    table.add_column("verdict", no_wrap=True)
    table.add_column("PSI", justify="right", no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    table.add_column("what happened", overflow="fold", ratio=1)
    for finding in findings:
        table.add_row(*_row(finding))
    return table


def _row(finding: ColumnFinding) -> Iterator["Text"]:
    from rich.text import Text

    sign, style, word = _LOOK[finding.verdict]
    psi = finding.statistics.get("psi")
    yield Text(_harmless(finding.column), style="bold" if finding.verdict.alarming else "")
    yield Text(f"{sign} {word}", style=style)
    yield Text("–" if psi is None else f"{psi:.2f}", style=style if finding.verdict.alarming else "dim")
    yield Text(phrases.chance(finding.p_value).removeprefix("p ") if finding.p_value is not None else "–", style="dim")
    yield Text(_harmless(_without_name(finding)))


def _without_name(finding: ColumnFinding) -> str:
    """The reason without the column's name, which stands at the left already, and without the PSI of its own column."""
    clause = finding.reason.removeprefix(f"`{phrases.shortened(finding.column)}` ")
    if finding.method == "psi" and finding.verdict.alarming:
        clause = clause.removesuffix(f" (PSI {finding.statistic:.2f})")
    return clause


def _metrics(found: Performance) -> "Table":
    """Every metric of both tables, with its interval."""
    from rich import box
    from rich.table import Table

    view = performance_view(found)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False, expand=False)
    heads = ("metric", "reference", "current", *(("estimated",) if view.estimated else ()))
    for head in heads:
        table.add_column(head, justify="left" if head == "metric" else "right", overflow="fold")
    for row in view.metrics[:_METRICS]:
        table.add_row(*row[: len(heads)])
    return table


def _outcomes(report: "Report") -> Iterator[str]:
    """Performance, fairness, why, segments and slices, a line each."""
    if report.performance is not None:
        look = PERFORMANCE[report.performance.verdict]
        yield f"{look.sign} performance, {look.word.lower()}: {report.performance.reason}"
    for entry in report.fairness:
        said = FAIRNESS[entry.verdict]
        yield f"{said.sign} fairness by {phrases.shortened(entry.attribute)}, {said.word.lower()}: {entry.reason}"
    yield from (f"why: {entry.sentence}" for entry in report.why[:_REASONS] if entry.guess or report.segments)
    if report.segments is not None:
        yield from report.segments.summary
    yield from (f"slice: {entry.sentence}" for entry in (report.slices or ())[:_SLICES])


def _footnotes(report: "Report", shown: Sequence[ColumnFinding]) -> Iterator[str]:
    quiet = len(report.columns) - len(shown)
    if quiet and shown:
        yield f"✓ {quiet} more column{'s are' if quiet > 1 else ' is'} as in the reference"
    if report.together and not report.together.verdict.alarming:
        yield report.together.reason
    for column, reason in report.left_out.items():
        yield f"– {phrases.shortened(column)} is left out: {reason}"
