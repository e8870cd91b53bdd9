"""Every metric of a window by its name, from its joint summary; and what is told of them as JSON."""

import math
from collections.abc import Mapping
from typing import Any

from modelward.monitoring.joint_outcome import Outcome
from modelward.monitoring.joint_plan import BINARY, MULTICLASS, REGRESSION
from modelward.monitoring.measures import number
from modelward.stats import (
    Calibration,
    ClassMetrics,
    Confusion,
    Metric,
    NumericSummary,
    Residuals,
    accuracy,
    average_precision,
    balanced_accuracy,
    bias,
    brier_score,
    calibrate,
    estimate_performance,
    expected_calibration_error,
    log_loss,
    matthews_correlation,
    mean_absolute_error,
    mean_absolute_percentage_error,
    median_absolute_error,
    per_class,
    r_squared,
    residual_quantiles,
    roc_auc,
    root_mean_squared_error,
)
from modelward.stats.class_averages import averaged
from modelward.stats.estimated_performance import of_counts
from modelward.stats.metric import CONFIDENCE
from modelward.stats.residual_quantiles import QUANTILES

_OF_SCORES = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "log_loss": log_loss,
    "brier_score": brier_score,
    "expected_calibration_error": expected_calibration_error,
}
_OF_RESIDUALS = {
    "mean_absolute_error": mean_absolute_error,
    "root_mean_squared_error": root_mean_squared_error,
    "mean_absolute_percentage_error": mean_absolute_percentage_error,
    "median_absolute_error": median_absolute_error,
    "r_squared": r_squared,
    "bias": bias,
}
MOST_CLASSES = 30
"""Of more classes than these the table of a window would be larger than all the rest."""


def measured(outcome: Outcome, task: str) -> dict[str, Metric]:
    """The metrics of the rows whose outcome is known; none without such rows."""
    if not outcome.labelled:
        return {}
    if task == REGRESSION and outcome.residuals is not None:
        return {name: metric(outcome.residuals) for name, metric in _OF_RESIDUALS.items()}
    if task == MULTICLASS and outcome.confusion is not None:
        return _of_classes(outcome.confusion)
    if task == BINARY and outcome.confusion is not None:
        found = of_counts(outcome.confusion, CONFIDENCE)
        if outcome.scores is not None and outcome.scores.n:
            found |= {name: metric(outcome.scores) for name, metric in _OF_SCORES.items()}
        return found
    return {}


def calibrated(outcome: Outcome, task: str) -> Calibration | None:
    """What a score is worth on these rows; None where they cannot teach it."""
    scores = outcome.scores
    if task not in {BINARY, MULTICLASS} or scores is None:
        return None
    return calibrate(scores, seed=0) if scores.negatives.count and scores.positives.count else None


def estimated(outcome: Outcome, task: str, calibration: Calibration | None) -> dict[str, Metric]:
    """The metrics as they are expected to become, from the scores of all rows; none without a calibration.

    Of many classes a score tells how sure the model is of its answer, from which its accuracy can be expected.
    """
    sides = outcome.unlabelled
    if calibration is None or sides is None or not (sides[0].numbers or sides[1].numbers):
        return {}
    found = estimate_performance(sides, calibration).metrics
    return {"accuracy": found["accuracy"]} if task == MULTICLASS else dict(found)


def told(outcome: Outcome, measures: Mapping[str, Metric], estimates: Mapping[str, Metric]) -> dict[str, Any]:
    """All of a window's figures as JSON."""
    wire: dict[str, Any] = {
        "metrics": {name: metric_json(found) for name, found in measures.items()},
        "estimates": {name: metric_json(found) for name, found in estimates.items()},
        "delay": _delay(outcome.delays),
        "exact": outcome.exact,
    }
    if outcome.labelled and outcome.confusion is not None:
        wire |= _classes(outcome.confusion)
    if outcome.labelled and outcome.residuals is not None:
        wire["residual_quantiles"] = _quantiles(outcome.residuals)
    return wire


def metric_json(found: Metric) -> dict[str, Any]:
    """A metric as JSON: what does not exist is null, with the reason."""
    wire = {
        "value": number(found.statistic),
        "low": number(found.low),
        "high": number(found.high),
        "rows": round(found.n),
        "method": found.interval,
        "confidence": found.confidence,
    }
    if found.error:
        wire["error"] = found.error
    return wire | ({"reason": found.reason} if math.isnan(found.statistic) else {})


def _of_classes(counted: Confusion) -> dict[str, Metric]:
    found = {
        "accuracy": accuracy(counted),
        "balanced_accuracy": balanced_accuracy(counted),
        "matthews_correlation": matthews_correlation(counted),
    }
    for average in ("macro", "weighted", "micro"):
        for rate in ("precision", "recall", "f1"):
            found[f"{rate}_{average}"] = averaged(counted, rate, average, CONFIDENCE)
    return found


def _classes(counted: Confusion) -> dict[str, Any]:
    if len(counted.classes) > MOST_CLASSES:
        return {"classes": [], "confusion": None}
    return {
        "classes": [_class(entry) for entry in per_class(counted)],
        "confusion": {"classes": list(counted.classes), "counts": counted.counts.tolist()},
    }


def _class(entry: ClassMetrics) -> dict[str, Any]:
    rates = {name: metric_json(getattr(entry, name)) for name in ("precision", "recall", "f1")}
    return {"class": entry.name, "rows": round(entry.support), **rates}


def _quantiles(residuals: Residuals) -> dict[str, Any]:
    found = residual_quantiles(residuals)
    return {f"{share:g}": metric_json(metric) for share, metric in zip(QUANTILES, found, strict=True)}


def _delay(delays: NumericSummary) -> dict[str, float | None] | None:
    """From the prediction to its outcome, in seconds."""
    if not delays.count:
        return None
    median, most = delays.quantile([0.5, 0.95]).tolist()
    return {"median_seconds": number(median), "p95_seconds": number(most)}
