"""Each statistic against SciPy, against values worked by hand, and against the laws it must obey."""

import math
import warnings

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelward.stats import (
    CategoricalSummary,
    Cells,
    NumericSummary,
    benjamini_hochberg,
    bonferroni,
    chi_squared,
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    missing_rate_test,
    new_categories,
    psi,
    total_variation,
    wasserstein,
)

ON_CELLS = [psi, chi_squared, jensen_shannon, hellinger, total_variation]
ON_NUMBERS = [kolmogorov_smirnov, wasserstein]
floats = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(-1e6, 1e6))
samples = hnp.arrays(np.float64, st.integers(1, 40), elements=floats)
counts = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=8).filter(
    lambda pairs: sum(a for a, _ in pairs) and sum(b for _, b in pairs)
)


def of_counts(pairs):
    reference, current = zip(*pairs, strict=True)
    return Cells.of_counts(reference, current)


# Laws -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", ON_CELLS + ON_NUMBERS)
@given(sample=samples)
def test_identical_samples_are_at_distance_0(statistic, sample):
    result = statistic(sample, sample)
    assert result.statistic == pytest.approx(0, abs=1e-12)
    assert getattr(result, "p_value", 1.0) == pytest.approx(1.0)


@pytest.mark.parametrize("statistic", [*ON_CELLS, *ON_NUMBERS, missing_rate_test])
@pytest.mark.parametrize(("reference", "current"), [([], []), ([1.0, 2.0], []), ([], [1.0])])
def test_without_rows_there_is_no_number(statistic, reference, current):
    result = statistic(reference, current)
    assert math.isnan(result.statistic)
    assert math.isnan(getattr(result, "p_value", math.nan))


@pytest.mark.parametrize("statistic", ON_NUMBERS)
def test_a_side_that_is_all_missing_has_no_distribution(statistic):
    result = statistic([1.0, 2.0], [np.nan, np.nan])
    assert math.isnan(result.statistic)
    assert result.n_current == 0


@pytest.mark.parametrize("statistic", ON_NUMBERS)
def test_names_have_no_order(statistic):
    with pytest.raises(ValueError, match="names"):
        statistic(["a", "b"], ["a"])


@pytest.mark.parametrize("statistic", ON_CELLS + ON_NUMBERS)
@pytest.mark.parametrize("scale", [1e300, 1e-300, 1.0])
def test_the_unit_does_not_matter_however_extreme(statistic, scale):
    rng = np.random.default_rng(1)
    reference, current = rng.normal(size=5000), rng.normal(0.3, 1.2, size=4000)
    first, second = NumericSummary.of(reference * scale), NumericSummary.of(current * scale)
    plain = statistic(NumericSummary.of(reference), NumericSummary.of(current)).statistic
    scaled = statistic(first, second).statistic
    assert (scaled / scale if statistic is wasserstein else scaled) == pytest.approx(plain, rel=1e-9)


# PSI ------------------------------------------------------------------------------------------------------------------

PSI_BY_HAND = [
    ([50, 50], [60, 40], 0.04054651081081642),
    ([10] * 10, [8, 8, 9, 9, 10, 10, 11, 11, 12, 12], 0.020232018233569602),
    ([25] * 4, [17, 23, 27, 33], 0.05627039039432473),
    ([25] * 4, [10, 20, 30, 40], 0.22821740957339182),
    ([10, 20, 30, 40], [25] * 4, 0.22821740957339184),
]


@pytest.mark.parametrize(("reference", "current", "expected"), PSI_BY_HAND)
def test_psi_by_hand(reference, current, expected):
    assert psi([], [], cells=Cells.of_counts(reference, current)).statistic == pytest.approx(expected, rel=1e-12)


def test_an_empty_cell_counts_as_half_a_row_in_psi():
    result = psi([], [], cells=Cells.of_counts([90, 10], [100, 0]))
    by_hand = (1.0 - 0.9) * math.log(1.0 / 0.9) + (0.005 - 0.1) * math.log(0.005 / 0.1)
    assert result.statistic == pytest.approx(by_hand)


