"""R²: the share of the label's variance that the predictions explain."""

import math

import numpy as np

from modelward.stats.counts_of import NO_ROWS
from modelward.stats.intervals import normal_quantile
from modelward.stats.labels import Column
from modelward.stats.metric import CONFIDENCE, Metric
from modelward.stats.residuals import Residuals, residuals_of

_CONSTANT = "Every label is the same, so there is no variance to explain; choose a longer window."


def r_squared(label: Column | Residuals, prediction: Column | None = None, *, confidence: float = CONFIDENCE) -> Metric:
    """1 − Σ (prediction − label)² / Σ (label − mean)²: 1 is perfect, 0 the label's mean, below 0 worse than that.

    Exact of joint summaries too. The interval is the delta method's for Q = 1 − R² on the scale of its logarithm, from
    the joint moments of label and residual up to the fourth order: the influence of a row on ln Q is
    r²/E[r²] − (y − ȳ)²/Var(y). In simulations of 50 and 200 rows a 95 % interval held the truth in 94 and 95 % of draws
    of normal residuals, in 92 and 94 % of Laplace's, and in 82 and 80 % of Student's with 3 degrees of freedom.

    Edge cases: rows that lack either, or where one is infinite, are left out; nan, with a reason, where all labels are
    equal (scikit-learn says 0 or 1).

    >>> round(r_squared([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]).statistic, 4)
    0.5

    Sources: Wright (1921), "Correlation and causation", Journal of Agricultural Research 20; Casella, Berger (2002),
    Statistical Inference, section 5.5.4.
    """
    kept = residuals_of(label, prediction)
    n = kept.n
    if not n:
        return Metric.undefined(NO_ROWS, n=0, confidence=confidence)
    deviation = math.sqrt(kept.moments.sums[2, 0] / n)
    if not deviation > 0:
        return Metric.undefined(_CONSTANT, n=n, confidence=confidence)
    left = math.hypot(kept.residuals.mean, kept.residuals.deviation) / deviation
    unexplained = left * left
    half = normal_quantile(confidence) * _spread(kept)
    if math.isnan(half) or n < 3:
        return Metric(1 - unexplained, -math.inf, 1.0, n, "delta-log", confidence)
    low, high = 1 - unexplained * math.exp(min(half, 700.0)), 1 - unexplained * math.exp(-half)
    return Metric(1 - unexplained, low, high, n, "delta-log", confidence)


def _spread(kept: Residuals) -> float:
    """The standard error of ln Q."""
    n, m, sums = kept.n, np.float64(kept.moments.y), kept.moments.sums / kept.n
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # Of numbers past 10^77 fourth powers are none.
        square, label = sums[0, 2] + m * m, sums[2, 0]
        fourth = sums[0, 4] + 4 * m * sums[0, 3] + 6 * m * m * sums[0, 2] + m**4
        mixed = sums[2, 2] + 2 * m * sums[2, 1] + m * m * label
        variance = float(fourth / square**2 + sums[4, 0] / label**2 - 2 * mixed / (square * label))
    if not square > 0:
        return 0.0 if kept.residuals.minimum == kept.residuals.maximum == 0 else math.nan
    return math.sqrt(max(0.0, variance) / n) if math.isfinite(variance) else math.nan
