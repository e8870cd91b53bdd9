"""A number column in a few kilobytes, whatever its length, that can be added to another."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from modelward.stats import moments, sketch
from modelward.stats.arrays import F64, Flags
from modelward.stats.binary import Reader, Writer, require
from modelward.stats.sketch import Entries

CAP = 2048
GROUPS = 512

_MAGIC = b"MWNS"
_NOTHING = np.empty(0)
_NO_FLAGS = np.empty(0, dtype=bool)


@dataclass(frozen=True, eq=False)
class NumericSummary:
    """What is kept of a column of numbers.

    `count` is the number of finite values, and `minimum`, `maximum`, `mean` and `deviation` (the population standard
    deviation) are exact over them, nan when there is none. NaN and None are `missing`; values of a wrong type were kept
    aside and are `invalid`; infinities are counted by sign.

    `values`, `means`, `weights` and `atoms` are the sketch (see `sketch.py`). While `exact`, it has one entry for each
    distinct value. `carried` is the share by which the steps of parts that were merged may already have been wrong.

    >>> summary = NumericSummary.of([1.0, 2.0, 2.0, float("nan")])
    >>> summary.count, summary.missing, summary.mean, summary.exact
    (3, 1, 1.6666666666666667, True)
    >>> (summary + NumericSummary.of([10.0])).maximum
    10.0
    """

    count: int
    missing: int
    invalid: int
    zeros: int
    positive_infinities: int
    negative_infinities: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    values: F64
    means: F64
    weights: F64
    atoms: Flags
    exact: bool
    carried: float = 0.0

    @classmethod
    def of(
        cls, values: npt.ArrayLike, *, missing: int = 0, invalid: int = 0, cap: int = CAP, groups: int = GROUPS
    ) -> Self:
        """Summarise numbers (any array of floats, integers or booleans; None counts as NaN, which is missing)."""
        ordered = np.sort(np.asarray(values, dtype=np.float64), axis=None)
        size = ordered.size
        negative = positive = 0
        if size and not (ordered[0] > -math.inf and ordered[-1] < math.inf):
            negative, stop, end = _finite_range(ordered)
            positive, missing = end - stop, missing + size - end
            ordered = ordered[negative:stop]
        if not ordered.size:
            return cls.empty(
                missing=missing, invalid=invalid, positive_infinities=positive, negative_infinities=negative
            )
        exact = not sketch.has_more_distinct_than(ordered, cap)
        entries = sketch.run_lengths(ordered) if exact else sketch.group(ordered, groups)
        mean, deviation = _moments(ordered, entries)
        return cls(
            count=ordered.size,
            missing=missing,
            invalid=invalid,
            zeros=_zeros(ordered),
            positive_infinities=positive,
            negative_infinities=negative,
            minimum=float(ordered[0]),
            maximum=float(ordered[-1]),
            mean=mean,
            deviation=deviation,
            values=entries.values,
            means=entries.means,
            weights=entries.weights,
            atoms=entries.atoms,
            exact=exact,
        )

    @classmethod
    def empty(
        cls, *, missing: int = 0, invalid: int = 0, positive_infinities: int = 0, negative_infinities: int = 0
    ) -> Self:
        """The summary of a column without any finite value."""
        nan = math.nan
        nothing = (_NOTHING, _NOTHING, _NOTHING, _NO_FLAGS)
        return cls(
            0, missing, invalid, 0, positive_infinities, negative_infinities, nan, nan, nan, nan, *nothing, exact=True
        )

    @classmethod
    def merge(cls, summaries: Iterable[Self], *, cap: int = CAP, groups: int = GROUPS) -> Self:
        """The summary of all the rows together, in one step: merging pair after pair would add an error each time."""
        every = list(summaries)
        filled = [summary for summary in every if summary.count]
        aside = {
            name: sum(getattr(summary, name) for summary in every)
            for name in ("missing", "invalid", "positive_infinities", "negative_infinities")
        }
        if not filled:
            return cls.empty(**aside)
        counts = [summary.count for summary in filled]
        minimum = min(summary.minimum for summary in filled)
        maximum = max(summary.maximum for summary in filled)
        mean, deviation = moments.merge_moments(
            counts, [summary.mean for summary in filled], [summary.deviation for summary in filled]
        )
        entries, exact, carried = _merge_entries(filled, cap, groups)
        return cls(
            count=sum(counts),
            zeros=sum(summary.zeros for summary in filled),
            minimum=minimum,
            maximum=maximum,
            mean=moments.clamp(mean, minimum, maximum),
            deviation=deviation,
            values=entries.values,
            means=entries.means,
            weights=entries.weights,
            atoms=entries.atoms,
            exact=exact,
            carried=carried,
            **aside,
        )

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    @property
    def rows(self) -> int:
        """All rows that were seen: finite, infinite, missing and invalid."""
        return self.numbers + self.missing + self.invalid

    @property
    def numbers(self) -> int:
        """Rows that held a number, infinities among them."""
        return self.count + self.positive_infinities + self.negative_infinities

    @property
    def variance(self) -> float:
        """The population variance: inf past the range of a float, 0 below it. `deviation` has neither limit."""
        return self.deviation * self.deviation

    @cached_property
    def rank_error(self) -> float:
        """A bound on how far `cdf` may be from the truth at any point, as a share; 0 while `exact`."""
        return 0.0 if self.exact else self.carried + sketch.line_error(self.entries)

    @property
    def entries(self) -> Entries:
        """The sketch."""
        return Entries(self.values, self.means, self.weights, self.atoms)

    @property
    def turning_points(self) -> F64:
        """Where `cdf` steps or bends: between two neighbours it is a straight line."""
        return self.values if self.exact or not self.count else self._knots[0]

    def cdf(self, x: npt.ArrayLike) -> F64:
        """The share of the numbers (infinities among them) that are at most `x`; nan without any number."""
        return self._share(x, "right")

    def cdf_below(self, x: npt.ArrayLike) -> F64:
        """The share of the numbers (infinities among them) that are less than `x`; nan without any number."""
        return self._share(x, "left")

    def quantile(self, q: npt.ArrayLike) -> F64:
        """The values below which the shares `q` of the finite values lie; while `exact`, what `np.quantile` gives."""
        shares = np.asarray(q, dtype=np.float64)
        if not self.count:
            return np.full(shares.shape, np.nan)
        if self.exact:
            return _exact_quantile(self.values, self._reached, shares)
        points, heights = self._knots
        return 4 * np.interp(shares * self.count, heights, points / 4)  # A quarter: differences must not overflow.

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`."""
        writer = Writer()
        self.write(writer)
        return writer.document(_MAGIC)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        reader = Reader(data, _MAGIC)
        summary = cls.read(reader)
        reader.finish()
        return summary

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        aside = (self.missing, self.invalid, self.positive_infinities, self.negative_infinities)
        writer.pack("5q", self.count, *aside)
        if not self.count:
            return
        moments = (self.minimum, self.maximum, self.mean, self.deviation, self.carried)
        writer.pack("q5d?", self.zeros, *moments, self.exact)
        writer.floats(self.values)
        writer.integers(self.weights.astype(np.int64))
        if not self.exact:
            writer.raw(np.packbits(self.atoms).tobytes())
            writer.floats(self.means[~self.atoms])

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        count, missing, invalid, positive, negative = map(int, reader.unpack("5q"))
        require(min(count, missing, invalid, positive, negative) >= 0, "a count is negative")
        if not count:
            return cls.empty(
                missing=missing, invalid=invalid, positive_infinities=positive, negative_infinities=negative
            )
        zeros, minimum, maximum, mean, deviation, carried, exact = reader.unpack("q5d?")
        values, weights = reader.floats(), reader.integers().astype(np.float64)
        atoms, means = np.ones(values.size, dtype=bool), values
        if not exact:
            atoms = np.unpackbits(np.frombuffer(reader.raw(), dtype=np.uint8), count=values.size).astype(bool)
            means = values.copy()
            means[~atoms] = _sized(reader.floats(), values.size - np.count_nonzero(atoms))
        summary = cls(
            count=count,
            missing=missing,
            invalid=invalid,
            zeros=int(zeros),
            positive_infinities=positive,
            negative_infinities=negative,
            minimum=float(minimum),
            maximum=float(maximum),
            mean=float(mean),
            deviation=float(deviation),
            values=values,
            means=means,
            weights=weights,
            atoms=atoms,
            exact=bool(exact),
            carried=float(carried),
        )
        _require_consistent(summary)
        return summary

    def _share(self, x: npt.ArrayLike, side: str) -> F64:
        points = np.asarray(x, dtype=np.float64)
        if not self.numbers:
            return np.full(points.shape, np.nan)
        finite = self._weight_up_to(points, side) if self.count else np.zeros(points.shape)
        lowest = points > -np.inf if side == "left" else True
        highest = (points == np.inf) if side == "right" else False
        reached = finite + lowest * self.negative_infinities + highest * self.positive_infinities
        shares: F64 = np.asarray(reached / self.numbers)
        return shares

    def _weight_up_to(self, x: F64, side: str) -> F64:
        if self.exact:
            index = self.values.searchsorted(x, "right" if side == "right" else "left")
            return np.concatenate(([0.0], self._reached))[index]
        points, heights = self._knots
        if side == "right":
            return np.interp(x / 4, points / 4, heights, left=0.0)
        mirrored = np.interp(-x / 4, -points[::-1] / 4, self.count - heights[::-1], left=0.0)
        return self.count - mirrored

    @cached_property
    def _reached(self) -> F64:
        return np.cumsum(self.weights)

    @cached_property
    def _knots(self) -> tuple[F64, F64]:
        return sketch.knots(self.entries, self.minimum, self.maximum)


