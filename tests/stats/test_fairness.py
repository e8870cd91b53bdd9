"""Fairness agrees with Fairlearn, and its intervals know that the worst pair was chosen for being the worst."""

import json
from pathlib import Path

import fairlearn.metrics as published
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelward.stats import (
    GroupOutcomes,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    equalized_odds_ratio,
    error_rate_difference,
    fairness_score,
    false_positive_rate_difference,
    group_metrics,
    intersection,
    predictive_parity_difference,
    selection_rate,
)

ORACLES = Path(__file__).parents[2].parent / "shared" / "oracles" / "fairness.json"
SAME = {
    demographic_parity_difference: published.demographic_parity_difference,
    demographic_parity_ratio: published.demographic_parity_ratio,
    equal_opportunity_difference: published.equal_opportunity_difference,
    equalized_odds_difference: published.equalized_odds_difference,
    equalized_odds_ratio: published.equalized_odds_ratio,
}
ALL = (*SAME, predictive_parity_difference, false_positive_rate_difference, error_rate_difference)

rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.sampled_from("abcd")), min_size=1, max_size=80)


def columns(found):
    label, prediction, group = zip(*found, strict=True)
    return np.array(label), np.array(prediction), np.array(group)


@settings(max_examples=30)
@given(rows)
def test_values_are_fairlearn_s_where_every_rate_exists(found):
    # A group of each outcome and prediction, so that no rate divides by nothing: there the two differ on purpose.
    whole = [*found, *((label, guess, group) for group in "abcd" for label in (0, 1) for guess in (0, 1))]
    label, prediction, group = columns(whole)
    for ours, theirs in SAME.items():
        result = ours(label, prediction, group)
        assert result.statistic == pytest.approx(theirs(label, prediction, sensitive_features=group), abs=1e-12)
        assert result.low <= result.statistic <= result.high
    rate = published.selection_rate(label, prediction)
    assert selection_rate(label, prediction).statistic == pytest.approx(rate)


@given(rows)
def test_no_statistic_fails_or_warns_on_any_rows(found):
    label, prediction, group = columns(found)
    for metric in ALL:
        result = metric(label, prediction, group)
        assert (result.low <= result.statistic <= result.high) if not result.reason else np.isnan(result.statistic)


@pytest.mark.skipif(not ORACLES.is_file(), reason="the oracles are not beside the repository")
def test_fairlearn_s_documentation():
    document = json.loads(ORACLES.read_text(encoding="utf-8"))
    example, expected = document["fairlearn_documentation"]["input"], document["fairlearn_documentation_recomputed"]
    given_columns = (example["y_true"], example["y_pred"], example["sensitive"])
    for metric in SAME:
        suffix = "(between_groups,worst_case)" if "odds" in metric.__name__ else "(between_groups)"
        assert metric(*given_columns).statistic == pytest.approx(expected[f"{metric.__name__}{suffix}"])
    for found in group_metrics(*given_columns):
        by_group = expected["by_group"][found.name]
        assert found.selection_rate.statistic == pytest.approx(by_group["selection_rate"])
        assert found.true_positive_rate.statistic == pytest.approx(by_group["tpr"])
        assert found.false_positive_rate.statistic == pytest.approx(by_group["fpr"])
        assert found.n == by_group["count"]


@pytest.mark.skipif(not ORACLES.is_file(), reason="the oracles are not beside the repository")
@pytest.mark.parametrize("which", ["g1", "g2"])
def test_fairlearn_s_test_arrays(which):
    arrays = json.loads(ORACLES.read_text(encoding="utf-8"))["fairlearn_test_arrays"]
    example, expected = arrays["input"], arrays[f"expected_{which}"]
    for metric in SAME:
        suffix = "(between_groups,worst_case)" if "odds" in metric.__name__ else "(between_groups)"
        result = metric(example["y_true"], example["y_pred"], example[f"sensitive_{which}"])
        assert result.statistic == pytest.approx(expected[f"{metric.__name__}{suffix}"])


