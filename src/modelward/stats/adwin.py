"""ADWIN: a window that grows while the mean holds, and drops its old end where it changed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64
from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.page_hinkley import Change, read_changes, write_changes

DELTA, CLOCK, LEAST = 0.002, 32, 5
_PER_LEVEL = 5
_MAGIC = b"MWAD"


class Bucket(NamedTuple):
    """Neighbouring rows: how many, their mean, and the sum of squares about it."""

    rows: int
    mean: float
    squares: float


@dataclass(frozen=True)
class Adwin:
    """The window after `seen` rows, and the `changes` found so far; `after` goes on from it.

    `levels` holds the buckets: at level i those of 2ⁱ rows, oldest first, at most five of them, so that a window of n
    rows takes about 5·log₂ n buckets.

    >>> start = adwin([0.0] * 500)
    >>> start.width, start.after([1.0] * 100).changes[0].rose
    (500, True)
    """

    delta: float = DELTA
    clock: int = CLOCK
    seen: int = 0
    count: int = 0
    levels: tuple[tuple[Bucket, ...], ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def width(self) -> int:
        """The rows in the window: those since the last change."""
        return sum(bucket.rows for level in self.levels for bucket in level)

    @property
    def statistic(self) -> float:
        """The mean of the window; nan of none."""
        return math.fsum(b.rows * b.mean for b in _oldest_first(self.levels)) / self.width if self.width else math.nan

    def after(self, values: npt.ArrayLike) -> Self:
        """The window after more rows; missing values are counted as seen and change nothing."""
        array = np.asarray(values, dtype=np.float64).reshape(-1)
        levels = [list(level) for level in self.levels]
        count, changes = self.count, list(self.changes)
        for row, value in enumerate(array.tolist(), start=self.seen):
            if not math.isfinite(value):
                continue
            count += 1
            _insert(levels, value)
            if count % self.clock == 0:
                change = _cut(levels, self.delta, row)
                changes += [] if change is None else [change]
        frozen = tuple(map(tuple, levels))
        return replace(self, seen=self.seen + array.size, count=count, levels=frozen, changes=tuple(changes))

    def to_bytes(self) -> bytes:
        """The window as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self._write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls._read)

    def _write(self, writer: Writer) -> None:
        writer.pack("d3qB", self.delta, self.clock, self.seen, self.count, len(self.levels))
        for level in self.levels:
            writer.floats(np.array([(bucket.mean, bucket.squares) for bucket in level]).reshape(-1))
        write_changes(writer, self.changes)

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        delta, *counts = reader.unpack("d3qB")
        clock, seen, count, height = map(int, counts)
        require(0 < delta < 1 and clock >= 1 and seen >= count >= 0, "its state is impossible")
        levels = tuple(_read_level(reader, 2**i) for i in range(height))
        window = cls(float(delta), clock, seen, count, levels, read_changes(reader))
        require(window.width <= count, "its window is wider than the stream")
        return window


def adwin(values: npt.ArrayLike, *, delta: float = DELTA, clock: int = CLOCK) -> Adwin:
    """Find changes of the mean of a stream, such as the loss of labelled rows in the order of their time.

    Every `clock` rows the window is split wherever a bucket ends into two parts of n₀ and n₁ rows; if their means
    differ by more than ε = √(2 v L / m) + 2 L / (3 m), with 1/m = 1/n₀ + 1/n₁, v the window's variance and
    L = ln(2 ln(n) / δ), the oldest bucket is dropped, and so on until no split differs. The bound is for values from 0
    to 1, such as an error or a Brier loss; divide others by their range. A change's `since` is where the window starts
    afterwards; while the window empties itself of old rows one change may be seen several times.

    Edge cases: missing and infinite values change nothing; both parts have at least five rows.

    >>> adwin([0.1] * 512 + [0.9] * 512).changes[0]
    Change(at=543, since=488, rose=True)

    Raises:
        ValueError: delta is not between 0 and 1, or the clock below 1.

    Source: Bifet, Gavaldà (2007), "Learning from time-changing data with adaptive windowing", SDM, with ln n for n as
    in the authors' own program.
    """
    if not (0 < delta < 1 and clock >= 1):
        raise ValueError("Delta is a chance between 0 and 1, such as 0.002, and the clock a number of rows from 1 up.")
    return Adwin(delta, clock).after(values)


def _read_level(reader: Reader, rows: int) -> tuple[Bucket, ...]:
    numbers = reader.floats()
    require(
        numbers.size % 2 == 0 and numbers.size <= 2 * _PER_LEVEL and bool(np.isfinite(numbers).all()),
        "a bucket is broken",
    )
    require(bool((numbers[1::2] >= 0).all()), "a bucket is broken")
    return tuple(Bucket(rows, mean, squares) for mean, squares in numbers.reshape(-1, 2).tolist())


def _insert(levels: list[list[Bucket]], value: float) -> None:
    bucket, level = Bucket(1, value, 0.0), 0
    while True:
        if level == len(levels):
            levels.append([])
        levels[level].append(bucket)
        if len(levels[level]) <= _PER_LEVEL:
            return
        bucket, level = _joined(levels[level].pop(0), levels[level].pop(0)), level + 1


def _joined(first: Bucket, second: Bucket) -> Bucket:
    count, gap = first.rows + second.rows, second.mean - first.mean
    mean = first.mean + gap * second.rows / count
    return Bucket(count, mean, first.squares + second.squares + gap * gap * first.rows * second.rows / count)


def _oldest_first(levels: Sequence[Sequence[Bucket]]) -> Iterator[Bucket]:
    for level in reversed(levels):
        yield from level


def _cut(levels: list[list[Bucket]], delta: float, row: int) -> Change | None:
    """Drop the oldest buckets while two parts differ; the change, if there was one."""
    rose = None
    while (found := _split_differs(levels, delta)) is not None:
        rose = found if rose is None else rose
        levels[-1].pop(0)
        while levels and not levels[-1]:
            levels.pop()
    if rose is None:
        return None
    width = sum(bucket.rows for bucket in _oldest_first(levels))
    return Change(row, row + 1 - width, rose)


def _split_differs(levels: list[list[Bucket]], delta: float) -> bool | None:
    """Whether the mean rose at a split where both parts differ; None where none does."""
    counts, means, squares = (np.array(column) for column in zip(*_oldest_first(levels), strict=True))
    n = float(counts.sum())
    older = np.cumsum(counts)[:-1]
    newer = n - older
    kept = (older >= LEAST) & (newer >= LEAST)
    if not kept.any():
        return None
    mean = float(counts @ means) / n
    variance = float(squares.sum() + counts @ (means - mean) ** 2) / n
    sums: F64 = np.cumsum(counts * (means - mean))[:-1]
    gaps = (-sums / newer - sums / older)[kept]  # The newer part less the older, as their sums cancel out.
    reach = math.log(2 * math.log(n) / delta)
    inverse = (1 / older + 1 / newer)[kept]
    excess = np.abs(gaps) - np.sqrt(2 * variance * reach * inverse) - 2 / 3 * reach * inverse
    worst = int(excess.argmax())
    return bool(gaps[worst] > 0) if excess[worst] > 0 else None
