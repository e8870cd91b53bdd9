"""Population stability index: how far the shares of the cells moved."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.binning import Bins
from modelward.stats.cells import BINS, Cells, cells_of
from modelward.stats.empty_cells import HALF_ROW, Empty, check_rule, filled_shares
from modelward.stats.samples import Sample


@dataclass(frozen=True)
class PSI:
    """`statistic` is the plain index; `corrected` has the part taken off that chance alone brings in (`bias`), never
    below 0.
    """

    statistic: float
    corrected: float
    bias: float
    n_reference: float
    n_current: float
    cells: Cells


def psi(
    reference: Sample,
    current: Sample,
    *,
    bins: Bins = BINS,
    cells: Cells | None = None,
    empty: Empty = HALF_ROW,
) -> PSI:
    """Population stability index of two samples or summaries, of numbers or of names.

    Σ (qᵢ − pᵢ) · ln(qᵢ / pᵢ) over cells, p the shares of the reference and q those of the current sample. By custom
    below 0.1 is stable, from 0.25 is a strong shift.

    One pair of samples has as many indices as there are rules for cells and for empty ones. Here `bins` cells are cut
    at quantiles of the reference, heavy values and missing rows have their own, thin cells are pooled, and a cell that
    is empty on one side counts there as half a row. Other rules are there by name. `bins`: `plain_quantile:10` (the
    textbook's deciles), `uniform:10`, `uniform_pooled:10`, `sturges`, `doane`, `values`, `evidently`, `nannyml`, or the
    inner edges. `empty`: `add_one` (a row more in each cell), `skip`, `infinite`, `evidently`, or a share such as
    0.0001. With `bins="evidently", empty="evidently"` the index is Evidently's.

    Chance moves shares too: without any drift the index is about (cells − 1) · (1/n + 1/m), 0.09 for 200 rows against
    200 in 10 cells. `bias` is that expectation for these very cells, given the shares of both samples together, and
    with half a row in empty ones.

    Edge cases: nan where a side has no rows; 0 where one cell holds everything, or where `skip` leaves none. Give
    `cells` to use a binning of your own.

    >>> half = Cells.of_counts([50, 50], [60, 40])
    >>> round(psi([], [], cells=half).statistic, 4)
    0.0405

    Source: Yurdakul, Naranjo (2020), "Statistical properties of the population stability index", Journal of Risk Model
    Validation 14; as Jeffreys divergence: Jeffreys (1946).
    """
    check_rule(empty)
    shared = cells_of(reference, current, bins) if cells is None else cells
    n, m = shared.n_reference, shared.n_current
    if shared.empty:
        return PSI(math.nan, math.nan, math.nan, n, m, shared)
    p, q = filled_shares(shared, empty)
    with np.errstate(divide="ignore"):
        statistic = float(((q - p) * (np.log(q) - np.log(p))).sum())
    bias = psi_bias(shared)
    return PSI(statistic, max(0.0, statistic - bias), bias, n, m, shared)


def psi_bias(cells: Cells) -> float:
    """What PSI is expected to be when both samples come from the distribution that they show together.

    With X rows in a cell of share π, each side adds Cov(X/n, ln X) = (1 − π) · h(nπ) / n, where h tends to 1 for full
    cells and is found for thin ones by summing over the Poisson distribution, with the same half row for an empty cell.
    """
    n, m = cells.n_reference, cells.n_current
    shares = (cells.reference_counts + cells.current_counts) / (n + m)
    return float(((1 - shares) * (_noise(n * shares) / n + _noise(m * shares) / m)).sum())


def _noise(means: F64) -> F64:
    grid, values = _noise_table()
    return np.where(means < grid[-1], np.interp(means, grid, values), 1 + 0.5 / np.maximum(means, 1))


@cache
def _noise_table() -> tuple[F64, F64]:
    """h(μ) = μ · E[ln(X + 1) − ln max(X, ½)] for X ~ Poisson(μ), on a grid of μ."""
    grid = np.concatenate(([0.0], np.geomspace(1e-3, 100, 160)))
    x = np.arange(240)
    steps = np.log((x + 1) / np.maximum(x, 0.5))
    log_factorials = np.concatenate(([0.0], np.cumsum(np.log(x[1:]))))
    log_means = np.log(np.maximum(grid, 1e-300))
    chances = np.exp(log_means[:, None] * x - grid[:, None] - log_factorials)
    return grid, grid * (chances @ steps)