@pytest.mark.skipif(not ORACLES.is_file(), reason="the oracles are not beside the repository")
def test_intersections_of_fairlearn_s_documentation():
    document = json.loads(ORACLES.read_text(encoding="utf-8"))["fairlearn_documentation"]
    example = document["input"]
    both = intersection(example["sensitive"], example["second_sensitive"])
    found = {group.name: group for group in group_metrics(example["y_true"], example["y_pred"], both)}
    for name, value in document["expected"]["recall_by_both"].items():
        rate = found[name.replace("|", " & ")].true_positive_rate
        # Fairlearn says 0 of a group without positive rows, and we that there is no such rate.
        assert rate.statistic == pytest.approx(value) if rate.n else value == 0


@given(rows, st.integers(1, 5), st.randoms(use_true_random=False))
def test_parts_in_any_order_add_up_to_the_whole(found, parts, order):
    label, prediction, group = columns(found)
    score = (prediction + label) / 3
    pieces = [
        GroupOutcomes.of(label[i::parts], prediction[i::parts], group[i::parts], score=score[i::parts])
        for i in range(parts)
    ]
    order.shuffle(pieces)
    merged, whole = GroupOutcomes.merge(pieces), GroupOutcomes.of(label, prediction, group, score=score)
    assert merged.groups == whole.groups
    assert merged.counts.tolist() == whole.counts.tolist()
    back = GroupOutcomes.from_bytes(merged.to_bytes())
    assert back.to_bytes() == merged.to_bytes()
    for ours, theirs in zip(group_metrics(back), group_metrics(label, prediction, group, score=score), strict=True):
        gaps = ours.calibration_gap.statistic, theirs.calibration_gap.statistic
        assert gaps[0] == pytest.approx(gaps[1], nan_ok=True)


def drawn(rates, sizes, rng):
    """Outcomes of groups of these sizes, of which each row is selected at the group's rate."""
    rates, sizes = np.array(rates), np.array(sizes)
    counts = np.zeros((rates.size, 3, 2), dtype=np.int64)
    counts[:, 2, 1] = rng.binomial(sizes, rates)
    counts[:, 2, 0] = sizes - counts[:, 2, 1]
    return GroupOutcomes(tuple(f"group {i}" for i in range(rates.size)), counts, ())


CASES = [
    ([0.2] * 5, [100] * 5),
    ([0.05] * 5, [100] * 5),
    ([0.2, 0.3], [100, 200]),
    ([0.5, 0.4, 0.3], [300, 200, 50]),
    ([0.02, 0.5], [100, 100]),
    ([0.9, 0.6, 0.6], [1000, 1000, 1000]),
]


@pytest.mark.parametrize(("rates", "sizes"), CASES)
def test_intervals_hold_the_true_disparity_although_the_worst_pair_was_chosen(rates, sizes):
    rng, draws, held = np.random.default_rng(7), 600, {"ratio": 0, "difference": 0}
    for _ in range(draws):
        outcomes = drawn(rates, sizes, rng)
        ratio, gap = fairness_score(outcomes), demographic_parity_difference(outcomes)
        held["ratio"] += ratio.low <= min(rates) / max(rates) <= ratio.high or bool(ratio.reason)
        held["difference"] += gap.low <= max(rates) - min(rates) <= gap.high
    assert held["ratio"] / draws >= 0.935  # 0.95 less two standard errors of 600 draws.
    assert held["difference"] / draws >= 0.935


def test_five_equal_groups_of_a_hundred_are_too_few_rows_to_say():
    rng, draws = np.random.default_rng(1), 600
    scores = [fairness_score(drawn([0.2] * 5, [100] * 5, rng)) for _ in range(draws)]
    assert np.mean([score.statistic < 0.8 for score in scores]) == pytest.approx(0.93, abs=0.03)
    assert np.mean([score.high < 0.8 for score in scores]) < 0.01


def test_a_real_disparity_is_seen_where_there_are_rows_enough():
    rng = np.random.default_rng(2)
    scores = [fairness_score(drawn([0.3, 0.3, 0.15], [3000] * 3, rng)) for _ in range(100)]
    assert all(score.high < 0.8 for score in scores)
    assert {score.lowest for score in scores} == {"group 2"}


