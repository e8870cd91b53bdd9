"""Chi-squared test of two samples: are the cells' shares the same?"""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.binning import Bins
from modelward.stats.cells import BINS, Cells, cells_of
from modelward.stats.distributions import chi_squared_tail
from modelward.stats.samples import Sample


@dataclass(frozen=True)
class ChiSquared:
    """`least_expected` is the smallest expected count: below 5 the p-value is rough."""

    statistic: float
    p_value: float
    degrees_of_freedom: int
    least_expected: float
    n_reference: float
    n_current: float
    cells: Cells


def chi_squared(
    reference: Sample,
    current: Sample,
    *,
    bins: Bins = BINS,
    cells: Cells | None = None,
    yates: bool = False,
    exact_reference: bool = False,
) -> ChiSquared:
    """Pearson's chi-squared test of homogeneity of two samples or summaries, in shared cells.

    Σ (O − E)² / E over the cells of both samples, E the count that the pooled shares would give. Both samples are
    treated as samples: taking the reference's shares for the truth counts its noise as drift, and alarms without any in
    a quarter to three quarters of columns; `exact_reference` does so all the same (Pearson's test of fit, which is
    Evidently's choice: the sum is over the current sample alone, inf where it has what the reference lacks). `yates`
    moves each count of a 2 × 2 table by up to a half towards E.

    Edge cases: nan where a side has no rows; a single cell gives 0 with p-value 1; cells empty on both sides do not
    count.

    >>> result = chi_squared([], [], cells=Cells.of_counts([10, 10, 20], [20, 20, 20]))
    >>> round(result.statistic, 4), round(result.p_value, 4)
    (2.7778, 0.2494)

    Source: Pearson (1900), Philosophical Magazine 50; Yates (1934), JRSS Supplement 1.
    """
    shared = cells_of(reference, current, bins) if cells is None else cells
    n, m = shared.n_reference, shared.n_current
    if shared.empty:
        return ChiSquared(math.nan, math.nan, 0, math.nan, n, m, shared)
    if exact_reference:
        return _of_fit(shared)
    observed = np.stack((shared.reference_counts, shared.current_counts))
    observed = observed[:, observed.sum(axis=0) > 0]
    expected = observed.sum(axis=0) * np.array([[n], [m]]) / (n + m)
    freedom = observed.shape[1] - 1
    if not freedom:
        return ChiSquared(0.0, 1.0, 0, float(expected.min()), n, m, shared)
    offsets = np.abs(observed - expected)
    if yates and freedom == 1:
        offsets -= np.minimum(0.5, offsets)
    statistic = float((offsets**2 / expected).sum())
    return ChiSquared(statistic, chi_squared_tail(statistic, freedom), freedom, float(expected.min()), n, m, shared)


def _of_fit(cells: Cells) -> ChiSquared:
    """The current counts against those that the reference's shares would give."""
    seen = cells.reference_counts + cells.current_counts > 0
    expected = cells.reference_shares[seen] * cells.n_current
    offsets = (cells.current_counts[seen] - expected) ** 2
    freedom, least = int(expected.size) - 1, float(expected.min())
    statistic = float((offsets / expected).sum()) if least else math.inf
    p_value = chi_squared_tail(statistic, freedom) if freedom else 1.0
    return ChiSquared(statistic, p_value, freedom, least, cells.n_reference, cells.n_current, cells)
