"""Precision, recall, specificity and F1."""

from modelward.stats.class_averages import Average, averaged, f1_of
from modelward.stats.counts_of import Outcomes, confusion_of, counts_of
from modelward.stats.intervals import proportion
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE, Metric

_NEVER_PREDICTED = "The positive class was never predicted; precision has nothing to divide by."
_NO_POSITIVES = "No label is positive; recall has nothing to divide by."
_NO_NEGATIVES = "Every label is positive; specificity has nothing to divide by."


def precision(
    label: Outcomes,
    prediction: Column | None = None,
    *,
    average: Average = "binary",
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> Metric:
    """The share of rows predicted positive that are positive: TP / (TP + FP).

    `average` is `binary` for the class `positive` (with Wilson's interval), or `macro`, `micro` or `weighted` over all
    classes (with the jackknife's, on the logit scale; `micro` is a proportion and has Wilson's).

    Edge cases: nan, with a reason, where the class was never predicted; in an average such a class counts as 0.

    >>> precision([0, 1, 1, 0], [1, 1, 1, 0]).statistic.__round__(4)
    0.6667

    Source: van Rijsbergen (1979), Information Retrieval, chapter 7; averages as in scikit-learn's documentation.
    """
    if average != "binary":
        return averaged(confusion_of(label, prediction), "precision", average, confidence)
    _, wrong, _, hits = counts_of(label, prediction, positive)
    return proportion(hits, hits + wrong, confidence, empty=_NEVER_PREDICTED)


def recall(
    label: Outcomes,
    prediction: Column | None = None,
    *,
    average: Average = "binary",
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> Metric:
    """The share of positive rows that were predicted positive (sensitivity, true positive rate): TP / (TP + FN).

    Averages and intervals as `precision`.

    Edge cases: nan, with a reason, where no label is positive; in an average such a class counts as 0.

    >>> recall([0, 1, 1, 0], [1, 1, 0, 0]).statistic
    0.5

    Source: van Rijsbergen (1979), Information Retrieval, chapter 7; averages as in scikit-learn's documentation.
    """
    if average != "binary":
        return averaged(confusion_of(label, prediction), "recall", average, confidence)
    _, _, missed, hits = counts_of(label, prediction, positive)
    return proportion(hits, hits + missed, confidence, empty=_NO_POSITIVES)


def specificity(
    label: Outcomes,
    prediction: Column | None = None,
    *,
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> Metric:
    """The share of negative rows that were predicted negative (true negative rate): TN / (TN + FP); Wilson's interval.

    Edge cases: nan, with a reason, where every label is positive.

    >>> specificity([0, 0, 0, 1], [0, 0, 1, 1]).statistic.__round__(4)
    0.6667

    Source: Altman, Bland (1994), "Diagnostic tests 1: sensitivity and specificity", BMJ 308.
    """
    right, wrong, _, _ = counts_of(label, prediction, positive)
    return proportion(right, right + wrong, confidence, empty=_NO_NEGATIVES)


def f1(
    label: Outcomes,
    prediction: Column | None = None,
    *,
    average: Average = "binary",
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> Metric:
    """The harmonic mean of precision and recall: 2·TP / (2·TP + FP + FN).

    With J = TP / (TP + FP + FN), a proportion, F1 is 2J / (1 + J) and rises with it: the interval is Wilson's of J
    carried over, and `n` the rows that are positive or predicted so. Averages as `precision`.

    Edge cases: nan, with a reason, where nothing is positive nor predicted so.

    >>> f1([0, 1, 1, 0], [1, 1, 0, 0]).statistic
    0.5

    Source: van Rijsbergen (1979), Information Retrieval, chapter 7; averages as in scikit-learn's documentation.
    """
    if average != "binary":
        return averaged(confusion_of(label, prediction), "f1", average, confidence)
    _, wrong, missed, hits = counts_of(label, prediction, positive)
    return f1_of(hits, hits + missed, hits + wrong, confidence)
