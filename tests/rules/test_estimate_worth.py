"""An estimate that is worse than saying the standard each time is refused, unless chance explains it."""

import numpy as np

from modelward.rules.concept_drift import parted
from modelward.rules.estimate_worth import FEWEST, worth_of
from modelward.stats import Metric


def test_an_estimate_that_is_further_off_than_the_standard_is_not_valid_and_says_by_how_much():
    rng = np.random.default_rng(0)
    found = worth_of((0.045 + 0.01 * rng.random(60)).tolist(), (0.03 + 0.01 * rng.random(60)).tolist())
    assert not found.valid
    assert found.reason.startswith("the estimate is worse than no estimate: over 60 windows it was off by 0.05")


def test_a_better_one_stands_and_so_does_one_that_chance_made_a_little_worse():
    rng = np.random.default_rng(1)
    errors = np.abs(rng.normal(0, 0.02, (2, 60)))
    assert worth_of(errors[0].tolist(), (errors[0] + 0.02).tolist()).valid
    refused = 0
    for seed in range(200):
        one, other = np.abs(np.random.default_rng(seed).normal(0, 0.02, (2, 30)))
        refused += not worth_of(one.tolist(), other.tolist()).valid
    assert refused <= 20


def test_too_few_windows_say_nothing_against_it():
    found = worth_of([1.0] * (FEWEST - 1), [0.0] * (FEWEST - 1))
    assert found.valid
    assert "are needed to judge it" in found.reason


def test_an_error_with_a_unit_parts_by_a_share_of_itself():
    def error(value, half):
        return {"mean_absolute_error": Metric(value, value - half, value + half, 100)}

    names = ["mean_absolute_error"]
    assert parted(error(0.002, 0.0001), error(0.001, 0.0001), names)
    assert not parted(error(1000.0, 1.0), error(1010.0, 1.0), names)