def test_small_groups_are_named_and_left_out():
    prediction, group = [1, 0] * 40 + [0] * 5, ["a", "b"] * 40 + ["tiny"] * 5
    result = fairness_score(None, prediction, group)
    assert (result.compared, result.left_out, result.n) == (("a", "b"), ("tiny",), 80)
    alone = fairness_score(None, prediction, group, minimum=41)
    assert "Fewer than two groups have 41 rows" in alone.reason
    with pytest.raises(ValueError, match="longer window"):
        alone.required()


def test_the_minimum_counts_what_the_rate_is_of():
    label, prediction = [1] * 10 + [0] * 30, [1, 0] * 20
    group = ["a", "a", "a", "a", "b", "b", "b", "b", "c", "c"] + ["a", "b", "c"] * 10
    assert equal_opportunity_difference(label, prediction, group, minimum=4).left_out == ("c",)
    assert false_positive_rate_difference(label, prediction, group, minimum=4).left_out == ()


def test_edges_of_fairlearn_and_ours():
    assert demographic_parity_difference(None, [1, 0], ["a", "a"]).statistic == 0.0
    assert demographic_parity_ratio(None, [1, 0], ["a", "a"]).statistic == 1.0
    nobody = demographic_parity_ratio(None, [0, 0], ["a", "b"])
    assert np.isnan(nobody.statistic)
    assert "a ratio of zeros is open" in nobody.reason
    assert demographic_parity_difference(None, [0, 0], ["a", "b"]).statistic == 0.0
    assert np.isnan(demographic_parity_ratio(None, [], []).statistic)
    no_positives = equal_opportunity_difference([1, 1, 0], [1, 0, 1], ["a", "b", "c"])
    assert (no_positives.statistic, no_positives.left_out) == (1.0, ("c",))


def test_rows_without_a_group_or_a_prediction_are_left_out_and_counted():
    outcomes = GroupOutcomes.of([1, 1, None, 0], [1, None, 1, 0], ["a", "a", "a", None])
    assert (outcomes.rows.tolist(), outcomes.without_group, outcomes.without_prediction) == ([2], 1, 1)
    # The row that waits for its label counts as selected and not as right or wrong.
    (found,) = group_metrics(outcomes)
    assert (found.selection_rate.n, found.true_positive_rate.n) == (2, 1)


def test_the_names_of_the_groups_and_their_order_change_nothing():
    rng = np.random.default_rng(5)
    label, prediction, group = rng.integers(0, 2, 300), rng.integers(0, 2, 300), rng.integers(0, 3, 300)
    order = rng.permutation(300)
    renamed = np.array(["z", "y", "x"])[group]
    for metric in ALL:
        first, second = metric(label, prediction, group), metric(label[order], prediction[order], renamed[order])
        assert (first.statistic, first.low, first.high) == pytest.approx((second.statistic, second.low, second.high))


def test_past_the_cap_the_smallest_groups_share_one_that_is_not_compared():
    group = np.repeat(np.arange(30), np.arange(1, 31) * 10)
    prediction = np.arange(group.size) % 2
    outcomes = GroupOutcomes.of(None, prediction, group, cap=10)
    assert len(outcomes.groups) == 11
    assert outcomes.rows.sum() == group.size
    assert demographic_parity_ratio(outcomes).left_out == ("(other)",)


def test_calibration_of_groups():
    rng = np.random.default_rng(6)
    score = rng.random(20_000)
    group = np.where(np.arange(20_000) % 2, "true", "flattered")
    label = rng.random(20_000) < np.where(group == "true", score, score**2)
    flattered, true = group_metrics(label, score > 0.5, group, score=score)
    assert flattered.calibration_gap.high < -0.1
    assert true.calibration_gap.low < 0 < true.calibration_gap.high
    assert flattered.calibration_error.statistic > 0.1 > true.calibration_error.statistic
    assert "score=" in group_metrics(label, score > 0.5, group)[0].calibration_error.reason
