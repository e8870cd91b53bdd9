"""ROC AUC: the chance that a positive row is scored above a negative one."""

import math

import numpy as np

from modelward.stats.binary_scores import BinaryScores, binary_scores_of
from modelward.stats.counts_of import NO_ROWS
from modelward.stats.intervals import area_of_few, logit
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE, Metric, widened
from modelward.stats.score_cells import ClassCells, class_cells

ONE_CLASS = (
    "The label has one class only, and the ROC AUC compares the scores of two; choose a longer window or another "
    "metric."
)
_FEW = 20  # With fewer rows of a class their own spread tells too little of the spread of all.


def roc_auc(
    label: Column | BinaryScores,
    score: Column | None = None,
    *,
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> Metric:
    """The area under the receiver operating characteristic: P(S₁ > S₀) + ½ P(S₁ = S₀).

    Of arrays, exactly; of a joint summary by the distributions of both classes, where compression moves it by at most
    the sum of their rank errors (`error`). Any numbers are scores. The interval is DeLong's, from the same
    distributions, on the logit scale, widened by `error`; where all pairs are in order, DeLong's variance is 0, and it
    is Wilson's for as many rows as the smaller class has. Of fewer than 20 rows of a class it is Newcombe's (his method
    5): of five positive rows among a hundred DeLong's 95 % hold the truth in 84 % of draws, and his in 97 %.

    Edge cases: rows that lack either are left out; nan, with a reason, where the label has one class.

    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).statistic
    0.75

    Source: DeLong, DeLong, Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver operating
    characteristic curves: a nonparametric approach", Biometrics 44; of few rows: Newcombe (2006), "Confidence intervals
    for an effect size measure based on the Mann–Whitney statistic. Part 2", Statistics in Medicine 25.
    """
    scores = binary_scores_of(label, score, positive)
    n = scores.n
    if not n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    if not (scores.negatives.numbers and scores.positives.numbers):
        return Metric.undefined(ONE_CLASS, n=n, confidence=confidence)
    found = auc_of(class_cells(scores.negatives, scores.positives), n, confidence)
    return widened(found, scores.negatives.rank_error + scores.positives.rank_error, least=0.0, most=1.0)


def auc_of(cells: ClassCells, n: float, confidence: float) -> Metric:
    """The area with its interval, of cells that hold rows of both classes."""
    negatives, positives = cells.negatives.sum(), cells.positives.sum()
    below = (np.cumsum(cells.negatives) - cells.negatives / 2) / negatives
    above = 1 - (np.cumsum(cells.positives) - cells.positives / 2) / positives
    area = float(below @ cells.positives / positives)
    if min(negatives, positives) < _FEW:
        low, high = area_of_few(area, float(negatives), float(positives), confidence)
        return Metric(area, low, high, n, "newcombe", confidence)
    variance = sum(
        float(((placement - area) ** 2) @ rows / total) / max(total - 1, 1.0)
        for placement, rows, total in ((below, cells.positives, positives), (above, cells.negatives, negatives))
    )
    low, high = logit(area, math.sqrt(variance), float(min(negatives, positives)), confidence)
    return Metric(area, low, high, n, "delong-logit", confidence)
