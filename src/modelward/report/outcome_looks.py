"""How a verdict on performance or fairness looks on every page of a report: as one of the states, in its own word."""

from collections.abc import Mapping

from modelward.report.looks import LOOKS, Look
from modelward.rules.fairness import FairnessVerdict
from modelward.rules.performance import PerformanceVerdict
from modelward.rules.verdict import Verdict


def _said(verdict: Verdict, word: str) -> Look:
    return LOOKS[verdict]._replace(word=word, of_column=word)


PERFORMANCE: Mapping[PerformanceVerdict, Look] = {
    PerformanceVerdict.OK: _said(Verdict.OK, "As expected"),
    PerformanceVerdict.WARNING: _said(Verdict.WARNING, "Weaker"),
    PerformanceVerdict.FALLEN: _said(Verdict.DRIFTED, "Fallen"),
    PerformanceVerdict.ESTIMATED_FALL: _said(Verdict.WARNING, "Estimated to fall"),
    PerformanceVerdict.CONCEPT_DRIFT: _said(Verdict.DRIFTED, "Concept drift"),
    PerformanceVerdict.PARTIAL: _said(Verdict.TOO_FEW, "Partly labelled"),
    PerformanceVerdict.TOO_FEW: _said(Verdict.TOO_FEW, "Too few labels"),
    PerformanceVerdict.NO_LABELS: _said(Verdict.TOO_FEW, "No labels yet"),
    PerformanceVerdict.NO_BASELINE: _said(Verdict.TOO_FEW, "No standard"),
}
FAIRNESS: Mapping[FairnessVerdict, Look] = {
    FairnessVerdict.FAIR: _said(Verdict.OK, "Fair"),
    FairnessVerdict.UNFAIR: _said(Verdict.DRIFTED, "Unfair"),
    FairnessVerdict.BELOW_BASELINE: _said(Verdict.WARNING, "Below its baseline"),
    FairnessVerdict.NOT_ENOUGH: _said(Verdict.TOO_FEW, "Not enough rows to say"),
}
