"""Every metric of a window by its name, from its joint summary; and what is told of them as JSON."""

from collections.abc import Mapping
from typing import Any

from modelward.monitoring.joint_outcome import Outcome
from modelward.monitoring.joint_plan import BINARY, MULTICLASS, REGRESSION
from modelward.monitoring.measures import number
from modelward.rules.outcome_json import classes_json, metric_json, quantiles_json
from modelward.stats import Calibration, Metric, NumericSummary, calibrate, estimate_performance
from modelward.stats.every_metric import of_many_classes, of_numbers, of_two_classes


def measured(outcome: Outcome, task: str) -> dict[str, Metric]:
    """The metrics of the rows whose outcome is known; none without such rows."""
    if not outcome.labelled:
        return {}
    if task == REGRESSION and outcome.residuals is not None:
        return of_numbers(outcome.residuals)
    if task == MULTICLASS and outcome.confusion is not None:
        return of_many_classes(outcome.confusion)
    if task == BINARY and outcome.confusion is not None:
        return of_two_classes(outcome.confusion, outcome.scores)
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
        wire |= classes_json(outcome.confusion)
    if outcome.labelled and outcome.residuals is not None:
        wire["residual_quantiles"] = quantiles_json(outcome.residuals)
    return wire


def _delay(delays: NumericSummary) -> dict[str, float | None] | None:
    """From the prediction to its outcome, in seconds."""
    if not delays.count:
        return None
    median, most = delays.quantile([0.5, 0.95]).tolist()
    return {"median_seconds": number(median), "p95_seconds": number(most)}
