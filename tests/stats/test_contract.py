"""What every statistic of two samples keeps to, whichever it is: one suite, and a line for each of them."""

import dataclasses
import inspect
import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelward import stats
from modelward.rules.catalogue import CATALOGUE
from modelward.stats import CategoricalSummary, NumericSummary


class Promise(NamedTuple):
    """What one statistic claims beyond what all do."""

    on: str  # "numbers", "anything", "names" or "two values"
    symmetric: str = "no"  # Whether swapping the sides keeps the figure: "yes", "sign" (turns it over) or "no".
    invariant: str = "none"  # Under a change of the column: "monotone", "affine", "shift" or "none".
    rows: str = "values"  # Whether all rows or only those with a value (or only finite numbers) are counted.
    within: float = 0.0  # How far, of itself, the figure of compressed columns may be from that of exact ones.
    same: float = 0.0  # The figure of two equal samples.
    named: str = ""  # Its name in the catalogue, where it is another.


# The figures of sketches (`within`) were measured on a million rows of several shapes, moved by half a deviation.
PROMISES = {
    "psi": Promise("anything", "yes", "monotone", rows="all", within=0.005),
    "chi_squared": Promise("anything", "yes", "monotone", rows="all", within=0.005),
    "g_test": Promise("anything", "yes", "monotone", rows="all", within=0.005),
    "jensen_shannon": Promise("anything", "yes", "monotone", rows="all", within=0.005),
    "kullback_leibler": Promise("anything", "no", "monotone", rows="all", within=0.005),
    "hellinger": Promise("anything", "yes", "monotone", rows="all", within=0.005),
    "total_variation": Promise("anything", "yes", "monotone", rows="all", within=0.005),
    "kolmogorov_smirnov": Promise("numbers", "yes", "monotone", within=0.01),
    "cramer_von_mises": Promise("numbers", "yes", "monotone", within=0.01),
    "anderson_darling": Promise("numbers", "yes", "monotone", within=0.01, same=math.nan),
    "mann_whitney": Promise("numbers", "no", "monotone", within=0.005, same=math.nan),
    "wasserstein": Promise("numbers", "yes", "shift", rows="finite", within=0.01),
    "energy_distance": Promise("numbers", "yes", "shift", rows="finite", within=0.01),
    "t_test": Promise("numbers", "sign", "affine", rows="finite", within=1e-9),
    "population_accuracy_index": Promise("anything", "no", "affine", rows="finite", within=1e-9, same=1.0),
    "z_test_proportions": Promise("two values", "sign"),
    "fisher_exact": Promise("two values", same=1.0),
    "missing_rate_test": Promise("anything", "sign", rows="all", named="missing_rate"),
    "new_categories": Promise("names"),
}
ON_NUMBERS = [name for name, promise in PROMISES.items() if promise.on in ("numbers", "anything")]
ON_NAMES = [name for name, promise in PROMISES.items() if promise.on in ("names", "anything")]
ON_TWO = [name for name, promise in PROMISES.items() if promise.on == "two values"]
ON_CELLS = ["psi", "chi_squared", "g_test", "jensen_shannon", "kullback_leibler", "hellinger", "total_variation"]
NOT_SYMMETRIC = [name for name, promise in PROMISES.items() if promise.symmetric == "no"]
floats = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(-1e6, 1e6))
samples = hnp.arrays(np.float64, st.integers(1, 40), elements=floats)
tokens = st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=1, max_size=40)
pairs_of_two = st.tuples(*[st.lists(st.sampled_from(["no", "yes"]), min_size=1, max_size=40)] * 2)


def run(name, reference, current):
    return getattr(stats, name)(reference, current)


def assert_sound(result):
    """Figures are numbers or nan, p-values are probabilities, and one is there exactly if the other is."""
    p_value = getattr(result, "p_value", None)
    if p_value is None:
        return
    assert math.isnan(p_value) or 0 <= p_value <= 1
    odds_of_a_constant = hasattr(result, "category") and p_value == 1
    assert math.isnan(p_value) == math.isnan(result.statistic) or odds_of_a_constant


def near(value, other, rel=1e-9):
    return value == other or value == pytest.approx(other, rel=rel, abs=1e-12, nan_ok=True)