def _sized(values: F64, size: int) -> F64:
    require(values.size == size, "a list of means has a wrong length")
    return values


def _require_consistent(summary: NumericSummary) -> None:
    values, weights = summary.values, summary.weights
    require(values.size == weights.size > 0, "values and weights differ in number")
    require(bool(weights.min() > 0) and weights.sum() == summary.count, "the weights do not add up to the count")
    require(0 <= summary.zeros <= summary.count, "there are more zeros than values")
    ends = (summary.minimum, *values[[0, -1]].tolist(), summary.maximum)
    require(all(map(math.isfinite, ends)) and ends == tuple(sorted(ends)), "its values are outside their range")
    require(bool((values[1:] >= values[:-1]).all()), "its values are not in order")
    require(bool(np.isfinite(summary.means).all()), "a mean is not finite")
    require(summary.minimum <= summary.mean <= summary.maximum, "its mean is outside its range")
    require(summary.deviation >= 0 and 0 <= summary.carried <= 1, "its deviation or its error is impossible")


def _finite_range(ordered: F64) -> tuple[int, int, int]:
    """Where the finite values of a sorted array start and stop, and where its NaNs start."""
    start = ordered.searchsorted(-math.inf, "right")
    stop = ordered.searchsorted(math.inf, "left")
    return int(start), int(stop), int(ordered.searchsorted(math.nan, "left"))


