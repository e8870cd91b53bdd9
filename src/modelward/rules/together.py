"""Verdicts on what is judged by telling tables apart: all columns together, and a column of vectors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modelward.rules import phrases
from modelward.rules.describe import missing_rate
from modelward.rules.finding import ColumnFinding, plain
from modelward.rules.monitor import Monitor
from modelward.rules.verdict import Verdict, worst
from modelward.stats import (
    CategoricalSummary,
    DistanceOfMeans,
    DomainClassifier,
    PcaReconstruction,
    missing_rate_test,
    psi,
)

_SAID = 3
_TOLD = 10
_GIVES_AWAY = 0.005  # A column whose loss of AUC is less is not named.


@dataclass(frozen=True)
class JointFinding:
    """The verdict on all columns together; without figures where there were too few rows.

    `threshold` is the area under the curve from which it counts as drifted, which follows from the strong PSI.
    """

    verdict: Verdict
    reason: str
    threshold: float
    classifier: DomainClassifier | None = None
    reconstruction: PcaReconstruction | None = None

    @property
    def columns(self) -> tuple[tuple[str, float], ...]:
        """What gives the tables away: the AUC that is lost without each column, the largest first."""
        found = () if self.classifier is None else self.classifier.columns[:_TOLD]
        return tuple((name, lost) for name, lost in found if lost >= _GIVES_AWAY)

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON."""
        classifier, pca = self.classifier, self.reconstruction
        auc = classifier and {
            "statistic": classifier.statistic,
            "low": classifier.low,
            "high": classifier.high,
            "p_value": classifier.p_value,
            "threshold": self.threshold,
            "n_reference": classifier.n_reference,
            "n_current": classifier.n_current,
            "columns": [{"column": name, "importance": lost} for name, lost in self.columns],
        }
        error = pca and {
            "statistic": pca.statistic,
            "low": pca.low,
            "high": pca.high,
            "p_value": pca.p_value,
            "error_reference": pca.error_reference,
            "error_current": pca.error_current,
            "components": pca.components,
            "columns": [{"column": name, "share": share} for name, share in pca.columns[:_TOLD]],
        }
        told = {"domain_classifier": auc, "pca_reconstruction": error}
        return {
            "verdict": self.verdict.value,
            "reason": self.reason,
            **{name: plain(part) for name, part in told.items()},
        }


def area_of(psi: float) -> float:
    """The area under the curve that two normal columns with this PSI give: Φ(√(PSI / 2))."""
    return (1 + math.erf(math.sqrt(psi) / 2)) / 2


def judge_together(
    classifier: DomainClassifier | None, reconstruction: PcaReconstruction | None, monitor: Monitor
) -> JointFinding:
    """All columns together: drifted where rows can be told apart as well as by one column that drifted.

    The error of the PCA is told and decides nothing: it has no size that would matter of itself.
    """
    limit = area_of(monitor.psi_strong)
    if classifier is None or min(classifier.n_reference, classifier.n_current) < monitor.minimum_rows:
        return JointFinding(Verdict.TOO_FEW, "too few rows to look at all columns together", limit)
    verdict = _verdict(classifier.statistic, classifier.p_value, monitor.q, monitor)
    finding = JointFinding(verdict, "", limit, classifier, reconstruction)
    return JointFinding(verdict, _sentence(finding), limit, classifier, reconstruction)


def judge_vectors(
    column: str,
    classifier: DomainClassifier | None,
    distance: DistanceOfMeans | None,
    monitor: Monitor,
    *,
    rows: tuple[int, int],
    missing: tuple[int, int] = (0, 0),
    among: int = 1,
) -> ColumnFinding:
    """A column of vectors, one of `among`, by the better of two tests: Bonferroni over both and over the columns; and
    by how many are missing beside the `rows` that are there, if that is graver.
    """
    gone = _judge_missing(column, rows, missing, monitor, among)
    found = _judge_present(column, classifier, distance, monitor, rows=rows, among=among)
    return gone if gone is not None and worst((gone.verdict, found.verdict)) is not found.verdict else found


def _judge_missing(
    column: str, rows: tuple[int, int], missing: tuple[int, int], monitor: Monitor, among: int
) -> ColumnFinding | None:
    """The finding on vectors that went missing, or came; None where that is no finding."""
    before, now = (
        CategoricalSummary.from_counts(("vector",), (there,), missing=gone)
        for there, gone in zip(rows, missing, strict=True)
    )
    if min(before.rows, now.rows) < monitor.minimum_rows:
        return None
    change = missing_rate(now) - missing_rate(before)
    p_value = missing_rate_test(before, now).p_value
    if abs(change) < monitor.missing_shift or p_value >= monitor.q / among:
        return None
    index = psi(before, now).corrected
    shares = f"{phrases.share(missing_rate(now))} of rows, before in {phrases.share(missing_rate(before))}"
    return ColumnFinding(
        column,
        "vector",
        Verdict.DRIFTED if index >= monitor.psi_strong else Verdict.WARNING,
        "missing_rate",
        change,
        monitor.missing_shift,
        p_value,
        None,
        before.rows,
        now.rows,
        f"`{phrases.shortened(column)}` is missing in {shares} (PSI {index:.2f})",
        {"missing_rate_change": change, "psi": index},
    )


def _judge_present(
    column: str,
    classifier: DomainClassifier | None,
    distance: DistanceOfMeans | None,
    monitor: Monitor,
    *,
    rows: tuple[int, int],
    among: int,
) -> ColumnFinding:
    limit = area_of(monitor.psi_strong)
    name = f"`{phrases.shortened(column)}`"
    if classifier is None or distance is None or min(rows) < monitor.minimum_rows:
        reason = f"{name} has too few rows for a verdict"
        return ColumnFinding(column, "vector", Verdict.TOO_FEW, "too_few", None, None, None, None, *rows, reason)
    p_value = min(1.0, 2 * min(classifier.p_value, distance.p_value))
    verdict = _verdict(classifier.statistic, p_value, monitor.q / among, monitor)
    figures = f"AUC {classifier.statistic:.2f}, the means {distance.statistic:.2f} standard deviations apart"
    told = "is as in the reference" if verdict is Verdict.OK else "can be told from the reference"
    return ColumnFinding(
        column,
        "vector",
        verdict,
        "domain_classifier",
        classifier.statistic,
        limit,
        p_value,
        None,
        *rows,
        f"{name} {told} ({figures})",
        {
            "auc": classifier.statistic,
            "auc_low": classifier.low,
            "auc_high": classifier.high,
            "mean_distance": distance.statistic,
        },
    )


def _verdict(area: float, p_value: float, q: float, monitor: Monitor) -> Verdict:
    if p_value >= q or area < area_of(monitor.psi_moderate):
        return Verdict.OK
    return Verdict.DRIFTED if area >= area_of(monitor.psi_strong) else Verdict.WARNING


def _sentence(finding: JointFinding) -> str:
    classifier = finding.classifier
    assert classifier is not None
    figures = f"AUC {classifier.statistic:.2f}, {classifier.low:.2f} to {classifier.high:.2f}"
    if finding.verdict is Verdict.OK:
        return f"all columns together are as in the reference ({figures})"
    by = _listed([f"`{phrases.shortened(name)}`" for name, _ in finding.columns[:_SAID]])
    return f"all columns together tell the current rows from the reference ({figures}){f', by {by}' if by else ''}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else ""