def test_no_statistic_of_two_samples_is_left_out():
    functions = {name for name in stats.__all__ if inspect.isfunction(getattr(stats, name))}
    of_two = {
        name
        for name in functions
        if list(inspect.signature(getattr(stats, name)).parameters)[:2] == ["reference", "current"]
    }
    of_tables = {"distance_of_means", "domain_classifier", "pca_reconstruction"}  # many columns at once
    assert of_two - {"cells_of"} - of_tables == set(PROMISES)


@pytest.mark.parametrize("name", PROMISES)
def test_it_can_be_named_by_users(name):
    assert (PROMISES[name].named or name) in CATALOGUE


@pytest.mark.parametrize("name", PROMISES)
def test_its_docstring_has_the_edge_cases_an_example_and_a_source(name):
    text = inspect.getdoc(getattr(stats, name)) or ""
    for part in ("Edge cases:", ">>>", "Source:"):
        assert part in text


@pytest.mark.parametrize("name", PROMISES)
def test_its_result_is_frozen_and_says_how_many_rows_it_is_of(name):
    result = run(name, ["a", "b", "a"], ["b"]) if name not in ON_NUMBERS else run(name, [1.0, 2.0, 1.0], [2.0])
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.statistic = 0.0
    assert (result.n_reference, result.n_current) == (3, 1)


# Edges ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROMISES)
@pytest.mark.parametrize(("reference", "current"), [([], []), (["a", "b"], []), ([], ["a"])])
def test_without_rows_there_is_no_figure(name, reference, current):
    if name not in ON_NAMES + ON_TWO:
        reference, current = [float(len(x)) for x in reference], [float(len(x)) for x in current]
    result = run(name, reference, current)
    assert math.isnan(result.statistic)
    assert math.isnan(getattr(result, "p_value", math.nan))


@pytest.mark.parametrize("name", [name for name in ON_NUMBERS if PROMISES[name].rows != "all"])
def test_a_side_that_is_all_missing_has_no_distribution(name):
    for sides in (([1.0, 2.0], [np.nan] * 3), ([np.nan] * 3, [1.0, 2.0]), ([np.nan], [np.nan])):
        result = run(name, *sides)
        assert math.isnan(result.statistic)
        assert_sound(result)


@pytest.mark.parametrize("name", [name for name in ON_NUMBERS if PROMISES[name].rows == "all"])
def test_where_missing_rows_have_a_cell_a_column_that_went_missing_is_far_away(name):
    full, gone = np.arange(400.0), np.full(400, np.nan)
    assert abs(run(name, full, gone).statistic) > 0.5
    assert run(name, gone, gone).statistic == 0


@pytest.mark.parametrize("name", ON_NUMBERS)
@pytest.mark.parametrize("value", [0.0, -7.5, 1e300])
def test_two_constants_that_are_equal_are_no_drift(name, value):
    for n, m in ((300, 300), (100_000, 1000)):
        result = run(name, np.full(n, value), np.full(m, value))
        assert getattr(result, "p_value", 1.0) == 1
        if not math.isnan(PROMISES[name].same):
            assert result.statistic == PROMISES[name].same


@pytest.mark.parametrize("name", [name for name in ON_NUMBERS if name != "missing_rate_test"])
def test_two_constants_that_differ_are_drift(name):
    result = run(name, np.full(300, 1.0), np.full(300, 2.0))
    if hasattr(result, "p_value"):
        assert result.p_value < 1e-10
    else:
        assert result.statistic > 0.5


@pytest.mark.parametrize("name", ON_NUMBERS)
def test_a_constant_that_becomes_a_distribution_of_the_same_mean_is_seen_by_all_that_look_further_than_the_mean(name):
    spread = np.linspace(-1, 1, 1000)
    result = run(name, np.zeros(1000), spread)
    if name in ("t_test", "mann_whitney", "missing_rate_test"):
        assert result.p_value > 0.9
    elif hasattr(result, "p_value"):
        assert result.p_value < 1e-6
    else:
        assert result.statistic > 0.25


