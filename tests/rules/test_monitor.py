import json

import numpy as np
import pytest

from modelward.rules.monitor import Monitor


def test_a_monitor_goes_through_json_and_comes_back_the_same():
    monitor = Monitor(
        tests={"age": "psi"},
        thresholds={"*": 0.2, "age": "mean+3sd", "fare": "quantile:0.99"},
        reference="same_weekday",
        ignore=frozenset({"id"}),
        window="hour",
        bins="uniform:7",
        column_bins={"age": 20, "fare": (10.0, 50.0)},
        empty=1e-4,
    )
    assert Monitor.from_dict(json.loads(json.dumps(monitor.to_dict()))) == monitor


def test_what_is_not_named_keeps_its_starting_value():
    assert Monitor.from_dict({"bins": 20}) == Monitor(bins=20)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"bins": 1}, "bins"),
        ({"column_bins": {"a": 0}}, "bins of 'a': There must be at least 2"),
        ({"bins": "deciles"}, "There are no bins 'deciles'"),
        ({"bins": "sturges:5"}, "There are no bins 'sturges:5'"),
        ({"bins": [3, 2]}, "rising order"),
        ({"bins": 2.5}, "bins: 2.5 cannot be meant"),
        ({"empty": "nothing"}, "no rule 'nothing' for empty cells"),
        ({"empty": 2}, "between 0 and 1"),
        ({"q": 0.0}, "q is a rate"),
        ({"q": "0.01"}, "q must be a number"),
        ({"psi_moderate": float("nan")}, "psi_moderate must be a number"),
        ({"thresholds": {"age": "NaN"}}, "threshold of 'age' must be a number"),
        ({"thresholds": {"age": "mean+sd"}}, "'mean\\+sd' is no learned threshold; write it as 'mean\\+3sd'"),
        ({"thresholds": {"age": "quantile:2"}}, "no learned threshold"),
        ({"thresholds": {"*": "mean+3sd"}, "tests": {"*": "ks"}}, "kolmogorov_smirnov is judged by its p-value"),
        ({"reference": "yesterday"}, "reference must be one of"),
        ({"minimum_rows": 200.5}, "minimum_rows must be a whole number"),
        ({"window_events": 10**30}, "window_events must lie between"),
        ({"tests": {"age": ["ks"]}}, "must be a text"),
        ({"psi_moderate": 0.5}, "psi_moderate"),
        ({"minimum_rows": 0}, "minimum_rows"),
        ({"tests": {"a": "astrology"}}, "astrology"),
        ({"window": "month"}, "window"),
        ({"mean_shift": -1.0}, "negative"),
        ({"window_events": 0}, "window_events"),
        ({"bin": 3}, "'bin' is not a setting"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(wrong, word):
    with pytest.raises(ValueError, match=word):
        Monitor.from_dict(wrong)


def test_a_column_s_own_choice_goes_before_the_choice_for_all():
    monitor = Monitor(tests={"*": "ks", "age": "psi"}, thresholds={"*": 0.01, "age": 0.3}, column_bins={"age": 30})
    assert monitor.test_of("age", "numeric") == "psi"
    assert monitor.test_of("fare", "numeric") == "kolmogorov_smirnov"
    assert monitor.threshold_of("age") == 0.3
    assert monitor.threshold_of("fare") == 0.01
    assert (monitor.bins_of("age"), monitor.bins_of("fare")) == (30, 10)


def test_a_test_for_all_columns_that_fits_only_numbers_leaves_categories_to_the_rule():
    assert Monitor(tests={"*": "ks"}).test_of("city", "categorical") is None


def test_a_learned_threshold_is_no_constant_one():
    monitor = Monitor(thresholds={"*": 0.3, "age": "quantile:0.9"})
    assert (monitor.threshold_of("age"), monitor.threshold_of("fare")) == (None, 0.3)
    learned = monitor.learned_of("age")
    assert learned is not None
    assert learned.limit(np.arange(11.0)) == 9.0
    assert monitor.learned_of("fare") is None
    assert monitor.constant_thresholds == {"*": 0.3}
    assert monitor.learns
