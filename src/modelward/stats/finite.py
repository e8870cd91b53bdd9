"""The finite numbers of a column, apart from its infinities and NaNs."""

import math
from typing import NamedTuple

import numpy as np

from modelward.stats.arrays import F64


class Split(NamedTuple):
    """The finite values, and how many were -inf, inf and nan."""

    finite: F64
    negative: int
    positive: int
    missing: int


def split_sorted(ordered: F64) -> Split:
    """Of a sorted array, of which the finite values are one stretch."""
    if not ordered.size or (ordered[0] > -math.inf and ordered[-1] < math.inf):
        return Split(ordered, 0, 0, 0)
    start = int(ordered.searchsorted(-math.inf, "right"))
    stop, end = int(ordered.searchsorted(math.inf, "left")), int(ordered.searchsorted(math.nan, "left"))
    return Split(ordered[start:stop], start, end - stop, ordered.size - end)


def split(array: F64) -> Split:
    """Of an array in any order; it is not copied if all of it is finite."""
    finite = np.isfinite(array)
    if finite.all():
        return Split(array, 0, 0, 0)
    others = array[~finite]
    positive, negative = int(np.count_nonzero(others == math.inf)), int(np.count_nonzero(others == -math.inf))
    return Split(array[finite], negative, positive, others.size - positive - negative)
