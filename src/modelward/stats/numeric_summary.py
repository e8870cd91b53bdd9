"""A number column in a few kilobytes, whatever its length, that can be added to another."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from modelward.stats import moments, sketch
from modelward.stats.arrays import F64, Flags
from modelward.stats.binary import Reader, Writer, from_document, to_document
from modelward.stats.finite import split, split_sorted
from modelward.stats.numeric_document import read_fields, write_fields
from modelward.stats.order import SortedOrder, order_of
from modelward.stats.sketch import Entries

Side = Literal["left", "right"]

CAP = 2048
GROUPS = 512

_MAGIC = b"MWNS"
_NOTHING = Entries(np.empty(0), np.empty(0), np.empty(0), np.empty(0, dtype=bool))
_LONG = 50_000


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
    entries: Entries
    exact: bool
    carried: float = 0.0

    @classmethod
    def of(
        cls, values: npt.ArrayLike, *, missing: int = 0, invalid: int = 0, cap: int = CAP, groups: int = GROUPS
    ) -> Self:
        """Summarise numbers (any array of floats, integers or booleans; None counts as NaN, which is missing)."""
        array = np.asarray(values, dtype=np.float64).reshape(-1)
        long = array.size >= _LONG
        parts = split(array) if long else split_sorted(np.sort(array))
        aside = {
            "missing": missing + parts.missing,
            "invalid": invalid,
            "positive_infinities": parts.positive,
            "negative_infinities": parts.negative,
        }
        finite = parts.finite
        if not finite.size:
            return cls.empty(**aside)
        order = order_of(finite, cap) if long else SortedOrder(finite)
        minimum, maximum = order.ends()
        entries, exact = sketch.entries_of(order, cap, groups)
        mean, deviation = _moments(finite, minimum, maximum, entries)
        return cls(
            count=finite.size,
            zeros=0 if minimum > 0 or maximum < 0 else finite.size - int(np.count_nonzero(finite)),
            minimum=minimum,
            maximum=maximum,
            mean=mean,
            deviation=deviation,
            entries=entries,
            exact=exact,
            **aside,
        )

    @classmethod
    def empty(
        cls, *, missing: int = 0, invalid: int = 0, positive_infinities: int = 0, negative_infinities: int = 0
    ) -> Self:
        """The summary of a column without any finite value."""
        aside = (missing, invalid, 0, positive_infinities, negative_infinities)
        return cls(0, *aside, math.nan, math.nan, math.nan, math.nan, _NOTHING, exact=True)

    @classmethod
    def merge(cls, summaries: Iterable[Self], *, cap: int = CAP, groups: int = GROUPS) -> Self:
        """The summary of all the rows together, in one step: merging pair after pair would add an error each time."""
        every = list(summaries)
        # In an order of their own, so that equals are put side by side in the same way however the parts come.
        filled = sorted((summary for summary in every if summary.count), key=_sort_key)
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
            entries=entries,
            exact=exact,
            carried=carried,
            **aside,
        )

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    @property
    def values(self) -> F64:
        """The value of each entry of the sketch: the middle one of a group."""
        return self.entries.values

    @property
    def means(self) -> F64:
        """The mean of each entry."""
        return self.entries.means

    @property
    def weights(self) -> F64:
        """The rows of each entry."""
        return self.entries.weights

    @property
    def atoms(self) -> Flags:
        """Which entries are a single value."""
        return self.entries.atoms

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
            return sketch.order_statistic(self.values, self._reached, shares)
        return sketch.point_at(*self._knots, shares * self.count)

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self.write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls.read)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        write_fields(writer, self)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        fields = read_fields(reader)
        return cls(**fields) if "count" in fields else cls.empty(**fields)

    def _share(self, x: npt.ArrayLike, side: Side) -> F64:
        points = np.asarray(x, dtype=np.float64)
        if not self.numbers:
            return np.full(points.shape, np.nan)
        reached = self._finite_up_to(points, side)
        # An infinity lies below a point that is greater, and at one that equals it.
        reached = reached + self.negative_infinities * ((points > -np.inf) | (side == "right"))
        reached = reached + self.positive_infinities * ((points == np.inf) & (side == "right"))
        shares: F64 = reached / self.numbers
        return shares

    def _finite_up_to(self, points: F64, side: Side) -> F64:
        if not self.count:
            return np.zeros(points.shape)
        if self.exact:
            return np.concatenate(([0.0], self._reached))[self.values.searchsorted(points, side)]
        return sketch.height_at(*self._knots, points, side)

    @cached_property
    def _reached(self) -> F64:
        return np.cumsum(self.weights)

    @cached_property
    def _knots(self) -> tuple[F64, F64]:
        return sketch.knots(self.entries, self.minimum, self.maximum)


def _moments(finite: F64, minimum: float, maximum: float, entries: Entries) -> tuple[float, float]:
    """Mean and standard deviation; from the distinct values, which are fewer, where they are all there."""
    exponent = moments.exponent_of(minimum, maximum)
    means = moments.scaled(entries.means, exponent)
    low, high = math.ldexp(minimum, -exponent), math.ldexp(maximum, -exponent)
    mean = moments.clamp(float(means @ entries.weights) / finite.size, low, high)
    if entries.atoms.all():
        deviation = moments.weighted_deviation(means, entries.weights, mean)
    else:
        deviation = moments.deviation_of(finite, mean, exponent)
    return moments.unscale(mean, exponent), moments.unscale(deviation, exponent)


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


def _sort_key(summary: NumericSummary) -> tuple[float, ...]:
    return summary.count, summary.mean, summary.deviation, summary.minimum, summary.maximum, summary.carried


def _step_error(summary: NumericSummary) -> float:
    return 0.0 if summary.exact else summary.carried + sketch.step_error(summary.entries)
