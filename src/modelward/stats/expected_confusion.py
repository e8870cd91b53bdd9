"""Performance of a multiclass model without labels: confidence-based estimation, one class against the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from modelward.stats.accuracy import accuracy, balanced_accuracy
from modelward.stats.arrays import F64
from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.binary_scores import BinaryScores
from modelward.stats.calibration import Calibration, calibrate
from modelward.stats.class_averages import averaged
from modelward.stats.confusion import Confusion
from modelward.stats.counts_of import NO_ROWS
from modelward.stats.estimated_performance import EstimatedPerformance
from modelward.stats.labels import Column, class_name, named, require_equal_lengths
from modelward.stats.matthews import matthews_correlation
from modelward.stats.metric import CONFIDENCE, Metric
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.roc_auc import ONE_CLASS, auc_of
from modelward.stats.score_cells import ClassCells, score_cells

_CURVES, _COUNTS = b"MWMC", b"MWEC"


@dataclass(frozen=True, eq=False)
class ClassCalibrations:
    """A curve for each class, that class against the rest; probabilities are a column a class, in their order."""

    classes: tuple[str, ...]
    curves: tuple[Calibration, ...]

    def __call__(self, probabilities: Column) -> F64:
        """Calibrated probabilities that add up to 1 in each row; equal ones where all are 0."""
        table = table_of(probabilities, self.classes)
        calibrated = np.column_stack([curve(table[:, i]) for i, curve in enumerate(self.curves)])
        totals = calibrated.sum(axis=1, keepdims=True)
        even = np.full_like(calibrated, 1 / len(self.classes))
        np.divide(calibrated, totals, out=even, where=totals != 0)
        return even

    def to_bytes(self) -> bytes:
        """The curves as a versioned document, for `from_bytes`."""
        return to_document(_CURVES, self._write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _CURVES, cls._read)

    def _write(self, writer: Writer) -> None:
        writer.texts(self.classes)
        for curve in self.curves:
            curve.write(writer)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        classes = reader.texts()
        return cls(classes, tuple(Calibration.read(reader) for _ in classes))


def calibrate_classes(
    label: Column, probabilities: Column, classes: Sequence[object], *, seed: int = 0
) -> ClassCalibrations:
    """Learn what the probabilities of each class are worth, that class against the rest, each as `calibrate` does.

    >>> label, rows = ["a", "b", "c"] * 20, [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]] * 20
    >>> calibrate_classes(label, rows, ["a", "b", "c"])([[0.8, 0.1, 0.1]]).round(2).tolist()
    [[1.0, 0.0, 0.0]]

    Raises:
        ValueError: the probabilities are not a column for each class, or the label has no row of one of them.

    Source: Zadrozny, Elkan (2002), "Transforming classifier scores into accurate multiclass probability estimates",
    KDD.
    """
    names = tuple(class_name(name) for name in classes)
    table, truth = table_of(probabilities, names), named(label)
    require_equal_lengths(label=truth.codes, probabilities=table[:, 0])
    known = truth.codes >= 0
    curves = []
    for i, name in enumerate(names):
        if name not in truth.classes:
            raise ValueError(f"No label of the reference is {name}; take a reference that has every class.")
        hits = truth.codes[known] == truth.classes.index(name)
        curves.append(calibrate(BinaryScores.of(hits, table[known, i]), seed=seed))
    return ClassCalibrations(names, tuple(curves))


@dataclass(frozen=True, eq=False)
class ExpectedConfusion:
    """The joint summary of a multiclass estimate: `counts[i, j]` rows predicted as class j are expected to be of class
    i, and `chances` are the calibrated probabilities of each class. Only summaries made with the same curves add up to
    something that means anything.

    >>> curves = calibrate_classes(["a", "b"] * 20, [[0.9, 0.1], [0.1, 0.9]] * 20, ["a", "b"])
    >>> expected = ExpectedConfusion.of(["a", "a"], [[0.9, 0.1], [0.9, 0.1]], curves)
    >>> (expected + expected).counts.tolist()
    [[4.0, 0.0], [0.0, 0.0]]
    """

    classes: tuple[str, ...]
    counts: F64
    chances: tuple[NumericSummary, ...]
    missing: int = 0

    @classmethod
    def of(cls, prediction: Column, probabilities: Column, curves: ClassCalibrations) -> Self:
        """Summarise predictions and the model's own probabilities; rows that lack either are `missing`.

        Raises:
            ValueError: a prediction is of a class without a curve, or the columns do not fit.
        """
        table, guess = table_of(probabilities, curves.classes), named(prediction)
        require_equal_lengths(prediction=guess.codes, probabilities=table[:, 0])
        unknown = set(guess.classes) - set(curves.classes)
        if unknown:
            raise ValueError(f"The class {min(unknown)} is predicted but was not on the reference; calibrate anew.")
        kept = (guess.codes >= 0) & ~np.isnan(table).any(axis=1)
        place = np.array([curves.classes.index(name) for name in guess.classes], dtype=np.int64)
        calibrated, k = curves(table[kept]), len(curves.classes)
        codes = place[guess.codes[kept]]
        counts = np.array([np.bincount(codes, calibrated[:, i], k) for i in range(k)], dtype=np.float64)
        chances = tuple(NumericSummary.of(calibrated[:, i]) for i in range(k))
        return cls(curves.classes, counts, chances, int(kept.size - np.count_nonzero(kept)))

    @classmethod
    def merge(cls, parts: Iterable[Self]) -> Self:
        """All rows together, in one step.

        Raises:
            ValueError: there are none, or their classes differ.
        """
        every = list(parts)
        if len({part.classes for part in every}) != 1:
            raise ValueError("Only estimates of the same classes add up; rebuild them with the same curves.")
        columns = zip(*(part.chances for part in every), strict=True)
        return cls(
            every[0].classes,
            np.sum([part.counts for part in every], axis=0),
            tuple(NumericSummary.merge(column) for column in columns),
            sum(part.missing for part in every),
        )

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`."""
        return to_document(_COUNTS, self._write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _COUNTS, cls._read)

    def _write(self, writer: Writer) -> None:
        writer.pack("q", self.missing)
        writer.texts(self.classes)
        writer.floats(self.counts.reshape(-1))
        for summary in self.chances:
            summary.write(writer)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        missing = int(reader.unpack("q")[0])
        classes, counts = reader.texts(), reader.floats()
        k = len(classes)
        require(missing >= 0 and counts.size == k * k and bool((counts >= 0).all()), "its counts are broken")
        return cls(classes, counts.reshape(k, k), tuple(NumericSummary.read(reader) for _ in classes), missing)


