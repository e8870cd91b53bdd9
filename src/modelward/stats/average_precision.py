"""Average precision: the area under the precision-recall curve."""

import math

import numpy as np

from modelward.stats.arrays import F64, Flags
from modelward.stats.binary_scores import BinaryScores, binary_scores_of
from modelward.stats.counts_of import NO_ROWS
from modelward.stats.intervals import logit
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE, Metric, widened
from modelward.stats.score_cells import ClassCells, class_cells

_NO_POSITIVES = "No label is positive; average precision needs positive rows, so choose a longer window."


def average_precision(
    label: Column | BinaryScores,
    score: Column | None = None,
    *,
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> Metric:
    """Σ (Rᵢ − Rᵢ₋₁) · Pᵢ over the distinct scores from the highest down: precision averaged over the recall gained.

    Of arrays, exactly; of a compressed joint summary the rows between two knots are taken as spread evenly, and `error`
    bounds the difference: the curves with every recall and every false positive rate moved by the rank error of its
    class, against the value. The interval is the binomial one on the logit scale, with as many rows as are positive; in
    simulations of 100 to 1,000 rows a 95 % one held the truth in 94 to 97 % of draws, and of a sharp score in 99 %.

    Edge cases: rows that lack either are left out; nan, with a reason, where no label is positive.

    >>> average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).statistic.__round__(4)
    0.8333

    Source: Boyd, Eng, Page (2013), "Area under the precision-recall curve: point estimates and confidence intervals",
    ECML PKDD; the definition without interpolation is scikit-learn's.
    """
    scores = binary_scores_of(label, score, positive)
    if not scores.n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    if not scores.positives.numbers:
        return Metric.undefined(_NO_POSITIVES, n=scores.n, confidence=confidence)
    cells = class_cells(scores.negatives, scores.positives)
    found = precision_area_of(cells, scores.n, confidence)
    if scores.exact:
        return found
    ends = _bounds(cells, scores.negatives.rank_error, scores.positives.rank_error)
    return widened(found, max(abs(end - found.statistic) for end in ends), least=0.0, most=1.0)


def precision_area_of(cells: ClassCells, n: float, confidence: float) -> Metric:
    """Average precision with its interval, of cells that hold positive rows."""
    positives = float(cells.positives.sum())
    hits, wrong = np.cumsum(cells.positives[::-1]), np.cumsum(cells.negatives[::-1])
    value = min(1.0, _area(hits, wrong, cells.atoms[::-1]))
    spread = math.sqrt(max(0.0, value * (1 - value)) / positives)
    low, high = logit(value, spread, positives, confidence)
    return Metric(value, low, high, n, "binomial-logit", confidence)


def _area(hits: F64, wrong: F64, steps: Flags) -> float:
    """The area under precision over recall: at each step the precision behind it; along a stretch, where both counts
    rise evenly, the integral of precision by Simpson's rule.
    """
    gained, strayed = np.diff(hits, prepend=0.0), np.diff(wrong, prepend=0.0)
    end = _precision(hits, wrong)
    start = _precision(hits - gained, wrong - strayed, default=_precision(gained, strayed))
    middle = _precision(hits - gained / 2, wrong - strayed / 2)
    along = np.where(steps, end, (start + 4 * middle + end) / 6)
    return float(along @ gained / hits[-1])


def _precision(hits: F64, wrong: F64, default: F64 | None = None) -> F64:
    total = hits + wrong
    otherwise = np.zeros_like(total) if default is None else default.copy()
    return np.divide(hits, total, out=otherwise, where=total > 0)


def _bounds(cells: ClassCells, false_error: float, true_error: float) -> tuple[float, float]:
    """The area if each curve were wrong by its whole error, to the bad side and to the good side."""
    positives, negatives = cells.positives.sum(), cells.negatives.sum()
    hits, wrong = np.cumsum(cells.positives[::-1]), np.cumsum(cells.negatives[::-1])
    steps = np.ones(hits.size, dtype=bool)
    areas = []
    for sign in (-1, 1):
        moved = np.clip(hits + sign * true_error * positives, 0, positives)
        strays = np.clip(wrong - sign * false_error * negatives, 0, negatives)
        # Both curves end where they end, and the bad side takes each cell's gain at the precision behind it.
        moved, strays = np.append(moved, positives), np.append(strays, negatives)
        if sign > 0:
            strays = np.concatenate(([0.0], strays[:-1]))
        areas.append(min(1.0, _area(np.maximum(moved, 1e-300), strays, np.append(steps, True))))
    return areas[0], areas[1]
