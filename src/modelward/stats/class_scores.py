"""Probabilities of many classes, with predictions and labels: the joint summary of a multiclass model's scores.

Each probability falls into one of 500 cells, whose borders lie evenly on the scale arcsin √p: narrow near 0 and 1,
where classes are rare or certain, and 0.003 wide in the middle. What is counted adds up exactly, in any order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from modelward.stats.arrays import F64, I64, Flags
from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.labels import Column, class_name, named, require_equal_lengths, sort_key
from modelward.stats.running_mean import RunningMean

CELLS = 500
MOST_CLASSES = 50
TOLERANCE = 0.01
"""By how much the probabilities of a row may miss 1, for models that round them."""
_MAGIC = b"MWCS"


@dataclass(frozen=True, eq=False)
class ClassScores:
    """What is kept of the probabilities of each class.

    Of all rows with probabilities and a prediction: `rows[i, j, cell]` predicted as class j whose probability of class
    i lies in the cell, `sums` of these probabilities, and `squares`, of each row Σ p². Of those that have a label too:
    `labelled[i, cell]` rows by their probability of class i, `labelled_sums`, the `hits` among them that are of it, the
    `log_losses` −ln p of what happened, and the `square_losses` Σ (p − outcome)². Other rows are `missing`.

    >>> kept = ClassScores.of(["a", "b"], [[0.9, 0.1], [0.2, 0.8]], ["a", "b"], label=["a", "a"])
    >>> kept.n, kept.hits.sum(axis=1).tolist(), (kept + kept).n
    (2, [2.0, 0.0], 4)
    """

    classes: tuple[str, ...]
    rows: F64
    sums: F64
    labelled: F64
    labelled_sums: F64
    hits: F64
    squares: RunningMean
    log_losses: RunningMean
    square_losses: RunningMean
    missing: int = 0

    @classmethod
    def of(
        cls, prediction: Column, probabilities: Column, classes: Sequence[object], *, label: Column | None = None
    ) -> Self:
        """Summarise predictions and probabilities (a column a class, in the order of `classes`), and labels.

        Raises:
            ValueError: the columns do not fit, a probability is outside [0, 1], those of a row do not add up to 1, or a
                class is predicted that has no probabilities.
        """
        names = tuple(class_name(name) for name in classes)
        table = require_probabilities(table_of(probabilities, names))
        guess = _places(prediction, names, "predicted")
        truth = np.full(guess.size, -1) if label is None else _places(label, names, "a label")
        require_equal_lengths(prediction=guess, label=truth, probabilities=table[:, 0])
        kept = (guess >= 0) & ~np.isnan(table).any(axis=1)
        missing = int(kept.size - np.count_nonzero(kept))
        return cls._of(names, table[kept], guess[kept], truth[kept], missing)

    @classmethod
    def _of(cls, names: tuple[str, ...], table: F64, guess: I64, truth: I64, missing: int) -> Self:
        k, known = len(names), truth >= 0
        outcome, told = truth[known], table[known]
        counts: dict[str, list[F64]] = {name: [] for name in ("rows", "sums", "labelled", "labelled_sums", "hits")}
        for i in range(k):
            column, cell = table[:, i], cells_of_probabilities(table[:, i])
            place, seen = guess * CELLS + cell, cell[known]
            counts["rows"].append(_counted(place, k * CELLS).reshape(k, CELLS))
            counts["sums"].append(_counted(place, k * CELLS, column).reshape(k, CELLS))
            counts["labelled"].append(_counted(seen, CELLS))
            counts["labelled_sums"].append(_counted(seen, CELLS, told[:, i]))
            counts["hits"].append(_counted(seen[outcome == i], CELLS))
        squares = np.einsum("ij,ij->i", table, table)
        given = told[np.arange(outcome.size), outcome]
        return cls(
            names,
            **{name: np.array(part) for name, part in counts.items()},
            squares=RunningMean.of(squares),
            log_losses=RunningMean.of(-np.log(np.maximum(given, np.finfo(np.float64).eps))),
            square_losses=RunningMean.of(squares[known] + 1 - 2 * given),
            missing=missing,
        )

    @classmethod
    def merge(cls, parts: Iterable[Self]) -> Self:
        """All rows together; a class that a part does not know has no row there.

        Raises:
            ValueError: there are none.
        """
        every = list(parts)
        if not every:
            raise ValueError("There are no summaries of probabilities to add.")
        classes = tuple(sorted({name for part in every for name in part.classes}, key=sort_key))
        counts = zip(*(_among(part, classes) for part in every), strict=True)
        rows, sums, labelled, labelled_sums, hits = (np.sum(some, axis=0) for some in counts)
        return cls(
            classes,
            rows,
            sums,
            labelled,
            labelled_sums,
            hits,
            squares=RunningMean.merge(part.squares for part in every),
            log_losses=RunningMean.merge(part.log_losses for part in every),
            square_losses=RunningMean.merge(part.square_losses for part in every),
            missing=sum(part.missing for part in every),
        )

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    @property
    def n(self) -> int:
        """The rows with probabilities and a prediction."""
        return self.squares.count

    @property
    def n_labelled(self) -> int:
        """Those that have a label too."""
        return self.log_losses.count

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`; only cells with rows take space."""
        return to_document(_MAGIC, self.write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls.read)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        writer.pack("q", self.missing)
        writer.texts(self.classes)
        for counts, sums in ((self.rows, self.sums), (self.labelled, self.labelled_sums)):
            used = np.flatnonzero(counts)
            writer.integers(used.astype(np.int64))
            writer.integers(counts.reshape(-1)[used].astype(np.int64))
            writer.floats(sums.reshape(-1)[used])
        used = np.flatnonzero(self.hits)
        writer.integers(used.astype(np.int64))
        writer.integers(self.hits.reshape(-1)[used].astype(np.int64))
        for mean in (self.squares, self.log_losses, self.square_losses):
            mean.write(writer)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        missing, classes = int(reader.unpack("q")[0]), reader.texts()
        k = len(classes)
        require(missing >= 0 and 0 < k <= MOST_CLASSES and len(set(classes)) == k, "its classes are broken")
        pairs = [_read_cells(reader, shape, sums=True) for shape in ((k, k, CELLS), (k, CELLS))]
        hits = _read_cells(reader, (k, CELLS), sums=False)[0]
        (rows, sums), (labelled, labelled_sums) = pairs
        require(bool((hits <= labelled).all()), "a cell has more hits than rows")
        means = RunningMean.read(reader), RunningMean.read(reader), RunningMean.read(reader)
        read = cls(classes, rows, sums, labelled, labelled_sums, hits, *means, missing)
        require(bool((rows.sum(axis=(1, 2)) == read.n).all()), "its parts have different rows")
        require(bool((labelled.sum(axis=1) == read.n_labelled).all()), "its parts have different rows")
        return read


