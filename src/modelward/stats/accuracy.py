"""Accuracy, and accuracy with every class counted alike."""

import numpy as np

from modelward.stats.counts_of import NO_ROWS, Outcomes, confusion_of
from modelward.stats.intervals import mean_of_independent, proportion, wilson
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE, Metric


def accuracy(label: Outcomes, prediction: Column | None = None, *, confidence: float = CONFIDENCE) -> Metric:
    """The share of rows whose prediction is their label, of any number of classes.

    Of arrays, or of a joint summary. The interval is Wilson's.

    Edge cases: rows that lack either are left out; nan, with a reason, without any row.

    >>> result = accuracy([0, 1, 1, 0], [0, 1, 0, 0])
    >>> result.statistic, round(result.low, 2), round(result.high, 2), result.n
    (0.75, 0.3, 0.95, 4.0)

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    counted = confusion_of(label, prediction)
    return proportion(counted.correct, counted.n, confidence, empty=NO_ROWS)


def balanced_accuracy(label: Outcomes, prediction: Column | None = None, *, confidence: float = CONFIDENCE) -> Metric:
    """The mean of the recalls of all classes that the label has.

    Σ recallₖ / K. The recalls are independent given the labels, so the interval combines Wilson's of each by the
    method of variance estimates recovery.

    Edge cases: nan, with a reason, without any row. With one class in the label it is that class's recall.

    >>> balanced_accuracy([0, 0, 0, 1], [0, 0, 0, 0]).statistic
    0.5

    Sources: Brodersen et al. (2010), "The balanced accuracy and its posterior distribution", ICPR; Zou, Donner (2008),
    "Construction of confidence limits about effect measures", Statistics in Medicine 27.
    """
    counted = confusion_of(label, prediction)
    support = counted.support
    if not counted.n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    there = support > 0
    pairs = list(zip(np.diag(counted.counts)[there].tolist(), support[there].tolist(), strict=True))
    recalls = [hits / n for hits, n in pairs]
    low, high = mean_of_independent(recalls, [wilson(*pair, confidence) for pair in pairs])
    value = sum(recalls) / len(recalls)
    return Metric(value, max(0.0, low), min(1.0, high), counted.n, "mover-wilson", confidence)