@given(counts)
def test_psi_is_symmetric_and_its_correction_is_never_negative(pairs):
    forth, back = psi([], [], cells=of_counts(pairs)), psi([], [], cells=of_counts([(b, a) for a, b in pairs]))
    assert forth.statistic == pytest.approx(back.statistic)
    assert forth.bias == pytest.approx(back.bias)
    assert 0 <= forth.corrected <= max(forth.statistic, 0)
    assert forth.bias >= 0


def test_the_bias_of_full_cells_is_the_number_of_cells_less_one_over_the_rows():
    result = psi([], [], cells=Cells.of_counts([1000] * 10, [3000] * 10))
    assert result.bias == pytest.approx(9 * (1 / 10_000 + 1 / 30_000), rel=0.002)


# Chi-squared and the distances on cells -------------------------------------------------------------------------------


@given(counts)
def test_chi_squared_is_that_of_scipy(pairs):
    table = np.array([pair for pair in pairs if sum(pair)]).T
    result = chi_squared([], [], cells=of_counts(pairs))
    if table.shape[1] < 2:
        assert (result.statistic, result.p_value) == (0, 1)
        return
    expected = scipy.stats.chi2_contingency(table, correction=False)
    assert result.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue)
    assert result.degrees_of_freedom == expected.dof
    assert result.least_expected == pytest.approx(expected.expected_freq.min())


def test_chi_squared_of_published_tables():
    corrected = chi_squared([], [], cells=Cells.of_counts([176, 230], [21035, 21018]), yates=True)
    assert corrected.statistic == pytest.approx(6.892569132546561)
    assert corrected.p_value == pytest.approx(0.008655478161175739)
    plain = chi_squared([], [], cells=Cells.of_counts([10, 10, 20], [20, 20, 20]))
    assert plain.statistic == pytest.approx(2.7777777777777777)
    assert plain.p_value == pytest.approx(0.2493522087772962)


@given(counts)
def test_jensen_shannon_is_that_of_scipy(pairs):
    p, q = np.array(pairs).T
    result = jensen_shannon([], [], cells=of_counts(pairs))
    assert result.statistic == pytest.approx(scipy.spatial.distance.jensenshannon(p, q), abs=1e-7)
    in_bits = jensen_shannon([], [], cells=of_counts(pairs), base=2)
    assert in_bits.statistic == pytest.approx(scipy.spatial.distance.jensenshannon(p, q, 2), abs=1e-7)


def test_jensen_shannon_of_published_vectors():
    assert jensen_shannon([], [], cells=Cells.of_counts([1, 0, 0], [0, 1, 0]), base=2).statistic == pytest.approx(1.0)
    assert jensen_shannon([], [], cells=Cells.of_counts([1, 0], [1, 1])).statistic == pytest.approx(0.46450140402245893)


@given(counts)
def test_hellinger_and_total_variation_bound_each_other(pairs):
    h = hellinger([], [], cells=of_counts(pairs)).statistic
    tv = total_variation([], [], cells=of_counts(pairs)).statistic
    p, q = (np.array(side) / sum(side) for side in zip(*pairs, strict=True))
    assert h == pytest.approx(math.sqrt(max(0, 1 - np.sqrt(p * q).sum())), abs=1e-7)
    assert tv == pytest.approx(np.maximum(p - q, 0).sum())
    assert h**2 - 1e-12 <= tv <= math.sqrt(2) * h + 1e-12


def test_nothing_in_common_is_distance_1():
    apart = Cells.of_counts([3, 4, 0], [0, 0, 9])
    assert hellinger([], [], cells=apart).statistic == pytest.approx(1)
    assert total_variation([], [], cells=apart).statistic == pytest.approx(1)


# Kolmogorov–Smirnov ---------------------------------------------------------------------------------------------------


@given(samples, samples)
def test_kolmogorov_smirnov_is_that_of_scipy(reference, current):
    result = kolmogorov_smirnov(reference, current)
    with warnings.catch_warnings(record=True, action="always") as caught:
        expected = scipy.stats.ks_2samp(reference, current, method="exact")
    assert result.exact
    assert result.statistic == pytest.approx(expected.statistic)
    if not caught:  # SciPy gives up on some very small samples, and warns.
        assert result.p_value == pytest.approx(expected.pvalue, abs=1e-12)


