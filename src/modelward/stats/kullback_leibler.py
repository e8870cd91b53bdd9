"""Kullback–Leibler divergence of two sets of shares."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.binning import Bins
from modelward.stats.cells import BINS, Cells, cells_of
from modelward.stats.empty_cells import HALF_ROW, Empty, check_rule, filled_shares
from modelward.stats.samples import Sample


@dataclass(frozen=True)
class KullbackLeibler:
    """0 where the shares are equal, and without an upper end."""

    statistic: float
    n_reference: float
    n_current: float
    cells: Cells


def kullback_leibler(
    reference: Sample,
    current: Sample,
    *,
    bins: Bins = BINS,
    cells: Cells | None = None,
    empty: Empty = HALF_ROW,
    base: float = math.e,
) -> KullbackLeibler:
    """Kullback–Leibler divergence of the current sample from the reference, of samples or summaries, in shared cells.

    Σ pᵢ · log(pᵢ / qᵢ), p the shares of the reference and q those of the current sample, each brought to a sum of 1
    after `empty` filled the cells that are empty on one side (by the rules of `psi`; with `infinite` the answer is inf
    where the current sample lacks what the reference had). It is not symmetric.

    Edge cases: nan where a side has no rows; 0 where one cell holds everything, or where `skip` leaves none.

    >>> round(kullback_leibler([], [], cells=Cells.of_counts([50, 50], [90, 10]), base=2).statistic, 4)
    0.737

    Source: Kullback, Leibler (1951), "On information and sufficiency", Annals of Mathematical Statistics 22.
    """
    check_rule(empty)
    shared = cells_of(reference, current, bins) if cells is None else cells
    if shared.empty:
        return KullbackLeibler(math.nan, shared.n_reference, shared.n_current, shared)
    p, q = filled_shares(shared, empty)
    if not p.size:
        return KullbackLeibler(0.0, shared.n_reference, shared.n_current, shared)
    p, q = p / p.sum(), q / q.sum()
    seen = p > 0
    with np.errstate(divide="ignore"):
        terms = p[seen] * (np.log(p[seen]) - np.log(q[seen]))
    return KullbackLeibler(max(0.0, float(terms.sum())) / math.log(base), shared.n_reference, shared.n_current, shared)
