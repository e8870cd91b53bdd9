"""Losses of probabilities: log loss and Brier score."""

from modelward.stats.binary_scores import BinaryScores, binary_scores_of
from modelward.stats.counts_of import NO_ROWS
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE, Metric


def log_loss(
    label: Column | BinaryScores,
    score: Column | None = None,
    *,
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> Metric:
    """The mean of −ln of the probability that was given to what happened; 0 is perfect, ln 2 a coin.

    The probability is held at 2.2e-16 and above, so that one certain mistake costs 36 and not everything. Exact of
    joint summaries too. The interval is mean ± z·s/√n.

    Edge cases: rows that lack either are left out; nan, with a reason, without any row.

    >>> log_loss([1, 0], [0.9, 0.2]).statistic.__round__(4)
    0.1643

    Raises:
        ValueError: a score is outside [0, 1].

    Source: Good (1952), "Rational decisions", JRSS B 14.
    """
    scores = probabilities_of(label, score, positive)
    found = scores.log_losses.metric(confidence, empty=NO_ROWS)
    return _not_below_zero(found)


def brier_score(
    label: Column | BinaryScores,
    score: Column | None = None,
    *,
    positive: object = 1,
    confidence: float = CONFIDENCE,
) -> Metric:
    """The mean squared difference of probability and outcome (1 or 0); 0 is perfect, 0.25 a coin.

    Exact of joint summaries too. The interval is mean ± z·s/√n.

    Edge cases: rows that lack either are left out; nan, with a reason, without any row.

    >>> brier_score([1, 0], [0.9, 0.2]).statistic.__round__(4)
    0.025

    Raises:
        ValueError: a score is outside [0, 1].

    Source: Brier (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78.
    """
    scores = probabilities_of(label, score, positive)
    found = scores.square_losses.metric(confidence, empty=NO_ROWS)
    return _not_below_zero(found, most=1.0)


def probabilities_of(label: Column | BinaryScores, score: Column | None, positive: object) -> BinaryScores:
    """Scores that are probabilities; ValueError where one is not."""
    scores = binary_scores_of(label, score, positive, keep=False)
    if scores.outside:
        raise ValueError(
            f"{scores.outside} of {scores.n} scores are outside [0, 1], and this metric needs probabilities; pass them "
            "through a sigmoid or calibrate them, or take roc_auc, which needs only their order."
        )
    return scores


def _not_below_zero(found: Metric, most: float = float("inf")) -> Metric:
    low, high = max(0.0, found.low), min(most, found.high)
    return Metric(found.statistic, low, high, found.n, found.interval, found.confidence, reason=found.reason)
