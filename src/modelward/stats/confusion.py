"""Confusion counts: how often each class was predicted for each class that it was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64, I64
from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.intervals import wilson
from modelward.stats.labels import Column, binary, class_name, named, require_equal_lengths, sort_key
from modelward.stats.metric import CONFIDENCE

CAP = 100
OTHER = "(other)"
_MAGIC = b"MWCM"


class _Cells(NamedTuple):
    classes: tuple[str, ...]
    rows: I64
    columns: I64
    times: F64


@dataclass(frozen=True, eq=False)
class Confusion:
    """`counts[i, j]` rows were of class i and predicted as class j; rows that lack either are `missing`.

    Past `cap` classes, the most frequent are kept and the others share the class `(other)`; the rows among them that
    were predicted wrongly are `other_wrong`, so that the accuracy stays exact.

    >>> counted = Confusion.of(["cat", "dog", "dog", None], ["cat", "cat", "dog", "dog"])
    >>> counted.classes, counted.counts.tolist(), counted.missing
    (('cat', 'dog'), [[1.0, 0.0], [1.0, 1.0]], 1)
    """

    classes: tuple[str, ...]
    counts: F64
    missing: int = 0
    other_wrong: float = 0.0

    @classmethod
    def of(cls, label: Column, prediction: Column, *, cap: int = CAP) -> Self:
        """Count labels and predictions of any classes."""
        truth, guess = named(label), named(prediction)
        require_equal_lengths(label=truth.codes, prediction=guess.codes)
        classes = _together([truth.classes, guess.classes])
        place = {name: i for i, name in enumerate(classes)}
        rows, columns = (np.array([place[name] for name in side.classes], dtype=np.int64) for side in (truth, guess))
        both = (truth.codes >= 0) & (guess.codes >= 0)
        cells = rows[truth.codes[both]] * len(classes) + columns[guess.codes[both]] if both.any() else truth.codes[:0]
        used, times = _counted(cells, len(classes) ** 2)
        whole = _Cells(classes, *np.divmod(used, max(1, len(classes))), times.astype(np.float64))
        return cls._capped(whole, int(both.size - np.count_nonzero(both)), 0.0, cap)

    @classmethod
    def of_binary(cls, label: Column, prediction: Column, *, positive: object = 1) -> Self:
        """Count the positive class (second) against all others (first)."""
        truth, guess = binary(label, positive), binary(prediction, positive, what="prediction")
        require_equal_lengths(label=truth.present, prediction=guess.present)
        both = truth.present & guess.present
        counts = np.bincount(2 * truth.positive[both] + guess.positive[both], minlength=4)
        name = class_name(positive)
        names = ("0", "1") if name == "1" else (f"not {name}", name)
        return cls(names, counts.reshape(2, 2).astype(np.float64), int(both.size - np.count_nonzero(both)))

    @classmethod
    def of_counts(cls, counts: npt.ArrayLike, classes: Sequence[str] | None = None) -> Self:
        """Of a square table that was counted already: a row for each true class.

        Raises:
            ValueError: the table is not square, has another number of classes, or holds a negative number.
        """
        table = np.asarray(counts, dtype=np.float64)
        names = tuple(map(str, range(len(table)))) if classes is None else tuple(classes)
        if table.ndim != 2 or table.shape != (len(names), len(names)) or bool((table < 0).any()):
            raise ValueError("Confusion counts are a square table of numbers from 0 up, a row and a column a class.")
        return cls(names, table)

    @classmethod
    def merge(cls, parts: Iterable[Self], *, cap: int = CAP) -> Self:
        """All rows together, in one step."""
        every = list(parts)
        classes = _together([part.classes for part in every])
        total = np.zeros((len(classes), len(classes)))
        place = {name: i for i, name in enumerate(classes)}
        for part in every:
            at = np.array([place[name] for name in part.classes], dtype=np.int64)
            total[np.ix_(at, at)] += part.counts
        rows, columns = np.nonzero(total)
        whole = _Cells(classes, rows, columns, total[rows, columns])
        wrong = float(sum(part.other_wrong for part in every))
        return cls._capped(whole, sum(part.missing for part in every), wrong, cap)

    @classmethod
    def _capped(cls, whole: _Cells, missing: int, wrong: float, cap: int) -> Self:
        classes, rows, columns, times = whole
        if len([name for name in classes if name != OTHER]) <= cap:
            return cls(classes, _table(len(classes), rows, columns, times), missing, wrong)
        weight = np.bincount(rows, times, len(classes)) + np.bincount(columns, times, len(classes))
        weight[[i for i, name in enumerate(classes) if name == OTHER]] = -1
        kept = sorted(np.argsort(-weight, kind="stable")[:cap].tolist())
        fold = np.full(len(classes), len(kept), dtype=np.int64)
        fold[kept] = np.arange(len(kept))
        lost = (rows != columns) & (fold[rows] == len(kept)) & (fold[columns] == len(kept))
        counts = _table(len(kept) + 1, fold[rows[~lost]], fold[columns[~lost]], times[~lost])
        return cls((*(classes[i] for i in kept), OTHER), counts, missing, wrong + float(times[lost].sum()))

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    @property
    def n(self) -> float:
        """The rows with a label and a prediction."""
        return float(self.counts.sum()) + self.other_wrong

    @property
    def correct(self) -> float:
        """The rows whose prediction is their label."""
        return float(np.trace(self.counts))

    @property
    def support(self) -> F64:
        """The rows of each class, by the label."""
        return self._with_other(self.counts.sum(axis=1))

    @property
    def predicted(self) -> F64:
        """The rows of each class, by the prediction."""
        return self._with_other(self.counts.sum(axis=0))

    def _with_other(self, sums: F64) -> F64:
        if self.other_wrong:
            sums[self.classes.index(OTHER)] += self.other_wrong
        return sums

    def to_bytes(self) -> bytes:
        """The counts as a versioned document, for `from_bytes`; only cells with rows take space."""
        return to_document(_MAGIC, self.write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls.read)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        writer.pack("qd", self.missing, self.other_wrong)
        writer.texts(self.classes)
        cells = np.flatnonzero(self.counts)
        writer.integers(cells.astype(np.int64))
        writer.floats(self.counts.reshape(-1)[cells])

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        missing, wrong = reader.unpack("qd")
        classes, cells, times = reader.texts(), reader.integers(), reader.floats()
        k = len(classes)
        require(missing >= 0 and wrong >= 0 and len(set(classes)) == k, "a count is negative or a class there twice")
        require(cells.size == times.size and bool((cells < k * k).all()), "cells and counts do not belong together")
        require(bool((np.isfinite(times) & (times > 0)).all()), "a count is impossible")
        require(not wrong or OTHER in classes, "it lacks the class of the others")
        counts = np.zeros(k * k)
        counts[cells] = times
        return cls(classes, counts.reshape(k, k), int(missing), float(wrong))


def confusion_matrix(label: Column, prediction: Column) -> Confusion:
    """How often each class was predicted for each class that it was: rows are the label, columns the prediction.

    Edge cases: rows without a label or a prediction are left out and counted as `missing`; classes are in order,
    numbers by size and before names; past 100 classes the rarest share one.

    >>> confusion_matrix([0, 1, 1, 1], [0, 1, 1, 0]).counts.tolist()
    [[1.0, 0.0], [1.0, 2.0]]

    Source: Kohavi, Provost (1998), "Glossary of terms", Machine Learning 30.
    """
    return Confusion.of(label, prediction)


def cell_intervals(counted: Confusion, *, confidence: float = CONFIDENCE) -> tuple[F64, F64]:
    """The lower and the upper end of each count: Wilson's interval of its share of all rows, times these."""
    n = counted.n
    ends = [[wilson(count, n, confidence) for count in row] for row in counted.counts.tolist()]
    table = np.array(ends, dtype=np.float64).reshape(*counted.counts.shape, 2) * n
    return table[..., 0], table[..., 1]


def _together(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    names = {name for names in lists for name in names}
    last = (OTHER,) if OTHER in names else ()
    return (*sorted(names - {OTHER}, key=sort_key), *last)


def _counted(cells: I64, size: int) -> tuple[I64, I64]:
    """Which cells have rows, and how many; without sorting where a table of all cells is small."""
    if size > 1_000_000:
        used, times = np.unique(cells, return_counts=True)
        return used, times.astype(np.int64)
    counts = np.bincount(cells, minlength=size)
    used = np.flatnonzero(counts)
    return used.astype(np.int64), counts[used].astype(np.int64)


def _table(size: int, rows: I64, columns: I64, times: F64) -> F64:
    table = np.zeros((size, size))
    np.add.at(table, (rows, columns), times)
    return table
