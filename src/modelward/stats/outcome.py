"""The joint summary of predictions and labels, whatever the task: what a performance is computed from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64, Flags
from modelward.stats.binary import Reader, Writer, from_document, to_document
from modelward.stats.binary_scores import THRESHOLD, BinaryScores
from modelward.stats.class_scores import ClassScores
from modelward.stats.confusion import Confusion
from modelward.stats.labels import named
from modelward.stats.numeric_summary import CAP, NumericSummary
from modelward.stats.residuals import Residuals

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
_MAGIC = b"MWO2"


@dataclass(frozen=True, eq=False)
class Observed:
    """Aligned columns. Two classes are 1, 0 and NaN (not known); other classes are names, numbers or None; a regression
    has numbers. `probabilities` have a column for each of `classes`, and NaN where a row has none.
    """

    label: npt.NDArray[Any]
    predicted: npt.NDArray[Any]
    score: F64
    known: Flags
    """Where there are both a label and a prediction."""
    predictions: int
    """Rows with a prediction."""
    classes: tuple[str, ...] = ()
    probabilities: F64 | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """Of `rows` with a prediction, `labelled` have an outcome, `delays` seconds after it.

    Two classes: `confusion`, `scores`, and `unlabelled`, the scores of all rows predicted negative and positive, which
    an estimate needs. Many classes: `confusion`, `scores` of whether the prediction was right, and `classes`, the
    probabilities of each. A regression: `residuals`.
    """

    rows: int
    labelled: int
    delays: NumericSummary
    confusion: Confusion | None = None
    scores: BinaryScores | None = None
    unlabelled: tuple[NumericSummary, NumericSummary] | None = None
    residuals: Residuals | None = None
    classes: ClassScores | None = None

    @classmethod
    def of(
        cls,
        task: str,
        rows: Observed,
        *,
        delays: F64 | None = None,
        threshold: float = THRESHOLD,
        cap: int = CAP,
    ) -> Self:
        """Summarise rows; up to `cap` different scores are kept as they are."""
        late = NumericSummary.of(np.empty(0) if delays is None else delays[~np.isnan(delays)])
        head = (rows.predictions, int(rows.known.sum()), late)
        if task == BINARY:
            sides = tuple(rows.score[rows.predicted == side] for side in (0.0, 1.0))
            return cls(
                *head,
                confusion=Confusion.of_binary(rows.label, rows.predicted),
                scores=BinaryScores.of(rows.label, rows.score, rows.predicted, threshold=threshold, cap=cap),
                unlabelled=(_summary(sides[0], cap), _summary(sides[1], cap)),
            )
        if task == MULTICLASS:
            return cls(
                *head,
                confusion=Confusion.of(rows.label, rows.predicted),
                scores=BinaryScores.of(_right(rows), rows.score, threshold=threshold, cap=cap),
                unlabelled=(_summary(np.empty(0), cap), _summary(rows.score, cap)),
                classes=_class_scores(rows),
            )
        if task == REGRESSION:
            return cls(*head, residuals=Residuals.of(rows.label, rows.predicted, cap=cap))
        return cls(*head)

    @classmethod
    def merge(cls, parts: Iterable[Self], *, cap: int = CAP) -> Self:
        """All rows together, in one step; a single one stays as it is."""
        every = list(parts)
        if len(every) == 1:
            return every[0]
        confusions = [part.confusion for part in every if part.confusion is not None]
        scores = [part.scores for part in every if part.scores is not None]
        sides = [part.unlabelled for part in every if part.unlabelled is not None]
        residuals = [part.residuals for part in every if part.residuals is not None]
        classes = [part.classes for part in every if part.classes is not None]
        return cls(
            sum(part.rows for part in every),
            sum(part.labelled for part in every),
            NumericSummary.merge([part.delays for part in every]),
            Confusion.merge(confusions) if confusions else None,
            BinaryScores.merge(scores, cap=cap) if scores else None,
            (NumericSummary.merge([s[0] for s in sides], cap=cap), NumericSummary.merge([s[1] for s in sides], cap=cap))
            if sides
            else None,
            Residuals.merge(residuals, cap=cap) if residuals else None,
            ClassScores.merge(classes) if classes else None,
        )

    @property
    def exact(self) -> bool:
        """Whether every value is kept."""
        parts = [self.scores.exact] if self.scores else []
        parts += [side.exact for side in self.unlabelled or ()]
        return all(parts) and self.classes is None and (self.residuals is None or self.residuals.residuals.exact)

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self._write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls._read)

    def _write(self, writer: Writer) -> None:
        held = (self.confusion, self.scores, self.unlabelled, self.residuals, self.classes)
        writer.pack("2q5?", self.rows, self.labelled, *(part is not None for part in held))
        parts = [self.delays, self.confusion, self.scores, *(self.unlabelled or ()), self.residuals, self.classes]
        for part in parts:
            if part is not None:
                part.write(writer)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        rows, labelled, *held = reader.unpack("2q5?")
        return cls(
            int(rows),
            int(labelled),
            NumericSummary.read(reader),
            Confusion.read(reader) if held[0] else None,
            BinaryScores.read(reader) if held[1] else None,
            (NumericSummary.read(reader), NumericSummary.read(reader)) if held[2] else None,
            Residuals.read(reader) if held[3] else None,
            ClassScores.read(reader) if held[4] else None,
        )


def present(values: npt.NDArray[Any]) -> Flags:
    """Which values there are."""
    if values.dtype.kind == "f":
        there: Flags = ~np.isnan(values)
        return there
    return np.array([value is not None and value == value for value in values.tolist()], dtype=bool)  # noqa: PLR0124


def likeliest(
    predicted: npt.NDArray[Any], score: F64, chances: F64 | None, classes: tuple[str, ...]
) -> tuple[npt.NDArray[Any], F64]:
    """Where none was given: the class of the highest probability, and that probability as the score."""
    if chances is None:
        return predicted, score
    held = np.nan_to_num(chances, nan=-1.0)
    best, place = held.max(axis=1), held.argmax(axis=1)
    filled: F64 = np.where(np.isnan(score) & (best >= 0), best, score)
    gaps = ~present(predicted) & (best >= 0)
    if not gaps.any():
        return predicted, filled
    names = np.array(classes, dtype=object)
    return np.where(gaps, names[place], np.array(_objects(predicted), dtype=object)), filled


def _summary(scores: F64, cap: int) -> NumericSummary:
    return NumericSummary.of(scores[~np.isnan(scores)], cap=cap)


def _class_scores(rows: Observed) -> ClassScores | None:
    """Rows whose predicted class or outcome has no probabilities are left out."""
    if rows.probabilities is None or not rows.classes:
        return None
    known = set(rows.classes)
    guess, label = (_only(column, known) for column in (rows.predicted, rows.label))
    strange = present(rows.label) & ~present(label)
    table = np.where(strange[:, None], np.nan, rows.probabilities)
    return ClassScores.of(guess, table, rows.classes, label=label)


def _objects(column: npt.NDArray[Any]) -> list[Any]:
    """Values with None for what is missing."""
    return [None if value is None or value != value else value for value in column.tolist()]  # noqa: PLR0124


def _only(column: npt.NDArray[Any], known: set[str]) -> npt.NDArray[Any]:
    """The classes that are known by their names, None elsewhere."""
    found = named(column)
    names = np.array([*(name if name in known else None for name in found.classes), None], dtype=object)
    return names[found.codes]


def _right(rows: Observed) -> F64:
    """1 where the prediction was the outcome, 0 where not, NaN where that is not known."""
    truth, guess = named(rows.label), named(rows.predicted)
    places = {name: place for place, name in enumerate(truth.classes)}
    same = np.array([places.get(name, -2) for name in guess.classes] or [-2])[guess.codes] == truth.codes
    right: F64 = np.where(rows.known, same.astype(np.float64), np.nan)
    return right
