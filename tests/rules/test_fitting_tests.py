"""What a running monitor does about a test that its column has outgrown."""

import numpy as np
import pytest

from modelward.rules.comparison import compare_profiles
from modelward.rules.fitting_tests import fitting_tests, told_of
from modelward.rules.monitor import Monitor
from modelward.stats import CategoricalSummary, NumericSummary, Profile

RNG = np.random.default_rng(7)


def numbers(values: np.ndarray) -> Profile:
    return Profile(values.size, {"x": NumericSummary.of(values)})


TWO = numbers(RNG.integers(0, 2, 400).astype(float))
MORE = numbers(RNG.integers(0, 3, 400).astype(float))


def test_a_test_that_still_fits_is_kept():
    monitor = Monitor(tests={"x": "z"}, thresholds={"x": 0.01})
    assert fitting_tests(monitor, TWO, TWO) == (monitor, {})


def test_a_test_of_two_values_gives_way_to_the_rule_when_a_third_value_comes_and_the_reason_says_so():
    monitor = Monitor(tests={"x": "z"}, thresholds={"x": 0.01})
    fitting, wrong = fitting_tests(monitor, TWO, MORE)
    assert (fitting.tests, fitting.thresholds) == ({}, {})
    (finding,) = told_of(compare_profiles(TWO, MORE, fitting), wrong).columns
    assert finding.method == "psi"
    assert finding.drifted
    assert "judged by the rule, because z_test_proportions compares two values" in finding.reason


def test_a_limit_that_could_not_be_learned_leaves_the_column_to_the_rule():
    monitor = Monitor(tests={"x": "wasserstein"}, thresholds={"x": "mean+3sd"})
    fitting, wrong = fitting_tests(monitor, TWO, TWO)
    assert not fitting.tests
    assert wrong == {"x": "judged by the rule, because no limit of wasserstein could be learned yet"}


def test_columns_of_two_kinds_or_on_one_side_are_no_matter_of_the_test():
    text = Profile(400, {"x": CategoricalSummary.of(np.array(["a", "b"] * 200, dtype=object))})
    monitor = Monitor(tests={"x": "ks"})
    assert fitting_tests(monitor, TWO, text) == (monitor, {})
    assert fitting_tests(monitor, TWO, Profile(400, {})) == (monitor, {})


@pytest.mark.parametrize("column", ["x", "*"])
def test_a_distance_without_a_usual_limit_is_refused_where_it_is_named(column):
    with pytest.raises(ValueError, match="give one in thresholds"):
        Monitor(tests={column: "wasserstein"})
    assert Monitor(tests={column: "wasserstein"}, thresholds={"*": 3.0}).tests
