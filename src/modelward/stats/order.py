"""The order statistics of a long column, without sorting all of it.

A sketch asks for the values at some thousand ranks and for the sums between them. Sorting a million numbers for that
costs 10 to 80 ms, by the processor. Here every number is dropped into one of 65,536 buckets that keep the order, and
only the buckets in which a wanted rank lies are sorted. The answers are those of a sort.
"""

from itertools import zip_longest
from typing import Self

import numpy as np

from modelward.stats.arrays import F64, I64, Flags
from modelward.stats.moments import exponent_of, scaled

_BUCKETS = 65_536
_BLOCK = 32_768
_SAMPLE = 16_384


def order_of(values: F64, cap: int) -> "SortedOrder | BucketOrder":
    """Order statistics of a long column of finite values, by buckets if a sample has over `cap` distinct values."""
    sample = np.sort(values[:: max(1, values.size // _SAMPLE)])
    low, high = float(values.min()), float(values.max())
    whole = _sort_whole(values, low, high) if bool((sample == np.floor(sample)).all()) else None
    if whole is not None:
        return SortedOrder(whole)
    many = np.count_nonzero(sample[1:] != sample[:-1]) >= cap
    buckets = BucketOrder.of(values, sample) if many and exponent_of(low, high) == 0 else None
    return buckets or SortedOrder(np.sort(values))


class SortedOrder:
    """Order statistics of an array that is sorted."""

    def __init__(self, ordered: F64) -> None:
        self.size = ordered.size
        self.values = ordered

    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return float(self.values[0]), float(self.values[-1])

    def at(self, ranks: I64) -> F64:
        """The values at these ranks, counted from 0."""
        return self.values[ranks]

    def runs(self, values: F64) -> tuple[I64, I64]:
        """The ranks at which the rows of each value start and stop; the values came from `at`."""
        return self.values.searchsorted(values, "left"), self.values.searchsorted(values, "right")

    def means(self, starts: I64) -> F64:
        """The mean of the values from each rank up to the next; the ranks were asked of `at`."""
        exponent = exponent_of(float(self.values[0]), float(self.values[-1]))
        means = np.add.reduceat(scaled(self.values, exponent), starts) / np.diff(starts, append=self.size)
        return scaled(means, -exponent)


class BucketOrder:
    """Order statistics of an array in any order."""

    def __init__(self, values: F64, keys: I64, common: list[float]) -> None:
        self.size = values.size
        self._values, self._keys, self._common = values, keys, common
        self._counts = np.bincount(keys, minlength=_BUCKETS + 1)
        self._starts = np.cumsum(self._counts) - self._counts
        self._opened = np.zeros(_BUCKETS + 1, dtype=bool)
        self._offsets = np.zeros(_BUCKETS + 1, dtype=np.int64)
        self._sorted = np.empty(0)

    @classmethod
    def of(cls, values: F64, sample: F64) -> Self | None:
        """Drop the values into buckets that suit a sorted sample of them; None where the sample is of no help."""
        low, middle, high = sample[[sample.size // 4, sample.size // 2, sample.size - sample.size // 4 - 1]].tolist()
        if high == low:
            low, high = sample[[sample.size // 50, sample.size - sample.size // 50 - 1]].tolist()
        spread = (high - low) / 2
        # Beyond this the middle half would share a bucket, or the division overflow.
        if not spread or (sample[-1] - sample[0]) / spread > 1e12:
            return None
        return cls(values, _keys(values, middle, spread), _common_values(sample))

    def ends(self) -> tuple[float, float]:
        """The smallest and the largest value."""
        return float(self._values.min()), float(self._values.max())

    def at(self, ranks: I64) -> F64:
        """The values at these ranks, counted from 0."""
        buckets = self._starts.searchsorted(ranks, "right") - 1
        if not self._opened[buckets].all():
            more = np.zeros_like(self._opened)
            more[buckets] = True
            self._open(more & ~self._opened)
        return self._sorted[ranks - self._starts[buckets] + self._offsets[buckets]]

    def runs(self, values: F64) -> tuple[I64, I64]:
        """The ranks at which the rows of each value start and stop; the values came from `at`."""
        first = self._sorted.searchsorted(values, "left")
        last = self._sorted.searchsorted(values, "right") - 1
        bucket = self._offsets.searchsorted(first, "right") - 1
        shift = self._starts[bucket] - self._offsets[bucket]
        return first + shift, last + 1 + shift

    def means(self, starts: I64) -> F64:
        """The mean of the values from each rank up to the next; the ranks were asked of `at`."""
        # One term for each closed bucket, and one for each value of an open one, in order.
        sizes = np.where(self._opened, self._counts, 1)
        places = np.cumsum(sizes) - sizes
        terms = np.empty(int(sizes.sum()))
        closed = ~self._opened
        terms[places[closed]] = np.bincount(self._keys, weights=self._values, minlength=_BUCKETS + 1)[closed]
        shift = (places - self._offsets)[self._opened]
        terms[np.arange(self._sorted.size) + np.repeat(shift, self._counts[self._opened])] = self._sorted
        buckets = self._starts.searchsorted(starts, "right") - 1
        sums = np.add.reduceat(terms, places[buckets] + starts - self._starts[buckets])
        means: F64 = sums / np.diff(starts, append=self.size)
        return means

    def _open(self, more: Flags) -> None:
        """Sort the values of these closed buckets, and put them between those of the open ones."""
        opened = self._opened | more
        if int(self._counts[opened].sum()) * 2 > self.size:  # Then one sort of everything is less work.
            opened, more = np.ones_like(opened), ~self._opened
        fresh = _sorted(self._values[more[self._keys]], self._common)
        sizes = np.where(opened, self._counts, 0)
        offsets = np.cumsum(sizes) - sizes
        together = np.empty(int(sizes.sum()))
        for part, buckets in ((self._sorted, self._opened), (fresh, more)):
            counts = self._counts[buckets]
            shift = offsets[buckets] - (np.cumsum(counts) - counts)
            together[np.arange(part.size) + np.repeat(shift, counts)] = part
        self._opened, self._offsets, self._sorted = opened, offsets, together


def _keys(values: F64, middle: float, spread: float) -> I64:
    """The bucket of each value: even in x / (1 + |x|), x its distance from the middle, so that long tails fit in."""
    keys = np.empty(values.size, dtype=np.int64)
    for start in range(0, values.size, _BLOCK):  # A block stays in the processor's cache through all the steps.
        x = values[start : start + _BLOCK] - middle
        x /= spread
        size = np.abs(x)
        size += 1
        x /= size
        x += 1
        x *= _BUCKETS / 2
        keys[start : start + _BLOCK] = x
    return keys


def _common_values(sample: F64) -> list[float]:
    """Values that fill about 2 % of a sorted sample or more."""
    stride = max(1, sample.size // 100)
    marks = sample[::stride]
    common: list[float] = np.unique(marks[1:][marks[1:] == marks[:-1]]).tolist()
    return common


def _sorted(values: F64, common: list[float]) -> F64:
    """A sorted copy; very common values are put where they belong, not compared with one another over and over."""
    runs = []
    for value in common:
        others = values[values != value]
        runs.append(np.full(values.size - others.size, value))
        values = others
    ordered = np.sort(values)
    pieces = np.split(ordered, ordered.searchsorted(common)) if common else [ordered]
    return np.concatenate([piece for pair in zip_longest(pieces, runs, fillvalue=ordered[:0]) for piece in pair])


def _sort_whole(values: F64, low: float, high: float) -> F64 | None:
    """A sorted copy of whole numbers of a small range, by counting each; None if they are anything else."""
    if high - low >= _BUCKETS or max(-low, high) >= 2**52:
        return None
    keys = (values - low).astype(np.int64)
    if not bool((keys + low == values).all()):
        return None
    return np.repeat(np.arange(low, high + 1), np.bincount(keys))