def _zeros(ordered: F64) -> int:
    if ordered[0] > 0 or ordered[-1] < 0:
        return 0
    return int(ordered.searchsorted(0.0, "right") - ordered.searchsorted(0.0, "left"))


def _moments(ordered: F64, entries: Entries) -> tuple[float, float]:
    """Mean and standard deviation, from the runs where they are fewer than the rows."""
    exponent = moments.exponent_of(float(ordered[0]), float(ordered[-1]))
    means = moments.scaled(entries.means, exponent)
    low, high = moments.scaled(ordered[[0, -1]], exponent).tolist()
    mean = moments.clamp(float(means @ entries.weights) / ordered.size, low, high)
    if entries.atoms.all():
        offsets = means - mean
        squares = float((offsets * offsets) @ entries.weights)
    else:
        offsets = moments.scaled(ordered, exponent) - mean
        squares = float(offsets @ offsets)
    return moments.unscale(mean, exponent), moments.unscale(math.sqrt(squares / ordered.size), exponent)


def _merge_entries(filled: Sequence[NumericSummary], cap: int, groups: int) -> tuple[Entries, bool, float]:
    """The sketch of all parts together, whether it is still exact, and the error that it carries from them."""
    if len(filled) == 1:
        return filled[0].entries, filled[0].exact, filled[0].carried
    entries = sketch.unite([summary.entries for summary in filled])
    exact = all(summary.exact for summary in filled)
    if exact and entries.values.size <= cap:
        return entries, True, 0.0
    total = sum(summary.count for summary in filled)
    carried = math.fsum(_step_error(summary) * summary.count for summary in filled) / total
    return sketch.regroup(entries, groups), False, carried


def _step_error(summary: NumericSummary) -> float:
    return 0.0 if summary.exact else summary.carried + sketch.step_error(summary.entries)


def _exact_quantile(values: F64, reached: F64, shares: F64) -> F64:
    """Linear interpolation between order statistics (Hyndman and Fan's type 7, NumPy's default)."""
    position = shares * (reached[-1] - 1)
    below = np.floor(position)
    part = position - below
    lower = values[np.minimum(reached.searchsorted(below, "right"), values.size - 1)]
    upper = values[np.minimum(reached.searchsorted(below + 1, "right"), values.size - 1)]
    quantiles: F64 = np.asarray(np.where(part > 0, lower * (1 - part) + upper * part, lower))
    return quantiles
