"""Who names a test gets that test, at that threshold, and nothing else."""

import math
import re

import numpy as np
import pytest

from modelward.rules.catalogue import CATALOGUE, Holds
from modelward.rules.comparison import compare_profiles
from modelward.rules.monitor import TESTS, Monitor
from modelward.rules.verdict import Verdict
from modelward.stats import NumericSummary, Profile, jensen_shannon, kolmogorov_smirnov, psi

RNG = np.random.default_rng(3)
BEFORE, NOW = RNG.normal(size=20_000), RNG.normal(0.05, 1, 20_000)
TOWNS, TOWNS_NOW = (RNG.choice(["a", "b"], 20_000, p=shares) for shares in ([0.5, 0.5], [0.53, 0.47]))


def judge(before, now, **choice):
    return compare_profiles(Profile.of({"x": before}), Profile.of({"x": now}), Monitor(**choice)).columns[0]


def test_a_named_test_decides_alone_though_the_effect_is_small():
    finding = judge(BEFORE, NOW, tests={"x": "ks"})
    assert finding.verdict is Verdict.DRIFTED
    assert finding.method == "kolmogorov_smirnov"
    assert finding.threshold == 0.05
    assert finding.p_value == kolmogorov_smirnov(*map(NumericSummary.of, (BEFORE, NOW))).p_value
    assert finding.p_adjusted is None


@pytest.mark.parametrize(("threshold", "verdict"), [(1e-12, Verdict.OK), (0.01, Verdict.DRIFTED)])
def test_a_named_threshold_is_the_one_that_decides(threshold, verdict):
    finding = judge(BEFORE, NOW, tests={"x": "ks"}, thresholds={"x": threshold})
    assert (finding.threshold, finding.verdict) == (threshold, verdict)


def test_a_named_psi_is_the_plain_one_with_the_bins_that_were_named():
    finding = judge(BEFORE[:1500], NOW[:1500], tests={"x": "psi"}, column_bins={"x": 25}, thresholds={"x": 0.01})
    assert finding.statistic == pytest.approx(psi(BEFORE[:1500], NOW[:1500], bins=25).statistic)
    assert finding.verdict is Verdict.DRIFTED


def test_a_threshold_without_a_test_is_the_size_from_which_psi_matters():
    moved = BEFORE + 0.4
    assert judge(BEFORE, moved).verdict is Verdict.WARNING
    assert judge(BEFORE, moved, thresholds={"x": 0.12}).verdict is Verdict.DRIFTED


IN_THE_UNIT = {name for name, test in CATALOGUE.items() if math.isnan(test.limit)} - {"evidently", "nannyml"}
PAIRS = {
    Holds.ANYTHING: (BEFORE, BEFORE * 3 + 9),
    Holds.NUMBERS: (BEFORE, BEFORE * 3 + 9),
    Holds.TEXT: (TOWNS, np.where(np.arange(TOWNS.size) % 3, TOWNS, "c")),
    Holds.TWO_VALUES: (TOWNS, TOWNS_NOW),
}


@pytest.mark.parametrize("test", sorted(CATALOGUE))
def test_every_named_test_gives_a_verdict_with_its_name(test):
    before, now = PAIRS[CATALOGUE[test].holds]
    thresholds = {"x": 0.1} if test in IN_THE_UNIT else {}
    same, moved = (judge(before, side, tests={"x": test}, thresholds=thresholds) for side in (before, now))
    assert (same.verdict, same.method) == (Verdict.OK, test)
    assert "within its limit" in same.reason
    assert moved.drifted == (test != "missing_rate")
    assert moved.statistic in moved.statistics.values()


def test_every_statistic_of_two_samples_can_be_named():
    promised = {
        *("psi", "kolmogorov_smirnov", "wasserstein", "jensen_shannon", "kullback_leibler", "hellinger"),
        *("total_variation", "energy_distance", "anderson_darling", "cramer_von_mises", "mann_whitney", "t_test"),
        *("z_test_proportions", "chi_squared", "g_test", "fisher_exact", "population_accuracy_index"),
        *("missing_rate", "new_categories"),
    }
    assert promised <= set(CATALOGUE)
    assert set(TESTS.values()) == set(CATALOGUE)


def test_a_small_change_of_categories_is_found_by_the_test_that_was_named():
    assert judge(TOWNS, TOWNS_NOW).verdict is Verdict.OK
    assert judge(TOWNS, TOWNS_NOW, tests={"*": "chi2"}).verdict is Verdict.DRIFTED


def test_a_test_of_numbers_named_for_text_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="`x` holds text; choose chi_squared or psi"):
        judge(TOWNS, TOWNS_NOW, tests={"x": "ks"})


@pytest.mark.parametrize("test", ["wasserstein", "energy_distance"])
def test_a_distance_in_the_column_s_own_unit_needs_its_threshold(test):
    with pytest.raises(ValueError, match="give one in thresholds"):
        judge(BEFORE, NOW, tests={"x": test})
    assert judge(BEFORE, NOW, tests={"x": test}, thresholds={"x": 0.01}).drifted


