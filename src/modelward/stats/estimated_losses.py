"""From the losses that are expected of each row to the metrics of a regression, with their sampling error."""

import math
from collections.abc import Mapping

from modelward.stats.intervals import normal_quantile
from modelward.stats.metric import CONFIDENCE, Metric
from modelward.stats.running_mean import RunningMean

ABSOLUTE, SQUARED, PERCENTAGE = LOSSES = ("absolute", "squared", "percentage")
_NO_ROWS = "There are no predictions to estimate from; choose a longer window."


def estimate_regression(
    expected: Mapping[str, RunningMean], spread: Mapping[str, float], *, confidence: float = CONFIDENCE
) -> dict[str, Metric]:
    """The metrics of a regression from the `expected` losses of its rows, by the name of the loss.

    `spread` is the variance with which a row's loss lies around the loss that is expected of it, measured where labels
    are known. Of n rows the mean of the real losses then lies around the mean of the expected ones with a variance of
    (their own + spread) / n. The RMSE is the root of the mean squared loss, its interval by the delta method on the
    scale of the logarithm. Intervals do not hold the error of what predicts the losses.

    >>> losses = {"absolute": RunningMean.of([1.0, 3.0]), "squared": RunningMean.of([1.0, 9.0])}
    >>> {name: round(found.statistic, 3) for name, found in estimate_regression(losses, {}).items()}
    {'mean_absolute_error': 2.0, 'mean_squared_error': 5.0, 'root_mean_squared_error': 2.236}

    Source: NannyML's documentation, "Direct loss estimation"; Casella, Berger (2002), Statistical Inference, section
    5.5.4 (the delta method).
    """
    whole = {
        loss: RunningMean(mean.count, mean.mean, math.sqrt(mean.deviation**2 + spread.get(loss, 0.0)))
        for loss, mean in expected.items()
    }
    found = {}
    if ABSOLUTE in whole:
        found["mean_absolute_error"] = _mean(whole[ABSOLUTE], confidence)
    if SQUARED in whole:
        found["mean_squared_error"] = _mean(whole[SQUARED], confidence)
        found["root_mean_squared_error"] = _root(whole[SQUARED], confidence)
    if PERCENTAGE in whole:
        found["mean_absolute_percentage_error"] = _mean(whole[PERCENTAGE], confidence)
    return found


def _mean(losses: RunningMean, confidence: float) -> Metric:
    found = losses.metric(confidence, empty=_NO_ROWS)
    low = max(0.0, found.low) if losses.count else found.low
    return Metric(found.statistic, low, found.high, found.n, found.interval, confidence, reason=found.reason)


def _root(losses: RunningMean, confidence: float) -> Metric:
    if not losses.count:
        return Metric.undefined(_NO_ROWS, n=0, confidence=confidence)
    value = math.sqrt(max(0.0, losses.mean))
    if losses.count < 2 or value == 0:
        return Metric(value, 0.0, math.inf, losses.count, "delta-log", confidence)
    half = normal_quantile(confidence) * losses.deviation / (2 * losses.mean * math.sqrt(losses.count - 1))
    ends = value * math.exp(-half), value * math.exp(min(half, 700.0))
    return Metric(value, *ends, losses.count, "delta-log", confidence)