@pytest.mark.parametrize("name", ON_NUMBERS)
def test_infinities_and_missing_values_break_nothing(name):
    dirty = np.array([1.0, np.nan, np.inf, 2.0, -np.inf, 3.0, 3.0] * 30)
    clean = np.linspace(0, 4, 200)
    for sides in ((dirty, clean), (clean, dirty), (dirty, dirty)):
        assert_sound(run(name, *sides))
    finite = dirty[np.isfinite(dirty)]
    if PROMISES[name].rows == "finite":
        assert run(name, dirty, clean).statistic == run(name, finite, clean).statistic


@pytest.mark.parametrize("name", ON_NUMBERS)
def test_infinities_alone_break_nothing_either(name):
    above, below = np.full(20, np.inf), np.full(20, -np.inf)
    for sides in ((above, below), (above, above), (above, np.arange(20.0))):
        assert_sound(run(name, *sides))


@pytest.mark.parametrize("name", ON_NUMBERS)
def test_one_row_a_side_breaks_nothing(name):
    assert_sound(run(name, [1.0], [2.0]))
    assert_sound(run(name, [1.0], [1.0]))


# Laws -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ON_NUMBERS)
@given(sample=samples)
def test_equal_samples_of_numbers_are_no_drift(name, sample):
    result = run(name, sample, sample)
    if name == "t_test" and sample.size < 2:
        assert math.isnan(result.p_value)
        return
    assert getattr(result, "p_value", 1.0) == pytest.approx(1.0)
    if not math.isnan(PROMISES[name].same):
        assert result.statistic == pytest.approx(PROMISES[name].same, abs=1e-7)


@pytest.mark.parametrize("name", ON_NAMES)
@given(sample=tokens)
def test_equal_samples_of_names_are_no_drift(name, sample):
    side = CategoricalSummary.of(sample)
    result = run(name, side, side)
    if math.isnan(result.statistic):
        assert set(sample) == {None}
        return
    assert getattr(result, "p_value", 1.0) == pytest.approx(1.0)
    assert result.statistic == pytest.approx(PROMISES[name].same, abs=1e-9)


@pytest.mark.parametrize("name", ON_TWO)
@given(pair=pairs_of_two)
def test_tests_of_two_values_keep_their_laws(name, pair):
    forth, back = run(name, *pair), run(name, *reversed(pair))
    assert_sound(forth)
    assert forth.p_value == pytest.approx(back.p_value)
    assert run(name, pair[0], pair[0]).p_value == pytest.approx(1.0)
    if PROMISES[name].symmetric == "sign":
        assert forth.statistic == pytest.approx(-back.statistic, abs=1e-12)


def assert_turned(name, forth, back):
    turned = -back.statistic if PROMISES[name].symmetric == "sign" else back.statistic
    assert near(forth.statistic, turned)
    assert near(getattr(forth, "p_value", 1.0), getattr(back, "p_value", 1.0))


@pytest.mark.parametrize("name", [name for name in ON_NUMBERS if name not in ON_CELLS + NOT_SYMMETRIC])
@given(reference=samples, current=samples)
def test_swapping_the_sides_keeps_the_figure_or_turns_it_over(name, reference, current):
    assert_turned(name, run(name, reference, current), run(name, current, reference))


@pytest.mark.parametrize("name", [name for name in ON_CELLS if name not in NOT_SYMMETRIC])
@given(pair=st.tuples(*[st.lists(st.integers(0, 30), min_size=4, max_size=4)] * 2))
def test_swapping_the_sides_of_given_cells_keeps_the_figure(name, pair):
    forth, back = (getattr(stats, name)([], [], cells=stats.Cells.of_counts(*sides)) for sides in (pair, pair[::-1]))
    assert_turned(name, forth, back)


@pytest.mark.parametrize("name", ON_NUMBERS)
@given(reference=samples, current=samples)
def test_any_two_samples_give_a_sound_answer(name, reference, current):
    assert_sound(run(name, reference, current))


CHANGES = {
    "shift": [lambda x: x + 1024.0],
    "affine": [lambda x: x + 1024.0, lambda x: x * 0.125 - 3],
    "monotone": [lambda x: x + 1024.0, lambda x: x * 0.125 - 3, lambda x: np.arctan(x) * 50],
    "none": [],
}


