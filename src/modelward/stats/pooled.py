"""The numbers of two samples in one order: piece by piece of the line, how many rows of each side lie there.

A piece is one value, or, of a compressed summary, the stretch between two neighbouring points of its sketch, over which
its rows lie evenly. The distribution so drawn is nowhere further from the truth than the summary's `rank_error`, which
is what the statistics on ranks take off before they speak of evidence.
"""

from dataclasses import dataclass

import numpy as np

from modelward.stats.arrays import F64, Flags
from modelward.stats.numeric_summary import NumericSummary


@dataclass(frozen=True, eq=False)
class Pooled:
    """Rows of each side in each piece of the line, in order, infinities among them, and which pieces are one value.

    `rank_error` bounds the error of the difference of both distributions, `pooled_error` that of their mixture.
    """

    reference: F64
    current: F64
    upright: Flags
    rank_error: float
    pooled_error: float

    @property
    def exact(self) -> bool:
        """Whether nothing was compressed."""
        return self.rank_error == 0

    @property
    def rows(self) -> F64:
        """The rows of both sides in each piece."""
        return self.reference + self.current

    @property
    def shares(self) -> F64:
        """The share of all rows that lies in each piece."""
        shares: F64 = self.rows / self.rows.sum()
        return shares

    @property
    def ties(self) -> F64:
        """How many rows are equal to each other, for each value that came more than once."""
        return self.rows[self.upright & (self.rows > 1)]

    @property
    def differences(self) -> F64:
        """F − G just after each value, and in the middle of each stretch."""
        return np.where(self.upright, self._after, self.middle_differences)

    @property
    def middle_differences(self) -> F64:
        """F − G in the middle of each piece."""
        after = self._after
        return (after + np.concatenate(([0.0], after[:-1]))) / 2

    @property
    def middles(self) -> F64:
        """The share of all rows up to the middle of each piece."""
        return self.shares.cumsum() - self.shares / 2

    @property
    def _after(self) -> F64:
        after: F64 = self.reference.cumsum() / self.reference.sum() - self.current.cumsum() / self.current.sum()
        return after


def pooled_of(first: NumericSummary, second: NumericSummary) -> Pooled:
    """The numbers of two summaries, of which neither is empty, in one order."""
    ends = [-np.inf, np.inf]
    points = np.unique(np.concatenate((first.turning_points, second.turning_points, ends)))
    before, now = _pieces(first, points), _pieces(second, points)
    upright = np.arange(before.size) % 2 == 0
    filled = before + now > 0
    n, m = first.numbers, second.numbers
    mixture = (n * first.rank_error + m * second.rank_error) / (n + m)
    error = first.rank_error + second.rank_error
    return Pooled(before[filled], now[filled], upright[filled], error, mixture)


def sure_integral(pooled: Pooled, differences: F64, weights: F64, *, extra: float = 0.0) -> float:
    """A lower bound of ∫ d² / w dH over the mixture H, for any two samples that these summaries may stand for.

    The difference d is first made smaller by its error; the mixture's own error e then costs at most e times the total
    variation of what is integrated, by parts. `extra` is added to w at every point, where w is uncertain too.
    """
    sure = np.maximum(np.abs(differences) - pooled.rank_error, 0.0) ** 2 / (weights + extra)
    swing = float(np.abs(np.diff(np.concatenate(([0.0], sure, [0.0])))).sum())
    return max(0.0, float(sure @ pooled.shares) - pooled.pooled_error * swing)


def _pieces(summary: NumericSummary, points: F64) -> F64:
    """The rows at each point and, in between, on each stretch up to the next."""
    heights = np.stack((summary.cdf_below(points), summary.cdf(points)), axis=1).reshape(-1)[1:] * summary.numbers
    rows = np.diff(heights, prepend=0.0).clip(0.0)
    # What is less than a hundredth of a row of a sketch is the rounding of none.
    return np.rint(rows) if summary.exact else np.where(rows < 0.01, 0.0, rows)
