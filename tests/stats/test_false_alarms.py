"""Without any drift, alarms come as seldom as promised. Seeds are fixed: a failure is a change and not bad luck."""

import numpy as np
import pytest

from modelward.stats import (
    CategoricalSummary,
    NumericSummary,
    chi_squared,
    kolmogorov_smirnov,
    missing_rate_test,
    new_categories,
    psi,
)

RUNS = 300


def numbers(rng, rows):
    return NumericSummary.of(rng.normal(size=rows))


def zero_inflated(rng, rows):
    return NumericSummary.of(np.where(rng.random(rows) < 0.6, 0, rng.lognormal(size=rows)))


def zipf(rng, rows):
    weights = 1 / np.arange(1, 1001)
    return CategoricalSummary.from_counts([str(i) for i in range(1000)], rng.multinomial(rows, weights / weights.sum()))


def five_names(rng, rows):
    return CategoricalSummary.from_counts("abcde", rng.multinomial(rows, [0.4, 0.3, 0.15, 0.1, 0.05]))


COLUMNS = [numbers, zero_inflated, zipf, five_names]
SIZES = [(200, 200), (1000, 1000), (5000, 300), (300, 5000)]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_the_bias_of_psi_is_its_mean_without_drift(column, n, m):
    rng = np.random.default_rng(1)
    results = [psi(column(rng, n), column(rng, m)) for _ in range(RUNS)]
    statistics, biases = (np.array([getattr(r, name) for r in results]) for name in ("statistic", "bias"))
    error = statistics.std() / np.sqrt(RUNS)
    assert abs(statistics.mean() - biases.mean()) < 4 * error + 0.02 * biases.mean()
    # Off by its bias, the index stays below the moderate level; the plain one would not for 200 rows.
    assert np.mean([r.corrected > 0.1 for r in results]) <= 0.05


def rate(p_values, level):
    return float(np.mean(np.array(p_values) < level))


# Of 300 p-values, more than these shares are below the level by chance in less than 1 of 1,000 trials.
@pytest.mark.parametrize("column", [numbers, zero_inflated])
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_kolmogorov_smirnov_holds_its_level(column, n, m):
    rng = np.random.default_rng(2)
    p_values = [kolmogorov_smirnov(column(rng, n), column(rng, m)).p_value for _ in range(RUNS)]
    assert rate(p_values, 0.05) <= 0.093
    assert rate(p_values, 0.01) <= 0.031


@pytest.mark.parametrize("column", [zipf, five_names])
@pytest.mark.parametrize(("n", "m"), SIZES)
def test_chi_squared_of_names_holds_its_level(column, n, m):
    rng = np.random.default_rng(3)
    p_values = [chi_squared(column(rng, n), column(rng, m)).p_value for _ in range(RUNS)]
    assert rate(p_values, 0.05) <= 0.093
    assert rate(p_values, 0.01) <= 0.031
    assert rate(p_values, 0.5) >= 0.35  # And is not silent either.


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_new_categories_hold_their_level(n, m):
    rng = np.random.default_rng(4)
    p_values = [new_categories(zipf(rng, n), zipf(rng, m)).p_value for _ in range(RUNS)]
    assert rate(p_values, 0.05) <= 0.093
    assert rate(p_values, 0.01) <= 0.031


@pytest.mark.parametrize(("n", "m"), SIZES)
@pytest.mark.parametrize("share", [0.002, 0.02, 0.3])
def test_missing_rates_hold_their_level(n, m, share):
    rng = np.random.default_rng(5)

    def column(rows):
        missing = int(rng.binomial(rows, share))
        return NumericSummary.empty(missing=missing, positive_infinities=rows - missing)

    p_values = [missing_rate_test(column(n), column(m)).p_value for _ in range(RUNS)]
    assert rate(p_values, 0.05) <= 0.093
    assert rate(p_values, 0.01) <= 0.031


def test_large_compressed_samples_raise_no_alarm_either():
    rng = np.random.default_rng(6)
    p_values = []
    for _ in range(40):
        parts = [NumericSummary.of(rng.normal(size=4000)) for _ in range(12)]
        p_values.append(kolmogorov_smirnov(numbers(rng, 50_000), NumericSummary.merge(parts)).p_value)
    assert rate(p_values, 0.05) <= 0.15


def test_a_real_shift_is_found():
    rng = np.random.default_rng(7)
    for _ in range(20):
        reference, current = numbers(rng, 1000), NumericSummary.of(rng.normal(0.5, 1, 500))
        assert kolmogorov_smirnov(reference, current).p_value < 1e-6
        assert psi(reference, current).corrected > 0.1