@pytest.mark.parametrize("name", [name for name in ON_NUMBERS if PROMISES[name].invariant != "none"])
def test_a_change_of_the_unit_of_both_sides_changes_nothing(name):
    rng = np.random.default_rng(8)
    before, now = np.round(rng.normal(size=700), 3), np.round(rng.normal(0.3, 1.2, 600), 3)
    plain = run(name, before, now)
    for change in CHANGES[PROMISES[name].invariant]:
        changed = run(name, change(before), change(now))
        assert near(changed.statistic, plain.statistic)
        assert near(getattr(changed, "p_value", 1.0), getattr(plain, "p_value", 1.0))


# Arrays and summaries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ON_NUMBERS)
@given(reference=samples, current=samples)
def test_arrays_and_exact_summaries_give_the_same_answer(name, reference, current):
    of_arrays = run(name, reference, current)
    of_summaries = run(name, NumericSummary.of(reference), NumericSummary.of(current))
    assert near(of_arrays.statistic, of_summaries.statistic)
    assert near(getattr(of_arrays, "p_value", 1.0), getattr(of_summaries, "p_value", 1.0))


SHAPES = {
    "normal": lambda r, n: r.normal(size=n),
    "lognormal": lambda r, n: r.lognormal(3, 1, n),
    "zero-inflated": lambda r, n: np.where(r.random(n) < 0.4, 0, r.lognormal(3, 1, n)),
    "cents": lambda r, n: np.round(r.lognormal(3, 1, n), 2),
}


@pytest.fixture(scope="module", params=SHAPES)
def large(request):
    rng = np.random.default_rng(9)
    before, same = (SHAPES[request.param](rng, 200_000) for _ in "ab")
    return before, same, same + 0.5 * before.std()


def compressed(rows):
    return NumericSummary.merge([NumericSummary.of(part) for part in np.array_split(rows, 8)])


@pytest.mark.parametrize("name", [name for name in ON_NUMBERS if PROMISES[name].within])
def test_compressed_columns_give_nearly_the_same_figure(name, large):
    before, _, now = large
    exact, found = run(name, before, now), run(name, NumericSummary.of(before), compressed(now))
    assert found.statistic == pytest.approx(exact.statistic, rel=PROMISES[name].within)


@pytest.mark.parametrize("name", ["kolmogorov_smirnov", "cramer_von_mises", "anderson_darling", "mann_whitney"])
def test_compression_never_makes_evidence(name, large):
    before, same, now = large
    for side in (same, now, same * 1.01):
        exact, found = run(name, before, side), run(name, NumericSummary.of(before), compressed(side))
        assert found.p_value >= exact.p_value


@pytest.mark.parametrize("name", ["kolmogorov_smirnov", "cramer_von_mises", "anderson_darling", "mann_whitney"])
def test_compression_does_not_hide_what_is_plain_to_see(name, large):
    before, _, now = large
    assert run(name, NumericSummary.of(before), compressed(now)).p_value < 1e-6


@pytest.mark.parametrize("name", ON_NUMBERS)
def test_so_extreme_a_unit_breaks_nothing(name):
    rng = np.random.default_rng(1)
    before, now = rng.normal(size=5000), rng.normal(0.3, 1.2, size=4000)
    plain = run(name, before, now).statistic
    powers = {"wasserstein": 1.0, "energy_distance": 0.5}
    for scale in (2.0**1000, 2.0**-1000):
        scaled = run(name, NumericSummary.of(before * scale, cap=10_000), NumericSummary.of(now * scale, cap=10_000))
        assert scaled.statistic / scale ** powers.get(name, 0.0) == pytest.approx(plain, rel=1e-6)


# Wrong use ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROMISES)
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (None, "this is one NoneType; give a list or an array of one"),
        (7, "this is one int; give a list"),
        (np.ones((3, 2)), "this is a table of 2 dimensions; give a list"),
        (np.array(["2026-01-01"], dtype="datetime64[D]"), "dates or times always moves; derive a number"),
    ],
)
def test_what_is_no_column_is_refused_in_a_sentence(name, wrong, sentence):
    column = [1.0, 2.0] if name in ON_NUMBERS else ["a", "b"]
    for sides in ((wrong, column), (column, wrong)):
        with pytest.raises(ValueError, match=sentence):
            run(name, *sides)
