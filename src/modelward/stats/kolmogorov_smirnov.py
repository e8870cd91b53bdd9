"""Kolmogorov–Smirnov test of two samples: the largest distance between their distributions."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.arrays import F64, Flags
from modelward.stats.distributions import kolmogorov_tail
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.samples import Sample, numeric_of

_EXACT_UP_TO = 10_000


@dataclass(frozen=True)
class KolmogorovSmirnov:
    """`rank_error` bounds the error of the statistic that compression brings; the p-value has it taken off first."""

    statistic: float
    p_value: float
    n_reference: int
    n_current: int
    rank_error: float
    exact: bool


def kolmogorov_smirnov(reference: Sample, current: Sample) -> KolmogorovSmirnov:
    """Two-sided two-sample Kolmogorov–Smirnov test of numbers.

    D = max |F(x) − G(x)|. The p-value is exact (all ways to interleave the samples are counted) where both summaries
    are exact and n·m ≤ 10,000, else that of the limiting distribution, which errs to the careful side for small samples
    and for ties. Of compressed summaries, D is first made smaller by the bound on its error, so that compression never
    makes evidence.

    Edge cases: missing values are left out; infinities are numbers beyond all others; nan where a side has no numbers.

    >>> result = kolmogorov_smirnov([1, 2, 3, 4], [3, 4, 5, 6])
    >>> result.statistic, round(result.p_value, 4)
    (0.5, 0.7714)

    Source: Hodges (1958), "The significance probability of the Smirnov two-sample test", Arkiv för Matematik 3; the
    recursion as in Kim and Jennrich (1973), Selected Tables in Mathematical Statistics 1.
    """
    first, second = numeric_of(reference), numeric_of(current)
    n, m = first.numbers, second.numbers
    error = first.rank_error + second.rank_error
    if not (n and m):
        return KolmogorovSmirnov(math.nan, math.nan, n, m, error, exact=False)
    distance = _distance(first, second)
    exact = first.exact and second.exact and n * m <= _EXACT_UP_TO
    sure = max(0.0, distance - error)
    p_value = _exact_p_value(sure, n, m) if exact else kolmogorov_tail(math.sqrt(n / (n + m) * m) * sure)
    return KolmogorovSmirnov(distance, p_value, n, m, error, exact)


def _distance(first: NumericSummary, second: NumericSummary) -> float:
    points = np.concatenate(([-np.inf], first.turning_points, second.turning_points))
    distance = np.abs(first.cdf(points) - second.cdf(points)).max()
    if not (first.exact and second.exact):
        # A line may be furthest from a step just before the step.
        distance = max(distance, np.abs(first.cdf_below(points) - second.cdf_below(points)).max())
    return float(distance)


def _exact_p_value(distance: float, n: int, m: int) -> float:
    """The share of all ways to interleave n and m values whose distance is at least this."""
    if n > m:
        n, m = m, n
    reach = round(distance * n * m)
    columns = np.arange(m + 1) * n
    inside = (columns < reach).astype(np.float64)
    for row in range(1, n + 1):
        inside = _next_row(inside, np.abs(row * m - columns) < reach, row / (row + m))
    return min(1.0, max(0.0, 1.0 - float(inside[m])))


def _next_row(previous: F64, within: Flags, weight: float) -> F64:
    first, stop = int(within.argmax()), within.size - int(within[::-1].argmax())
    row = np.zeros(previous.size)
    if within[first]:
        row[first:stop] = np.cumsum(previous[first:stop] * weight)
    return row
