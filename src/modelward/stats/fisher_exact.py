"""Fisher's exact test of a table of two rows and two columns."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.cells import Cells
from modelward.stats.distributions import log_choose
from modelward.stats.samples import Sample
from modelward.stats.two_values import two_by_two, values_of

_FAR = 40  # Standard deviations, beyond which no table has a chance that a float can hold.


@dataclass(frozen=True)
class FisherExact:
    """`statistic` is the odds ratio of the sample: the odds of `category` in the reference over those now."""

    statistic: float
    p_value: float
    category: str
    n_reference: int
    n_current: int


def fisher_exact(
    reference: Sample, current: Sample, *, category: str | None = None, cells: Cells | None = None
) -> FisherExact:
    """Fisher's two-sided exact test of whether the share of one of two values changed, of two samples or summaries.

    The p-value is the chance, given the margins of the 2 × 2 table, of all tables that are no likelier than this one.
    A column of two values needs no `category`; of more values one is to be named, to be held against all others. There
    is no test of larger tables: it would take longer than anybody waits, and chi_squared answers it.

    Edge cases: missing and invalid values are left out; nan where a side has no rows; where one value holds everything
    on both sides, the odds ratio is nan and the p-value 1; it is inf, or 0, where one count is 0.

    >>> result = fisher_exact([], [], cells=Cells.of_counts([6, 2], [1, 4]))
    >>> result.statistic, round(result.p_value, 4)
    (12.0, 0.1026)

    Source: Fisher (1935), "The logic of inductive inference", JRSS 98.
    """
    shared = values_of(reference, current) if cells is None else cells
    table = two_by_two(shared, category, test="fisher_exact")
    n, m = table.n_reference, table.n_current
    if not (n and m):
        return FisherExact(math.nan, math.nan, table.category, n, m)
    against = table.other_reference * table.found_current
    favour = table.found_reference * table.other_current
    ratio = favour / against if against else (math.inf if favour else math.nan)
    found = table.found_reference + table.found_current
    return FisherExact(ratio, hypergeometric_p_value(table.found_current, found, n, m), table.category, n, m)


def hypergeometric_p_value(found: int, total: int, n: int, m: int) -> float:
    """The chance of all tables with these margins that are no likelier than the one with `found` of `total` in m."""
    mean = total * m / (n + m)
    reach = _FAR * math.sqrt(mean * (n / (n + m)) + 1) + _FAR
    low, high = max(0, total - n, int(mean - reach)), min(total, m, int(mean + reach))
    possible = np.arange(min(low, found), max(high, found) + 1) if low <= found <= high else np.arange(low, high + 1)
    logs = log_choose(m, possible) + log_choose(n, total - possible) - log_choose(n + m, np.array([total]))
    own = np.array([found])
    chance = log_choose(m, own) + log_choose(n, total - own) - log_choose(n + m, np.array([total]))
    # The tolerance takes tables of equal chance as equal whatever their rounding.
    return min(1.0, float(np.exp(logs[logs <= chance[0] + 1e-7]).sum()))
