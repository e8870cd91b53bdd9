"""Metrics of scores: equal to scikit-learn's where nothing was compressed, and within the stated bound where it was."""

import numpy as np
import pytest
import sklearn.metrics as published
from hypothesis import given, settings
from hypothesis import strategies as st

from modelward.stats import (
    BinaryScores,
    average_precision,
    brier_score,
    expected_calibration_error,
    log_loss,
    roc_auc,
)

rows = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1, width=16)), min_size=2, max_size=80).filter(
    lambda pairs: len({label for label, _ in pairs}) == 2
)

SHAPES = {
    "rare positives": lambda rng, n: rng.beta(0.3, 20, n),
    "even": lambda rng, n: rng.random(n),
    "two decimals": lambda rng, n: rng.random(n).round(2),
    "almost certain": lambda rng, n: 1 - rng.exponential(1e-4, n).clip(max=1),
}


def columns(pairs):
    label, score = zip(*pairs, strict=True)
    return np.array(label), np.array(score, dtype=float)


def drawn(shape, n, seed=0):
    rng = np.random.default_rng(seed)
    score = SHAPES[shape](rng, n)
    return (rng.random(n) < score).astype(int), score


@given(rows)
def test_metrics_of_arrays_are_scikit_learn_s(pairs):
    label, score = columns(pairs)
    same = {
        roc_auc: published.roc_auc_score,
        average_precision: published.average_precision_score,
        log_loss: published.log_loss,
        brier_score: published.brier_score_loss,
    }
    for ours, theirs in same.items():
        found = ours(label, score)
        assert found.statistic == pytest.approx(theirs(label, score), abs=1e-12)
        assert found.low - 1e-12 <= found.statistic <= found.high + 1e-12
        assert found.error == 0


@given(rows)
def test_the_area_knows_only_the_order(pairs):
    label, score = columns(pairs)
    assert roc_auc(label, np.exp(score) * 3).statistic == pytest.approx(roc_auc(label, score).statistic)
    assert roc_auc(label, -score).statistic == pytest.approx(1 - roc_auc(label, score).statistic)
    assert roc_auc(1 - label, score).statistic == pytest.approx(1 - roc_auc(label, score).statistic)


@given(rows, st.integers(1, 6), st.randoms(use_true_random=False))
def test_parts_in_any_order_add_up_to_the_whole(pairs, parts, order):
    label, score = columns(pairs)
    pieces = [BinaryScores.of(label[i::parts], score[i::parts]) for i in range(parts)]
    order.shuffle(pieces)
    merged = BinaryScores.merge(pieces)
    assert merged.counts.tolist() == BinaryScores.of(label, score).counts.tolist()
    for metric in (roc_auc, average_precision, log_loss, brier_score, expected_calibration_error):
        assert metric(merged).statistic == pytest.approx(metric(label, score).statistic, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("parts", [1, 24])
def test_compressed_areas_are_within_their_bounds(shape, parts):
    label, score = drawn(shape, 60_000)
    merged = BinaryScores.merge([BinaryScores.of(label[i::parts], score[i::parts]) for i in range(parts)])
    for metric, most in ((roc_auc, 0.02), (average_precision, 0.25)):
        found, truth = metric(merged), metric(label, score).statistic
        assert abs(found.statistic - truth) <= found.error + 1e-12
        assert found.error <= most
        assert abs(found.statistic - truth) < 0.002


def test_losses_and_calibration_stay_exact_when_compressed():
    label, score = drawn("even", 50_000)
    merged = BinaryScores.merge([BinaryScores.of(label[i::7], score[i::7]) for i in range(7)])
    assert not merged.exact
    for metric in (log_loss, brier_score, expected_calibration_error):
        assert metric(merged).statistic == pytest.approx(metric(label, score).statistic, rel=1e-9)


@settings(max_examples=30)
@given(rows)
def test_a_summary_survives_its_document(pairs):
    label, score = columns(pairs)
    kept = BinaryScores.of(label, score, threshold=0.4)
    back = BinaryScores.from_bytes(kept.to_bytes())
    assert back.to_bytes() == kept.to_bytes()
    assert back.threshold == 0.4
    assert roc_auc(back) == roc_auc(kept)


def test_a_damaged_summary_is_refused():
    data = BinaryScores.of([0, 1, 1], [0.2, 0.6, 0.7]).to_bytes()
    for broken in (data[:-3], data + b"\0", b"MWNS" + data[4:]):
        with pytest.raises(ValueError, match="document"):
            BinaryScores.from_bytes(broken)


def test_summaries_of_different_thresholds_do_not_add_up():
    with pytest.raises(ValueError, match="one threshold"):
        BinaryScores.of([1], [0.5], threshold=0.5) + BinaryScores.of([1], [0.5], threshold=0.4)


def test_a_label_with_one_class_says_so():
    found = roc_auc([1, 1], [0.2, 0.9])
    assert np.isnan(found.statistic)
    with pytest.raises(ValueError, match=r"one class only.*longer window"):
        found.required()
    assert "positive rows" in average_precision([0, 0], [0.2, 0.9]).reason


@pytest.mark.parametrize("metric", [log_loss, brier_score, expected_calibration_error])
def test_a_score_that_is_no_probability_is_refused_where_one_is_needed(metric):
    with pytest.raises(ValueError, match=r"1 of 2 scores are outside \[0, 1\].*sigmoid"):
        metric([0, 1], [0.5, 3.0])


def test_any_numbers_are_ranked_infinities_too():
    label, score = np.array([0, 0, 1, 1, 1]), np.array([-np.inf, 2.0, 1.0, 7.0, np.inf])
    assert roc_auc(label, score).statistic == pytest.approx(5 / 6)
    assert roc_auc([0, 1], [-np.inf, np.inf]).statistic == 1.0


def test_no_rows_are_no_metric():
    for metric in (roc_auc, average_precision, log_loss, brier_score, expected_calibration_error):
        assert "no rows" in metric([], []).reason


def test_missing_scores_and_labels_are_left_out():
    label, score = [0, 1, None, 1], [0.1, 0.8, 0.3, None]
    assert roc_auc(label, score).n == 2
    assert BinaryScores.of(label, score).missing == 2


def test_a_given_prediction_counts_and_not_the_threshold():
    kept = BinaryScores.of([0, 1], [0.9, 0.9], [0, 1])
    assert kept.counts.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_calibration_bins_are_closed_on_the_right():
    label, score = np.array([0, 1, 1, 0]), np.array([0.1, 0.1, 0.3, 0.30000001])
    # Bins: two rows at 0.1 (one positive), one at 0.3, one just past it.
    expected = (abs(1 - 0.2) + abs(1 - 0.3) + 0.30000001) / 4
    assert expected_calibration_error(label, score).statistic == pytest.approx(expected)
    with pytest.raises(ValueError, match="does not divide"):
        expected_calibration_error(label, score, bins=7)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=50), st.sampled_from([5, 10, 20, 50]))
def test_every_hundredth_is_in_the_bin_that_it_closes(hundredths, bins):
    score = np.array(hundredths) / 100
    label = np.ones(score.size, dtype=int)
    wanted = np.maximum(-(-np.array(hundredths) * bins // 100) - 1, 0)
    error = sum(abs(np.sum(1 - score[wanted == b])) for b in range(bins)) / score.size
    assert expected_calibration_error(label, score, bins=bins).statistic == pytest.approx(error, abs=1e-12)
