"""Mean and standard deviation that neither overflow at 1e300 nor vanish at 1e-300, and their merge.

The standard deviation is carried, not the variance: the square of 1e300 is no float64, nor is the square of 1e-300.
Values are first divided by a power of two (which loses no bit) where their squares or their sum would leave the range.
"""

import math
from collections.abc import Sequence

import numpy as np

from modelward.stats.arrays import F64

_BLOCK = 32_768
_SMALL, _LARGE = 1e-130, 1e130


def exponent_of(minimum: float, maximum: float) -> int:
    """The power of two to divide by, so that squares and sums of values in this range stay finite; 0 where none is
    needed.
    """
    size = max(abs(minimum), abs(maximum))
    if _SMALL < size < _LARGE or size == 0:
        return 0
    return max(math.frexp(size)[1] - 1, -1000)  # 2**1000 is a float, and lifts the smallest number far enough.


def scaled(values: F64, exponent: int) -> F64:
    """`values` divided by 2**exponent; the array itself where there is nothing to do."""
    return values if exponent == 0 else np.ldexp(values, -exponent)


def unscale(value: float, exponent: int) -> float:
    """`value` times 2**exponent, inf where that is past the range."""
    return value if exponent == 0 else value * 2.0**exponent


def clamp(value: float, minimum: float, maximum: float) -> float:
    """`value`, or the nearer end of the range: rounding must not carry a mean outside its own data."""
    return min(max(value, minimum), maximum)


def deviation_of(values: F64, mean: float, exponent: int) -> float:
    """The population standard deviation, over 2**exponent, of values about their mean, given over 2**exponent too."""
    # A block at a time stays in the processor's cache.
    blocks = (values[start : start + _BLOCK] for start in range(0, values.size, _BLOCK))
    squares = math.fsum(_square_sum(scaled(block, exponent) - mean) for block in blocks)
    return math.sqrt(squares / values.size)


def weighted_deviation(values: F64, weights: F64, mean: float) -> float:
    """The population standard deviation of values that each come so many times."""
    offsets = values - mean
    return math.sqrt(float((offsets * offsets) @ weights) / float(weights.sum()))


def _square_sum(offsets: F64) -> float:
    # Not a product of BLAS: for so many numbers it would wake threads, and wait for them on a busy machine.
    return float(np.add.reduce(np.square(offsets, out=offsets)))


def merge_moments(counts: Sequence[int], means: Sequence[float], deviations: Sequence[float]) -> tuple[float, float]:
    """Mean and population standard deviation of the union of parts, each given by its count, mean and deviation.

    n·σ² = Σ nᵢ (σᵢ² + (mᵢ − m)²). `math.fsum` makes the answer the same in whatever order the parts come.

    Source: Chan, Golub, LeVeque (1983), "Algorithms for computing the sample variance", The American Statistician 37.
    """
    exponent = exponent_of(0.0, max(*map(abs, means), *deviations))
    shrink = 2.0**-exponent
    total = sum(counts)
    small = [mean * shrink for mean in means]
    mean = math.fsum(n * m for n, m in zip(counts, small, strict=True)) / total
    squares = math.fsum(
        n * ((s * shrink) ** 2 + (m - mean) ** 2) for n, m, s in zip(counts, small, deviations, strict=True)
    )
    return unscale(mean, exponent), unscale(math.sqrt(squares / total), exponent)
