"""The report as JUnit XML, which every build server reads: one test case a column, and one a verdict on a segment."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from modelward.report.column_view import shown
from modelward.report.fairness import Fairness
from modelward.report.looks import LOOKS, Look, gravest_first
from modelward.report.outcome_looks import FAIRNESS, PERFORMANCE
from modelward.report.performance import Performance
from modelward.rules.finding import ColumnFinding
from modelward.rules.verdict import Verdict

if TYPE_CHECKING:
    from modelward.report.report import Report


def to_junit(report: "Report") -> str:
    """A test suite: a drifted column failed, one of too few rows or left out was skipped, a warning is output.

    The names are those of the columns; what XML cannot hold in them is shown as a replacement character.
    """
    joint = () if report.together is None else (report.together.verdict,)
    outcomes = list(_outcomes(report))
    verdicts = [*(finding.verdict for finding in report.columns), *joint, *(verdict for _, verdict, _ in outcomes)]
    skipped = len(report.left_out) + len(_segments_left_out(report))
    counts = {
        "tests": str(len(verdicts) + skipped),
        "failures": str(verdicts.count(Verdict.DRIFTED)),
        "errors": "0",
        "skipped": str(verdicts.count(Verdict.TOO_FEW) + skipped),
    }
    suites = ET.Element("testsuites", {"name": "modelward compare", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": "modelward compare", **counts, "time": "0"})
    for finding in gravest_first(report.columns):
        _case(_named(suite, finding.column), finding.verdict, finding.reason, _figures(finding))
    if report.together is not None:
        whole = _named(suite, "all columns together")
        _case(whole, report.together.verdict, report.together.reason, "decided by domain_classifier")
    for name, verdict, told in outcomes:
        _case(_named(suite, name), verdict, told, told)
    for name, reason in _segments_left_out(report):
        ET.SubElement(_named(suite, name), "skipped", {"message": shown(reason)})
    for column, reason in report.left_out.items():
        ET.SubElement(_named(suite, column), "skipped", {"message": shown(reason)})
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _outcomes(report: "Report") -> Iterator[tuple[str, Verdict, str]]:
    """Performance and each protected attribute as a test, of all rows and of each segment: name, ending, and why."""
    yield from _judged("", report.performance, report.fairness)
    found = report.segments
    for name in found.names if found else ():
        assert found is not None
        part = f"{found.column} = {name}"
        if name in found.comparisons:
            yield part, found.comparisons[name].verdict, found.comparisons[name].reason
        yield from _judged(f" where {part}", found.performance.get(name), found.fairness.get(name, ()))


def _judged(
    where: str, performance: Performance | None, fairness: Sequence[Fairness]
) -> Iterator[tuple[str, Verdict, str]]:
    if performance is not None:
        yield f"performance{where}", _ending(PERFORMANCE[performance.verdict]), performance.reason
    for entry in fairness:
        yield f"fairness by {entry.attribute}{where}", _ending(FAIRNESS[entry.verdict]), entry.reason


def _segments_left_out(report: "Report") -> list[tuple[str, str]]:
    found = report.segments
    return [(f"{found.column} = {name}", reason) for name, reason in found.left_out.items()] if found else []


def _ending(look: Look) -> Verdict:
    return next(verdict for verdict, known in LOOKS.items() if known.slug == look.slug)


def _case(case: ET.Element, verdict: Verdict, why: str, figures: str) -> None:
    reason = shown(why)
    if verdict is Verdict.DRIFTED:
        ET.SubElement(case, "failure", {"message": reason, "type": "drift"}).text = figures
    elif verdict is Verdict.TOO_FEW:
        ET.SubElement(case, "skipped", {"message": reason})
    elif verdict is Verdict.WARNING:
        ET.SubElement(case, "system-out").text = f"warning: {reason}"


def _named(suite: ET.Element, column: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", {"name": shown(column), "classname": "modelward.compare", "time": "0"})


def _figures(finding: ColumnFinding) -> str:
    figures = (f"{name} {value:.6g}" for name, value in finding.statistics.items())
    return "\n".join([f"decided by {finding.method}", *figures])
