"""Cramér–von Mises test of two samples: the mean squared distance between their distributions."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64, I64
from modelward.stats.distributions import cramer_von_mises_tail
from modelward.stats.pooled import Pooled, pooled_of, sure_integral
from modelward.stats.samples import Sample, numeric_of

_Ways = tuple[I64, F64]  # Sums of squares, and in how many ways each comes about.

_EXACT_UP_TO = 20


@dataclass(frozen=True)
class CramerVonMises:
    """`rank_error` bounds the error of the distance of both distributions that compression brings; the p-value has its
    part taken off first.
    """

    statistic: float
    p_value: float
    n_reference: int
    n_current: int
    rank_error: float
    exact: bool


def cramer_von_mises(reference: Sample, current: Sample, *, midranks: bool = False) -> CramerVonMises:
    """Two-sample Cramér–von Mises test of numbers.

    T = nm/(n + m) · ∫ (F − G)² dH, H the distribution of both samples together. The p-value counts all ways to
    interleave the samples where both have at most 20 values, else it is that of the limiting distribution, with T
    brought to the limit's mean and variance; both treat ties as if there were none, which errs to the careful side. Of
    compressed summaries, T is first made smaller by the bound on its error, so that compression never makes evidence.

    `midranks` computes T from mid-ranks, as SciPy does. Without ties that is the same number; with ties and n ≠ m it is
    not 0 for equal distributions: of a constant it is (n − m)² (n + m) / 12nm, and 100,000 rows against 1,000 of one
    value would have p-value 0. Compressed summaries have no ranks, and refuse it.

    Edge cases: missing values are left out; infinities are numbers beyond all others; nan where a side has no numbers.

    >>> result = cramer_von_mises([1, 2, 3, 4], [3.5, 4.5, 5.5, 6.5])
    >>> round(result.statistic, 4), round(result.p_value, 4)
    (0.5, 0.0571)

    Source: Anderson (1962), "On the distribution of the two-sample Cramér–von Mises criterion", Annals of Mathematical
    Statistics 33.
    """
    first, second = numeric_of(reference), numeric_of(current)
    n, m = first.numbers, second.numbers
    error = first.rank_error + second.rank_error
    if not (n and m):
        return CramerVonMises(math.nan, math.nan, n, m, error, exact=False)
    pooled = pooled_of(first, second)
    if midranks and not pooled.exact:
        raise ValueError("Mid-ranks need every value, and a summary here is compressed; leave midranks out.")
    scale = n / (n + m) * m
    statistic = _by_midranks(pooled) if midranks else scale * float(pooled.differences**2 @ pooled.shares)
    exact = pooled.exact and max(n, m) <= _EXACT_UP_TO
    if exact:
        return CramerVonMises(statistic, _exact_p_value(statistic, n, m), n, m, error, exact)
    differences = pooled.differences
    sure = statistic if pooled.exact else scale * sure_integral(pooled, differences, np.ones(differences.size))
    return CramerVonMises(statistic, _limiting_p_value(sure, n, m), n, m, error, exact)


def _by_midranks(pooled: Pooled) -> float:
    """T = U / nmN − (4nm − 1) / 6N, with U = n Σ (rᵢ − i)² + m Σ (sⱼ − j)² and mid-ranks r and s."""
    n, m = float(pooled.reference.sum()), float(pooled.current.sum())
    ranks = pooled.rows.cumsum() - pooled.rows + (pooled.rows + 1) / 2
    u = 0.0
    for size, counts in ((n, pooled.reference), (m, pooled.current)):
        gap = ranks - (counts.cumsum() - counts)
        squares = counts * gap**2 - gap * counts * (counts + 1) + counts * (counts + 1) * (2 * counts + 1) / 6
        u += size * float(squares.sum())
    return u / (n * m * (n + m)) - (4 * n * m - 1) / (6 * (n + m))


def _limiting_p_value(statistic: float, n: int, m: int) -> float:
    total, product = n + m, float(n) * m
    mean = (1 + 1 / total) / 6
    variance = (total + 1) / total**2 / 45 * (4 * product * total - 3 * (n**2 + m**2) - 2 * product) / (4 * product)
    limit = 1 / 6 + (statistic - mean) / math.sqrt(45 * variance)
    return cramer_von_mises_tail(limit)


def _exact_p_value(statistic: float, n: int, m: int) -> float:
    """The share of all ways to interleave n and m values whose T is at least this.

    Along a way, T is nm/N² · Σ (i/n − j/m)²; the squares are whole numbers of (gcd / nm)².
    """
    divisor = math.gcd(n, m)
    unit = divisor**2 / (float(n) * m * (n + m) ** 2)
    least = math.floor(statistic / unit * (1 + 1e-9) + 1e-6)  # Ties may put T between two possible sums.
    row: list[_Ways] = [(np.zeros(1, dtype=np.int64), np.ones(1))]
    for j in range(1, m + 1):
        row.append((row[-1][0] + (j * n // divisor) ** 2, row[-1][1]))
    for i in range(1, n + 1):
        following: list[_Ways] = [(row[0][0] + (i * m // divisor) ** 2, row[0][1])]
        for j in range(1, m + 1):
            sums = np.concatenate((row[j][0], following[-1][0])) + ((i * m - j * n) // divisor) ** 2
            values, places = np.unique(sums, return_inverse=True)
            following.append((values, _summed(places, (row[j][1], following[-1][1]))))
        row = following
    sums, ways = row[m]
    return min(1.0, float(ways[sums >= least].sum() / ways.sum()))


def _summed(places: npt.NDArray[np.intp], ways: tuple[F64, F64]) -> F64:
    return np.bincount(places, np.concatenate(ways)).astype(np.float64)
