"""How far a rate differs between groups, with an interval that knows that the groups were chosen for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.confusion import OTHER
from modelward.stats.group_outcomes import GroupOutcomes
from modelward.stats.intervals import Interval, wilson

Rate = Literal["selection_rate", "true_positive_rate", "false_positive_rate", "precision", "error_rate"]


@dataclass(frozen=True)
class Disparity:
    """A difference or ratio between the groups `lowest` and `highest` in `rate`, from `low` to `high` over `n` rows.

    `compared` are the groups that had at least `minimum` rows to divide by, `left_out` those that had not (and
    `(other)`). A value that does not exist is nan, and `reason` says why and what to do.
    """

    statistic: float
    low: float
    high: float
    n: int
    rate: str
    lowest: str
    highest: str
    compared: tuple[str, ...]
    left_out: tuple[str, ...]
    minimum: int
    confidence: float
    reason: str = ""

    def required(self) -> float:
        """The value.

        Raises:
            ValueError: it does not exist; the sentence is the reason.
        """
        if math.isnan(self.statistic):
            raise ValueError(self.reason)
        return self.statistic


@dataclass(frozen=True, eq=False)
class GroupShares:
    """One rate of each group that can be compared: so many `hits` of `totals`."""

    rate: Rate
    names: tuple[str, ...]
    hits: F64
    totals: F64
    left_out: tuple[str, ...]
    minimum: int

    @classmethod
    def of(cls, outcomes: GroupOutcomes, rate: Rate, minimum: int) -> Self:
        """Of the groups with at least `minimum` rows to divide by (positive ones for a true positive rate)."""
        if minimum < 1:
            raise ValueError(f"A group has at least one row, so the minimum is at least 1, and not {minimum}.")
        hits, totals = shares_of(outcomes, rate)
        kept = (totals >= minimum) & np.array([name != OTHER for name in outcomes.groups], dtype=bool)
        names = [name for name, there in zip(outcomes.groups, kept.tolist(), strict=True) if there]
        left_out = [name for name, there in zip(outcomes.groups, kept.tolist(), strict=True) if not there]
        return cls(rate, tuple(names), hits[kept], totals[kept], tuple(left_out), minimum)

    @property
    def values(self) -> F64:
        """The rate of each group."""
        return self.hits / self.totals

    @property
    def pairs(self) -> int:
        """How many pairs of groups there are."""
        return len(self.names) * (len(self.names) - 1) // 2


def shares_of(outcomes: GroupOutcomes, rate: Rate) -> tuple[F64, F64]:
    """What each group has of the rate: hits, and what they are divided by."""
    counts = outcomes.counts.astype(np.float64)
    known = counts[:, :2]
    hits, totals = {
        "selection_rate": (counts[:, :, 1].sum(axis=1), counts.sum(axis=(1, 2))),
        "true_positive_rate": (known[:, 1, 1], known[:, 1].sum(axis=1)),
        "false_positive_rate": (known[:, 0, 1], known[:, 0].sum(axis=1)),
        "precision": (known[:, 1, 1], known[:, :, 1].sum(axis=1)),
        "error_rate": (known[:, 0, 1] + known[:, 1, 0], known.sum(axis=(1, 2))),
    }[rate]
    return hits, totals


def difference(rates: Sequence[GroupShares], confidence: float) -> Disparity:
    """The largest difference between two groups in any of the rates.

    Newcombe's interval of each pair, at a confidence of 1 − (1 − confidence) / pairs, so that all of them hold together
    (Bonferroni): the largest true difference is then between the largest lower and the largest upper end.

    Source: Newcombe (1998), "Interval estimation for the difference between independent proportions", Statistics in
    Medicine 17, method 10.
    """
    usable = [rate for rate in rates if rate.names]
    undefined = _undefined(rates, usable, confidence, alone=0.0)
    if undefined is not None:
        return undefined
    worst = max(usable, key=lambda rate: float(np.ptp(rate.values)))
    each = _for_each(usable, confidence)
    ends = [_difference_interval(rate, each) for rate in usable if rate.pairs]
    value = float(np.ptp(worst.values))
    low, high = max(end.low for end in ends), max(end.high for end in ends)
    return _answer(worst, rates, value, Interval(max(0.0, low), high), confidence)


def ratio(rates: Sequence[GroupShares], confidence: float) -> Disparity:
    """The smallest ratio between two groups in any of the rates.

    Donner and Zou's interval of each pair's ratio from Wilson's of both rates, at a confidence of
    1 − (1 − confidence) / pairs, so that all of them hold together (Bonferroni): the smallest true ratio is then
    between the smallest lower and the smallest upper end, and that at most 1.

    Source: Donner, Zou (2012), "Closed-form confidence intervals for functions of the normal mean and standard
    deviation", Statistical Methods in Medical Research 21.
    """
    usable = [rate for rate in rates if rate.names and (rate.hits.max() > 0 or len(rate.names) == 1)]
    undefined = _undefined(rates, usable, confidence, alone=1.0)
    if undefined is not None:
        return undefined
    worst = min(usable, key=_smallest_ratio)
    each = _for_each(usable, confidence)
    ends = [_ratio_interval(rate, each) for rate in usable if rate.pairs]
    low, high = min(end.low for end in ends), min(end.high for end in ends)
    return _answer(worst, rates, _smallest_ratio(worst), Interval(low, min(1.0, high)), confidence)


def _for_each(rates: Sequence[GroupShares], confidence: float) -> float:
    """The confidence of each pair at which all hold together."""
    return 1 - (1 - confidence) / sum(rate.pairs for rate in rates)


def _difference_interval(rate: GroupShares, confidence: float) -> Interval:
    values = rate.values
    lower, upper = _limits(rate, confidence)
    below, above = values - lower, upper - values
    gaps = values[:, None] - values[None, :]
    others = ~np.eye(values.size, dtype=bool)
    lows = (gaps - np.hypot(below[:, None], above[None, :]))[others]
    highs = (gaps + np.hypot(above[:, None], below[None, :]))[others]
    return Interval(float(lows.max()), min(1.0, float(highs.max())))


def _ratio_interval(rate: GroupShares, confidence: float) -> Interval:
    """Of two rates p and q with Wilson's limits (l, u) and (m, v): both ends solve a quadratic equation, of which the
    lower is a / (pq + √((pq)² − ab)) with a = l(2p − l), b = v(2q − v), and the upper (pq + √((pq)² − cd)) / d with
    c = u(2p − u), d = m(2q − m).
    """
    p, q, others = rate.values[:, None], rate.values, ~np.eye(rate.values.size, dtype=bool)
    lower, upper = _limits(rate, confidence)
    a, c = lower[:, None] * (2 * p - lower[:, None]), upper[:, None] * (2 * p - upper[:, None])
    b, d = upper * (2 * q - upper), lower * (2 * q - lower)
    product = p * q
    root_low, root_high = (np.sqrt(np.maximum(0.0, product**2 - part)) for part in (a * b, c * d))
    lows = np.divide(a, product + root_low, out=np.zeros_like(product), where=a > 0)
    highs = np.divide(
        product + root_high, np.broadcast_to(d, product.shape), out=np.full_like(product, np.inf), where=d > 0
    )
    return Interval(float(lows[others].min()), float(highs[others].min()))


def _limits(rate: GroupShares, confidence: float) -> tuple[F64, F64]:
    """Wilson's limits of each group's rate."""
    ends = [wilson(hits, n, confidence) for hits, n in zip(rate.hits.tolist(), rate.totals.tolist(), strict=True)]
    return np.array([end.low for end in ends]), np.array([end.high for end in ends])


def _smallest_ratio(rate: GroupShares) -> float:
    values = rate.values
    return float(values.min() / values.max()) if values.max() > 0 else 1.0


def _undefined(
    rates: Sequence[GroupShares], usable: Sequence[GroupShares], confidence: float, *, alone: float
) -> Disparity | None:
    """The answer where nothing can be compared; of one group alone, and no other left out, that there is no gap."""
    if any(rate.pairs for rate in usable):
        return None
    first = usable[0] if usable else rates[0]
    if len(first.names) == 1 and not first.left_out and usable:
        return _answer(first, rates, alone, Interval(alone, alone), confidence)
    if len(first.names) > 1:
        reason = f"No group has any hit in {first.rate.replace('_', ' ')}, and a ratio of zeros is open."
    else:
        reason = (
            f"Fewer than two groups have {first.minimum} rows to measure {first.rate.replace('_', ' ')} on; choose a "
            "longer window or a lower minimum."
        )
    return _answer(first, rates, math.nan, Interval(math.nan, math.nan), confidence, reason=reason)


def _answer(
    worst: GroupShares,
    rates: Sequence[GroupShares],
    value: float,
    interval: Interval,
    confidence: float,
    *,
    reason: str = "",
) -> Disparity:
    values = worst.values
    lowest = worst.names[int(values.argmin())] if worst.names else ""
    highest = worst.names[int(values.argmax())] if worst.names else ""
    left_out = tuple(dict.fromkeys(name for rate in rates for name in rate.left_out))
    return Disparity(
        statistic=value,
        low=min(value, interval.low),
        high=max(value, interval.high),
        n=int(worst.totals.sum()),
        rate=worst.rate,
        lowest=lowest,
        highest=highest,
        compared=worst.names,
        left_out=left_out,
        minimum=worst.minimum,
        confidence=confidence,
        reason=reason,
    )
