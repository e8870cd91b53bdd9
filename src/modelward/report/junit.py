"""The report as JUnit XML, which every build server reads: one test case a column."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelward.report.column_view import shown
from modelward.report.looks import LOOKS, Look, gravest_first
from modelward.report.outcome_looks import FAIRNESS, PERFORMANCE
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
    counts = {
        "tests": str(len(verdicts) + len(report.left_out)),
        "failures": str(verdicts.count(Verdict.DRIFTED)),
        "errors": "0",
        "skipped": str(verdicts.count(Verdict.TOO_FEW) + len(report.left_out)),
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
    for column, reason in report.left_out.items():
        ET.SubElement(_named(suite, column), "skipped", {"message": shown(reason)})
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _outcomes(report: "Report") -> Iterator[tuple[str, Verdict, str]]:
    """Performance and each protected attribute as a test: its name, how it ended, and why."""
    if report.performance is not None:
        yield "performance", _ending(PERFORMANCE[report.performance.verdict]), report.performance.reason
    for entry in report.fairness:
        yield f"fairness by {entry.attribute}", _ending(FAIRNESS[entry.verdict]), entry.reason


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
