"""Which segments lose most, and which of them more than chance explains."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from modelward.rules import phrases
from modelward.stats import Metric
from modelward.stats.distributions import student_quantile

_MANY = 1e9
_TAIL = 0.025


@dataclass(frozen=True)
class RankedSegment:
    """A segment's loss; `worse` where it is above the whole's with an interval that holds for all segments together."""

    segment: str
    loss: Metric
    worse: bool
    reason: str


def rank_by_loss(losses: Mapping[str, Metric], whole: Metric) -> list[RankedSegment]:
    """Segments by their loss, the largest first.

    Each interval is widened by what so many segments need (Bonferroni), so that with no segment worse than another at
    most one ranking in 20 calls any of them worse.
    """
    widened = _quantile(_TAIL / max(1, len(losses))) / _quantile(_TAIL)
    ordered = sorted(losses.items(), key=lambda pair: (-pair[1].statistic, pair[0]))
    return [_ranked(name, loss, whole, widened) for name, loss in ordered]


def _ranked(name: str, loss: Metric, whole: Metric, widened: float) -> RankedSegment:
    low = loss.statistic - widened * (loss.statistic - loss.low)
    worse = bool(low > whole.statistic)
    against = f"{phrases.number(loss.statistic)} over {loss.n:,.0f} rows, against {phrases.number(whole.statistic)}"
    said = "larger than chance explains" if worse else "no larger than chance explains"
    if loss.statistic <= whole.statistic or math.isnan(low):
        said = "not above the whole"
    return RankedSegment(name, loss, worse, f"{against} of the whole: {said}")


def _quantile(tail: float) -> float:
    return student_quantile(tail, _MANY)
