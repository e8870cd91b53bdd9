"""Jensen–Shannon distance: how far two sets of shares are from their average."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.binning import Bins
from modelward.stats.cells import BINS, Cells, cells_of
from modelward.stats.samples import Sample


@dataclass(frozen=True)
class JensenShannon:
    """The distance, which is the square root of the divergence."""

    statistic: float
    n_reference: float
    n_current: float
    cells: Cells


def jensen_shannon(
    reference: Sample, current: Sample, *, bins: Bins = BINS, cells: Cells | None = None, base: float = math.e
) -> JensenShannon:
    """Jensen–Shannon distance of two samples or summaries, in shared cells.

    √((KL(p ‖ a) + KL(q ‖ a)) / 2) with a = (p + q) / 2 and logarithms to `base`; from 0 to √(log 2), which is 0.833 for
    the natural logarithm and 1 for base 2.

    Edge cases: nan where a side has no rows; empty cells are no trouble.

    >>> round(jensen_shannon([], [], cells=Cells.of_counts([1, 0], [1, 1])).statistic, 4)
    0.4645

    Source: Endres, Schindelin (2003), "A new metric for probability distributions", IEEE Transactions on Information
    Theory 49.
    """
    shared = cells_of(reference, current, bins) if cells is None else cells
    if shared.empty:
        return JensenShannon(math.nan, shared.n_reference, shared.n_current, shared)
    p, q = shared.reference_shares, shared.current_shares
    average = (p + q) / 2
    divergence = (_relative_entropy(p, average) + _relative_entropy(q, average)) / 2 / math.log(base)
    return JensenShannon(math.sqrt(max(0.0, divergence)), shared.n_reference, shared.n_current, shared)


def _relative_entropy(shares: F64, average: F64) -> float:
    seen = shares > 0
    return float((shares[seen] * np.log(shares[seen] / average[seen])).sum())
