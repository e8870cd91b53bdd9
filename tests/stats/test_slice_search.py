import numpy as np
import pytest

from modelward.stats.arrays import I64
from modelward.stats.slice_search import search_slices

RNG = np.random.default_rng(5)


def codes(rows: int, columns: int = 6, cells: int = 4) -> I64:
    return RNG.integers(0, cells, (rows, columns))


def test_a_single_condition_that_raises_the_outcome_is_found_first() -> None:
    table = codes(4000)
    loss = RNG.exponential(1, 4000) + 1.0 * (table[:, 2] == 3)
    found = search_slices(table, loss, np.random.default_rng(1), two_sided=False)
    assert found[0].conditions == ((2, 3),)
    assert found[0].p_value == 0.001
    assert found[0].mean_inside > found[0].mean_outside + 0.7


def test_a_pair_is_found_whose_conditions_are_little_alone() -> None:
    table = codes(12_000)
    loss = RNG.normal(0, 1, 12_000) + 0.9 * ((table[:, 0] == 1) == (table[:, 4] == 2))
    loss += 1.5 * ((table[:, 1] == 0) & (table[:, 5] == 3))
    found = search_slices(table, loss, np.random.default_rng(1), two_sided=False)
    assert ((1, 0), (5, 3)) in [entry.conditions for entry in found if entry.p_value <= 0.01]


def test_a_smaller_outcome_is_a_find_only_when_asked_for() -> None:
    table = codes(4000)
    outcome = RNG.normal(0, 1, 4000) - 1.0 * (table[:, 0] == 0)
    both = search_slices(table, outcome, np.random.default_rng(1))
    assert both[0].conditions == ((0, 0),)
    larger = search_slices(table, outcome, np.random.default_rng(1), two_sided=False)
    assert ((0, 0),) not in [entry.conditions for entry in larger]


def test_slices_of_too_few_rows_and_constant_outcomes_say_nothing() -> None:
    table = codes(60)
    assert search_slices(table, RNG.normal(0, 1, 60), RNG) == []
    assert search_slices(codes(1000), np.ones(1000), RNG) == []
    assert search_slices(np.empty((1000, 0)), RNG.normal(0, 1, 1000), RNG) == []


def test_the_same_seed_gives_the_same_slices() -> None:
    table, loss = codes(2000), RNG.exponential(1, 2000)
    one, two = (search_slices(table, loss, np.random.default_rng(3)) for _ in range(2))
    assert one == two


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(ValueError, match="a row for each outcome"):
        search_slices(codes(10), np.ones(9), RNG)
    with pytest.raises(ValueError, match="not a finite number"):
        search_slices(codes(10), np.full(10, np.nan), RNG)


@pytest.mark.parametrize("skewed", [False, True])
def test_where_there_is_no_slice_the_search_finds_one_no_more_often_than_it_says(skewed: bool) -> None:
    """150 tables without any such part, 6 columns with 24 + 240 slices each, at a level of 5 %: 7.5 are expected, more
    than 14 with a chance of under one per cent. Without the correction most tables have one.
    """
    false, naive = 0, 0
    for _ in range(150):
        table = codes(800)
        loss = RNG.lognormal(0, 1.5, 800) if skewed else RNG.normal(0, 1, 800)
        found = search_slices(table, loss, RNG, minimum_rows=20, two_sided=False, permutations=99)
        false += any(entry.p_value <= 0.05 for entry in found)
        naive += any(entry.z > 1.645 for entry in found)
    assert false <= 14
    assert naive > 50
