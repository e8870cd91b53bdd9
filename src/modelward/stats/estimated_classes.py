"""Performance of a multiclass model without labels: confidence-based estimation, one class against the rest."""

import math
from typing import NamedTuple

import numpy as np

from modelward.stats.accuracy import accuracy, balanced_accuracy
from modelward.stats.arrays import F64
from modelward.stats.class_averages import averaged
from modelward.stats.class_calibrations import ClassCalibrations, labelled_cells
from modelward.stats.class_scores import ClassScores
from modelward.stats.confusion import Confusion
from modelward.stats.counts_of import NO_ROWS
from modelward.stats.estimated_performance import EstimatedPerformance
from modelward.stats.labels import Column
from modelward.stats.matthews import matthews_correlation
from modelward.stats.metric import CONFIDENCE, Metric, widened
from modelward.stats.roc_auc import ONE_CLASS, auc_of
from modelward.stats.running_mean import RunningMean
from modelward.stats.score_cells import ClassCells


class _Expected(NamedTuple):
    """The rows expected to be of class i among those predicted j whose probability of i is in a cell, and where the
    cells are.
    """

    rows: F64
    positives: F64
    middles: F64


def estimate_multiclass(
    prediction: Column | ClassScores,
    probabilities: Column | None = None,
    curves: ClassCalibrations | None = None,
    *,
    confidence: float = CONFIDENCE,
) -> EstimatedPerformance:
    """Estimate the metrics of a multiclass model from its probabilities and predictions alone.

    A row is of class i with the probability that its own probability of i was worth on the reference. Summed over the
    rows predicted as class j, and normalised to their number, these are the expected confusion counts, of which every
    average is taken; the ROC AUC is the mean of each class's against the rest, and its interval the mean of theirs, as
    if they rose and fell together, which is the careful side. Log loss is Σ c·(−ln p), and the Brier score Σ (p −
    outcome)² over the classes. Of arrays and of a joint summary alike. Metrics of one class are those of `per_class` on
    `confusion`, and `roc_auc_by_class`. What is said of assumption and intervals at `estimate_performance` holds here.

    Edge cases: every metric is nan, with a reason, without any row.

    >>> from modelward.stats import calibrate_classes
    >>> curves = calibrate_classes(["a", "b"] * 20, [[0.9, 0.1], [0.1, 0.9]] * 20, ["a", "b"])
    >>> estimate_multiclass(["a", "b"], [[0.9, 0.1], [0.9, 0.1]], curves).metrics["accuracy"].statistic
    0.5

    Raises:
        ValueError: the probabilities are no probabilities of the curves' classes, or a class has no curve.

    Source: Kivimäki et al. (2024), "Confidence-based estimators for predictive performance in model monitoring",
    arXiv 2407.08649; NannyML's documentation, "Confidence-based performance estimation".
    """
    if curves is None:
        raise ValueError("An estimate needs what probabilities were worth: learn the curves by calibrate_classes.")
    if not isinstance(prediction, ClassScores):
        prediction = ClassScores.of(prediction, _given(probabilities), curves.classes)
    scores = prediction
    expected = _expected(scores, curves)
    counted = Confusion(scores.classes, expected.positives.sum(axis=2), scores.missing)
    areas = [_area(expected, i, scores.n, confidence) for i in range(len(scores.classes))]
    metrics = {
        **of_classes(counted, confidence),
        "roc_auc": mean_area(areas, confidence),
        "log_loss": _log_loss(scores, expected, confidence),
        "brier_score": _brier(scores, expected, confidence),
    }
    needed = any(curve.needed for curve in curves.curves)
    return EstimatedPerformance(
        metrics, counted, scores.n, needed, roc_auc_by_class=dict(zip(scores.classes, areas, strict=True))
    )


def of_classes(counted: Confusion, confidence: float) -> dict[str, Metric]:
    """Every metric of the counts of many classes."""
    found = {
        "accuracy": accuracy(counted, confidence=confidence),
        "balanced_accuracy": balanced_accuracy(counted, confidence=confidence),
        "matthews_correlation": matthews_correlation(counted, confidence=confidence),
    }
    for average in ("macro", "weighted", "micro"):
        for rate in ("precision", "recall", "f1"):
            found[f"{rate}_{average}"] = averaged(counted, rate, average, confidence)
    return found


