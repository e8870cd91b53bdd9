"""Each univariate test against SciPy on whatever Hypothesis finds, and where SciPy and we part, why."""

import math
import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelward.stats import (
    CategoricalSummary,
    Cells,
    NumericSummary,
    anderson_darling,
    chi_squared,
    cramer_von_mises,
    energy_distance,
    fisher_exact,
    g_test,
    kullback_leibler,
    mann_whitney,
    new_categories,
    population_accuracy_index,
    t_test,
    z_test_proportions,
)
from modelward.stats.distributions import anderson_darling_tail, cramer_von_mises_tail

floats = st.one_of(st.sampled_from([0.0, 1.0, 2.0, 2.5]), st.floats(-1e3, 1e3).map(lambda x: round(x, 6)))
samples = hnp.arrays(np.float64, st.integers(2, 30), elements=floats)
counts = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=8).filter(
    lambda pairs: sum(a for a, _ in pairs) and sum(b for _, b in pairs)
)


def untied(*sides):
    return np.unique(np.concatenate(sides)).size == sum(map(len, sides))


# Ranks ----------------------------------------------------------------------------------------------------------------


@given(samples, samples)
def test_mann_whitney_is_that_of_scipy(reference, current):
    small = min(reference.size, current.size) <= 8 and untied(reference, current)
    expected = scipy.stats.mannwhitneyu(reference, current, method="exact" if small else "asymptotic")
    result = mann_whitney(reference, current)
    assert result.exact == small
    assert result.statistic == pytest.approx(expected.statistic)
    assert result.p_value == pytest.approx(expected.pvalue)


@given(samples, samples)
def test_mann_whitney_without_the_continuity_correction(reference, current):
    assume(not untied(reference, current) and np.unique(np.concatenate((reference, current))).size > 1)
    expected = scipy.stats.mannwhitneyu(reference, current, method="asymptotic", use_continuity=False)
    assert mann_whitney(reference, current, continuity=False).p_value == pytest.approx(expected.pvalue)


@given(samples, samples)
def test_cramer_von_mises_by_midranks_is_that_of_scipy(reference, current):
    expected = scipy.stats.cramervonmises_2samp(reference, current)
    result = cramer_von_mises(reference, current, midranks=True)
    assert result.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue, abs=1e-6)
    if untied(reference, current):
        assert cramer_von_mises(reference, current).statistic == pytest.approx(expected.statistic, abs=1e-9)


def test_of_equal_constants_midranks_make_an_alarm_and_the_integral_does_not():
    sides = np.zeros(100_000), np.zeros(1000)
    assert scipy.stats.cramervonmises_2samp(*sides).pvalue < 1e-4
    assert cramer_von_mises(*sides, midranks=True).p_value < 1e-10
    assert (cramer_von_mises(*sides).statistic, cramer_von_mises(*sides).p_value) == (0, 1)


def test_midranks_of_what_was_compressed_are_refused():
    column = NumericSummary.of(np.random.default_rng(1).normal(size=10_000))
    with pytest.raises(ValueError, match="leave midranks out"):
        cramer_von_mises(column, column, midranks=True)


@given(samples, samples)
def test_anderson_darling_is_that_of_scipy_as_far_as_that_goes(reference, current):
    assume(np.unique(np.concatenate((reference, current))).size > 1)
    with warnings.catch_warnings(action="ignore"):
        expected = scipy.stats.anderson_ksamp([reference, current])
    result = anderson_darling(reference, current)
    assert result.statistic == pytest.approx(expected.statistic, abs=1e-7)
    if 0.001 < expected.pvalue < 0.25:
        assert result.p_value == pytest.approx(expected.pvalue)
    else:  # SciPy stops at the ends of the published table.
        assert result.p_value <= 0.001 if expected.pvalue <= 0.001 else result.p_value >= 0.25


@pytest.mark.parametrize("size", [60, 3000])
def test_where_scipy_s_table_ends_the_anderson_darling_p_value_is_as_often_so_small_as_it_says(size):
    rng = np.random.default_rng(size)
    p_values = [anderson_darling(rng.normal(size=size), rng.normal(size=size)).p_value for _ in range(800)]
    for level in (0.8, 0.6, 0.4):
        assert np.mean(np.array(p_values) <= level) == pytest.approx(level, abs=0.06)


def test_the_tails_of_the_limits_are_smooth_and_keep_their_digits():
    for tail, points in ((cramer_von_mises_tail, (0.01, 12)), (anderson_darling_tail, (0.05, 60))):
        values = np.array([tail(x) for x in np.linspace(*points, 4000)])
        assert values[0] > 0.999
        assert 0 < values[-1] < 1e-20
        steps = np.diff(np.log(values[values < 0.5]))
        assert steps.max() < 0.02  # Rising by a hair where one approximation hands over to the next, if at all.
        assert steps.min() > -0.12


