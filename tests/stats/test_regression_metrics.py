"""Metrics of numbers mean what scikit-learn says, from arrays and from summaries that were added up."""

import math

import numpy as np
import pytest
import sklearn.metrics as published
from hypothesis import given
from hypothesis import strategies as st

from modelward.stats import (
    Residuals,
    bias,
    mean_absolute_error,
    mean_absolute_percentage_error,
    median_absolute_error,
    r_squared,
    residual_quantiles,
    root_mean_squared_error,
)

numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
rows = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=60)
MEANS = (mean_absolute_error, root_mean_squared_error, mean_absolute_percentage_error, bias, r_squared)


def columns(pairs):
    label, prediction = zip(*pairs, strict=True)
    return np.array(label), np.array(prediction)


@given(rows)
def test_metrics_of_arrays_are_scikit_learn_s(pairs):
    label, prediction = columns(pairs)
    same = {
        mean_absolute_error: published.mean_absolute_error,
        root_mean_squared_error: published.root_mean_squared_error,
        median_absolute_error: published.median_absolute_error,
    }
    if np.ptp(label) > 1:
        same[r_squared] = published.r2_score
    if (label != 0).all():
        same[mean_absolute_percentage_error] = published.mean_absolute_percentage_error
    for ours, theirs in same.items():
        found = ours(label, prediction)
        assert found.statistic == pytest.approx(theirs(label, prediction), rel=1e-9, abs=1e-9)
        assert found.low <= found.statistic + 1e-9
        assert found.high >= found.statistic - 1e-9


@given(rows, st.integers(1, 5), st.randoms(use_true_random=False))
def test_parts_in_any_order_add_up_to_the_whole(pairs, parts, order):
    label, prediction = columns(pairs)
    pieces = [Residuals.of(label[i::parts], prediction[i::parts]) for i in range(parts)]
    order.shuffle(pieces)
    merged = Residuals.merge(pieces)
    for metric in (*MEANS, median_absolute_error):
        found, whole = metric(merged), metric(label, prediction)
        if metric is r_squared and np.ptp(label) < 1:
            continue  # A ratio of two roundings.
        assert found.statistic == pytest.approx(whole.statistic, rel=1e-7, abs=1e-7, nan_ok=True)


def test_intervals_of_merged_parts_are_those_of_the_whole():
    rng = np.random.default_rng(0)
    label = rng.normal(50, 4, 10_000)
    prediction = label + rng.normal(1, 2, 10_000)
    merged = Residuals.merge([Residuals.of(label[i::9], prediction[i::9]) for i in range(9)])
    for metric in MEANS:
        found, whole = metric(merged), metric(label, prediction)
        assert (found.low, found.high) == pytest.approx((whole.low, whole.high), rel=1e-9)
    kept = median_absolute_error(merged)
    assert kept.low <= median_absolute_error(label, prediction).statistic <= kept.high


def test_quantiles_of_a_compressed_summary_hold_the_exact_ones():
    rng = np.random.default_rng(1)
    label = rng.normal(0, 1, 50_000)
    prediction = label + rng.gumbel(0, 1, 50_000)
    merged = Residuals.merge([Residuals.of(label[i::5], prediction[i::5]) for i in range(5)])
    exact = np.quantile(prediction - label, [0.05, 0.25, 0.5, 0.75, 0.95])
    for found, truth in zip(residual_quantiles(merged), exact, strict=True):
        assert found.low <= truth <= found.high
        assert found.statistic == pytest.approx(truth, abs=0.02)


@given(rows)
def test_a_summary_survives_its_document(pairs):
    kept = Residuals.of(*columns(pairs))
    back = Residuals.from_bytes(kept.to_bytes())
    assert back.to_bytes() == kept.to_bytes()
    assert r_squared(back) == pytest.approx(r_squared(kept), nan_ok=True) or r_squared(back) == r_squared(kept)


def test_a_label_of_zero_has_no_percentage():
    kept = Residuals.of([0.0, 10.0], [1.0, 11.0])
    assert mean_absolute_percentage_error(kept).statistic == pytest.approx(0.1)
    assert kept.zero_labels == 1
    assert "Every label is 0" in mean_absolute_percentage_error([0.0], [1.0]).reason


def test_edges_are_said():
    assert "no variance to explain" in r_squared([2.0, 2.0], [1.0, 3.0]).reason
    for metric in (*MEANS, median_absolute_error):
        assert "no rows" in metric([], []).reason
    with pytest.raises(ValueError, match="label of a regression is a number"):
        bias(["a"], [1.0])
    with pytest.raises(ValueError, match="different lengths"):
        bias([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="from 0 to 1"):
        residual_quantiles([1.0], [1.0], quantiles=[5])


def test_what_cannot_be_subtracted_is_left_out_and_counted():
    kept = Residuals.of([1.0, math.nan, math.inf, 4.0], [2.0, 3.0, 1.0, None])
    assert (kept.n, kept.missing, kept.infinite) == (1, 2, 1)
    assert bias(kept).statistic == 1.0
    assert bias(kept).high == math.inf  # One row says nothing of the spread.


def test_a_perfect_prediction_has_no_error():
    label = [1.0, 2.0, 3.0, 5.0]
    assert root_mean_squared_error(label, label).high == 0
    assert (r_squared(label, label).statistic, r_squared(label, label).low) == (1.0, 1.0)


def test_huge_numbers_neither_fail_nor_warn():
    found = root_mean_squared_error([1e200, -1e200], [0.0, 0.0])
    assert found.statistic == pytest.approx(1e200)
    assert (found.low, found.high) == (0.0, math.inf)
    assert np.isnan(r_squared([1e200, -1e200], [0.0, 0.0]).statistic) or r_squared([1e200, -1e200], [0.0, 0.0]).n == 2
