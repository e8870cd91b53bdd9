"""Matthews' correlation of label and prediction."""

import math

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.counts_of import NO_ROWS, Outcomes, confusion_of
from modelward.stats.intervals import Interval, jackknife, normal_quantile, wilson
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE, Metric

_ONE_CLASS = "The labels or the predictions are of one class only, and a correlation needs two on each side."


def matthews_correlation(
    label: Outcomes, prediction: Column | None = None, *, confidence: float = CONFIDENCE
) -> Metric:
    """Matthews' correlation coefficient (phi of two classes), from -1 over 0 (chance) to 1.

    (c·n − Σ tₖpₖ) / √((n² − Σ pₖ²)(n² − Σ tₖ²)), with c the rows predicted right, and tₖ and pₖ the rows of class k by
    label and by prediction. The interval is the jackknife's on Fisher's scale artanh; where all rows are right, or all
    wrong, and so have no spread, it is 2a − 1 of Wilson's interval of the accuracy a.

    Edge cases: nan, with a reason, where the label or the prediction has one class only (scikit-learn says 0).

    >>> matthews_correlation([0, 0, 1, 1], [0, 1, 1, 1]).statistic.__round__(4)
    0.5774

    Sources: Matthews (1975), BBA Protein Structure 405; Gorodkin (2004), "Comparing two K-category assignments by a
    K-category correlation coefficient", Computational Biology and Chemistry 28.
    """
    counted = confusion_of(label, prediction)
    n, correct = counted.n, counted.correct
    if not n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    support, predicted = counted.support, counted.predicted
    value = float(_correlation(np.array([correct]), np.array([n]), support[None], predicted[None])[0])
    if math.isnan(value):
        return Metric.undefined(_ONE_CLASS, n=n, confidence=confidence)
    rows, columns = np.nonzero(counted.counts)
    times = counted.counts[rows, columns]
    each, step = np.arange(rows.size), np.minimum(1.0, times)
    supports, predictions = np.tile(support, (rows.size, 1)), np.tile(predicted, (rows.size, 1))
    supports[each, rows] -= step
    predictions[each, columns] -= step
    without = _correlation(correct - step * (rows == columns), n - step, supports, predictions)
    spread = jackknife(value, np.where(np.isnan(without), 0.0, without), times)
    low, high = _interval(value, spread, correct, n, confidence)
    return Metric(value, low, high, n, "jackknife-artanh", confidence)


def _correlation(correct: F64, n: F64, support: F64, predicted: F64) -> F64:
    above = correct * n - (support * predicted).sum(axis=1)
    below = (n * n - (predicted**2).sum(axis=1)) * (n * n - (support**2).sum(axis=1))
    correlation = np.full(above.shape, np.nan)
    np.divide(above, np.sqrt(np.maximum(below, 0.0)), out=correlation, where=below > 0)
    return correlation


def _interval(value: float, spread: float, correct: float, n: float, confidence: float) -> Interval:
    if abs(value) >= 1 - 1e-12 or not spread > 0:
        low, high = wilson(correct, n, confidence)
        return Interval(min(value, 2 * low - 1), max(value, 2 * high - 1))
    centre, half = math.atanh(value), normal_quantile(confidence) * spread / (1 - value * value)
    return Interval(math.tanh(centre - half), math.tanh(centre + half))
