"""Cells see every value, hold still without drift, and lose no row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.stats import CategoricalSummary, Cells, NumericSummary, cells_of, psi

values = st.lists(st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(allow_nan=True, width=16)), max_size=40)
words = st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=40)
thresholds = st.sampled_from([0.0, 1.0, 5.0])


def as_dict(cells):
    return {
        label: (before, after)
        for label, before, after in zip(
            cells.labels, cells.reference_counts.tolist(), cells.current_counts.tolist(), strict=True
        )
    }


@given(values, values, thresholds, st.integers(2, 12))
def test_no_row_of_numbers_is_lost(reference, current, pool_below, bins):
    first, second = NumericSummary.of(reference), NumericSummary.of(current, invalid=1)
    cells = cells_of(first, second, bins, pool_below)
    assert cells.n_reference == pytest.approx(len(reference))
    assert cells.n_current == pytest.approx(len(current) + 1)
    assert (cells.reference_counts >= 0).all()


@given(words, words, thresholds, st.integers(1, 5))
def test_no_row_of_names_is_lost(reference, current, pool_below, cap):
    cells = cells_of(
        CategoricalSummary.of(reference, cap=cap), CategoricalSummary.of(current, cap=cap), pool_below=pool_below
    )
    assert cells.n_reference == len(reference)
    assert cells.n_current == len(current)


def test_every_cell_counts_what_lies_between_its_limits():
    rng = np.random.default_rng(1)
    reference, current = rng.normal(size=1000), rng.normal(1, 2, size=700)
    cells = cells_of(reference, current, pool_below=0)
    assert len(cells.labels) == 12
    for low, high, before, after in zip(
        cells.lows, cells.highs, cells.reference_counts, cells.current_counts, strict=True
    ):
        for sample, count in ((reference, before), (current, after)):
            # The cell below the reference's minimum stops before it, all others hold their upper limit.
            above = sample >= low if low == reference.min() else sample > low
            within = above & (sample < high if high == reference.min() else sample <= high)
            assert count == pytest.approx(within.sum())
    assert cells.reference_counts[0] == cells.reference_counts[-1] == 0


def test_quantile_cells_hold_a_tenth_of_the_reference_each():
    reference = NumericSummary.of(np.random.default_rng(2).lognormal(size=20_000))
    cells = cells_of(reference, reference)
    assert len(cells.labels) == 10
    assert cells.reference_shares == pytest.approx(np.full(10, 0.1), abs=0.002)


def test_a_heavy_value_has_a_cell_of_its_own():
    rng = np.random.default_rng(3)
    reference = np.where(rng.random(5000) < 0.6, 0.0, rng.lognormal(size=5000))
    cells = cells_of(reference, reference)
    before, after = as_dict(cells)["= 0"]
    assert before == after == np.sum(reference == 0)
    # The rest has cells in proportion: four for 40 %.
    assert len(cells.labels) == 5


def test_a_constant_that_begins_to_vary_is_seen():
    rng = np.random.default_rng(4)
    for current in (5 + rng.normal(size=500), np.full(500, 6.0), np.full(500, 4.0)):
        assert psi(np.full(1000, 5.0), current).corrected > 0.25
    assert psi(np.full(1000, 5.0), np.full(500, 5.0)).statistic == 0


def test_values_beyond_the_reference_have_cells_even_when_infinite():
    cells = as_dict(cells_of([1.0, 2.0, 3.0, 4.0], [-np.inf, 0.0, 9.0, np.inf], bins=2, pool_below=0))
    assert cells["< 1"] == (0, 2)
    assert cells["> 4"] == (0, 2)


def test_missing_and_invalid_values_have_cells():
    reference = NumericSummary.of([1.0, 2.0, np.nan])
    current = NumericSummary.of([1.0, 2.0], invalid=4)
    cells = as_dict(cells_of(reference, current, pool_below=0))
    assert cells["missing"] == (1, 0)
    assert cells["invalid"] == (0, 4)


def test_thin_cells_of_numbers_are_joined_with_their_neighbours():
    rng = np.random.default_rng(5)
    cells = cells_of(rng.normal(size=10_000), rng.normal(size=25))
    expected = (cells.reference_counts + cells.current_counts) * 25 / 10_025
    assert (expected >= 5).all()
    assert 3 <= len(cells.labels) <= 5
    assert cells.n_current == 25


def test_rare_names_are_pooled_by_the_count_of_both_samples():
    reference = CategoricalSummary.from_counts(["a", "b", "c", "d"], [500, 480, 3, 4])
    current = CategoricalSummary.from_counts(["a", "b", "d", "e"], [500, 490, 2, 6])
    assert as_dict(cells_of(reference, current)) == {"a": (500, 500), "b": (480, 490), "other": (7, 8)}
    unpooled = as_dict(cells_of(reference, current, pool_below=0))
    assert unpooled["e"] == (0, 6)


def test_a_flood_of_a_new_name_is_seen_however_small_the_sample():
    reference = CategoricalSummary.from_counts(["a", "b"], [500_000, 500_000])
    current = CategoricalSummary.from_counts(["a", "b", "new"], [120, 120, 60])
    assert psi(reference, current).corrected > 1
    assert psi(reference, CategoricalSummary.from_counts(["new"], [300])).corrected > 0.25


def test_a_flood_beyond_the_range_or_of_missing_values_is_seen_however_small_the_sample():
    reference = NumericSummary.of(np.random.default_rng(8).normal(size=100_000))
    calm = np.random.default_rng(9).normal(size=240)
    assert psi(reference, np.append(calm, np.full(60, 50.0))).corrected > 1
    assert psi(reference, np.append(calm, np.full(60, np.nan))).corrected > 1


def test_a_name_that_a_capped_side_may_have_dropped_is_not_called_gone():
    rng = np.random.default_rng(6)
    every = [f"user-{i}" for i in range(5000)]
    # Two samples of one flat distribution: which names are kept is chance.
    first, second = (CategoricalSummary.from_counts(every, rng.poisson(20, 5000), cap=100) for _ in range(2))
    assert psi(first, second).corrected < 0.01


def test_a_heavy_name_that_vanishes_from_a_capped_side_is_seen():
    rng = np.random.default_rng(7)
    every = [f"user-{i}" for i in range(5000)]
    counts = rng.poisson(20, 5000)
    counts[0] = 30_000
    before = CategoricalSummary.from_counts(every, counts, cap=100)
    counts[0] = 0
    after = CategoricalSummary.from_counts(every, counts, cap=100)
    assert psi(before, after).corrected > 0.25


@pytest.mark.parametrize("pool_below", [0.0, 5.0])
def test_empty_sides_make_cells_without_rows(pool_below):
    assert cells_of([], [], pool_below=pool_below).labels == ()
    cells = cells_of([], [1.0, np.inf], pool_below=pool_below)
    assert (cells.n_reference, cells.n_current) == (0, 2)
    assert cells.empty


def test_a_reference_of_infinities_keeps_them_apart_from_numbers():
    assert as_dict(cells_of([np.inf, np.inf], [1.0])) == {"any number": (2, 1)}
    cells = cells_of([np.inf] * 300, [np.inf] * 200 + [-np.inf] * 60 + [1.0] * 40)
    assert as_dict(cells) == {"-infinity": (0, 60), "any number": (0, 40), "infinity": (300, 200)}


def test_sides_of_two_kinds_are_refused_unless_one_is_empty():
    with pytest.raises(ValueError, match="numbers and the other names"):
        cells_of([1.0], ["a"])
    assert cells_of(["a", "b"], np.array([None, None], dtype=object), pool_below=0).n_current == 2
    assert cells_of(np.array([None], dtype=object), [1.0, 2.0], pool_below=0).n_reference == 1


def test_counts_of_ones_own_must_fit():
    with pytest.raises(ValueError, match="equal length"):
        Cells.of_counts([1, 2], [1])
    with pytest.raises(ValueError, match="at least 2 bins"):
        cells_of([1.0], [2.0], bins=1)


@pytest.mark.parametrize("seed", range(12))
def test_a_value_that_the_current_rows_lack_weighs_the_same_compressed_or_not(seed):
    """The rounding of a share of 0 is no share: 1e-13 rows once made PSI 11.6 of 2.9."""
    rng = np.random.default_rng(seed)
    value = rng.normal()
    reference = np.where(rng.random(5000) < 0.3, value, rng.normal(size=5000))
    current = rng.normal(size=5000) * rng.lognormal()
    compressed = psi(NumericSummary.of(reference), NumericSummary.of(current))
    assert compressed.statistic == pytest.approx(psi(reference, current).statistic, rel=0.02)


def test_counts_of_what_was_not_compressed_are_whole():
    rng = np.random.default_rng(3)
    reference, current = (np.where(rng.random(19_997) < 0.2, 0.0, rng.normal(size=19_997)) for _ in range(2))
    cells = cells_of(reference, current)
    assert (cells.reference_counts == np.rint(cells.reference_counts)).all()
    assert (cells.current_counts == np.rint(cells.current_counts)).all()