def test_infinities_are_numbers_to_kolmogorov_smirnov():
    reference, current = [-np.inf, 0.0, 1.0, np.inf], [0.5, np.inf, np.inf]
    expected = scipy.stats.ks_2samp(reference, current)
    assert kolmogorov_smirnov(reference, current).statistic == pytest.approx(expected.statistic)
    assert kolmogorov_smirnov([np.inf, np.inf], [-np.inf]).statistic == 1


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.1, 0.2])
def test_the_limit_for_larger_samples_is_near_the_exact_p_value(shift):
    rng = np.random.default_rng(2)
    reference, current = rng.normal(size=900), rng.normal(shift, 1, size=700)
    result = kolmogorov_smirnov(reference, current)
    expected = scipy.stats.ks_2samp(reference, current, method="exact")
    assert not result.exact
    assert result.statistic == pytest.approx(expected.statistic)
    assert expected.pvalue * 0.99 <= result.p_value <= expected.pvalue * 1.2 + 0.02


def test_compression_never_makes_evidence():
    rng = np.random.default_rng(3)
    reference, current = rng.normal(size=2_000_000), rng.normal(size=2_000_000)
    first, second = NumericSummary.of(reference), NumericSummary.of(current)
    result, exact = kolmogorov_smirnov(first, second), scipy.stats.ks_2samp(reference, current, method="asymp")
    assert abs(result.statistic - exact.statistic) <= result.rank_error
    assert result.p_value >= exact.pvalue
    merged = NumericSummary.merge([NumericSummary.of(part) for part in np.split(current, 16)])
    assert kolmogorov_smirnov(first, merged).p_value >= exact.pvalue


# Wasserstein ----------------------------------------------------------------------------------------------------------


@given(samples, samples)
def test_wasserstein_is_that_of_scipy(reference, current):
    expected = scipy.stats.wasserstein_distance(reference, current)
    assert wasserstein(reference, current).statistic == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_wasserstein_of_published_vectors():
    assert wasserstein([0, 1, 3], [5, 6, 8]).statistic == pytest.approx(5.0)
    assert wasserstein([0, 0, 0, 1], [0, 0, 1, 1]).statistic == pytest.approx(0.25)


def test_wasserstein_in_standard_deviations_of_the_reference():
    reference, current = np.array([1.0, 3.0]), np.array([5.0, 7.0])
    assert wasserstein(reference, current, normalise=True).statistic == pytest.approx(4.0)
    assert wasserstein([2.0, 2.0], [3.0], normalise=True).statistic == math.inf
    assert wasserstein([2.0, 2.0], [2.0], normalise=True).statistic == 0


def test_a_shift_of_everything_is_found_exactly_in_compressed_summaries():
    column = np.random.default_rng(4).lognormal(3, 1, 30_000)
    result = wasserstein(NumericSummary.of(column), NumericSummary.of(column + 2.5))
    assert result.statistic == pytest.approx(2.5, rel=1e-6)


# Missing values and new names -----------------------------------------------------------------------------------------


def with_missing(missing, rows):
    return CategoricalSummary.from_counts(["x"], [rows - missing], missing=missing)


@pytest.mark.parametrize(("a", "n", "b", "m"), [(1, 8, 5, 6), (2, 500, 4, 30), (0, 50, 3, 1000), (3, 5, 1, 7)])
def test_few_missing_values_are_tested_exactly(a, n, b, m):
    result = missing_rate_test(with_missing(a, n), with_missing(b, m))
    assert result.exact
    assert result.p_value == pytest.approx(scipy.stats.fisher_exact(np.array([[a, n - a], [b, m - b]])).pvalue)