def of_probabilities(scores: ClassScores, confidence: float) -> tuple[dict[str, Metric], dict[str, Metric]]:
    """What labels say of the probabilities: the metrics of all classes together, and the ROC AUC of each.

    Log loss and Brier score are exact; areas are moved by their cells by no more than `error`.
    """
    cells = [labelled_cells(scores, i) for i in range(len(scores.classes))]
    areas = [_area_of(one, scores.n_labelled, confidence) for one in cells]
    metrics = {
        "roc_auc": mean_area(areas, confidence),
        "log_loss": _not_below_zero(scores.log_losses.metric(confidence, empty=NO_ROWS)),
        "brier_score": _not_below_zero(scores.square_losses.metric(confidence, empty=NO_ROWS)),
    }
    return metrics, dict(zip(scores.classes, areas, strict=True))


def mean_area(areas: list[Metric], confidence: float) -> Metric:
    """The mean of each class's area; those of classes that have none are left out, unless none has one."""
    known = [area for area in areas if not math.isnan(area.statistic)]
    if not known:
        return areas[0]
    value, low, high, error = np.mean([(a.statistic, a.low, a.high, a.error) for a in known], axis=0).tolist()
    return Metric(value, low, high, known[0].n, "delong-logit", confidence, error)


def _given(probabilities: Column | None) -> Column:
    if probabilities is None:
        raise ValueError("An estimate needs the probabilities of each class beside the predictions.")
    return probabilities


def _expected(scores: ClassScores, curves: ClassCalibrations) -> _Expected:
    """Each cell by its class's curve, and each predicted class normalised to the rows that it has."""
    unknown = set(scores.classes) - set(curves.classes)
    if unknown:
        raise ValueError(f"The class {min(unknown)} was not on the reference; calibrate anew on one that has it.")
    middles = np.divide(scores.sums, scores.rows, out=np.zeros_like(scores.sums), where=scores.rows > 0)
    chances = np.array([curves.curves[curves.classes.index(name)](middles[i]) for i, name in enumerate(scores.classes)])
    positives = chances * scores.rows
    predicted, promised = scores.rows[0].sum(axis=1), positives.sum(axis=(0, 2))
    share = np.divide(predicted, promised, out=np.ones_like(promised), where=promised > 0)
    return _Expected(scores.rows, positives * share[None, :, None], middles)


def _area(expected: _Expected, place: int, n: int, confidence: float) -> Metric:
    """The expected area of one class against the rest, over the rows of every prediction."""
    rows = expected.rows[place].sum(axis=0)
    positives = np.minimum(expected.positives[place].sum(axis=0), rows)  # Normalising may promise more than there are.
    used = rows > 0
    middles = np.einsum("jc,jc->c", expected.middles[place], expected.rows[place])[used] / rows[used]
    negatives = (rows - positives)[used]
    cells = ClassCells(middles, np.ones(middles.size, dtype=bool), negatives, positives[used])
    return _area_of(cells, n, confidence)


def _area_of(cells: ClassCells, n: int, confidence: float) -> Metric:
    if not n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    negatives, positives = cells.negatives.sum(), cells.positives.sum()
    if not (negatives > 0 and positives > 0):
        return Metric.undefined(ONE_CLASS, n=n, confidence=confidence)
    tied = float(cells.negatives / negatives @ (cells.positives / positives)) / 2
    return widened(auc_of(cells, n, confidence), tied, least=0.0, most=1.0)


def _log_loss(scores: ClassScores, expected: _Expected, confidence: float) -> Metric:
    loss = -np.log(np.maximum(expected.middles, np.finfo(np.float64).eps))
    return _mean_of(
        scores, float((expected.positives * loss).sum()), float((expected.positives * loss**2).sum()), confidence
    )


def _brier(scores: ClassScores, expected: _Expected, confidence: float) -> Metric:
    """Σ p² + 1 − 2p of what happened: the variances of both parts are added, as if they were independent; they rise
    together, so that this is the careful side.
    """
    if not scores.n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    given = float((expected.positives * expected.middles).sum()) / scores.n
    square = float((expected.positives * expected.middles**2).sum()) / scores.n
    spread = math.sqrt(max(0.0, 4 * (square - given**2)) + scores.squares.deviation**2)
    mean = RunningMean(scores.n, scores.squares.mean + 1 - 2 * given, spread)
    return _not_below_zero(mean.metric(confidence, empty=NO_ROWS))


def _mean_of(scores: ClassScores, total: float, squares: float, confidence: float) -> Metric:
    n = scores.n
    if not n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    mean = total / n
    return _not_below_zero(
        RunningMean(n, mean, math.sqrt(max(0.0, squares / n - mean**2))).metric(confidence, empty=NO_ROWS)
    )


def _not_below_zero(found: Metric) -> Metric:
    low = max(0.0, found.low) if not math.isnan(found.low) else found.low
    return Metric(found.statistic, low, found.high, found.n, found.interval, found.confidence, reason=found.reason)
