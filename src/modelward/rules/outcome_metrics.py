"""Every metric of an outcome by its name, measured and estimated; and what is told of them as JSON.

The library and the service name and compute them here, from the same joint summaries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelward.rules.finding import number
from modelward.rules.outcome_json import classes_json, metric_json, quantiles_json
from modelward.stats import (
    Calibration,
    ClassCalibrations,
    Confusion,
    Metric,
    NumericSummary,
    Outcome,
    calibrate,
    calibrate_classes,
    estimate_multiclass,
    estimate_performance,
)
from modelward.stats.estimated_classes import of_probabilities
from modelward.stats.every_metric import of_many_classes, of_numbers, of_two_classes
from modelward.stats.metric import CONFIDENCE
from modelward.stats.outcome import BINARY, MULTICLASS, REGRESSION

Curves = Calibration | ClassCalibrations


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
        return of_numbers(outcome.residuals)
    if task == MULTICLASS and outcome.confusion is not None:
        return of_many_classes(outcome.confusion, outcome.classes, outcome.scores)
    if task == BINARY and outcome.confusion is not None:
        return of_two_classes(outcome.confusion, outcome.scores)
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
        wire |= classes_json(outcome.confusion, areas_of(outcome))
    if estimate.confusion is not None:
        wire |= expected_json(estimate)
    if outcome.labelled and outcome.residuals is not None:
        wire["residual_quantiles"] = quantiles_json(outcome.residuals)
    return wire


def expected_json(estimate: Estimate) -> dict[str, Any]:
    """The expected classes and confusion, as those that were measured."""
    if estimate.confusion is None:
        return {}
    expected = classes_json(estimate.confusion, estimate.roc_auc_by_class)
    return {f"estimated_{name}": value for name, value in expected.items()}


def areas_of(outcome: Outcome) -> Mapping[str, Metric]:
    """The ROC AUC of each class, of rows with an outcome."""
    return of_probabilities(outcome.classes, CONFIDENCE)[1] if outcome.classes is not None else {}


def _of_many(outcome: Outcome, curves: ClassCalibrations) -> Estimate:
    if outcome.classes is None or not outcome.classes.n:
        return Estimate(reason="no probabilities of the classes were sent with these predictions")
    try:
        found = estimate_multiclass(outcome.classes, curves=curves)
    except ValueError as error:
        return Estimate(reason=str(error))
    return Estimate(dict(found.metrics), found.confusion, found.roc_auc_by_class)


def _delay(delays: NumericSummary) -> dict[str, float | None] | None:
    """From the prediction to its outcome, in seconds."""
    if not delays.count:
        return None
    median, most = delays.quantile([0.5, 0.95]).tolist()
    return {"median_seconds": number(median), "p95_seconds": number(most)}
