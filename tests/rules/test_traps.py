"""Columns as they are met in the field, on which one default or another is known to be wrong; ours is held to them."""

from typing import Any

import numpy as np
import pytest

from modelward.rules.comparison import compare_profiles
from modelward.rules.monitor import Monitor
from modelward.rules.verdict import Verdict
from modelward.stats import Profile, kolmogorov_smirnov, psi


def judge(before, now, **choice):
    return compare_profiles(Profile.of({"x": before}), Profile.of({"x": now}), Monitor(**choice)).columns[0]


def test_deciles_that_collapse_on_ties_hide_nothing():
    finding = judge(np.zeros(5000), np.full(5000, 5.0))
    assert finding.drifted
    assert psi(np.zeros(5000), np.full(5000, 5.0), bins="plain_quantile:10").statistic == 0


def test_a_constant_that_begins_to_vary_around_itself_is_drift():
    assert judge(np.full(2000, 7.0), np.random.default_rng(1).normal(7, 1, 2000)).drifted


def test_a_tiny_p_value_of_a_tiny_effect_on_many_rows_is_no_drift_unless_its_test_was_named():
    rng = np.random.default_rng(2)
    before, now = rng.normal(size=30_000), rng.normal(0.15, 1, 30_000)
    index = psi(before, now).statistic
    assert 0.015 < index < 0.04
    assert kolmogorov_smirnov(before, now).p_value < 1e-30
    assert judge(before, now).verdict is Verdict.OK
    assert judge(before, now, tests={"*": "ks"}).drifted


def test_one_outlier_neither_makes_drift_nor_hides_it():
    rng = np.random.default_rng(3)
    before, now = rng.normal(size=5000), rng.normal(size=5000)
    assert not judge(before, np.append(now, 1e6)).verdict.alarming
    assert judge(before, np.append(now + 1, 1e6)).drifted


def test_one_outlier_gives_no_weight_to_a_change_that_is_certain_but_too_small_to_matter():
    rng = np.random.default_rng(5)
    before, now = rng.normal(size=30_000), rng.normal(0.08, 1, 30_000)
    finding = judge(before, np.append(now, 1e6))
    assert finding.p_value < 1e-10
    assert finding.verdict is Verdict.OK
    assert "its mean moved by 33 standard deviations), but chance may explain it" in finding.reason
    assert judge(before, now + 0.3).verdict is Verdict.WARNING


def test_fifty_thousand_categories_are_fine_until_one_floods_them_or_all_are_replaced():
    rng = np.random.default_rng(4)
    names = np.array([f"user {i}" for i in range(50_000)])
    before, now = (names[rng.integers(0, 50_000, 60_000)] for _ in "ab")
    assert judge(before, now).verdict is Verdict.OK
    replaced = judge(before, np.char.add("new ", now))
    assert (replaced.verdict, replaced.method) == (Verdict.WARNING, "new_categories")
    assert judge(before, np.where(rng.random(now.size) < 0.3, "user unknown", now)).drifted


def test_a_column_that_went_missing_is_drift_and_one_that_always_was_is_not():
    full, gone = np.arange(1000.0), np.full(1000, np.nan)
    assert judge(full, gone).drifted
    assert judge(gone, gone).verdict is Verdict.OK


@pytest.mark.parametrize("test", [{}, {"*": "psi"}, {"*": "ks"}])
def test_a_trailing_window_of_25_rows_is_too_few_rather_than_fine_or_drifted(test):
    rng = np.random.default_rng(5)
    assert judge(rng.normal(size=5000), rng.normal(size=25), tests=test).verdict is Verdict.TOO_FEW


@pytest.mark.parametrize("bins", ["plain_quantile:10", "sturges", "evidently", "values"])
def test_named_bins_are_those_of_the_default_rule_too(bins):
    rng = np.random.default_rng(6)
    before, now = np.round(rng.normal(size=3000), 1), np.round(rng.normal(0.1, 1, 3000), 1)
    assert judge(before, now, bins=bins).statistics["psi_plain"] == psi(before, now, bins=bins).statistic


def test_one_pair_of_samples_has_as_many_indices_as_there_are_rules_and_each_is_had_by_naming_it():
    rng = np.random.default_rng(7)
    before, now = rng.normal(size=2000), rng.normal(4, 1, 2000)
    by_deciles = [("plain_quantile:10", empty) for empty in ("skip", "infinite", "add_one", 0.0001)]
    rules: list[tuple[Any, Any]] = [*by_deciles, ("evidently", "evidently"), (10, "half_row")]
    found = [psi(before, now, bins=bins, empty=empty).statistic for bins, empty in rules]
    assert len({round(index, 1) for index in found}) == len(found)
    assert max(index for index in found if np.isfinite(index)) > 3 * min(found)
    for (bins, empty), index in zip(rules, found, strict=True):
        finding = judge(before, now, bins=bins, empty=empty, tests={"x": "psi"})
        assert finding.statistic == index
