"""Energy distance of two samples: the squared distance between their distributions, over the line of values."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats import moments
from modelward.stats.arrays import F64
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.samples import Sample, numeric_of


@dataclass(frozen=True)
class EnergyDistance:
    """In the square root of the column's unit, or, where `normalised`, in that of standard deviations."""

    statistic: float
    n_reference: int
    n_current: int
    normalised: bool


def energy_distance(reference: Sample, current: Sample, *, normalise: bool = False) -> EnergyDistance:
    """Energy distance of the finite values of two samples or summaries.

    √(2 ∫ (F − G)² dx), the same as √(2 E|X − Y| − E|X − X′| − E|Y − Y′|). Of a compressed summary the rows lie
    evenly between two points of its sketch. `normalise` divides by the square root of the reference's standard
    deviation, which makes it free of the unit; where that is 0, the answer is 0 if the distance is 0, else inf.

    Edge cases: missing values and infinities are left out; nan where a side has no finite value.

    >>> energy_distance([0], [2]).statistic
    2.0

    Source: Székely, Rizzo (2013), "Energy statistics: a class of statistics based on distances", Journal of Statistical
    Planning and Inference 143.
    """
    first, second = numeric_of(reference), numeric_of(current)
    n, m = first.count, second.count
    if not (n and m):
        return EnergyDistance(math.nan, n, m, normalise)
    sizes = (first.minimum, first.maximum, second.minimum, second.maximum)
    exponent = moments.exponent_of(0.0, max(map(abs, sizes)))
    squared = 2 * _integral(first, second, exponent)
    if normalise:
        deviation = math.ldexp(first.deviation, -exponent)
        unscaled = squared / deviation if deviation else (math.inf if squared else 0.0)
        return EnergyDistance(math.sqrt(unscaled), n, m, normalised=True)
    # The square root of 2**exponent apart: the square itself may be past the range.
    even = exponent - exponent % 2
    return EnergyDistance(
        moments.unscale(math.sqrt(math.ldexp(squared, exponent - even)), even // 2), n, m, normalised=False
    )


def _integral(first: NumericSummary, second: NumericSummary, exponent: int) -> float:
    """∫ (F − G)² dx over 2**exponent: between two points both are straight lines, as is their difference."""
    points = np.union1d(first.turning_points, second.turning_points)
    starts = _finite_share(first, first.cdf(points)) - _finite_share(second, second.cdf(points))
    stops = _finite_share(first, first.cdf_below(points)) - _finite_share(second, second.cdf_below(points))
    start, stop = starts[:-1], stops[1:]
    return float((start * start + start * stop + stop * stop) @ np.diff(moments.scaled(points, exponent))) / 3


def _finite_share(summary: NumericSummary, shares: F64) -> F64:
    """Shares of the finite values, from those of all numbers."""
    return (shares * summary.numbers - summary.negative_infinities) / summary.count