@pytest.mark.parametrize(
    ("test", "column", "sentence"),
    [
        ("fisher", TOWNS_NOW.astype(object) + RNG.choice(["", "!"], TOWNS.size), "the shares of two values"),
        ("z", BEFORE, "choose chi_squared or g_test"),
        ("new_categories", BEFORE, "`x` holds numbers"),
        ("mannw", TOWNS, "`x` holds text"),
    ],
)
def test_a_test_that_does_not_fit_its_column_is_refused_and_for_all_columns_leaves_it_to_the_rule(
    test, column, sentence
):
    with pytest.raises(ValueError, match=sentence):
        judge(column, column, tests={"x": test})
    assert judge(column, column, tests={"*": test}).method == "psi"


@pytest.mark.parametrize(
    ("bins", "empty"),
    [("plain_quantile:5", "add_one"), ("evidently", "evidently"), ("uniform:20", 1e-4), ((-1.0, 0.0, 1.0), "half_row")],
)
def test_who_names_bins_and_the_rule_for_empty_cells_gets_exactly_those(bins, empty):
    finding = judge(BEFORE[:1500], NOW[:1500] + 1, tests={"x": "psi"}, column_bins={"x": bins}, empty=empty)
    assert finding.statistic == pytest.approx(psi(BEFORE[:1500], NOW[:1500] + 1, bins=bins, empty=empty).statistic)
    assert finding.statistic != pytest.approx(psi(BEFORE[:1500], NOW[:1500] + 1).statistic, rel=0.01)


@pytest.mark.parametrize(
    ("before", "now", "by"),
    [
        (BEFORE[:900], NOW[:900], "ks"),
        (BEFORE, NOW, "wasserstein_normalised"),
        (TOWNS[:900], TOWNS_NOW[:900], "z_test_proportions"),
        (TOWNS, TOWNS_NOW, "js"),
        (np.floor(abs(BEFORE[:900])) % 4, np.floor(abs(NOW[:900])) % 4, "chi_squared"),
        (np.floor(abs(BEFORE)) % 4, np.floor(abs(NOW)) % 4, "js"),
    ],
)
def test_evidently_s_choice_goes_by_rows_and_distinct_values(before, now, by):
    finding = judge(before, now, tests={"*": "evidently"})
    assert finding.method == "evidently"
    assert finding.statistics[by] == finding.statistic
    assert finding.threshold == (0.05 if len(before) <= 1000 else 0.1)


def test_nannyml_s_choice_is_jensen_shannon_in_bits_with_its_bins():
    finding = judge(BEFORE[:2000], NOW[:2000], tests={"*": "nannyml"}, thresholds={"*": 0.02})
    assert finding.statistic == jensen_shannon(BEFORE[:2000], NOW[:2000], bins="nannyml", base=2).statistic
    assert finding.drifted


@pytest.mark.parametrize(("moved", "verdict"), [(0.2, Verdict.OK), (3.0, Verdict.DRIFTED)])
def test_the_accuracy_index_can_be_named_for_the_predictions(moved, verdict):
    finding = judge(BEFORE, NOW + moved, tests={"x": "population_accuracy_index"})
    assert (finding.verdict, finding.threshold) == (verdict, 1.5)


def test_a_test_named_for_one_column_takes_no_part_in_the_adjustment_of_the_others():
    before, now = Profile.of({"x": BEFORE, "y": BEFORE}), Profile.of({"x": NOW, "y": NOW})
    both = compare_profiles(before, now, Monitor(tests={"x": "ks"})).columns
    assert both[1].p_adjusted == both[1].p_value


@pytest.mark.parametrize("test", ["ks", "wasserstein", "wasserstein_normalised", "mean_shift"])
def test_a_named_test_without_a_number_to_compare_does_not_call_the_column_fine(test):
    gone = np.full(BEFORE.size, np.nan)
    for sides, where in (((BEFORE, gone), "the current data"), ((gone, NOW), "the reference")):
        finding = judge(*sides, tests={"x": test}, thresholds={"x": 0.1})
        assert finding.verdict is Verdict.TOO_FEW
        assert f"holds no number in {where}" in finding.reason


@pytest.mark.parametrize("rows", range(2000, 2200, 20))
def test_the_figure_in_a_reason_is_on_its_own_side_of_the_limit_in_the_reason(rows):
    """However near the two are: "within its limit (p 0.05, limit 0.05)" of a p-value of 0.0496 would be a riddle."""
    p_value = judge(BEFORE[:rows], NOW[:rows], tests={"x": "ks"}).p_value
    for factor in (0.999, 1.001):
        finding = judge(
            BEFORE[:rows], NOW[:rows], tests={"x": "ks"}, thresholds={"x": float(f"{p_value * factor:.6g}")}
        )
        said, limit = re.findall(r"p ([\d.e-]+), limit ([\d.e-]+)", finding.reason)[0]
        assert finding.drifted == (float(said) < float(limit))
