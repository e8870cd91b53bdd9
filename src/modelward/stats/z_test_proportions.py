"""z-test of two proportions: did the share of one of two values change?"""

import math
from dataclasses import dataclass

from modelward.stats.cells import Cells
from modelward.stats.distributions import normal_tail
from modelward.stats.samples import Sample
from modelward.stats.two_values import two_by_two, values_of


@dataclass(frozen=True)
class ZTestProportions:
    """`statistic` is above 0 where the share of `category` is larger in the reference; both shares are beside it."""

    statistic: float
    p_value: float
    category: str
    reference_share: float
    current_share: float
    n_reference: int
    n_current: int


def z_test_proportions(
    reference: Sample, current: Sample, *, category: str | None = None, cells: Cells | None = None
) -> ZTestProportions:
    """Two-sided z-test of the share of one value, of two samples or summaries.

    z = (p − q) / √(r(1 − r)(1/n + 1/m)) with r the share in both together. A column of two values needs no `category`
    (the first in order is taken; the other gives the same p-value with the opposite sign); of more values, one is to be
    named. Numbers are named as they are printed: "1", "0.5".

    Edge cases: missing and invalid values are left out; nan where a side has no rows; 0 with p-value 1 where one value
    holds everything on both sides, or the category is nowhere. Below an expected count of 5 the p-value is rough; use
    fisher_exact.

    >>> result = z_test_proportions(["a"] * 30 + ["b"] * 70, ["a"] * 45 + ["b"] * 55)
    >>> round(result.statistic, 4), round(result.p_value, 4)
    (-2.1909, 0.0285)

    Source: Pearson (1900), Philosophical Magazine 50 (z² is chi-squared of the 2 × 2 table); Agresti (2013),
    Categorical Data Analysis, 3.2.
    """
    shared = values_of(reference, current) if cells is None else cells
    table = two_by_two(shared, category, test="z_test_proportions")
    n, m = table.n_reference, table.n_current
    if not (n and m):
        return ZTestProportions(math.nan, math.nan, table.category, math.nan, math.nan, n, m)
    p, q = table.found_reference / n, table.found_current / m
    rate = (table.found_reference + table.found_current) / (n + m)
    spread = math.sqrt(rate * (1 - rate) * (1 / n + 1 / m))
    z = (p - q) / spread if spread else 0.0
    return ZTestProportions(z, min(1.0, 2 * normal_tail(abs(z))), table.category, p, q, n, m)
