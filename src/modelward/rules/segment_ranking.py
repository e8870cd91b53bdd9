"""Which segments lose most, and which of them more than chance explains."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelward.rules import phrases
from modelward.rules.family import widening
from modelward.rules.outcome_json import metric_json
from modelward.rules.outcome_metrics import measured
from modelward.stats import Metric, Outcome
from modelward.stats.metric import CONFIDENCE
from modelward.stats.outcome import BINARY, REGRESSION

ERROR_RATE = "error_rate"
_LOSSES: Mapping[str, str] = {BINARY: "brier_score", REGRESSION: "mean_absolute_error"}


@dataclass(frozen=True)
class RankedSegment:
    """A segment's loss; `worse` where it is above the whole's with an interval that holds for all segments together."""

    segment: str
    loss: Metric
    worse: bool
    reason: str


@dataclass(frozen=True)
class Ranking:
    """The segments whose outcomes are known, by what the `loss` is called, the largest first; and the loss of all."""

    loss: str
    whole: Metric
    segments: tuple[RankedSegment, ...]

    @property
    def worse(self) -> tuple[str, ...]:
        """The segments that lose more than the whole, beyond chance."""
        return tuple(one.segment for one in self.segments if one.worse)


def ranked_by_loss(outcomes: Mapping[str, Outcome], task: str) -> Ranking | None:
    """The ranking; None where no outcome is known.

    The loss is the Brier score of two classes with scores, the mean absolute error of a regression, else the share of
    wrong predictions.
    """
    known = {name: found for name, found in outcomes.items() if found.labelled}
    if not known:
        return None
    of_whole = measured(Outcome.merge(known.values()), task)
    chosen = _LOSSES.get(task, ERROR_RATE)
    name = chosen if chosen in of_whole and not of_whole[chosen].reason else ERROR_RATE
    whole = _loss(of_whole, name)
    if whole is None:
        return None
    losses = {value: _loss(measured(outcome, task), name) for value, outcome in known.items()}
    return Ranking(name, whole, tuple(rank_by_loss({n: loss for n, loss in losses.items() if loss}, whole)))


def ranking_json(found: Ranking | None) -> dict[str, Any]:
    """The ranking as JSON; an empty one where no outcome is known."""
    if found is None:
        return {"loss": None, "whole": None, "segments": []}
    told = [
        {"segment": one.segment, **metric_json(one.loss), "worse": one.worse, "reason": one.reason}
        for one in found.segments
    ]
    return {"loss": found.loss, "whole": metric_json(found.whole), "segments": told}


def _loss(found: Mapping[str, Metric], name: str) -> Metric | None:
    """A metric that exists; the error rate is what is missing of the accuracy."""
    if name != ERROR_RATE:
        return found[name] if name in found and not found[name].reason else None
    right = found.get("accuracy")
    if right is None or right.reason:
        return None
    return Metric(1 - right.statistic, 1 - right.high, 1 - right.low, right.n, right.interval, right.confidence)


def rank_by_loss(losses: Mapping[str, Metric], whole: Metric) -> list[RankedSegment]:
    """Segments by their loss, the largest first.

    Each interval is widened by what so many segments need (Bonferroni), so that with no segment worse than another at
    most one ranking in 20 calls any of them worse.
    """
    widened = widening(len(losses), 1 - CONFIDENCE)
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
