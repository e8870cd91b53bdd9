"""Means and central moments, up to the fourth order, of two columns together; they add up."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.binary import Reader, Writer, require

_ORDERS = 5
_CHOOSE = np.array([[math.comb(i, k) for k in range(_ORDERS)] for i in range(_ORDERS)], dtype=np.float64)
_STEPS = np.arange(_ORDERS)[:, None] - np.arange(_ORDERS)[None, :]
_WITHIN = np.add.outer(np.arange(_ORDERS), np.arange(_ORDERS)) < _ORDERS


@dataclass(frozen=True, eq=False)
class PairMoments:
    """`sums[i, j]` is Σ (x − mean of x)ⁱ (y − mean of y)ʲ for i + j ≤ 4; beyond the range of a float it is inf or nan.

    >>> pair = PairMoments.of(np.array([1.0, 3.0]), np.array([2.0, 6.0])) + PairMoments.of(np.array([5.0]), np.ones(1))
    >>> pair.x, pair.y, pair.sums[2, 0].item()
    (3.0, 3.0, 8.0)
    """

    count: int
    x: float
    y: float
    sums: F64

    @classmethod
    def of(cls, x: F64, y: F64) -> Self:
        """Of two columns of finite values."""
        if not x.size:
            return cls(0, 0.0, 0.0, np.zeros((_ORDERS, _ORDERS)))
        with np.errstate(over="ignore", invalid="ignore"):
            means = float(np.mean(x)), float(np.mean(y))
            powers = [_powers(x - means[0]), _powers(y - means[1])]
            sums = np.zeros((_ORDERS, _ORDERS))
            for i, j in np.argwhere(_WITHIN).tolist():
                sums[i, j] = np.add.reduce(powers[0][i] * powers[1][j])
        return cls(x.size, *means, sums)

    @classmethod
    def merge(cls, parts: Iterable[Self]) -> Self:
        """All rows together."""
        filled = [part for part in parts if part.count]
        return reduce(cls._added, filled) if filled else cls.of(np.empty(0), np.empty(0))

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    def _added(self, other: Self) -> Self:
        count = self.count + other.count
        share = other.count / count
        with np.errstate(over="ignore", invalid="ignore"):
            x, y = self.x + (other.x - self.x) * share, self.y + (other.y - self.y) * share
            return type(self)(count, x, y, self._about(x, y) + other._about(x, y))

    def _about(self, x: float, y: float) -> F64:
        """The sums about other means, by the binomial theorem.

        Source: Pébay (2008), "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order
        statistical moments", Sandia report SAND2008-6212.
        """
        return np.where(_WITHIN, _shift(self.x - x) @ self.sums @ _shift(self.y - y).T, 0.0)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        writer.pack("q2d", self.count, self.x, self.y)
        writer.floats(self.sums.reshape(-1))

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        count, x, y = reader.unpack("q2d")
        sums = reader.floats()
        require(count >= 0 and sums.size == _ORDERS**2, "its moments are broken")
        return cls(int(count), float(x), float(y), sums.reshape(_ORDERS, _ORDERS))


def _powers(values: F64) -> list[F64]:
    square = values * values
    return [np.ones_like(values), values, square, square * values, square * square]


def _shift(offset: float) -> F64:
    """What turns powers of a value into powers of the value plus an offset."""
    powers: F64 = np.where(_STEPS >= 0, _CHOOSE * float(offset) ** np.maximum(_STEPS, 0), 0.0)
    return powers
