"""A verdict from merged profiles is that of the raw rows: PSI within 0.001 and Kolmogorov–Smirnov within 0.002.

The first holds where PSI is below 1/2. Beyond that it is dominated by cells that are all but empty on one side, where
a hundredth of a percent of the rows is worth a thousandth of PSI, and the test asks for 0.3 % of its value. Worst is an
edge that falls into a wide gap between two clumps that trade places: there the test asks for 0.005.
"""

import numpy as np
import pytest

from modelward.stats import NumericSummary, kolmogorov_smirnov, psi, wasserstein

SHAPES = {
    "normal": lambda r, n, s: r.normal(s, 1, n),
    "lognormal": lambda r, n, s: r.lognormal(3 + s, 1, n),
    "heavy lognormal": lambda r, n, s: r.lognormal(3 + s, 2, n),
    "exponential": lambda r, n, s: r.exponential(1 + s, n),
    "zero-inflated": lambda r, n, s: np.where(r.random(n) < 0.4 + s / 2, 0, r.lognormal(3 + s, 1, n)),
    "cents": lambda r, n, s: np.round(r.lognormal(3 + s, 1, n), 2),
    "whole numbers": lambda r, n, s: np.floor(r.gamma(2, 500 + 500 * s, n)),
    "bimodal": lambda r, n, s: np.where(r.random(n) < 0.5 + s, r.normal(0, 1, n), r.normal(50, 3, n)),
    "cauchy": lambda r, n, s: r.standard_cauchy(n) + s,
    "uniform": lambda r, n, s: r.random(n) * (1 + s),
    "a few values": lambda r, n, s: r.binomial(20, 0.3 + s, n).astype(float),
}


def by_hour(rows, hours):
    return [NumericSummary.of(part) for part in np.array_split(rows, hours)]


def by_day(rows, days):
    return [NumericSummary.merge(by_hour(part, 24)) for part in np.array_split(rows, days)]


def assert_near(merged, reference, current, psi_within=0.001):
    first = NumericSummary.of(reference)
    exact_psi, exact_ks = psi(reference, current).statistic, kolmogorov_smirnov(reference, current).statistic
    found = kolmogorov_smirnov(first, merged)
    assert abs(found.statistic - exact_ks) <= 0.002
    assert abs(found.statistic - exact_ks) <= found.rank_error
    assert abs(psi(first, merged).statistic - exact_psi) <= max(psi_within, 0.003 * exact_psi)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("name", SHAPES)
def test_a_day_merged_from_24_hours(name, shift):
    rng = np.random.default_rng(1)
    reference, current = SHAPES[name](rng, 100_000, 0.0), SHAPES[name](rng, 96_000, shift)
    within = 0.005 if name == "bimodal" and shift == 0.3 else 0.001
    assert_near(NumericSummary.merge(by_hour(current, 24)), reference, current, within)


@pytest.mark.parametrize("name", SHAPES)
def test_three_months_of_hours_rolled_up_by_days(name):
    rng = np.random.default_rng(2)
    reference, current = SHAPES[name](rng, 100_000, 0.0), SHAPES[name](rng, 90 * 24 * 100, 0.1)
    assert_near(NumericSummary.merge(by_day(current, 90)), reference, current)


def test_a_day_whose_hours_differ():
    rng = np.random.default_rng(3)
    reference = rng.normal(size=100_000) * 2
    current = rng.normal(size=96_000) + 3 * np.sin(np.arange(96_000) / 96_000 * 2 * np.pi)
    assert_near(NumericSummary.merge(by_hour(current, 24)), reference, current)


def test_both_sides_merged():
    rng = np.random.default_rng(4)
    reference, current = rng.lognormal(size=192_000), rng.lognormal(0.2, 1, 96_000)
    first, second = NumericSummary.merge(by_day(reference, 2)), NumericSummary.merge(by_hour(current, 24))
    exact = psi(reference, current).statistic
    assert abs(psi(first, second).statistic - exact) <= 0.001
    exact_ks = kolmogorov_smirnov(reference, current).statistic
    assert abs(kolmogorov_smirnov(first, second).statistic - exact_ks) <= 0.002
    exact_distance = wasserstein(reference, current, normalise=True).statistic
    assert abs(wasserstein(first, second, normalise=True).statistic - exact_distance) <= 0.005


def test_hundreds_of_small_partial_summaries():
    rng = np.random.default_rng(5)
    reference, current = rng.gamma(2, 3, 100_000), rng.gamma(2, 3.3, 60_000)
    assert_near(NumericSummary.merge(by_hour(current, 300)), reference, current)


def test_merging_pair_after_pair_stays_within_its_own_bound():
    rng = np.random.default_rng(6)
    current = rng.normal(size=100_000)
    total = NumericSummary.empty()
    for part in by_hour(current, 40):
        total = total + part
    points = np.sort(current)
    error = np.abs(total.cdf(points) - np.arange(1, points.size + 1) / points.size).max()
    assert error <= total.rank_error
