"""Every metric of a task by its name, from its joint summary."""

from modelward.stats.average_precision import average_precision
from modelward.stats.binary_scores import BinaryScores
from modelward.stats.class_scores import ClassScores
from modelward.stats.confusion import Confusion
from modelward.stats.estimated_classes import of_classes, of_probabilities
from modelward.stats.estimated_performance import of_counts
from modelward.stats.expected_calibration_error import expected_calibration_error
from modelward.stats.metric import CONFIDENCE, Metric
from modelward.stats.probability_losses import brier_score, log_loss
from modelward.stats.r_squared import r_squared
from modelward.stats.regression_errors import (
    bias,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    root_mean_squared_error,
)
from modelward.stats.residual_quantiles import median_absolute_error
from modelward.stats.residuals import Residuals
from modelward.stats.roc_auc import roc_auc

_OF_ORDER = {"roc_auc": roc_auc, "average_precision": average_precision}
_OF_PROBABILITIES = {
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


def of_two_classes(counted: Confusion, scores: BinaryScores | None) -> dict[str, Metric]:
    """Those of the predicted class, and those of its score where there are any."""
    found = of_counts(counted, CONFIDENCE)
    if scores is not None and scores.n:
        found |= {name: metric(scores) for name, metric in _OF_ORDER.items()}
        found |= _of_probabilities(scores)
    return found


def _of_probabilities(scores: BinaryScores) -> dict[str, Metric]:
    """What needs scores from 0 to 1; of others, the reason why there is none."""
    try:
        return {name: metric(scores) for name, metric in _OF_PROBABILITIES.items()}
    except ValueError as error:
        return dict.fromkeys(_OF_PROBABILITIES, Metric.undefined(str(error), n=scores.n))


def of_many_classes(
    counted: Confusion, chances: ClassScores | None = None, sure: BinaryScores | None = None
) -> dict[str, Metric]:
    """Over all classes, rates of each class as their macro, weighted and micro average; and those of the `chances` of
    each class where there are any. `sure` are the scores of right and wrong predictions.
    """
    found = of_classes(counted, CONFIDENCE)
    if chances is not None and chances.n_labelled:
        found |= of_probabilities(chances, CONFIDENCE)[0]
        if sure is not None and sure.n and not sure.outside:
            found["expected_calibration_error"] = expected_calibration_error(sure)
    return found


def of_numbers(residuals: Residuals) -> dict[str, Metric]:
    """Those of predictions that are numbers."""
    return {name: metric(residuals) for name, metric in _OF_RESIDUALS.items()}
