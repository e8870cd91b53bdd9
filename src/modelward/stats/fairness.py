"""Differences and ratios of rates between groups, under their standard names.

All take labels, predictions and groups as arrays, or a `GroupOutcomes` alone. A group that has fewer than `minimum`
rows to divide by (positive rows for a true positive rate, …) is left out and named; a group with nothing to divide by
has no rate, where Fairlearn says 0. Rows that lack the group or the prediction are left out; rows without a label still
count for selection rates. Intervals hold for the worst of all pairs together (see `disparity.py`).
"""

from modelward.stats.disparity import Disparity, GroupShares, Rate, difference, ratio
from modelward.stats.group_outcomes import GroupOutcomes
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE

Groups = Column | GroupOutcomes | None

SCORE_MINIMUM = 30


def demographic_parity_difference(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    positive: object = 1,
    minimum: int = 1,
    confidence: float = CONFIDENCE,
) -> Disparity:
    """The largest less the smallest selection rate of the groups; 0 is parity. Labels may be None.

    The interval: Newcombe's of each pair of groups, with Bonferroni's correction over the pairs.

    Edge cases: of one group 0; nan, with a reason, where fewer than two groups have enough rows.

    >>> demographic_parity_difference(None, [1, 1, 0, 0], ["a", "a", "b", "a"]).statistic.__round__(4)
    0.6667

    Source: Agarwal et al. (2018), "A reductions approach to fair classification", ICML; Newcombe (1998), Statistics in
    Medicine 17.
    """
    outcomes = outcomes_of(label, prediction, group, positive)
    return difference(_rates(outcomes, minimum, "selection_rate"), confidence)


def demographic_parity_ratio(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    positive: object = 1,
    minimum: int = 1,
    confidence: float = CONFIDENCE,
) -> Disparity:
    """The smallest over the largest selection rate of the groups; 1 is parity, 0.8 the four-fifths rule.

    The interval: Donner and Zou's of each pair's ratio (from Wilson's of both rates), with Bonferroni's correction over
    the pairs.

    Edge cases: of one group 1; nan, with a reason, where nobody is selected or fewer than two groups have enough rows.

    >>> demographic_parity_ratio(None, [1, 1, 1, 0], ["a", "a", "b", "b"]).statistic
    0.5

    Source: Feldman et al. (2015), "Certifying and removing disparate impact", KDD; Donner, Zou (2012),
    Statistical Methods in Medical Research 21.
    """
    outcomes = outcomes_of(label, prediction, group, positive)
    return ratio(_rates(outcomes, minimum, "selection_rate"), confidence)


def fairness_score(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    positive: object = 1,
    minimum: int = SCORE_MINIMUM,
    confidence: float = CONFIDENCE,
) -> Disparity:
    """The worst ratio of selection rates between groups of at least `minimum` rows: `demographic_parity_ratio` with a
    guard against small groups.

    The minimum over groups is low by chance alone: of five equal groups of 100 at a rate of 0.2 it is below 0.8 in 93 %
    of draws. The interval accounts for that, and there reaches above 0.8: too few rows to say. A verdict should ask
    that `high` is below the limit.

    Edge cases: as `demographic_parity_ratio`.

    >>> result = fairness_score(None, [1] * 20 + [0] * 80 + [1] * 14 + [0] * 86, ["a"] * 100 + ["b"] * 100)
    >>> round(result.statistic, 2), result.high > 0.8
    (0.7, True)

    Source: Equal Employment Opportunity Commission (1978), Uniform guidelines on employee selection procedures,
    29 CFR 1607.4 D; Donner, Zou (2012), Statistical Methods in Medical Research 21.
    """
    return demographic_parity_ratio(label, prediction, group, positive=positive, minimum=minimum, confidence=confidence)


def equal_opportunity_difference(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    positive: object = 1,
    minimum: int = 1,
    confidence: float = CONFIDENCE,
) -> Disparity:
    """The largest less the smallest true positive rate of the groups.

    The interval as `demographic_parity_difference`.

    Edge cases: as `demographic_parity_difference`; rows without a label are left out.

    >>> equal_opportunity_difference([1, 1, 1, 1], [1, 1, 1, 0], ["a", "a", "b", "b"]).statistic
    0.5

    Source: Hardt, Price, Srebro (2016), "Equality of opportunity in supervised learning", NeurIPS.
    """
    outcomes = outcomes_of(label, prediction, group, positive)
    return difference(_rates(outcomes, minimum, "true_positive_rate"), confidence)


