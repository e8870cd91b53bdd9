"""Predictions against labels that are numbers: the joint summary of a regression's performance."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.labels import Column, require_equal_lengths
from modelward.stats.numeric_summary import CAP, GROUPS, NumericSummary
from modelward.stats.pair_moments import PairMoments
from modelward.stats.running_mean import RunningMean

_MAGIC = b"MWRS"


@dataclass(frozen=True, eq=False)
class Residuals:
    """What is kept of labels and predictions: residuals are prediction less label.

    `residuals` and `absolute` (their sizes) have exact means and deviations, and every value while they are few, a
    sketch after. `moments` are those of label (x) and residual (y) together, exact. `percentages` is the mean of
    |residual| / |label| over labels that are not 0, of which there are `zero_labels`. Rows that lack either are
    `missing`, those where either is infinite `infinite`; both are left out.

    >>> kept = Residuals.of([10.0, 20.0, None], [12.0, 19.0, 5.0])
    >>> kept.n, kept.residuals.mean, kept.missing
    (2, 0.5, 1)
    """

    residuals: NumericSummary
    absolute: NumericSummary
    moments: PairMoments
    percentages: RunningMean
    zero_labels: int = 0
    missing: int = 0
    infinite: int = 0

    @classmethod
    def of(cls, label: Column, prediction: Column, *, cap: int = CAP, groups: int = GROUPS) -> Self:
        """Summarise labels and predictions.

        Raises:
            ValueError: either holds no numbers, or they have different lengths.
        """
        truth, guess = _numbers(label, "label"), _numbers(prediction, "prediction")
        require_equal_lengths(label=truth, prediction=guess)
        known = ~(np.isnan(truth) | np.isnan(guess))
        with np.errstate(over="ignore", invalid="ignore"):
            residual = guess - truth
        kept = np.isfinite(residual)
        truth, residual = truth[kept], residual[kept]
        size = np.abs(residual)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            shares = size / np.abs(truth)
        divisible = np.isfinite(shares)  # Not by 0, nor by a label so small that no number holds the share.
        return cls(
            NumericSummary.of(residual, cap=cap, groups=groups),
            NumericSummary.of(size, cap=cap, groups=groups),
            PairMoments.of(truth, residual),
            RunningMean.of(shares[divisible]),
            int(truth.size - np.count_nonzero(divisible)),
            int(known.size - np.count_nonzero(known)),
            int(np.count_nonzero(known & ~kept)),
        )

    @classmethod
    def merge(cls, parts: Iterable[Self], *, cap: int = CAP, groups: int = GROUPS) -> Self:
        """All rows together, in one step."""
        every = list(parts)
        return cls(
            NumericSummary.merge([part.residuals for part in every], cap=cap, groups=groups),
            NumericSummary.merge([part.absolute for part in every], cap=cap, groups=groups),
            PairMoments.merge([part.moments for part in every]),
            RunningMean.merge([part.percentages for part in every]),
            sum(part.zero_labels for part in every),
            sum(part.missing for part in every),
            sum(part.infinite for part in every),
        )

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    @property
    def n(self) -> int:
        """The rows with a finite label and prediction."""
        return self.residuals.count

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self.write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls.read)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        writer.pack("3q", self.zero_labels, self.missing, self.infinite)
        for part in (self.residuals, self.absolute, self.moments, self.percentages):
            part.write(writer)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        counts = tuple(map(int, reader.unpack("3q")))
        require(min(counts) >= 0, "a count is negative")
        summaries = NumericSummary.read(reader), NumericSummary.read(reader)
        read = cls(*summaries, PairMoments.read(reader), RunningMean.read(reader), *counts)
        rows = {read.n, read.absolute.count, read.moments.count, read.percentages.count + read.zero_labels}
        require(len(rows) == 1, "its parts have different rows")
        return read


def residuals_of(label: Column | Residuals, prediction: Column | None) -> Residuals:
    """A joint summary as it is; arrays summarised with every value kept."""
    if isinstance(label, Residuals):
        return label
    if prediction is None:
        raise ValueError("A metric of regression needs the predictions too, or a joint summary of both.")
    return Residuals.of(label, prediction, cap=max(CAP, np.size(prediction)))


def _numbers(values: Column, what: str) -> npt.NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The {what} of a regression is a number, and this one is not; take a metric of classes."
        ) from (error)
