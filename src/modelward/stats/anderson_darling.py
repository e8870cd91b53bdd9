"""Anderson–Darling test of two samples: like Cramér–von Mises, with the tails counted for more."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.distributions import anderson_darling_tail
from modelward.stats.pooled import Pooled, pooled_of, sure_integral
from modelward.stats.samples import Sample, numeric_of

# Of two samples, Scholz and Stephens's critical values of the standardised statistic, and their levels.
_CRITICAL = (0.325, 1.226, 1.961, 2.718, 3.752, 4.592, 6.546)
_LEVELS = (0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001)
_EULER = 0.5772156649015329
_LIMIT_DEVIATION = math.sqrt(2 * (math.pi**2 - 9) / 3)


@dataclass(frozen=True)
class AndersonDarling:
    """`statistic` is `a_squared` standardised: less its mean 1, by its standard deviation.

    `rank_error` bounds the error of the distance of both distributions that compression brings; the p-value has its
    part taken off first.
    """

    statistic: float
    p_value: float
    a_squared: float
    n_reference: int
    n_current: int
    rank_error: float


def anderson_darling(reference: Sample, current: Sample) -> AndersonDarling:
    """Two-sample Anderson–Darling test of numbers, with mid-ranks for ties.

    A² = (N − 1)/N · nm/N · Σ h (F − G)² / (H(1 − H) − h/4), where at each distinct value h is the share of both samples
    that stands there and F, G and H (of both together) are taken in the middle of the step; the statistic is
    (A² − 1) / σ. The p-value between 0.25 and 0.001 is interpolated from the published critical values (as SciPy does,
    which stops there); beyond, it is that of the limiting distribution. Of compressed summaries, A² is first made
    smaller by the bound on its error, so that compression never makes evidence.

    Edge cases: missing values are left out; infinities are numbers beyond all others; nan where a side has no numbers;
    A² is 0 and the p-value 1 where all values are equal, or where there are fewer than 4.

    >>> result = anderson_darling([38.7, 41.5, 43.8, 44.5, 45.5], [31.2, 33.4, 35.0, 39.7, 41.4])
    >>> round(result.statistic, 4), round(result.p_value, 4)
    (2.9128, 0.0211)

    Source: Scholz, Stephens (1987), "K-sample Anderson–Darling tests", Journal of the American Statistical Association
    82; the limit: Marsaglia, Marsaglia (2004), Journal of Statistical Software 9.
    """
    first, second = numeric_of(reference), numeric_of(current)
    n, m = first.numbers, second.numbers
    error = first.rank_error + second.rank_error
    if not (n and m):
        return AndersonDarling(math.nan, math.nan, math.nan, n, m, error)
    pooled = pooled_of(first, second)
    deviation = _deviation(n, m)
    if pooled.rows.size < 2 or n + m < 4:
        return AndersonDarling(-1 / deviation if deviation else 0.0, 1.0, 0.0, n, m, error)
    scale = (n + m - 1) / (n + m) * (n / (n + m)) * m
    a_squared = scale * _integral(pooled)
    sure = a_squared if pooled.exact else scale * _sure(pooled)
    return AndersonDarling((a_squared - 1) / deviation, _p_value((sure - 1) / deviation), a_squared, n, m, error)


def _integral(pooled: Pooled) -> float:
    shares, middles = pooled.shares, pooled.middles
    return float(shares @ (pooled.middle_differences**2 / (middles * (1 - middles) - shares / 4)))


def _sure(pooled: Pooled) -> float:
    middles = pooled.middles
    return sure_integral(pooled, pooled.middle_differences, middles * (1 - middles), extra=pooled.pooled_error)


def _deviation(n: int, m: int) -> float:
    """The standard deviation of A² when both samples are of one distribution; 0 where there are too few rows."""
    total = n + m
    if total < 4:
        return 0.0
    sizes = 1 / n + 1 / m
    h = _harmonic(total - 1)
    g = _double_sum(total)
    a = (4 * g - 6) * 1 + (10 - 6 * g) * sizes
    b = (2 * g - 4) * 4 + 8 * h * 2 + (2 * g - 14 * h - 4) * sizes - 8 * h + 4 * g - 6
    c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * sizes + 4 * h
    d = (2 * h + 6) * 4 - 4 * h * 2
    cubic = ((a * total + b) * total + c) * total + d
    return math.sqrt(cubic / (total - 1) / (total - 2) / (total - 3))


def _harmonic(n: int) -> float:
    if n < 1000:
        return math.fsum(1 / i for i in range(1, n + 1))
    return math.log(n) + _EULER + 1 / (2 * n) - 1 / (12 * float(n) ** 2)


def _double_sum(total: int) -> float:
    """Σ over i < j < N of 1 / ((N − i) j), which tends to π²/6 as N grows."""
    if total > 100_000:
        return math.pi**2 / 6 - (2 * math.log(total) + 2 * _EULER + 1) / total
    steps = np.arange(1, total, dtype=np.float64)
    later = np.concatenate((np.cumsum((1 / steps)[::-1])[::-1][1:], [0.0]))
    return float((later / (total - steps)).sum())


def _p_value(standardised: float) -> float:
    limit = anderson_darling_tail(1 + _LIMIT_DEVIATION * standardised)
    if standardised < _CRITICAL[0]:
        return max(_LEVELS[0], limit)
    if standardised > _CRITICAL[-1]:
        return min(_LEVELS[-1], limit)
    interpolated = math.exp(float(np.polyval(np.polyfit(_CRITICAL, np.log(_LEVELS), 2), standardised)))
    return min(_LEVELS[0], max(_LEVELS[-1], interpolated))
