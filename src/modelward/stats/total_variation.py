"""Total variation distance: the share of rows that would have to move."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.binning import Bins
from modelward.stats.cells import BINS, Cells, cells_of
from modelward.stats.samples import Sample


@dataclass(frozen=True)
class TotalVariation:
    """From 0, equal, to 1, nothing in common."""

    statistic: float
    n_reference: float
    n_current: float
    cells: Cells


def total_variation(
    reference: Sample, current: Sample, *, bins: Bins = BINS, cells: Cells | None = None
) -> TotalVariation:
    """Total variation distance of two samples or summaries, in shared cells.

    Σ |pᵢ − qᵢ| / 2: the share of rows that would have to change their cell to make both samples equal.

    Edge cases: nan where a side has no rows; empty cells are no trouble.

    >>> total_variation([], [], cells=Cells.of_counts([50, 50], [75, 25])).statistic
    0.25

    Source: Levin, Peres (2017), Markov Chains and Mixing Times, chapter 4.
    """
    shared = cells_of(reference, current, bins) if cells is None else cells
    if shared.empty:
        return TotalVariation(math.nan, shared.n_reference, shared.n_current, shared)
    distance = float(np.abs(shared.reference_shares - shared.current_shares).sum()) / 2
    return TotalVariation(distance, shared.n_reference, shared.n_current, shared)
