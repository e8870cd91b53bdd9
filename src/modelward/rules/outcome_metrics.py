"""Every metric of an outcome by its name, measured and estimated; and what is told of them as JSON.

The library and the service name and compute them here, from the same joint summaries.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelward.rules.finding import number
from modelward.stats import (
    Calibration,
    ClassCalibrations,
    Confusion,
    Metric,
    NumericSummary,
    Outcome,
    Residuals,
    average_precision,
    bias,
    brier_score,
    calibrate,
    calibrate_classes,
    estimate_multiclass,
    estimate_performance,
    expected_calibration_error,
    log_loss,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    median_absolute_error,
    per_class,
    r_squared,
    residual_quantiles,
    roc_auc,
    root_mean_squared_error,
)
from modelward.stats.confusion import cell_intervals
from modelward.stats.estimated_classes import of_classes, of_probabilities
from modelward.stats.estimated_performance import of_counts
from modelward.stats.metric import CONFIDENCE
from modelward.stats.outcome import BINARY, MULTICLASS, REGRESSION
from modelward.stats.residual_quantiles import QUANTILES

Curves = Calibration | ClassCalibrations

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
    "mean_squared_error": mean_squared_error,
    "mean_absolute_percentage_error": mean_absolute_percentage_error,
    "median_absolute_error": median_absolute_error,
    "r_squared": r_squared,
    "bias": bias,
}
MOST_CLASSES = 30
"""Of more classes than these the table of a window would be larger than all the rest."""


@dataclass(frozen=True)
class Estimate:
    """What metrics are expected to become; `confusion` holds expected counts. Without an estimate `reason` says why."""

    metrics: Mapping[str, Metric] = field(default_factory=dict)
    confusion: Confusion | None = None
    roc_auc_by_class: Mapping[str, Metric] = field(default_factory=dict)
    reason: str = ""


def measured(outcome: Outcome, task: str) -> dict[str, Metric]:
    """The metrics of the rows whose outcome is known; none without such rows."""
    if not outcome.labelled:
        return {}
    if task == REGRESSION and outcome.residuals is not None:
        return {name: metric(outcome.residuals) for name, metric in _OF_RESIDUALS.items()}
    if task == MULTICLASS and outcome.confusion is not None:
        return of_classes(outcome.confusion, CONFIDENCE) | _of_chances(outcome)
    if task == BINARY and outcome.confusion is not None:
        found = of_counts(outcome.confusion, CONFIDENCE)
        if outcome.scores is not None and outcome.scores.n:
            found |= {name: _tried(metric, outcome.scores) for name, metric in _OF_SCORES.items()}
        return found
    return {}


def calibrated(outcome: Outcome, task: str) -> tuple[Curves | None, str]:
    """What a score, or the probability of each class, is worth on these rows; None, and why they cannot teach it."""
    if task == MULTICLASS and outcome.classes is not None:
        try:
            return calibrate_classes(outcome.classes, seed=0), ""
        except ValueError as error:
            return None, str(error)
    scores = outcome.scores
    if task not in {BINARY, MULTICLASS} or scores is None or not scores.n:
        return None, "no score was sent with the predictions that have an outcome"
    try:
        return calibrate(scores, seed=0), ""
    except ValueError as error:
        return None, str(error)


def curves_from(stored: bytes | None) -> Curves | None:
    """The curves that were written down."""
    if stored is None:
        return None
    return ClassCalibrations.from_bytes(stored) if stored[:4] == b"MWMC" else Calibration.from_bytes(stored)


def estimated(outcome: Outcome, task: str, curves: Curves | None) -> Estimate:
    """The metrics as they are expected to become, from the scores of all rows.

    Of many classes without their probabilities, a score tells how sure the model is of its answer, from which its
    accuracy can be expected.
    """
    if isinstance(curves, ClassCalibrations):
        return _of_many(outcome, curves)
    sides = outcome.unlabelled
    if curves is None or sides is None or not (sides[0].numbers or sides[1].numbers):
        return Estimate()
    found = estimate_performance(sides, curves)
    if task == MULTICLASS:
        return Estimate({"accuracy": found.metrics["accuracy"]})
    return Estimate(dict(found.metrics), found.confusion)


def told(outcome: Outcome, measures: Mapping[str, Metric], estimate: Estimate) -> dict[str, Any]:
    """All of a window's figures as JSON."""
    wire: dict[str, Any] = {
        "metrics": {name: metric_json(found) for name, found in measures.items()},
        "estimates": {name: metric_json(found) for name, found in estimate.metrics.items()},
        "delay": _delay(outcome.delays),
        "exact": outcome.exact,
    }
    if outcome.labelled and outcome.confusion is not None:
        areas = of_probabilities(outcome.classes, CONFIDENCE)[1] if outcome.classes else {}
        wire |= classes_json(outcome.confusion, areas)
    if estimate.confusion is not None:
        expected = classes_json(estimate.confusion, estimate.roc_auc_by_class)
        wire |= {f"estimated_{name}": value for name, value in expected.items()}
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


def classes_json(counted: Confusion, areas: Mapping[str, Metric]) -> dict[str, Any]:
    """Each class by itself, and the confusion with the interval of each count, as JSON."""
    if len(counted.classes) > MOST_CLASSES:
        return {"classes": [], "confusion": None}
    low, high = cell_intervals(counted)
    rates = ("precision", "recall", "f1")
    classes = [
        {
            "class": entry.name,
            "rows": round(entry.support),
            **{name: metric_json(getattr(entry, name)) for name in rates},
            **({"roc_auc": metric_json(areas[entry.name])} if entry.name in areas else {}),
        }
        for entry in per_class(counted)
    ]
    counts = {"counts": counted.counts.tolist(), "low": low.tolist(), "high": high.tolist()}
    return {"classes": classes, "confusion": {"classes": list(counted.classes), **counts}}


def _of_chances(outcome: Outcome) -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    if outcome.classes is not None and outcome.classes.n_labelled:
        found |= of_probabilities(outcome.classes, CONFIDENCE)[0]
    if outcome.scores is not None and outcome.scores.n and outcome.classes is not None:
        found["expected_calibration_error"] = _tried(expected_calibration_error, outcome.scores)
    return found


def _tried(metric: Any, scores: Any) -> Metric:
    """The metric, undefined with its sentence where the scores cannot have it."""
    try:
        found: Metric = metric(scores)
    except ValueError as error:
        return Metric.undefined(str(error), n=scores.n)
    return found


def _of_many(outcome: Outcome, curves: ClassCalibrations) -> Estimate:
    if outcome.classes is None or not outcome.classes.n:
        return Estimate(reason="no probabilities of the classes were sent with these predictions")
    try:
        found = estimate_multiclass(outcome.classes, curves=curves)
    except ValueError as error:
        return Estimate(reason=str(error))
    return Estimate(dict(found.metrics), found.confusion, found.roc_auc_by_class)


def _quantiles(residuals: Residuals) -> dict[str, Any]:
    found = residual_quantiles(residuals)
    return {f"{share:g}": metric_json(metric) for share, metric in zip(QUANTILES, found, strict=True)}


def _delay(delays: NumericSummary) -> dict[str, float | None] | None:
    """From the prediction to its outcome, in seconds."""
    if not delays.count:
        return None
    median, most = delays.quantile([0.5, 0.95]).tolist()
    return {"median_seconds": number(median), "p95_seconds": number(most)}