@pytest.mark.parametrize(("a", "n", "b", "m"), [(100, 1000, 60, 500), (5000, 100_000, 40, 700)])
def test_many_missing_values_are_tested_like_proportions(a, n, b, m):
    result = missing_rate_test(with_missing(a, n), with_missing(b, m))
    expected = scipy.stats.chi2_contingency([[a, n - a], [b, m - b]], correction=False)
    assert not result.exact
    assert result.p_value == pytest.approx(expected.pvalue)
    assert result.statistic == pytest.approx(b / m - a / n)


def test_rates_of_nothing_and_everything_missing():
    assert missing_rate_test([1.0, 2.0], [3.0]).p_value == 1
    assert missing_rate_test([np.nan], [np.nan, np.nan]).p_value == 1
    flood = missing_rate_test(with_missing(0, 1_000_000), with_missing(60, 300))
    assert flood.p_value < 1e-100
    assert flood.statistic == pytest.approx(0.2)


def test_a_name_is_new_when_the_reference_never_saw_it():
    reference = CategoricalSummary.from_counts(["a", "b", "c"], [600, 390, 10])
    current = CategoricalSummary.from_counts(["a", "d", "e"], [400, 60, 2])
    result = new_categories(reference, current)
    assert (result.names, result.counts) == (("d", "e"), (60, 2))
    assert result.statistic == pytest.approx(62 / 462)
    assert result.expected == 0
    assert result.p_value < 1e-10


def test_new_names_are_expected_of_a_column_of_singletons():
    reference = CategoricalSummary.from_counts([f"r{i}" for i in range(500)], np.ones(500))
    current = CategoricalSummary.from_counts([f"c{i}" for i in range(500)], np.ones(500))
    result = new_categories(reference, current)
    assert result.expected == 1
    assert result.statistic == 1
    assert result.p_value > 0.3


def test_one_stray_new_name_is_weak_evidence_and_many_are_strong():
    reference = CategoricalSummary.from_counts(["a", "b"], [500, 500])
    stray = new_categories(reference, CategoricalSummary.from_counts(["a", "typo"], [999, 1]))
    assert stray.p_value == pytest.approx(0.5)
    assert new_categories(reference, CategoricalSummary.from_counts(["a", "typo"], [990, 10])).p_value < 0.001


def test_of_a_capped_reference_only_a_flood_is_new():
    every = [f"user-{i}" for i in range(3000)]
    reference = CategoricalSummary.from_counts(every, np.full(3000, 10), cap=100)
    assert new_categories(reference, CategoricalSummary.from_counts(every, np.full(3000, 10))).names == ()
    assert new_categories(reference, CategoricalSummary.from_counts(["new", every[0]], [500, 500])).names == (
        "new",
        every[0],  # Hardly there before, if at all.
    )


def test_without_new_names_or_names_at_all():
    assert new_categories(["a", "b"], ["a"]).p_value == 1
    assert math.isnan(new_categories([], ["a"]).p_value)
    with pytest.raises(ValueError, match="names"):
        new_categories([1.0], [2.0])


# Many tests at once ---------------------------------------------------------------------------------------------------

PUBLISHED = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0),
]


@given(hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1)))
def test_benjamini_hochberg_is_that_of_scipy(p_values):
    assert benjamini_hochberg(p_values).p_values == pytest.approx(scipy.stats.false_discovery_control(p_values))


def test_the_published_example_rejects_four_and_bonferroni_three():
    assert np.count_nonzero(benjamini_hochberg(PUBLISHED, 0.05).rejected) == 4
    assert np.count_nonzero(bonferroni(PUBLISHED, 0.05).rejected) == 3
    assert benjamini_hochberg(PUBLISHED).p_values[3] == pytest.approx(0.035625)


@pytest.mark.parametrize("adjust", [benjamini_hochberg, bonferroni])
def test_what_was_not_tested_is_not_counted(adjust):
    adjusted = adjust([0.01, math.nan, 0.02])
    assert adjusted.p_values.tolist()[0] == pytest.approx(0.02)
    assert math.isnan(adjusted.p_values[1])
    assert adjusted.rejected.tolist() == [True, False, True]
    assert adjust([]).p_values.size == 0
    with pytest.raises(ValueError, match="from 0 to 1"):
        adjust([1.5])
