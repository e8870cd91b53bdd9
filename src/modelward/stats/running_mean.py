"""A mean with its standard deviation, that adds up."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.binary import Reader, Writer, require
from modelward.stats.intervals import normal_quantile
from modelward.stats.metric import Metric
from modelward.stats.moments import deviation_of, exponent_of, merge_moments, scaled, unscale


@dataclass(frozen=True)
class RunningMean:
    """The number of values, their mean, and their population standard deviation; nan of no values.

    >>> (RunningMean.of([1.0, 2.0]) + RunningMean.of([6.0])).mean
    3.0
    """

    count: int = 0
    mean: float = math.nan
    deviation: float = math.nan

    @classmethod
    def of(cls, values: F64 | Iterable[float]) -> Self:
        """Of finite values."""
        array = np.asarray(values, dtype=np.float64)
        if not array.size:
            return cls()
        exponent = exponent_of(float(array.min()), float(array.max()))
        mean = float(scaled(array, exponent).mean())
        deviation = deviation_of(array, mean, exponent)
        return cls(array.size, unscale(mean, exponent), unscale(deviation, exponent))

    @classmethod
    def merge(cls, parts: Iterable[Self]) -> Self:
        """All values together, in one step."""
        filled = [part for part in parts if part.count]
        if len(filled) < 2:
            return filled[0] if filled else cls()
        counts = [part.count for part in filled]
        return cls(
            sum(counts), *merge_moments(counts, [part.mean for part in filled], [part.deviation for part in filled])
        )

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    def metric(self, confidence: float, *, empty: str) -> Metric:
        """The mean as a metric: mean ± z · s/√n, s the sample's standard deviation."""
        if not self.count:
            return Metric.undefined(empty, n=0, confidence=confidence)
        half = normal_quantile(confidence) * self.deviation / math.sqrt(max(1, self.count - 1))
        half = half if self.count > 1 else math.inf
        return Metric(self.mean, self.mean - half, self.mean + half, self.count, "normal", confidence)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        writer.pack("q2d", self.count, self.mean, self.deviation)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        count, mean, deviation = reader.unpack("q2d")
        require(count >= 0, "a count is negative")
        require(not count or deviation >= 0, "a deviation is negative")
        return cls(int(count), float(mean), float(deviation))
