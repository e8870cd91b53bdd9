"""The rules for bins and for empty ones by name: each against NumPy, and what one pair of samples gives by each."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelward.stats import Cells, NumericSummary, cells_of, jensen_shannon, kolmogorov_smirnov, psi
from modelward.stats.empty_cells import RULES

samples = hnp.arrays(np.float64, st.integers(3, 200), elements=st.floats(-100, 100).map(lambda x: round(x, 3)))


def counted(side, edges):
    return np.histogram(side, edges)[0].tolist()


def opened(edges):
    return np.concatenate(([-np.inf], edges[1:-1], [np.inf]))


def textbook(reference, _):
    """The deciles of NumPy, rounded in their last digit as ours are: ties lie on edges, and would change cells."""
    ours = NumericSummary.of(reference).quantile(np.linspace(0, 1, 11))
    assert ours == pytest.approx(np.quantile(reference, np.linspace(0, 1, 11)), rel=1e-12, abs=1e-12)
    return opened(np.unique(ours)) if np.ptp(reference) else opened([0, 1])


EDGES = {
    "plain_quantile:10": textbook,
    "uniform:7": lambda a, b: opened(np.histogram_bin_edges(a, 7)),
    "uniform_pooled:7": lambda a, b: np.histogram_bin_edges(np.concatenate((a, b)), 7),
    "sturges": lambda a, b: np.histogram_bin_edges(np.concatenate((a, b)), "sturges"),
}


@pytest.mark.parametrize("bins", EDGES)
@given(reference=samples, current=samples)
def test_named_bins_are_numpy_s(bins, reference, current):
    cells = cells_of(reference, current, bins)
    edges = EDGES[bins](reference, current)
    assert cells.reference_counts.tolist() == counted(reference, edges)
    assert cells.current_counts.tolist() == counted(current, edges)


@pytest.mark.parametrize("bins", ["doane", "nannyml"])
@pytest.mark.parametrize("shape", ["normal", "lognormal", "exponential"])
def test_doane_s_bins_are_numpy_s_with_a_cell_for_all_that_lies_outside(bins, shape):
    rng = np.random.default_rng(1)
    reference, current = getattr(rng, shape)(size=900), getattr(rng, shape)(size=400) * 10
    cells = cells_of(reference, current, bins)
    edges = np.histogram_bin_edges(reference, "doane")
    inside = counted(current, edges)
    assert cells.reference_counts.tolist() == [*counted(reference, edges), 0]
    assert cells.current_counts.tolist() == [*inside, current.size - sum(inside)]
    assert cells.labels[-1] == "outside"


def test_each_value_may_be_a_cell():
    cells = cells_of([1, 2, 2, 3], [2, 3, 4.5, np.inf], "values")
    assert cells.labels[:4] == ("1", "2", "3", "4.5")
    assert cells.reference_counts.tolist() == [1, 2, 1, 0, 0]
    assert cells.current_counts.tolist() == [0, 1, 1, 1, 1]


def test_evidently_s_bins_are_values_up_to_twenty_of_them_and_then_sturges():
    few, many = np.arange(20.0), np.arange(21.0)
    assert len(cells_of(few, few + 1, "evidently").labels) == 21
    assert len(cells_of(many, many, "evidently").labels) == np.histogram_bin_edges(np.tile(many, 2), "sturges").size - 1


def test_nannyml_s_bins_of_few_values_are_the_reference_s_and_one_for_all_others():
    cells = cells_of(np.tile([0.0, 1.0], 50), np.tile([1.0, 2.0, 3.0], 10), "nannyml")
    assert cells.labels == ("0", "1", "outside")
    assert cells.current_counts.tolist() == [0, 10, 20]
    names = cells_of(["a", "b"], ["b", "c", "d"], "nannyml")
    assert names.labels == ("a", "b", "other")
    assert names.current_counts.tolist() == [0, 1, 2]


def test_given_edges_are_taken_as_they_are():
    cells = cells_of([10, 20, 30, 40], [5, 25, 35, 60], (18, 35))
    assert cells.reference_counts.tolist() == [1, 2, 1]
    assert cells.current_counts.tolist() == [1, 1, 2]


@pytest.mark.parametrize(
    "bins", ["deciles", "uniform:x", "uniform:1", "sturges:3", 1, 5000, (), (2, 1), (1, 1), (np.nan,)]
)
def test_bins_that_cannot_be_meant_are_refused(bins):
    with pytest.raises(ValueError, match="bins"):
        psi([1.0, 2.0], [1.0], bins=bins)


@pytest.mark.parametrize("empty", ["nothing", 0.0, 1.5, True])
def test_rules_for_empty_cells_that_cannot_be_meant_are_refused(empty):
    with pytest.raises(ValueError, match="empty cell"):
        psi([1.0, 2.0], [1.0], empty=empty)


@pytest.mark.parametrize("bins", [*EDGES, "doane", "evidently", "nannyml"])
def test_bins_of_compressed_columns_are_nearly_those_of_exact_ones(bins):
    rng = np.random.default_rng(2)
    reference, current = rng.normal(size=60_000), rng.normal(0.3, 1, 50_000)
    exact = psi(reference, current, bins=bins, empty=1e-4).statistic
    found = psi(NumericSummary.of(reference), NumericSummary.of(current), bins=bins, empty=1e-4).statistic
    assert found == pytest.approx(exact, rel=0.02)


# Empty cells ----------------------------------------------------------------------------------------------------------


def by_hand(p, q):
    return sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))


@pytest.mark.parametrize(
    ("empty", "p", "q"),
    [
        ("half_row", (0.5, 0.5, 0.5 / 100), (0.8, 0.5 / 10, 0.2)),
        ("add_one", (51 / 103, 51 / 103, 1 / 103), (9 / 13, 1 / 13, 3 / 13)),
        ("skip", (0.5,), (0.8,)),
        ("evidently", (0.5, 0.5, 0.0001), (0.8, 0.0001, 0.2)),
        (0.01, (0.5, 0.5, 0.01), (0.8, 0.01, 0.2)),
    ],
)
def test_rules_for_empty_cells_by_hand(empty, p, q):
    cells = Cells.of_counts([50, 50, 0, 0], [8, 0, 2, 0])
    assert psi([], [], cells=cells, empty=empty).statistic == pytest.approx(by_hand(p, q))


def test_an_empty_cell_may_be_infinitely_far():
    assert psi([], [], cells=Cells.of_counts([5, 5], [10, 0]), empty="infinite").statistic == math.inf
    assert psi([], [], cells=Cells.of_counts([5, 5], [8, 2]), empty="infinite").statistic < math.inf


def test_evidently_fills_with_a_millionth_of_the_smallest_share_where_that_is_tiny():
    cells = Cells.of_counts([99_999, 1, 0], [99_990, 5, 5])
    expected = by_hand((0.99999, 1e-5, 1e-11), (0.9999, 5e-5, 5e-5))
    assert psi([], [], cells=cells, empty="evidently").statistic == pytest.approx(expected)


def test_nothing_left_to_compare_is_index_0():
    assert psi([], [], cells=Cells.of_counts([5, 0], [0, 5]), empty="skip").statistic == 0


def test_one_pair_of_samples_has_as_many_indices_as_rules():
    rng = np.random.default_rng(3)
    reference, current = rng.normal(size=1000), rng.normal(3, 1, 1000)
    rules: list[str | float] = [*RULES[:3], "evidently", 1e-6, 2.2250738585072014e-308]
    bins = (10, "plain_quantile:10", "uniform_pooled:10", "sturges")
    found = [psi(reference, current, bins=cut, empty=empty).statistic for cut in bins for empty in rules]
    assert len({round(value, 2) for value in found}) > 12
    assert min(found) < 6 < 200 < max(found)


# What the textbook's rules do not see ---------------------------------------------------------------------------------


def test_deciles_that_collapse_on_ties_see_nothing_where_everything_changed():
    reference, current = np.zeros(1000), np.full(1000, 5.0)
    assert kolmogorov_smirnov(reference, current).statistic == 1
    assert psi(reference, current, bins="plain_quantile:10").statistic == 0
    assert psi(reference, current).statistic > 5
    mostly = np.where(np.arange(1000) < 950, 0.0, np.arange(1000))
    assert psi(mostly, mostly + 5).statistic > 5


def test_one_outlier_blinds_bins_of_equal_width():
    rng = np.random.default_rng(4)
    reference, current = rng.normal(size=5000), np.append(rng.normal(1, 1, 4999), 1e6)
    for bins in ("evidently", "sturges", "uniform_pooled:10"):
        assert psi(reference, current, bins=bins, empty="evidently").statistic < 0.01
    assert psi(reference, current).statistic > 0.5


def test_a_threefold_lognormal_column_is_all_but_invisible_to_bins_of_equal_width():
    rng = np.random.default_rng(5)
    reference, current = rng.lognormal(0, 2, 5000), 3 * rng.lognormal(0, 2, 5000)
    assert jensen_shannon(reference, current, bins="evidently").statistic < 0.1
    assert psi(reference, current).statistic > 0.25
