"""Each group's own rates, error and calibration."""

import math
from dataclasses import dataclass

from modelward.stats.calibration_bins import CalibrationBins
from modelward.stats.disparity import Rate, shares_of
from modelward.stats.expected_calibration_error import calibration_error_of
from modelward.stats.fairness import Groups, outcomes_of
from modelward.stats.group_outcomes import GroupOutcomes
from modelward.stats.intervals import proportion, wilson
from modelward.stats.labels import Column, binary
from modelward.stats.metric import CONFIDENCE, Metric

_NO_SCORES = "There are no labelled scores from 0 to 1 in this group; give score= with the labels."


@dataclass(frozen=True)
class GroupMetrics:
    """What a model does to one group of `n` rows. `calibration_gap` is the positive rate less the mean score: above 0
    where the scores promise too little.
    """

    name: str
    n: int
    selection_rate: Metric
    true_positive_rate: Metric
    false_positive_rate: Metric
    precision: Metric
    error_rate: Metric
    calibration_gap: Metric
    calibration_error: Metric


def group_metrics(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    score: Column | None = None,
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> tuple[GroupMetrics, ...]:
    """The rates of each group, in the order of their names, with Wilson's intervals.

    The gap's interval is Wilson's of the positive rate, less the mean score; that of the calibration error (ten bins)
    the parametric bootstrap's of `expected_calibration_error`.

    Edge cases: what has nothing to divide by is nan with a reason; scores outside [0, 1] are left out of calibration.

    >>> [(found.name, found.selection_rate.statistic) for found in group_metrics(None, [1, 0, 0], ["b", "b", "a"])]
    [('a', 0.0), ('b', 0.5)]

    Source: Kleinberg, Mullainathan, Raghavan (2017), "Inherent trade-offs in the fair determination of risk scores",
    ITCS.
    """
    if isinstance(label, GroupOutcomes) or score is None or prediction is None or group is None:
        outcomes = outcomes_of(label, prediction, group, positive)
    else:
        outcomes = GroupOutcomes.of(label, prediction, group, score=score, positive=positive)
    return tuple(_group(outcomes, i, confidence) for i in range(len(outcomes.groups)))


def selection_rate(
    label: Groups,
    prediction: Column | None = None,
    *,
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> Metric:
    """The share of rows that are predicted positive, over all groups; labels are not needed and may be None.

    Wilson's interval; `group_metrics` has the rate of each group.

    Edge cases: rows without a prediction are left out; nan, with a reason, without any row.

    >>> selection_rate(None, [1, 0, 0, 1]).statistic
    0.5

    Source: Bird et al. (2020), "Fairlearn: a toolkit for assessing and improving fairness in AI".
    """
    empty = "There are no predictions; choose a longer window."
    if isinstance(label, GroupOutcomes):
        return proportion(float(label.selected.sum()), float(label.rows.sum()), confidence, empty=empty)
    if prediction is None:
        raise ValueError("A selection rate is of predictions; give them, or a joint summary.")
    guess = binary(prediction, positive, what="prediction")
    return proportion(float(guess.positive.sum()), float(guess.present.sum()), confidence, empty=empty)


def _group(outcomes: GroupOutcomes, i: int, confidence: float) -> GroupMetrics:
    name = outcomes.groups[i]

    def rate(which: Rate) -> Metric:
        hits, totals = shares_of(outcomes, which)
        empty = f"Group {name} has no rows to measure its {which.replace('_', ' ')} on; choose a longer window."
        return proportion(float(hits[i]), float(totals[i]), confidence, empty=empty)

    return GroupMetrics(
        name=name,
        n=int(outcomes.rows[i]),
        selection_rate=rate("selection_rate"),
        true_positive_rate=rate("true_positive_rate"),
        false_positive_rate=rate("false_positive_rate"),
        precision=rate("precision"),
        error_rate=rate("error_rate"),
        calibration_gap=_gap(outcomes.bins[i], confidence),
        calibration_error=_calibration(outcomes.bins[i], confidence),
    )


def _gap(bins: CalibrationBins, confidence: float) -> Metric:
    n = float(bins.rows.sum())
    if not n:
        return Metric.undefined(_NO_SCORES, n=0, confidence=confidence)
    positives, mean = float(bins.positives.sum()), math.fsum(bins.scores.tolist()) / n
    low, high = wilson(positives, n, confidence)
    return Metric(positives / n - mean, low - mean, high - mean, n, "wilson", confidence)


def _calibration(bins: CalibrationBins, confidence: float) -> Metric:
    if not bins.rows.any():
        return Metric.undefined(_NO_SCORES, n=0, confidence=confidence)
    return calibration_error_of(bins, confidence, seed=0)
