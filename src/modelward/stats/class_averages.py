"""Precision, recall and F1 averaged over classes, with the jackknife's interval, and each class by itself."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.confusion import Confusion
from modelward.stats.counts_of import NO_ROWS, Outcomes, confusion_of
from modelward.stats.intervals import jackknife, logit, proportion
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE, Metric

Average = Literal["binary", "macro", "micro", "weighted"]
Rate = Literal["precision", "recall", "f1"]


@dataclass(frozen=True)
class ClassMetrics:
    """The metrics of one class against all others; `support` is the number of rows that are of it."""

    name: str
    precision: Metric
    recall: Metric
    f1: Metric
    support: float


def per_class(
    label: Outcomes, prediction: Column | None = None, *, confidence: float = CONFIDENCE
) -> tuple[ClassMetrics, ...]:
    """Precision, recall and F1 of each class, in the order of the classes, with Wilson's intervals.

    Edge cases: what has nothing to divide by is nan with a reason.

    >>> [(found.name, found.recall.statistic) for found in per_class(["a", "b", "b"], ["a", "a", "b"])]
    [('a', 1.0), ('b', 0.5)]

    Source: Wilson (1927), JASA 22; the interval of F1 is that of the share TP / (TP + FP + FN), of which F1 rises.
    """
    counted = confusion_of(label, prediction)
    columns = (np.diag(counted.counts).tolist(), counted.support.tolist(), counted.predicted.tolist())
    return tuple(
        ClassMetrics(
            name,
            proportion(hits, predicted, confidence, empty=f"{name} was never predicted; its precision is open."),
            proportion(hits, support, confidence, empty=f"No label is {name}; its recall is open."),
            f1_of(hits, support, predicted, confidence),
            support,
        )
        for name, hits, support, predicted in zip(counted.classes, *columns, strict=True)
    )


def f1_of(hits: float, support: float, predicted: float, confidence: float) -> Metric:
    """2·TP / (2·TP + FP + FN): with J = TP / (TP + FP + FN), a proportion, it is 2J / (1 + J)."""
    either = support + predicted - hits
    reason = "The class is neither among the labels nor among the predictions; F1 has nothing to divide by."
    return proportion(hits, either, confidence, empty=reason, curve=lambda j: 2 * j / (1 + j))


def averaged(counted: Confusion, rate: Rate, average: Average, confidence: float) -> Metric:
    """A rate averaged over the classes.

    Raises:
        ValueError: the average is unknown.
    """
    if average not in ("macro", "micro", "weighted"):
        raise ValueError(f"The average is binary, macro, micro or weighted, and not {average}.")
    if not counted.n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    if average == "micro":  # With one label and one prediction a row, each micro average is the accuracy.
        return proportion(counted.correct, counted.n, confidence, empty=NO_ROWS)
    hits, support, predicted = np.diag(counted.counts), counted.support, counted.predicted
    value = float(_average(hits[None], support[None], predicted[None], rate, average)[0])
    spread = _spread(counted, value, rate, average)
    low, high = logit(value, spread, counted.n, confidence)
    return Metric(value, low, high, counted.n, "jackknife-logit", confidence)


def _spread(counted: Confusion, value: float, rate: Rate, average: Average) -> float:
    """The jackknife over rows: all rows of one cell of the table leave the same table behind."""
    rows, columns = np.nonzero(counted.counts)
    times = counted.counts[rows, columns]
    each = np.arange(rows.size)
    support, predicted, hits = (np.tile(sums, (rows.size, 1)) for sums in _sums(counted))
    step = np.minimum(1.0, times)  # An estimated count may be less than a row.
    support[each, rows] -= step
    predicted[each, columns] -= step
    hits[each, rows] -= np.where(rows == columns, step, 0.0)
    return jackknife(value, _average(hits, support, predicted, rate, average), times)


def _sums(counted: Confusion) -> tuple[F64, F64, F64]:
    return counted.support, counted.predicted, np.diag(counted.counts)


def _average(hits: F64, support: F64, predicted: F64, rate: Rate, average: Average) -> F64:
    """For each row of sums; a class without anything to divide by counts as 0, as scikit-learn has it."""
    below = {"precision": predicted, "recall": support, "f1": (support + predicted) / 2}[rate]
    rates = np.divide(hits, below, out=np.zeros_like(hits, dtype=np.float64), where=below > 0)
    weights = support if average == "weighted" else ((support + predicted) > 0).astype(np.float64)
    total = weights.sum(axis=1)
    sums = (rates * weights).sum(axis=1)
    averages: F64 = np.zeros(total.size)
    np.divide(sums, total, out=averages, where=total > 0)
    return averages
