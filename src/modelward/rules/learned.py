"""Thresholds that are learned from how far the past windows of the reference lie from one another."""

import re
from dataclasses import dataclass
from typing import Self

import numpy as np

from modelward.stats.arrays import F64

_DEVIATIONS = re.compile(r"mean\+(\d+(?:\.\d+)?)sd")
_QUANTILE = re.compile(r"quantile:(0?\.\d+|1(?:\.0*)?)")


@dataclass(frozen=True)
class Learned:
    """`deviations` standard deviations above the mean of the figures, or their quantile `share`."""

    deviations: float | None = None
    share: float | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """The rule that a text names: `mean+3sd` or `quantile:0.99`, with other numbers where they are wanted.

        Raises:
            ValueError: it is neither.

        >>> round(Learned.of("mean+3sd").limit(np.array([0.0, 0.1, 0.2])), 2)
        0.4
        """
        if deviations := _DEVIATIONS.fullmatch(text):
            return cls(deviations=float(deviations[1]))
        if (quantile := _QUANTILE.fullmatch(text)) and float(quantile[1]) > 0:
            return cls(share=float(quantile[1]))
        raise ValueError(f"{text!r} is no learned threshold; write it as 'mean+3sd' or 'quantile:0.99'")

    def limit(self, figures: F64) -> float:
        """The threshold that these figures of past windows make."""
        if self.share is not None:
            return float(np.quantile(figures, self.share))
        assert self.deviations is not None
        return float(figures.mean() + self.deviations * figures.std(ddof=1))
