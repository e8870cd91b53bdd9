"""Performance of a binary model without labels: confidence-based performance estimation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from modelward.stats.accuracy import accuracy, balanced_accuracy
from modelward.stats.arrays import F64
from modelward.stats.average_precision import precision_area_of
from modelward.stats.binary_scores import THRESHOLD
from modelward.stats.calibration import Calibration
from modelward.stats.calibration_bins import CalibrationBins
from modelward.stats.confusion import Confusion
from modelward.stats.expected_calibration_error import BINS, calibration_error_of
from modelward.stats.labels import Column, scores_of
from modelward.stats.matthews import matthews_correlation
from modelward.stats.metric import CONFIDENCE, Metric
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.precision_recall import f1, precision, recall, specificity
from modelward.stats.roc_auc import ONE_CLASS, auc_of
from modelward.stats.running_mean import RunningMean
from modelward.stats.score_cells import ClassCells, score_cells

# The scores of the rows predicted negative, and of those predicted positive.
ByPrediction = tuple[NumericSummary, NumericSummary]

_NO_SCORES = "There are no scores to estimate from; choose a longer window."
_OUTSIDE = "Some scores are outside [0, 1], and this metric needs probabilities; calibrate the model's own output."


@dataclass(frozen=True, eq=False)
class EstimatedPerformance:
    """What the metrics of `n` rows are expected to be, by name, with the interval in which the values known later fall
    by sampling alone. `confusion` holds expected counts, which need not be whole. `rank_error` is that of the scores'
    summary (0 where every score was kept). `roc_auc_by_class` is empty but of many classes.
    """

    metrics: Mapping[str, Metric]
    confusion: Confusion
    n: int
    calibrated: bool
    rank_error: float = 0.0
    roc_auc_by_class: Mapping[str, Metric] = field(default_factory=dict)


def estimate_performance(
    score: Column | NumericSummary | ByPrediction,
    calibration: Calibration,
    *,
    threshold: float = THRESHOLD,
    confidence: float = CONFIDENCE,
) -> EstimatedPerformance:
    """Estimate every metric of a binary model from its scores alone.

    A row of score s is positive with probability c(s), c learned on the reference by `calibrate`. So of the rows
    predicted positive (s ≥ threshold) Σ c(s) are expected to be true positives and Σ (1 − c(s)) false ones, and so on;
    areas weigh each score by c(s) for the positive class and by 1 − c(s) for the negative. Scores may be an array or a
    summary, so that an estimate of a day is that of its merged hours. Where the predicted class does not follow from
    the threshold, give the summaries of both classes' scores, `(predicted negative, predicted positive)`. Intervals are
    those of the metric itself at the expected counts: the sampling error of a window of this size. They do not hold the
    error of the calibration.

    The estimate stands on one assumption: that a score is worth what it was on the reference. Where the concept drifts
    it is wrong, and nothing in the scores shows it; compare with the realised values as soon as labels come.

    Edge cases: missing scores are left out; every metric is nan, with a reason, without any score; so are log loss,
    Brier score and calibration error where a score is outside [0, 1].

    >>> curve = Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]), False, 100, 0.5)
    >>> round(estimate_performance([0.9, 0.8, 0.3], curve).metrics["accuracy"].statistic, 4)
    0.8

    Source: Kivimäki et al. (2024), "Confidence-based estimators for predictive performance in model monitoring",
    arXiv 2407.08649; NannyML's documentation, "Confidence-based performance estimation".
    """
    summaries = _summaries_of(score)
    n = sum(summary.numbers for summary in summaries)
    if not n:
        return _nothing(calibration, confidence)
    edges = np.concatenate(([threshold], np.linspace(0, 1, BINS + 1), calibration.scores))
    middles, atoms, masses = score_cells(summaries, edges)
    rows: F64 = np.sum(masses, axis=0)
    chances = calibration(middles)
    cells = ClassCells(middles, atoms, rows * (1 - chances), rows * chances)
    positives = masses[1] if len(masses) == 2 else np.where(middles >= threshold, rows, 0.0)
    counts = _expected_counts(chances, rows - positives, positives)
    metrics = {
        **of_counts(counts, confidence),
        **_of_order(cells, n, confidence),
        **_of_probabilities(cells, rows, confidence),
    }
    return EstimatedPerformance(metrics, counts, n, calibration.needed, max(part.rank_error for part in summaries))


def of_counts(counts: Confusion, confidence: float) -> dict[str, Metric]:
    """Every metric of the counts of two classes."""
    return {
        "accuracy": accuracy(counts, confidence=confidence),
        "precision": precision(counts, confidence=confidence),
        "recall": recall(counts, confidence=confidence),
        "specificity": specificity(counts, confidence=confidence),
        "f1": f1(counts, confidence=confidence),
        "balanced_accuracy": balanced_accuracy(counts, confidence=confidence),
        "matthews_correlation": matthews_correlation(counts, confidence=confidence),
    }


def _summaries_of(score: Column | NumericSummary | ByPrediction) -> tuple[NumericSummary, ...]:
    if isinstance(score, NumericSummary):
        return (score,)
    if isinstance(score, tuple) and len(score) == 2 and all(isinstance(part, NumericSummary) for part in score):
        return score
    return (NumericSummary.of(scores_of(cast("Column", score))),)


def _expected_counts(chances: F64, negatives: F64, positives: F64) -> Confusion:
    """Of the rows predicted negative and positive in each cell."""
    table = [[float(rows @ share) for rows in (negatives, positives)] for share in (1 - chances, chances)]
    return Confusion.of_counts(table, ("0", "1"))


def _of_order(cells: ClassCells, n: int, confidence: float) -> dict[str, Metric]:
    if not (cells.negatives.sum() > 0 and cells.positives.sum() > 0):
        undefined = Metric.undefined(ONE_CLASS, n=n, confidence=confidence)
        return {"roc_auc": undefined, "average_precision": undefined}
    return {
        "roc_auc": auc_of(cells, n, confidence),
        "average_precision": precision_area_of(cells, n, confidence),
    }


def _of_probabilities(cells: ClassCells, rows: F64, confidence: float) -> dict[str, Metric]:
    names = ("log_loss", "brier_score", "expected_calibration_error")
    scores = cells.middles
    if scores[0] < 0 or scores[-1] > 1:
        return dict.fromkeys(names, Metric.undefined(_OUTSIDE, n=float(rows.sum()), confidence=confidence))
    least = np.finfo(np.float64).eps
    logs = -np.log(np.maximum(scores, least)), -np.log(np.maximum(1 - scores, least))
    return {
        "log_loss": _mean_loss(cells, *logs, confidence),
        "brier_score": _mean_loss(cells, (1 - scores) ** 2, scores**2, confidence),
        "expected_calibration_error": calibration_error_of(_bins(cells, rows), confidence, seed=0),
    }


def _mean_loss(cells: ClassCells, if_positive: F64, if_negative: F64, confidence: float) -> Metric:
    """The expected mean of a loss that is one value where the row is positive and another where not."""
    n = float(cells.positives.sum() + cells.negatives.sum())
    mean = float(cells.positives @ if_positive + cells.negatives @ if_negative) / n
    square = float(cells.positives @ (if_positive - mean) ** 2 + cells.negatives @ (if_negative - mean) ** 2) / n
    found = RunningMean(round(n), mean, math.sqrt(square)).metric(confidence, empty=_NO_SCORES)
    return Metric(mean, max(0.0, found.low), found.high, n, found.interval, confidence)


def _bins(cells: ClassCells, rows: F64) -> CalibrationBins:
    place = np.clip(np.ceil(cells.middles * BINS) - 1, 0, BINS - 1).astype(np.int64)
    columns = (rows, rows * cells.middles, cells.positives)
    return CalibrationBins(*(np.bincount(place, column, BINS).astype(np.float64) for column in columns))


def _nothing(calibration: Calibration, confidence: float) -> EstimatedPerformance:
    names = (*of_counts(Confusion.of_counts(np.zeros((2, 2))), confidence), "roc_auc", "average_precision")
    names += ("log_loss", "brier_score", "expected_calibration_error")
    undefined = Metric.undefined(_NO_SCORES, n=0, confidence=confidence)
    counts = Confusion.of_counts(np.zeros((2, 2)), ("0", "1"))
    return EstimatedPerformance(dict.fromkeys(names, undefined), counts, 0, calibration.needed)
