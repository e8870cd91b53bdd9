"""Scores against labels of two classes: the joint summary of a binary model's performance."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from modelward.stats.arrays import F64, Flags
from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.calibration_bins import CalibrationBins
from modelward.stats.confusion import Confusion
from modelward.stats.labels import Column, binary, require_equal_lengths, scores_of
from modelward.stats.numeric_summary import CAP, GROUPS, NumericSummary
from modelward.stats.running_mean import RunningMean

THRESHOLD = 0.5
_MAGIC = b"MWBS"
_CLASSES = ("0", "1")


@dataclass(frozen=True, eq=False)
class BinaryScores:
    """What is kept of labelled scores.

    `negatives` and `positives` are the scores of each class, every value while they are few and a sketch after, whose
    `rank_error` bounds what depends on their order (ROC AUC by the sum of both). `counts` are the exact confusion
    counts at `threshold` (a score of at least it predicts positive, unless the prediction was given), `bins`,
    `log_losses` and `square_losses` the exact reliability and losses of the scores in [0, 1]; `outside` counts scores
    beyond. Rows lacking a label or a score are `missing`.

    >>> scores = BinaryScores.of([0, 1, 1, None], [0.2, 0.8, 0.4, 0.9])
    >>> scores.n, scores.missing, scores.counts.tolist()
    (3, 1, [[1.0, 0.0], [1.0, 1.0]])
    """

    negatives: NumericSummary
    positives: NumericSummary
    counts: F64
    bins: CalibrationBins
    log_losses: RunningMean
    square_losses: RunningMean
    threshold: float = THRESHOLD
    outside: int = 0
    missing: int = 0

    @classmethod
    def of(
        cls,
        label: Column,
        score: Column,
        prediction: Column | None = None,
        *,
        positive: object = 1,
        threshold: float = THRESHOLD,
        cap: int = CAP,
        groups: int = GROUPS,
    ) -> Self:
        """Summarise labels and scores; where a prediction is given, its class counts and not the threshold."""
        truth, scores = binary(label, positive), scores_of(score)
        guess = None if prediction is None else binary(prediction, positive, what="prediction")
        require_equal_lengths(label=truth.present, score=scores, prediction=None if guess is None else guess.present)
        kept = truth.present & ~np.isnan(scores) & (guess.present if guess is not None else True)
        hits, values = truth.positive[kept], scores[kept]
        predicted = values >= threshold if guess is None else guess.positive[kept]
        inside = (values >= 0) & (values <= 1)
        probabilities, outcomes = (values, hits) if inside.all() else (values[inside], hits[inside])
        return cls(
            NumericSummary.of(values[~hits], cap=cap, groups=groups),
            NumericSummary.of(values[hits], cap=cap, groups=groups),
            np.bincount(2 * hits + predicted, minlength=4).reshape(2, 2).astype(np.float64),
            CalibrationBins.of(probabilities, outcomes),
            RunningMean.of(log_losses(probabilities, outcomes)),
            RunningMean.of((probabilities - outcomes) ** 2),
            float(threshold),
            int(values.size - probabilities.size),
            int(scores.size - values.size),
        )

    @classmethod
    def merge(cls, parts: Iterable[Self], *, cap: int = CAP, groups: int = GROUPS) -> Self:
        """All rows together, in one step.

        Raises:
            ValueError: there are none, or their thresholds differ.
        """
        every = list(parts)
        thresholds = {part.threshold for part in every}
        if len(thresholds) != 1:
            raise ValueError("Only summaries of one threshold add up; rebuild them from the rows with the same one.")
        return cls(
            NumericSummary.merge([part.negatives for part in every], cap=cap, groups=groups),
            NumericSummary.merge([part.positives for part in every], cap=cap, groups=groups),
            np.sum([part.counts for part in every], axis=0),
            CalibrationBins.merge([part.bins for part in every]),
            RunningMean.merge([part.log_losses for part in every]),
            RunningMean.merge([part.square_losses for part in every]),
            thresholds.pop(),
            sum(part.outside for part in every),
            sum(part.missing for part in every),
        )

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    @property
    def n(self) -> int:
        """The rows with a label and a score."""
        return self.negatives.numbers + self.positives.numbers

    @property
    def exact(self) -> bool:
        """Whether every score is kept."""
        return self.negatives.exact and self.positives.exact

    @property
    def confusion(self) -> Confusion:
        """The confusion counts at the threshold."""
        return Confusion(_CLASSES, self.counts, self.missing)

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self.write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls.read)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        writer.pack("d2q", self.threshold, self.outside, self.missing)
        writer.integers(self.counts.reshape(-1).astype(np.int64))
        for part in (self.negatives, self.positives, self.bins, self.log_losses, self.square_losses):
            part.write(writer)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        threshold, outside, missing = reader.unpack("d2q")
        counts = reader.integers().astype(np.float64)
        require(counts.size == 4 and min(outside, missing) >= 0 and bool((counts >= 0).all()), "a count is impossible")
        read = cls(
            NumericSummary.read(reader),
            NumericSummary.read(reader),
            counts.reshape(2, 2),
            CalibrationBins.read(reader),
            RunningMean.read(reader),
            RunningMean.read(reader),
            float(threshold),
            int(outside),
            int(missing),
        )
        require(counts.sum() == read.n == read.square_losses.count + read.outside, "its parts have different rows")
        return read


def log_losses(score: F64, positive: Flags) -> F64:
    """Each row's −ln of the probability given to what happened, which is held at 2.2e-16 and above."""
    chances = np.where(positive, score, 1 - score)
    losses: F64 = -np.log(np.maximum(chances, np.finfo(np.float64).eps))
    return losses


def binary_scores_of(
    label: Column | BinaryScores, score: Column | None, positive: object, *, keep: bool = True
) -> BinaryScores:
    """A joint summary as it is; arrays summarised, every score kept where `keep`."""
    if isinstance(label, BinaryScores):
        return label
    if score is None:
        raise ValueError("A metric of scores needs the scores too, or a joint summary of both.")
    size = np.size(score)
    return BinaryScores.of(label, score, positive=positive, cap=max(CAP, size) if keep else CAP)
