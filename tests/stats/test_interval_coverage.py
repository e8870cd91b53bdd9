"""Intervals hold the truth about as often as they say, by simulation with fixed seeds."""

import numpy as np
import pytest

from modelward.stats import (
    Confusion,
    accuracy,
    average_precision,
    balanced_accuracy,
    bias,
    brier_score,
    expected_calibration_error,
    f1,
    log_loss,
    matthews_correlation,
    mean_absolute_error,
    median_absolute_error,
    precision,
    r_squared,
    recall,
    roc_auc,
    root_mean_squared_error,
)

DRAWS = 400


def coverage(metric, truth, draw):
    """The share of draws whose interval holds the truth."""
    found = [metric(*draw(np.random.default_rng(seed))) for seed in range(DRAWS)]
    return np.mean([result.low <= truth <= result.high for result in found])


def scored(rng, n=300):
    """A logistic score that is true: three in ten rows are positive."""
    score = 1 / (1 + np.exp(1.2 - 1.5 * rng.normal(size=n)))
    return (rng.random(n) < score).astype(int), score


def truth_of(metric, draw):
    return metric(*draw(np.random.default_rng(12345), 400_000)).statistic


@pytest.mark.parametrize("metric", [roc_auc, average_precision, log_loss, brier_score])
def test_intervals_of_score_metrics(metric):
    assert coverage(metric, truth_of(metric, scored), scored) > 0.92


def rare(rng, n=100):
    """As `scored`, and five in a hundred rows are positive."""
    label = np.zeros(n, dtype=int)
    while not label.any():  # An area needs one positive row.
        score = 1 / (1 + np.exp(4 - 1.5 * rng.normal(size=n)))
        label = (rng.random(n) < score).astype(int)
    return label, score


@pytest.mark.parametrize("rows", [60, 100, 300])
def test_the_interval_of_an_area_of_few_positive_rows(rows):
    truth = truth_of(roc_auc, rare)
    assert 0.93 < coverage(roc_auc, truth, lambda rng: rare(rng, rows)) < 0.995


def test_the_interval_of_an_area_of_few_rows_is_a_probability_and_holds_the_area():
    for label in ([0, 1], [1, 0], [0, 0, 1, 1, 0, 1]):
        found = roc_auc(label, np.arange(len(label)))
        assert 0 <= found.low <= found.statistic <= found.high <= 1
        assert found.high - found.low > 0.5


def test_the_interval_of_a_calibration_error_that_is_zero():
    assert coverage(expected_calibration_error, 0.0, scored) > 0.92


def too_sure(rng, n=500):
    label, score = scored(rng, n)
    return label, score**2 / (score**2 + (1 - score) ** 2)


def test_the_interval_of_a_calibration_error_that_is_not():
    assert coverage(expected_calibration_error, truth_of(expected_calibration_error, too_sure), too_sure) > 0.88


TABLE = np.array([[0.55, 0.1], [0.08, 0.27]])


def counted(rng, n=150):
    return (Confusion.of_counts(rng.multinomial(n, TABLE.reshape(-1)).reshape(2, 2)),)


@pytest.mark.parametrize("metric", [accuracy, precision, recall, f1, balanced_accuracy, matthews_correlation])
def test_intervals_of_binary_metrics(metric):
    truth = metric(Confusion.of_counts(TABLE * 1e6)).statistic
    assert coverage(metric, truth, counted) > 0.925


CLASSES = np.array([[0.3, 0.05, 0.02], [0.04, 0.25, 0.05], [0.03, 0.06, 0.2]])


def three_classes(rng, n=200):
    return (Confusion.of_counts(rng.multinomial(n, CLASSES.reshape(-1)).reshape(3, 3)),)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("metric", [precision, recall, f1])
def test_intervals_of_averages(metric, average):
    truth = metric(Confusion.of_counts(CLASSES * 1e6), average=average).statistic
    assert coverage(lambda table: metric(table, average=average), truth, three_classes) > 0.91


def numbers(rng, n=200):
    label = rng.normal(10, 3, n)
    return label, label + rng.laplace(0.3, 1, n)


@pytest.mark.parametrize(
    "metric", [mean_absolute_error, root_mean_squared_error, median_absolute_error, bias, r_squared]
)
def test_intervals_of_regression_metrics(metric):
    assert coverage(metric, truth_of(metric, numbers), numbers) > 0.91


def test_intervals_are_not_wide_for_nothing():
    """About one in twenty misses, and not none: a coverage of 1 would be an interval that says nothing."""
    for metric, draw in ((roc_auc, scored), (brier_score, scored), (r_squared, numbers), (bias, numbers)):
        assert coverage(metric, truth_of(metric, draw), draw) < 0.985


def test_more_confidence_is_a_wider_interval():
    label, score = scored(np.random.default_rng(0))
    wide, narrow = roc_auc(label, score, confidence=0.99), roc_auc(label, score, confidence=0.8)
    assert wide.low < narrow.low < narrow.high < wide.high
    with pytest.raises(ValueError, match="between 0 and 1"):
        accuracy(label, label, confidence=95)
