"""The answer of a metric: a number, and what is needed to trust it."""

import math
from dataclasses import dataclass
from typing import Self

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Metric:
    """A value with its confidence interval from `low` to `high`, over `n` rows.

    `interval` names how the interval was found. `error` bounds what compression may have moved the value by (0 where
    nothing was compressed); the interval is already widened by it. A value that does not exist is nan, and `reason`
    is the sentence that says why and what to do.

    >>> Metric.undefined("There are no rows; wait for labels.", n=0).statistic
    nan
    """

    statistic: float
    low: float
    high: float
    n: float
    interval: str = ""
    confidence: float = CONFIDENCE
    error: float = 0.0
    reason: str = ""

    @classmethod
    def undefined(cls, reason: str, *, n: float, confidence: float = CONFIDENCE) -> Self:
        """A value that does not exist, and why."""
        return cls(math.nan, math.nan, math.nan, n, confidence=confidence, reason=reason)

    def required(self) -> float:
        """The value.

        Raises:
            ValueError: it does not exist; the sentence is the reason.
        """
        if math.isnan(self.statistic):
            raise ValueError(self.reason)
        return self.statistic


def widened(metric: Metric, error: float, *, least: float = -math.inf, most: float = math.inf) -> Metric:
    """The metric with the bound on its error, and its interval widened by it, within the values that are possible."""
    if not error:
        return metric
    low, high = max(least, metric.low - error), min(most, metric.high + error)
    return Metric(metric.statistic, low, high, metric.n, metric.interval, metric.confidence, error, metric.reason)