def false_positive_rate_difference(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    positive: object = 1,
    minimum: int = 1,
    confidence: float = CONFIDENCE,
) -> Disparity:
    """The largest less the smallest false positive rate of the groups (predictive equality).

    The interval as `equal_opportunity_difference`.

    Edge cases: as `equal_opportunity_difference`.

    >>> false_positive_rate_difference([0, 0, 0, 0], [1, 0, 0, 0], ["a", "a", "b", "b"]).statistic
    0.5

    Source: Corbett-Davies et al. (2017), "Algorithmic decision making and the cost of fairness", KDD.
    """
    outcomes = outcomes_of(label, prediction, group, positive)
    return difference(_rates(outcomes, minimum, "false_positive_rate"), confidence)


def predictive_parity_difference(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    positive: object = 1,
    minimum: int = 1,
    confidence: float = CONFIDENCE,
) -> Disparity:
    """The largest less the smallest precision of the groups.

    The interval as `equal_opportunity_difference`.

    Edge cases: as `equal_opportunity_difference`; a group in which nobody is selected has no precision.

    >>> predictive_parity_difference([1, 1, 1, 0], [1, 1, 1, 1], ["a", "a", "b", "b"]).statistic
    0.5

    Source: Chouldechova (2017), "Fair prediction with disparate impact", Big Data 5.
    """
    outcomes = outcomes_of(label, prediction, group, positive)
    return difference(_rates(outcomes, minimum, "precision"), confidence)


def error_rate_difference(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    positive: object = 1,
    minimum: int = 1,
    confidence: float = CONFIDENCE,
) -> Disparity:
    """The largest less the smallest share of wrong predictions of the groups (overall accuracy equality).

    The interval as `equal_opportunity_difference`.

    Edge cases: as `equal_opportunity_difference`.

    >>> error_rate_difference([1, 1, 1, 0], [1, 1, 1, 1], ["a", "a", "b", "b"]).statistic
    0.5

    Source: Berk et al. (2021), "Fairness in criminal justice risk assessments", Sociological Methods & Research 50.
    """
    outcomes = outcomes_of(label, prediction, group, positive)
    return difference(_rates(outcomes, minimum, "error_rate"), confidence)


def equalized_odds_difference(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    positive: object = 1,
    minimum: int = 1,
    confidence: float = CONFIDENCE,
) -> Disparity:
    """The larger of the differences of true and of false positive rates; `rate` says which it is.

    The interval as `demographic_parity_difference`, corrected over the pairs of both rates.

    Edge cases: as `equal_opportunity_difference`; of two rates only one of which can be compared, that one.

    >>> result = equalized_odds_difference([1, 1, 0, 1, 1, 0], [1, 0, 0, 1, 1, 1], ["a"] * 3 + ["b"] * 3)
    >>> result.statistic, result.rate
    (1.0, 'false_positive_rate')

    Source: Hardt, Price, Srebro (2016), "Equality of opportunity in supervised learning", NeurIPS.
    """
    outcomes = outcomes_of(label, prediction, group, positive)
    return difference(_rates(outcomes, minimum, "true_positive_rate", "false_positive_rate"), confidence)


def equalized_odds_ratio(
    label: Groups,
    prediction: Column | None = None,
    group: Column | None = None,
    *,
    positive: object = 1,
    minimum: int = 1,
    confidence: float = CONFIDENCE,
) -> Disparity:
    """The smaller of the ratios of true and of false positive rates; `rate` says which it is.

    The interval as `demographic_parity_ratio`, corrected over the pairs of both rates.

    Edge cases: as `equalized_odds_difference`; a rate that is 0 in every group has no ratio and is left aside.

    >>> equalized_odds_ratio([1, 1, 0, 1, 1, 0], [1, 0, 1, 1, 1, 1], ["a"] * 3 + ["b"] * 3).statistic
    0.5

    Source: Hardt, Price, Srebro (2016), "Equality of opportunity in supervised learning", NeurIPS.
    """
    outcomes = outcomes_of(label, prediction, group, positive)
    return ratio(_rates(outcomes, minimum, "true_positive_rate", "false_positive_rate"), confidence)


def outcomes_of(label: Groups, prediction: Column | None, group: Column | None, positive: object) -> GroupOutcomes:
    """A joint summary as it is; arrays counted."""
    if isinstance(label, GroupOutcomes):
        return label
    if prediction is None or group is None:
        raise ValueError("Fairness needs the predictions and the group of each row, or a joint summary of them.")
    return GroupOutcomes.of(label, prediction, group, positive=positive)


def _rates(outcomes: GroupOutcomes, minimum: int, *rates: Rate) -> list[GroupShares]:
    return [GroupShares.of(outcomes, rate, minimum) for rate in rates]
