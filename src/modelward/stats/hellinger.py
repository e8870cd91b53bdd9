"""Hellinger distance of two sets of shares."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.binning import Bins
from modelward.stats.cells import BINS, Cells, cells_of
from modelward.stats.samples import Sample


@dataclass(frozen=True)
class Hellinger:
    """From 0, equal, to 1, nothing in common."""

    statistic: float
    n_reference: float
    n_current: float
    cells: Cells


def hellinger(reference: Sample, current: Sample, *, bins: Bins = BINS, cells: Cells | None = None) -> Hellinger:
    """Hellinger distance of two samples or summaries, in shared cells.

    √(Σ (√pᵢ − √qᵢ)² / 2), the same as √(1 − Σ √(pᵢqᵢ)) without its loss of digits near 0.

    Edge cases: nan where a side has no rows; empty cells are no trouble.

    >>> round(hellinger([], [], cells=Cells.of_counts([1, 0], [1, 1])).statistic, 4)
    0.5412

    Source: Hellinger (1909), Journal für die reine und angewandte Mathematik 136.
    """
    shared = cells_of(reference, current, bins) if cells is None else cells
    if shared.empty:
        return Hellinger(math.nan, shared.n_reference, shared.n_current, shared)
    offsets = np.sqrt(shared.reference_shares) - np.sqrt(shared.current_shares)
    return Hellinger(math.sqrt(float(offsets @ offsets) / 2), shared.n_reference, shared.n_current, shared)