# Means, energy, index -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["welch", "student"])
@given(reference=samples, current=samples)
def test_the_t_test_is_that_of_scipy(variant, reference, current):
    assume(np.ptp(reference) > 1e-3 and np.ptp(current) > 1e-3)
    expected = scipy.stats.ttest_ind(reference, current, equal_var=variant == "student")
    result = t_test(reference, current, variant=variant)
    assert result.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue)
    assert result.degrees_of_freedom == pytest.approx(expected.df)


def test_a_t_test_of_another_name_is_refused():
    with pytest.raises(ValueError, match="choose welch or student"):
        t_test([1.0], [2.0], variant="bayes")  # type: ignore[arg-type]


def test_the_t_test_of_a_sketch_is_exact():
    rng = np.random.default_rng(2)
    before, now = rng.lognormal(size=300_000), rng.lognormal(0.01, 1, 200_000)
    expected = scipy.stats.ttest_ind(before, now, equal_var=False)
    result = t_test(NumericSummary.of(before), NumericSummary.of(now))
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-9)


@given(samples, samples)
def test_the_energy_distance_is_that_of_scipy(reference, current):
    expected = scipy.stats.energy_distance(reference, current)
    assert energy_distance(reference, current).statistic == pytest.approx(expected, rel=1e-7, abs=1e-6)


def test_the_energy_distance_in_deviations_has_no_unit():
    rng = np.random.default_rng(3)
    before, now = rng.normal(size=900), rng.normal(1, 1, 900)
    plain = energy_distance(before, now, normalise=True).statistic
    assert energy_distance(before * 1e6, now * 1e6, normalise=True).statistic == pytest.approx(plain)
    assert energy_distance([2.0, 2.0], [3.0], normalise=True).statistic == math.inf
    assert energy_distance([2.0, 2.0], [2.0], normalise=True).statistic == 0


def by_regression(reference, current, design):
    """The accuracy index by its definition: the mean of x′(X′X)⁻¹x over both sides, X the reference's design."""
    inverse = np.linalg.inv(design(reference).T @ design(reference))
    before, now = (np.einsum("ij,jk,ik->i", design(side), inverse, design(side)) for side in (reference, current))
    return now.mean() / before.mean()


def test_the_accuracy_index_is_the_ratio_of_the_variances_of_a_regression():
    rng = np.random.default_rng(4)
    before, now = rng.normal(3, 2, 400), rng.normal(4, 3, 300)
    expected = by_regression(before, now, lambda x: np.stack((np.ones(x.size), x), axis=1))
    assert population_accuracy_index(before, now).statistic == pytest.approx(expected)
    names, names_now = rng.choice(list("abc"), 400, p=[0.7, 0.2, 0.1]), rng.choice(list("abc"), 300)
    expected = by_regression(names, names_now, lambda x: (x[:, None] == np.array(list("abc"))).astype(float))
    assert population_accuracy_index(names, names_now).statistic == pytest.approx(expected)


def test_the_accuracy_index_does_not_mind_rows_that_gather_where_the_model_is_well_known():
    rng = np.random.default_rng(5)
    assert population_accuracy_index(rng.normal(size=5000), rng.normal(0, 0.1, 5000)).statistic < 0.6


def test_the_accuracy_index_where_the_reference_says_nothing():
    assert population_accuracy_index([2.0, 2.0], [2.0]).statistic == 1
    assert population_accuracy_index([2.0, 2.0], [3.0]).statistic == math.inf
    assert population_accuracy_index(["a", "b"], ["c"]).statistic == math.inf


# Tables ---------------------------------------------------------------------------------------------------------------


@given(counts)
def test_the_g_test_is_that_of_scipy(pairs):
    table = np.array([pair for pair in pairs if sum(pair)]).T
    result = g_test([], [], cells=Cells.of_counts(*zip(*pairs, strict=True)))
    if table.shape[1] < 2:
        assert (result.statistic, result.p_value) == (0, 1)
        return
    expected = scipy.stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert result.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue)


@given(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda t: t[0] + t[1] and t[2] + t[3]))
def test_fisher_s_test_is_that_of_scipy(table):
    a, b, c, d = table
    expected = scipy.stats.fisher_exact(np.array([[a, b], [c, d]]))
    sides = (["left"] * a + ["right"] * b), (["left"] * c + ["right"] * d)
    result = fisher_exact(*sides, category="left")
    assert result.p_value == pytest.approx(expected.pvalue)
    if (a + c) and (b + d):
        assert result.statistic == pytest.approx(expected.statistic, nan_ok=True)


