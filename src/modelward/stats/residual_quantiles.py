"""Quantiles of the residual, and the median absolute error."""

import math
from collections.abc import Sequence

import numpy as np

from modelward.stats.counts_of import NO_ROWS
from modelward.stats.intervals import normal_quantile
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE, Metric
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.residuals import Residuals, residuals_of

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def median_absolute_error(
    label: Column | Residuals, prediction: Column | None = None, *, confidence: float = CONFIDENCE
) -> Metric:
    """The median of |prediction − label|, in the label's unit, which a few wild rows cannot move.

    The interval is between order statistics, free of any distribution; of a compressed joint summary it is widened by
    the rank error.

    Edge cases: rows that lack either, or where one is infinite, are left out; nan, with a reason, without any row.

    >>> median_absolute_error([1.0, 2.0, 3.0], [2.0, 2.5, 103.0]).statistic
    1.0

    Source: David, Nagaraja (2003), Order Statistics, section 7.1.
    """
    return _quantile(residuals_of(label, prediction).absolute, 0.5, confidence)


def residual_quantiles(
    label: Column | Residuals,
    prediction: Column | None = None,
    *,
    quantiles: Sequence[float] = QUANTILES,
    confidence: float = CONFIDENCE,
) -> tuple[Metric, ...]:
    """The values below which these shares of prediction − label lie, each with its interval as the median's.

    Edge cases: as `median_absolute_error`.

    >>> [found.statistic for found in residual_quantiles([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], quantiles=[0, 0.5, 1])]
    [1.0, 2.0, 3.0]

    Raises:
        ValueError: a share is not from 0 to 1.

    Source: David, Nagaraja (2003), Order Statistics, section 7.1.
    """
    if not all(0 <= share <= 1 for share in quantiles):
        raise ValueError("A quantile is asked for by a share from 0 to 1, such as 0.95.")
    residuals = residuals_of(label, prediction).residuals
    return tuple(_quantile(residuals, share, confidence) for share in quantiles)


def _quantile(summary: NumericSummary, share: float, confidence: float) -> Metric:
    n = summary.count
    if not n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    half = normal_quantile(confidence) * math.sqrt(share * (1 - share) / n)
    half += summary.rank_error + (1 / n if 0 < share < 1 else 0.0)  # A rank is a whole number.
    value, low, high = summary.quantile(np.clip([share, share - half, share + half], 0.0, 1.0)).tolist()
    return Metric(value, low, high, n, "order-statistics", confidence)
