"""Page–Hinkley: a sequential test for a change of the mean, row by row."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64
from modelward.stats.binary import Reader, Writer, from_document, require, to_document

DELTA, THRESHOLD, MINIMUM = 0.005, 50.0, 30
_MAGIC = b"MWPH"


class Change(NamedTuple):
    """A change that was seen at row `at` (counted from 0) and began about row `since`; whether the mean rose."""

    at: int
    since: int
    rose: bool


@dataclass(frozen=True)
class PageHinkley:
    """The state of the test after `seen` rows, and the `changes` found so far; `after` goes on from it.

    `count`, `mean`, `total`, `least` and `least_at` are those since the last change: the rows, their mean, the sum of
    what exceeds it, the least that sum has been, and the row after which it was.

    >>> start = page_hinkley([0.0] * 100)
    >>> [change.since for change in start.after([1.0] * 100).changes]
    [100]
    """

    delta: float = DELTA
    threshold: float = THRESHOLD
    minimum: int = MINIMUM
    seen: int = 0
    count: int = 0
    mean: float = 0.0
    total: float = 0.0
    least: float = 0.0
    least_at: int = 0
    changes: tuple[Change, ...] = ()

    @property
    def statistic(self) -> float:
        """How far the sum has risen above its least; a change is where that passes the threshold."""
        return self.total - self.least

    def after(self, values: npt.ArrayLike) -> Self:
        """The state after more rows; missing values are counted as seen and change nothing."""
        array = np.asarray(values, dtype=np.float64).reshape(-1)
        rows = np.flatnonzero(np.isfinite(array)) + self.seen
        state, left = self, array[np.isfinite(array)]
        while left.size:
            state, used = state._stretch(left, rows)
            left, rows = left[used:], rows[used:]
        return replace(state, seen=self.seen + array.size)

    def to_bytes(self) -> bytes:
        """The state as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self._write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls._read)

    def _write(self, writer: Writer) -> None:
        writer.pack("2d3q", self.delta, self.threshold, self.minimum, self.seen, self.count)
        writer.pack("3dq", self.mean, self.total, self.least, self.least_at)
        write_changes(writer, self.changes)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        delta, threshold, *counts = reader.unpack("2d3q")
        mean, total, least, least_at = reader.unpack("3dq")
        minimum, seen, count = map(int, counts)
        require(threshold > 0 and delta >= 0 and seen >= count >= 0, "its state is impossible")
        floats = (float(mean), float(total), float(least))
        return cls(delta, threshold, minimum, seen, count, *floats, int(least_at), read_changes(reader))

    def _stretch(self, values: F64, rows: npt.NDArray[np.int64]) -> tuple[Self, int]:
        """The state after these values or up to the first change, and how many were used."""
        counts = self.count + np.arange(1, values.size + 1)
        means = self.mean + np.cumsum(values - self.mean) / counts
        totals = self.total + np.cumsum(values - means - self.delta)
        leasts = np.minimum(np.minimum.accumulate(totals), self.least)
        alarms = np.flatnonzero((totals - leasts > self.threshold) & (counts >= self.minimum))
        stop = int(alarms[0]) if alarms.size else values.size - 1
        least_at = self._least_at(totals[: stop + 1], rows)
        if alarms.size:
            change = Change(int(rows[stop]), least_at, rose=True)
            fresh = replace(self, count=0, mean=0.0, total=0.0, least=0.0, least_at=int(rows[stop]) + 1)
            return replace(fresh, changes=(*self.changes, change)), stop + 1
        kept = replace(self, count=int(counts[stop]), least_at=least_at)
        ends = (float(means[stop]), float(totals[stop]), float(leasts[stop]))
        return replace(kept, mean=ends[0], total=ends[1], least=ends[2]), stop + 1

    def _least_at(self, totals: F64, rows: npt.NDArray[np.int64]) -> int:
        place = int(totals.argmin())
        return int(rows[place]) + 1 if totals[place] < self.least else self.least_at


def write_changes(writer: Writer, changes: Sequence[Change]) -> None:
    """Add changes to a document."""
    writer.pack("I", len(changes))
    for change in changes:
        writer.pack("2q?", *change)


def read_changes(reader: Reader) -> tuple[Change, ...]:
    """Take changes from a document."""
    found = [reader.unpack("2q?") for _ in range(reader.size())]
    return tuple(Change(int(at), int(since), bool(rose)) for at, since, rose in found)


def page_hinkley(
    values: npt.ArrayLike, *, delta: float = DELTA, threshold: float = THRESHOLD, minimum: int = MINIMUM
) -> PageHinkley:
    """Find rises of the mean of a stream, such as the loss of labelled rows in the order of their time.

    mₜ = Σ (xᵢ − x̄ᵢ − δ) with x̄ᵢ the mean so far; a change is where mₜ − min mᵢ > threshold after `minimum` rows, and it
    began where mₜ was least. After a change the test starts anew. `delta` is the rise that is tolerated, in the unit of
    the values; a greater threshold gives fewer false alarms and later true ones. Give the values' negatives to find
    falls.

    Edge cases: missing and infinite values change nothing; without a row there are no changes.

    >>> page_hinkley([0.1] * 200 + [0.9] * 200).changes
    (Change(at=274, since=200, rose=True),)

    Raises:
        ValueError: the threshold is not above 0 or the delta below 0.

    Sources: Page (1954), "Continuous inspection schemes", Biometrika 41; Hinkley (1971), "Inference about the
    change-point from cumulative sum tests", Biometrika 58; Gama et al. (2014), ACM Computing Surveys 46.
    """
    if not (threshold > 0 and delta >= 0 and math.isfinite(threshold)):
        raise ValueError("The threshold is a number above 0, and delta one from 0 up.")
    return PageHinkley(delta, threshold, minimum).after(values)
