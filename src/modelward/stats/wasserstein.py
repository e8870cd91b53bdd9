"""Wasserstein distance: how far the average value has to be carried to turn one sample into the other."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats import moments
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.samples import Sample, numeric_of


@dataclass(frozen=True)
class Wasserstein:
    """In the unit of the column, or, where `normalised`, in standard deviations of the reference."""

    statistic: float
    n_reference: int
    n_current: int
    normalised: bool


def wasserstein(reference: Sample, current: Sample, *, normalise: bool = False) -> Wasserstein:
    """First Wasserstein distance (earth mover's distance) of the finite values of two samples or summaries.

    ∫ |F⁻¹(u) − G⁻¹(u)| du. Of a compressed summary each group stands at its mean, so that a shift of everything by one
    amount is found exactly. `normalise` divides by the reference's standard deviation; where that is 0, the answer is 0
    if the distance is 0 and inf otherwise.

    Edge cases: missing values and infinities are left out; nan where a side has no finite value.

    >>> wasserstein([0, 1, 3], [5, 6, 8]).statistic
    5.0

    Source: Vallender (1974), "Calculation of the Wasserstein distance between probability distributions on the line",
    Theory of Probability and its Applications 18.
    """
    first, second = numeric_of(reference), numeric_of(current)
    n, m = first.count, second.count
    if not (n and m):
        return Wasserstein(math.nan, n, m, normalise)
    sizes = (first.minimum, first.maximum, second.minimum, second.maximum)
    exponent = moments.exponent_of(0.0, max(map(abs, sizes)))
    distance = _distance(first, second, exponent)
    if normalise:
        deviation = math.ldexp(first.deviation, -exponent)
        unscaled = distance / deviation if deviation else (math.inf if distance else 0.0)
        return Wasserstein(unscaled, n, m, normalised=True)
    return Wasserstein(moments.unscale(distance, exponent), n, m, normalised=False)


def _distance(first: NumericSummary, second: NumericSummary, exponent: int) -> float:
    """The distance over 2**exponent: both quantile functions are steps, compared between neighbouring shares."""
    shares = [np.cumsum(summary.weights) / summary.count for summary in (first, second)]
    ends = np.unique(np.concatenate(shares))
    starts = np.concatenate(([0.0], ends[:-1]))
    # The running shares of both sides end at 1 but for rounding, hence the last index is held.
    heights = [
        moments.scaled(summary.means, exponent)[np.minimum(share.searchsorted(starts, "right"), share.size - 1)]
        for summary, share in zip((first, second), shares, strict=True)
    ]
    return float(np.abs(heights[0] - heights[1]) @ (ends - starts))