def table_of(probabilities: Column, classes: Sequence[str]) -> F64:
    """Probabilities as a table with a column for each class.

    Raises:
        ValueError: there are not as many columns as classes, too many or too few of them, or one twice.
    """
    if not 2 <= len(classes) <= MOST_CLASSES or len(set(classes)) < len(classes):
        raise ValueError(f"Probabilities are of 2 to {MOST_CLASSES} classes, each named once; here are {len(classes)}.")
    table = np.asarray(probabilities, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(classes):
        raise ValueError(f"The probabilities of {len(classes)} classes are a table of as many columns, in their order.")
    return table


def require_probabilities(table: F64) -> F64:
    """Refuse rows that are no probabilities; rows with a missing one are let be."""
    with np.errstate(invalid="ignore"):
        outside = ((table < 0) | (table > 1)).any(axis=1)
    if outside.any():
        raise ValueError(
            f"{np.count_nonzero(outside):,} of {len(table):,} rows have a probability outside [0, 1], the first is row "
            f"{int(outside.argmax()):,}; give what predict_proba gives, not logits."
        )
    wrong = astray(table)
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"The probabilities of {np.count_nonzero(wrong):,} of {len(table):,} rows do not add up to 1; those of row "
            f"{first:,} add up to {table[first].sum():.4g}. Give every class its column."
        )
    return table


def astray(table: F64) -> Flags:
    """The rows whose probabilities do not add up to 1, or lie outside [0, 1]; not those that lack one."""
    with np.errstate(invalid="ignore"):
        wrong: Flags = (np.abs(table.sum(axis=1) - 1) > TOLERANCE) | ((table < 0) | (table > 1)).any(axis=1)
    return wrong


def cells_of_probabilities(probabilities: F64) -> I64:
    """The cell of each probability."""
    scaled = np.arcsin(np.sqrt(np.clip(probabilities, 0.0, 1.0))) * (2 * CELLS / np.pi)
    cells: I64 = np.minimum(scaled, CELLS - 1).astype(np.int64)
    return cells


def _among(scores: ClassScores, classes: tuple[str, ...]) -> list[F64]:
    """The counts, with the cells of classes that the summary does not know: their probability was 0 in every row."""
    counts = [scores.rows, scores.sums, scores.labelled, scores.labelled_sums, scores.hits]
    if scores.classes == classes:
        return counts
    at = np.array([classes.index(name) for name in scores.classes], dtype=np.int64)
    new, k = np.setdiff1d(np.arange(len(classes)), at), len(classes)
    wide = [np.zeros((k, k, CELLS)) for _ in range(2)] + [np.zeros((k, CELLS)) for _ in range(3)]
    for place, narrow in enumerate(counts):
        wide[place][np.ix_(at, at) if narrow.ndim == 3 else at] = narrow
    wide[0][np.ix_(new, at, np.zeros(1, dtype=np.int64))] = scores.rows[0].sum(axis=1)[None, :, None]
    wide[2][new, 0] = scores.n_labelled
    return wide


def _places(values: Column, classes: Sequence[str], what: str) -> I64:
    """Each row's class by its place, -1 where it is missing."""
    found = named(values)
    unknown = [name for name in found.classes if name not in classes]
    if unknown:
        raise ValueError(f"The class {unknown[0]} is {what} but has no probabilities; give it a column of its own.")
    places = np.array([*(classes.index(name) for name in found.classes), -1], dtype=np.int64)
    return places[found.codes]


def _counted(places: I64, size: int, weights: F64 | None = None) -> F64:
    return np.bincount(places, weights, size).astype(np.float64)


def _read_cells(reader: Reader, shape: tuple[int, ...], *, sums: bool) -> list[F64]:
    used, counts = reader.integers(), reader.integers()
    size = int(np.prod(shape))
    require(used.size == counts.size and bool((used < size).all() and (counts > 0).all()), "its cells are broken")
    require(bool((np.diff(used) > 0).all()), "its cells are broken")
    columns: list[Any] = [counts.astype(np.float64)]
    if sums:
        column = reader.floats()
        require(column.size == used.size and bool((column >= 0).all() and (column <= counts).all()), "a sum is wrong")
        columns.append(column)
    return [_placed(used, column, shape) for column in columns]


def _placed(used: I64, column: F64, shape: tuple[int, ...]) -> F64:
    table = np.zeros(int(np.prod(shape)))
    table[used] = column
    return table.reshape(shape)
