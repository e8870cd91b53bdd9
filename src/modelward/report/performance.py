"""How a model does on two tables: the metrics of each, what was expected without outcomes, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelward.report.outcomes import Outcomes
from modelward.rules.concept_drift import parted
from modelward.rules.monitor import Monitor
from modelward.rules.outcome_json import classes_json, metric_json, quantiles_json
from modelward.rules.outcome_metrics import Estimate, areas_of, expected_json
from modelward.rules.performance import (
    JUDGED_BY,
    Labelled,
    PerformanceFinding,
    PerformanceVerdict,
    Standard,
    judge_performance,
)
from modelward.stats import Confusion, Metric, Residuals
from modelward.stats.outcome import REGRESSION

NO_STANDARD = "the outcomes of the reference are not known, so that there is nothing to hold this against"
NOT_VALID = (
    "truth and estimate part: a score is no longer worth what it was on the reference, and the estimate is not valid"
)


@dataclass(frozen=True)
class Measured:
    """The metrics of one table, of whose `rows` with a prediction `labelled` have an outcome; the counts behind them.

    `estimate` is what the metrics of all its rows are expected to be without outcomes, or why there is none.
    """

    rows: int
    labelled: int
    metrics: Mapping[str, Metric]
    estimate: Estimate = field(default_factory=Estimate)
    confusion: Confusion | None = None
    residuals: Residuals | None = None
    roc_auc_by_class: Mapping[str, Metric] = field(default_factory=dict)

    @property
    def estimates(self) -> Mapping[str, Metric]:
        """The metrics as they are expected without outcomes."""
        return self.estimate.metrics

    def to_dict(self) -> dict[str, Any]:
        """The table's figures as JSON holds them."""
        wire: dict[str, Any] = {
            "rows": self.rows,
            "labelled": self.labelled,
            "metrics": {name: metric_json(found) for name, found in self.metrics.items()},
            "estimates": {name: metric_json(found) for name, found in self.estimates.items()},
            "classes": [],
            "confusion": None,
            "residual_quantiles": None,
            "no_estimate": self.estimate.reason or None,
            "estimated_classes": [],
            "estimated_confusion": None,
        }
        if self.labelled and self.confusion is not None:
            wire |= classes_json(self.confusion, self.roc_auc_by_class)
        if self.estimate.confusion is not None:
            wire |= expected_json(self.estimate)
        if self.labelled and self.residuals is not None:
            wire["residual_quantiles"] = quantiles_json(self.residuals)
        return wire


@dataclass(frozen=True)
class Performance:
    """The verdict on how the model does, by its task, with the metrics of both tables.

    `metric` is the one that decided, or that the model is shown by. `estimate_valid` is False where outcomes contradict
    what the scores promised, and None where there were not both.
    """

    task: str
    verdict: PerformanceVerdict
    reason: str
    metric: str | None
    reference: Measured
    current: Measured
    estimate_valid: bool | None = None

    @property
    def alarming(self) -> bool:
        """Whether somebody may want to look."""
        return self.verdict.alarming

    @property
    def sentence(self) -> str:
        """The verdict in a sentence."""
        return f"{self.reason[0].upper()}{self.reason[1:]}."

    @property
    def brief(self) -> str:
        """The verdict in a few words."""
        if self.verdict is PerformanceVerdict.CONCEPT_DRIFT:
            return "Concept drift: a score is no longer worth what it was on the reference."
        return f"{self.sentence.split(';')[0].rstrip('.')}."

    def to_dict(self) -> dict[str, Any]:
        """The performance as JSON holds it."""
        return {
            "task": self.task,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "metric": self.metric,
            "estimate_valid": self.estimate_valid,
            "reference": self.reference.to_dict(),
            "current": self.current.to_dict(),
        }


def performance_of(
    reference: Outcomes,
    current: Outcomes,
    monitor: Monitor,
    estimate: Estimate | None = None,
    *,
    source: str = "of the reference",
) -> Performance:
    """The verdict on the current table; its metrics are held against those of the reference, called `source`.

    `estimate` is what is expected of it without outcomes, where scores do not say that.
    """
    known = Labelled(current.rows, current.labelled)
    before, now = reference.metrics, current.metrics
    estimate = estimate or _estimate(reference, current)
    expected = estimate.metrics
    judged_by = JUDGED_BY.get(current.task, ())
    standards = {
        name: Standard(before[name].statistic, before[name].low, before[name].high, source)
        for name in judged_by
        if name in before and not before[name].reason
    }
    apart = parted(now, expected, judged_by) if _is_enough(known, monitor) else None
    finding = judge_performance(
        known,
        now,
        {} if apart else expected,
        standards,
        fall=monitor.performance_fall,
        coverage=monitor.label_coverage,
        minimum=monitor.minimum_rows,
    )
    verdict, reason = _with_estimate(finding, apart=bool(apart))
    shown = finding.metric or next(iter(standards), judged_by[0] if judged_by else None)
    sides = (measured_side(reference, before), measured_side(current, now, estimate))
    return Performance(current.task, verdict, reason, shown, *sides, None if apart is None else not apart)


def _estimate(reference: Outcomes, current: Outcomes) -> Estimate:
    """What can be expected of the current rows by their scores, or why nothing can."""
    if current.task == REGRESSION:
        return Estimate()
    curves, reason = reference.calibration()
    return Estimate(reason=reason) if curves is None else current.estimates(curves)


def _is_enough(known: Labelled, monitor: Monitor) -> bool:
    return known.labelled >= monitor.minimum_rows and known.coverage >= monitor.label_coverage


def _with_estimate(finding: PerformanceFinding, *, apart: bool) -> tuple[PerformanceVerdict, str]:
    """The verdict, with what it means that outcomes contradict the scores."""
    reason = NO_STANDARD if finding.verdict is PerformanceVerdict.NO_BASELINE else finding.reason
    if not apart:
        return finding.verdict, reason
    told = f"{reason}; {NOT_VALID}"
    return (finding.verdict if finding.verdict.alarming else PerformanceVerdict.CONCEPT_DRIFT), told


def measured_side(outcomes: Outcomes, metrics: Mapping[str, Metric], estimate: Estimate | None = None) -> Measured:
    """What a report tells of one table, or one part of it."""
    held = outcomes.outcome
    counted = (held.confusion, held.residuals, areas_of(held))
    return Measured(outcomes.rows, outcomes.labelled, metrics, estimate or Estimate(), *counted)
