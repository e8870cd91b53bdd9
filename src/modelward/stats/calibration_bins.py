"""Reliability of scores: in bins of the score, how many rows, how high their scores, how many of them positive."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from modelward.stats.arrays import F64, Flags
from modelward.stats.binary import Reader, Writer, require

FINE = 100


@dataclass(frozen=True, eq=False)
class CalibrationBins:
    """Of a hundred bins of equal width over [0, 1], closed on the right (0 is in the first): rows, the sum of their
    scores, and the positive rows among them. Adding is exact, in any order.

    >>> bins = CalibrationBins.of(np.array([0.2, 0.2, 0.9]), np.array([False, True, True]))
    >>> bins.coarse(2).rows.tolist(), bins.coarse(2).positives.tolist()
    ([2.0, 1.0], [1.0, 1.0])
    """

    rows: F64
    scores: F64
    positives: F64

    @classmethod
    def of(cls, score: F64, positive: Flags, *, bins: int = FINE) -> Self:
        """Of scores from 0 to 1."""
        place = np.clip(np.ceil(score * bins) - 1, 0, bins - 1).astype(np.int64)
        # A product rounded up past a whole number would put an edge's own score a bin too high, and the reverse.
        place -= (place > 0) & (score <= place / bins)
        place += (place < bins - 1) & (score > (place + 1) / bins)
        columns = (None, score, positive.astype(np.float64))
        return cls(*(np.bincount(place, column, bins).astype(np.float64) for column in columns))

    @classmethod
    def empty(cls, bins: int = FINE) -> Self:
        """Without a row."""
        return cls(np.zeros(bins), np.zeros(bins), np.zeros(bins))

    @classmethod
    def merge(cls, parts: Iterable[Self]) -> Self:
        """All rows together."""
        every = list(parts)
        if not every:
            return cls.empty()
        return cls(
            np.sum([part.rows for part in every], axis=0),
            np.sum([part.scores for part in every], axis=0),
            np.sum([part.positives for part in every], axis=0),
        )

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    def coarse(self, bins: int) -> Self:
        """The same rows in fewer bins.

        Raises:
            ValueError: the number does not divide that of the bins kept.
        """
        if bins < 1 or self.rows.size % bins:
            raise ValueError(f"{self.rows.size} bins are kept, which {bins} does not divide; take 5, 10, 20 or 50.")
        return type(self)(
            *(column.reshape(bins, -1).sum(axis=1) for column in (self.rows, self.scores, self.positives))
        )

    def write(self, writer: Writer) -> None:
        """Add the fields to a document; only bins with rows take space."""
        used = np.flatnonzero(self.rows)
        writer.integers(np.array([self.rows.size], dtype=np.int64))
        writer.integers(used.astype(np.int64))
        for column in (self.rows, self.scores, self.positives):
            writer.floats(column[used])

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        sizes, used = reader.integers(), reader.integers()
        require(sizes.size == 1 and 0 < sizes[0] <= 10_000, "its bins have an impossible number")
        bins, parts = int(sizes[0]), [reader.floats() for _ in range(3)]
        require(all(part.size == used.size for part in parts) and bool((used < bins).all()), "its bins are broken")
        require(
            all(bool((np.isfinite(part) & (part >= 0)).all()) for part in parts), "a bin holds an impossible number"
        )
        require(bool((parts[2] <= parts[0]).all()), "a bin has more positive rows than rows")
        columns = []
        for part in parts:
            column = np.zeros(bins)
            column[used] = part
            columns.append(column)
        return cls(*columns)