def test_fisher_s_test_of_millions_of_rows_is_that_of_proportions():
    before = CategoricalSummary.from_counts(["a", "b"], [1_000_000, 3_000_000])
    now = CategoricalSummary.from_counts(["a", "b"], [1_002_000, 2_998_000])
    z = z_test_proportions(before, now)
    assert fisher_exact(before, now).p_value == pytest.approx(z.p_value, rel=0.01)
    flood = CategoricalSummary.from_counts(["a", "b"], [3_000_000, 1_000_000])
    assert fisher_exact(before, flood).p_value == 0


@pytest.mark.parametrize("test", [fisher_exact, z_test_proportions])
def test_of_more_than_two_values_one_is_to_be_named(test):
    sides = ["a"] * 50 + ["b"] * 30 + ["c"] * 20, ["a"] * 20 + ["b"] * 40 + ["c"] * 40
    with pytest.raises(ValueError, match="name one of them as category"):
        test(*sides)
    merged = [["a" if value == "a" else "x" for value in side] for side in sides]
    assert test(*sides, category="a").p_value == test(*merged, category="a").p_value


def test_two_values_may_be_numbers_or_truths():
    zeros_and_ones = np.repeat([0, 1], [30, 70]), np.repeat([0, 1], [45, 55])
    truths = tuple(side.astype(bool) for side in zeros_and_ones)
    by_number, by_truth = z_test_proportions(*zeros_and_ones), z_test_proportions(*truths)
    assert (by_number.category, by_truth.category) == ("0", "false")
    assert by_number.statistic == by_truth.statistic == pytest.approx(-2.1908902300206643)


@given(st.tuples(*[st.integers(1, 400)] * 4))
def test_the_square_of_z_is_chi_squared(table):
    cells = Cells.of_counts(table[:2], table[2:])
    z, chi = z_test_proportions([], [], cells=cells), chi_squared([], [], cells=cells)
    assert z.statistic**2 == pytest.approx(chi.statistic, abs=1e-9)
    assert z.p_value == pytest.approx(chi.p_value)


@given(counts)
def test_kullback_leibler_is_the_relative_entropy_of_scipy(pairs):
    before, now = np.array(pairs).T
    cells = Cells.of_counts(before, now)
    result = kullback_leibler([], [], cells=cells, empty="infinite", base=2)
    assert result.statistic == pytest.approx(scipy.stats.entropy(before, now, base=2), abs=1e-12)
    assert 0 <= kullback_leibler([], [], cells=cells).statistic < math.inf


def test_a_test_of_fit_takes_the_reference_for_the_truth():
    cells = Cells.of_counts([16, 16, 16, 16, 16, 8], [16, 18, 16, 14, 12, 12])
    result = chi_squared([], [], cells=cells, exact_reference=True)
    assert result.statistic == pytest.approx(3.5)
    assert result.p_value == pytest.approx(0.6233876277495822)
    unseen = chi_squared([], [], cells=Cells.of_counts([499, 0], [499, 1]), exact_reference=True)
    assert (unseen.statistic, unseen.p_value) == (math.inf, 0)


# New names among more than are kept -----------------------------------------------------------------------------------

USERS = np.array([f"user {i}" for i in range(50_000)])
ZIPF = (1 / np.arange(1, 50_001)).cumsum() / (1 / np.arange(1, 50_001)).sum()
DRAWS = {
    "evenly": lambda rng, rows: USERS[rng.integers(0, 50_000, rows)],
    "by Zipf's law": lambda rng, rows: USERS[np.minimum(ZIPF.searchsorted(rng.random(rows)), 49_999)],
}


@pytest.mark.parametrize("law", DRAWS)
@pytest.mark.parametrize("replaced", [0.5, 1.0])
def test_new_names_among_more_than_are_kept_are_found_by_their_sample(law, replaced):
    rng = np.random.default_rng(6)
    before, now = (DRAWS[law](rng, 60_000) for _ in "ab")
    now = np.where(rng.random(now.size) < replaced, np.char.add("new ", now), now)
    result = new_categories(CategoricalSummary.of(before), CategoricalSummary.of(now))
    assert result.statistic == pytest.approx(np.mean(~np.isin(now, before)), abs=0.05)
    assert result.p_value < 1e-3


@pytest.mark.parametrize("law", DRAWS)
@pytest.mark.parametrize("sizes", [(60_000, 60_000), (60_000, 5000), (10_000, 60_000)])
def test_names_that_were_only_not_drawn_before_are_no_new_ones(law, sizes):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        before, now = (CategoricalSummary.of(DRAWS[law](rng, rows)) for rows in sizes)
        assert new_categories(before, now).p_value > 0.05
