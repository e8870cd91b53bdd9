"""The bars of a column: common cells, shares that add up, and something to see on both sides."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelward.report.bars import OTHERS, bars
from modelward.stats import CategoricalSummary, NumericSummary

numbers = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=30)


@given(numbers, numbers)
@example([], [4.008016032064109e307])
@example([-1.7e308], [-8e307])
def test_any_numbers_have_cells_that_ascend_and_shares_that_are_shares(before, now):
    drawn = bars(NumericSummary.of(np.array(before, dtype=float)), NumericSummary.of(np.array(now, dtype=float)))
    assert all(a < b for a, b in zip(drawn.edges, drawn.edges[1:], strict=False))
    for side in (list(drawn.reference or ()), list(drawn.current or ())):
        assert len(side) == len(drawn.labels) == max(0, len(drawn.edges) - 1)
        assert all(0 <= share <= 1 + 1e-9 for share in side)


def test_whole_numbers_that_are_few_have_a_bar_each():
    drawn = bars(NumericSummary.of([0, 1, 1, 2]), NumericSummary.of([2, 2, 3, 3]))
    assert drawn.edges == (-0.5, 0.5, 1.5, 2.5, 3.5)
    assert list(drawn.reference or ()) == [0.25, 0.5, 0.25, 0]
    assert list(drawn.current or ()) == [0, 0, 0.5, 0.5]


def test_rare_categories_of_both_sides_are_drawn_and_the_rest_is_one_bar():
    before, now = [f"old {i}" for i in range(300)], [f"new {i}" for i in range(301)]
    drawn = bars(CategoricalSummary.of(before), CategoricalSummary.of(now), categories=12)
    assert len(drawn.labels) == 13
    assert {label.split()[0] for label in drawn.labels[:-1]} == {"old", "new"}
    assert drawn.labels[-1] == OTHERS
    assert math.isclose(sum(drawn.reference or ()), 1)
    assert math.isclose(sum(drawn.current or ()), 1)


def test_a_heavy_category_of_one_side_is_always_drawn():
    before = ["a"] * 50 + [f"rare {i}" for i in range(50)]
    drawn = bars(CategoricalSummary.of(before), CategoricalSummary.of(["b"] * 9 + ["a"]), categories=4)
    assert drawn.labels[:2] == ("b", "a")


@pytest.mark.parametrize("column", [NumericSummary.of([1.0, 2.0]), CategoricalSummary.of(["a"])])
def test_a_side_that_is_not_there_is_none(column):
    assert bars(None, column).reference is None
    assert bars(column, None).current is None


def test_of_two_kinds_the_current_one_is_drawn():
    drawn = bars(NumericSummary.of([1.0]), CategoricalSummary.of(["a"]))
    assert (drawn.labels, drawn.reference, drawn.current) == (("a",), None, (1.0,))