def estimate_multiclass(expected: ExpectedConfusion, *, confidence: float = CONFIDENCE) -> EstimatedPerformance:
    """Estimate the metrics of a multiclass model from its probabilities and predictions alone.

    Each row predicted as class j is of class i with its calibrated probability, so that sums of those are the expected
    confusion counts, of which every average is taken; the ROC AUC is the mean of each class's against the rest, and its
    interval the mean of theirs, as if they rose and fell together, which is the careful side. Metrics of one class are
    those of `per_class` on `confusion`. What is said of assumption and intervals at `estimate_performance` holds here.

    Edge cases: every metric is nan, with a reason, without any row.

    >>> curves = calibrate_classes(["a", "b"] * 20, [[0.9, 0.1], [0.1, 0.9]] * 20, ["a", "b"])
    >>> expected = ExpectedConfusion.of(["a", "b"], [[0.9, 0.1], [0.9, 0.1]], curves)
    >>> estimate_multiclass(expected).metrics["accuracy"].statistic
    0.5

    Source: Kivimäki et al. (2024), "Confidence-based estimators for predictive performance in model monitoring",
    arXiv 2407.08649; NannyML's documentation, "Confidence-based performance estimation".
    """
    counted = Confusion(expected.classes, expected.counts, expected.missing)
    metrics = {
        "accuracy": accuracy(counted, confidence=confidence),
        "balanced_accuracy": balanced_accuracy(counted, confidence=confidence),
        "matthews_correlation": matthews_correlation(counted, confidence=confidence),
        "roc_auc": _mean_area(expected, confidence),
    }
    for average in ("macro", "weighted", "micro"):
        for rate in ("precision", "recall", "f1"):
            metrics[f"{rate}_{average}"] = averaged(counted, rate, average, confidence)
    n = max((summary.count for summary in expected.chances), default=0)
    error = max((summary.rank_error for summary in expected.chances), default=0.0)
    return EstimatedPerformance(metrics, counted, n, calibrated=True, rank_error=error)


def table_of(probabilities: Column, classes: Sequence[str]) -> F64:
    """Probabilities as a table with a column for each class."""
    table = np.asarray(probabilities, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(classes):
        raise ValueError(f"The probabilities of {len(classes)} classes are a table of as many columns, in their order.")
    return table


def _mean_area(expected: ExpectedConfusion, confidence: float) -> Metric:
    areas = []
    for summary in expected.chances:
        if not summary.count:
            return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
        middles, atoms, (rows,) = score_cells((summary,))
        cells = ClassCells(middles, atoms, rows * (1 - middles), rows * middles)
        if not (cells.negatives.sum() > 0 and cells.positives.sum() > 0):
            return Metric.undefined(ONE_CLASS, n=summary.count, confidence=confidence)
        areas.append(auc_of(cells, summary.count, confidence))
    value, low, high = np.mean([(area.statistic, area.low, area.high) for area in areas], axis=0).tolist()
    return Metric(value, low, high, areas[0].n, "delong-logit", confidence)
