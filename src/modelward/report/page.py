"""The report as one HTML file that needs nothing else: no script, no other file, no request to any host."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from modelward.report.column_view import ColumnView, shown, view_of
from modelward.report.fairness_view import fairness_views
from modelward.report.looks import LOOKS, gravest_first, look_of
from modelward.report.meanings import MEANINGS
from modelward.report.performance_view import performance_view
from modelward.report.segment_view import segments_view
from modelward.report.terminal import headline
from modelward.report.writing import count, exact, number, probability, score
from modelward.rules.monitor import Monitor
from modelward.rules.verdict import Verdict

if TYPE_CHECKING:
    from modelward.report.report import Report

OPEN = 12  # columns with a finding that stand open; a reader of more of them opens what he wants
MANY = 30  # columns; of more the quiet ones take most of the file
NOTEBOOK_ROWS = 10
MOST_REASONS = 12
_QUOTED = re.compile(r"`([^`]{1,200})`")


@cache
def _environment() -> Environment:
    """Everything is escaped unless it is markup that we made; a name that a page does not know is an error."""
    made = Environment(
        loader=PackageLoader("modelward.report", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"sentence": sentence, "exact": exact, "number": number, "shown": shown, "count": count}
    made.filters |= {"score": score, "probability": probability, "flat": _flat, "first_cells": _first_cells}
    return made


def _flat(row: tuple[str, Sequence[str]]) -> tuple[str, ...]:
    return (row[0], *row[1])


def _first_cells(row: Sequence[str], many: int) -> Sequence[str]:
    return row[:many]


def sentence(text: str, capital: bool = True) -> Markup:
    """A reason as a sentence: capital and full stop, its `names` set as code, everything else escaped."""
    text = shown(text)
    whole = text[:1].upper() + text[1:] if capital else text
    whole = whole if whole.endswith((".", "!", "?", "…")) else f"{whole}."
    coded = _QUOTED.sub(lambda name: f"<code>{name[1]}</code>", str(escape(whole)))
    return Markup(coded)  # noqa: S704 - escaped first


def to_html(report: "Report") -> str:
    """The whole report as a page."""
    return _environment().get_template("report.html").render(_values(report, list(_views(report))))


def to_notebook(report: "Report") -> str:
    """The report as a notebook shows it: the verdict and the gravest columns, on any background."""
    findings = [finding for finding in gravest_first(report.columns) if finding.verdict is not Verdict.OK]
    views = list(_views(report, most=min(len(findings), NOTEBOOK_ROWS)))
    return (
        _environment().get_template("notebook.html").render(_values(report, views), unseen=len(findings) - len(views))
    )


def _views(report: "Report", *, most: int | None = None) -> Iterator[ColumnView]:
    for place, finding in enumerate(gravest_first(report.columns)[:most], start=1):
        role = report.roles.get(finding.column)
        many = len(report.columns) > MANY
        yield view_of(finding, number_of=place, role=role, evidence=report.evidence, many=many)


def _values(report: "Report", views: list[ColumnView]) -> dict[str, Any]:
    evidence = report.evidence
    verdicts = [finding.verdict for finding in report.columns]
    return {
        "look": look_of(report.verdict, columns=len(report.columns)),
        "headline": headline(report),
        "comparison": report.comparison,
        "counts": [(LOOKS[verdict], verdicts.count(verdict)) for verdict in LOOKS if verdict in verdicts],
        "total": len(verdicts),
        "columns": views,
        "open": OPEN,
        "together": report.together,
        "performance": performance_view(report.performance) if report.performance else None,
        "fairness": fairness_views(report.fairness),
        "why": report.why[:MOST_REASONS],
        "segments": segments_view(report.segments, report.comparison) if report.segments else None,
        "slices": report.slices,
        "left_out": [(shown(name), reason) for name, reason in report.left_out.items()],
        "names": [shown(name) for name in (evidence.names if evidence else ("reference", "current"))],
        "compared_at": evidence.compared_at if evidence else None,
        "monitor": evidence.monitor if evidence else Monitor(),
        "compressed": evidence is not None and _compressed(evidence),
        "meanings": [MEANINGS[key] for key in _used(report)],
    }


def _used(report: "Report") -> list[str]:
    """The statistics that the report names and we can explain, in our order."""
    named = {key for finding in report.columns for key in finding.statistics}
    return [key for key in MEANINGS if key in named]


def _compressed(evidence: Any) -> bool:
    sides = (evidence.reference, evidence.current)
    return any(not summary.exact for side in sides for summary in side.columns.values())
