"""What the probabilities of each class are worth, learned from a reference: one curve a class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.calibration import Calibration, curve_of
from modelward.stats.class_scores import MOST_CLASSES, ClassScores, table_of
from modelward.stats.labels import Column
from modelward.stats.score_cells import ClassCells

_MAGIC = b"MWMC"


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
        return to_document(_MAGIC, self._write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls._read)

    def _write(self, writer: Writer) -> None:
        writer.texts(self.classes)
        for curve in self.curves:
            curve.write(writer)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        classes = reader.texts()
        require(len(classes) <= MOST_CLASSES, "it has too many classes")
        return cls(classes, tuple(Calibration.read(reader) for _ in classes))


def calibrate_classes(
    label: Column | ClassScores,
    probabilities: Column | None = None,
    classes: Sequence[object] = (),
    *,
    seed: int = 0,
) -> ClassCalibrations:
    """Learn what the probabilities of each class are worth, that class against the rest, each as `calibrate` does.

    Of arrays and of a joint summary alike, by the cells in which the summary counts.

    Edge cases: rows without a label are left out; where the curves leave a row nothing, its classes are equally likely.

    >>> label, rows = ["a", "b", "c"] * 20, [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]] * 20
    >>> calibrate_classes(label, rows, ["a", "b", "c"])([[0.8, 0.1, 0.1]]).round(2).tolist()
    [[1.0, 0.0, 0.0]]

    Raises:
        ValueError: the probabilities are no probabilities of these classes, there is no label, all are of one class, or
            none is of one of the classes.

    Source: Zadrozny, Elkan (2002), "Transforming classifier scores into accurate multiclass probability estimates",
    KDD.
    """
    scores = label if isinstance(label, ClassScores) else _of_arrays(label, probabilities, classes)
    hits = scores.hits.sum(axis=1)
    if not scores.n_labelled:
        raise ValueError(
            "No row of the reference has both a label and probabilities; take one whose outcomes are known."
        )
    if hits.max() == scores.n_labelled:
        raise ValueError(
            f"Every label of the reference is {scores.classes[int(hits.argmax())]}, and probabilities are calibrated "
            "against other classes; take a longer one."
        )
    for name, there in zip(scores.classes, hits.tolist(), strict=True):
        if not there:
            raise ValueError(f"No label of the reference is {name}; take a reference that has every class.")
    curves = (curve_of(labelled_cells(scores, i), seed=seed) for i in range(len(scores.classes)))
    return ClassCalibrations(scores.classes, tuple(curves))


def labelled_cells(scores: ClassScores, place: int) -> ClassCells:
    """The labelled rows by their probability of one class: those of other classes, and those that are of it."""
    rows, hits = scores.labelled[place], scores.hits[place]
    used = rows > 0
    middles = scores.labelled_sums[place][used] / rows[used]
    return ClassCells(middles, np.ones(middles.size, dtype=bool), (rows - hits)[used], hits[used])


def _of_arrays(label: Column, probabilities: Column | None, classes: Sequence[object]) -> ClassScores:
    """The labels in the place of the predictions, which no curve needs."""
    if probabilities is None:
        raise ValueError("The probabilities of each class are calibrated: give them too, or a joint summary.")
    return ClassScores.of(label, probabilities, classes, label=label)
