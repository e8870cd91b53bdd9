"""Did the share of missing values change?"""

import math
from dataclasses import dataclass

from modelward.stats.fisher_exact import hypergeometric_p_value
from modelward.stats.samples import Sample, summary_of

_ASYMPTOTIC_FROM = 5.0


@dataclass(frozen=True)
class MissingRate:
    """`statistic` is the change of the rate: 0.05 is five points more of missing values."""

    statistic: float
    p_value: float
    reference_rate: float
    current_rate: float
    n_reference: int
    n_current: int
    exact: bool


def missing_rate_test(reference: Sample, current: Sample) -> MissingRate:
    """Two-sided test of whether missing values came more or less often than before, over all rows.

    z = (q − p) / √(r(1 − r)(1/n + 1/m)) with r the rate of both together; where a count expected under equal rates is
    below 5, Fisher's exact test.

    Edge cases: nan where a side has no rows; p-value 1 where nothing, or everything, is missing on both sides.

    >>> result = missing_rate_test([1.0, 2.0, 3.0, 4.0], [None, None, 3.0, 4.0])
    >>> result.statistic, round(result.p_value, 4)
    (0.5, 0.4286)

    Source: Fisher (1935), "The logic of inductive inference", JRSS 98.
    """
    first, second = summary_of(reference), summary_of(current)
    n, m = first.rows, second.rows
    if not (n and m):
        return MissingRate(math.nan, math.nan, math.nan, math.nan, n, m, exact=False)
    p, q = first.missing / n, second.missing / m
    absent = first.missing + second.missing
    present = n + m - absent
    exact = min(absent, present) * min(n, m) / (n + m) < _ASYMPTOTIC_FROM
    p_value = hypergeometric_p_value(second.missing, absent, n, m) if exact else _normal(q - p, absent / (n + m), n, m)
    return MissingRate(q - p, p_value, p, q, n, m, exact)


def _normal(change: float, rate: float, n: int, m: int) -> float:
    spread = math.sqrt(rate * (1 - rate) * (1 / n + 1 / m))
    return math.erfc(abs(change) / spread / math.sqrt(2))
