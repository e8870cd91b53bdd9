"""G-test of two samples: the likelihood ratio of shares of their own against shares in common."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.binning import Bins
from modelward.stats.cells import BINS, Cells, cells_of
from modelward.stats.distributions import chi_squared_tail
from modelward.stats.samples import Sample


@dataclass(frozen=True)
class GTest:
    """`least_expected` is the smallest expected count: below 5 the p-value is rough."""

    statistic: float
    p_value: float
    degrees_of_freedom: int
    least_expected: float
    n_reference: float
    n_current: float
    cells: Cells


def g_test(reference: Sample, current: Sample, *, bins: Bins = BINS, cells: Cells | None = None) -> GTest:
    """G-test (likelihood-ratio test) of homogeneity of two samples or summaries, in shared cells.

    2 Σ O · ln(O / E) over the cells of both samples, E the count that the pooled shares would give; chi-squared with
    (cells − 1) degrees of freedom.

    Edge cases: nan where a side has no rows; a single cell gives 0 with p-value 1; a cell that is empty on one side
    adds nothing there; cells empty on both sides do not count.

    >>> result = g_test([], [], cells=Cells.of_counts([10, 10, 20], [20, 20, 20]))
    >>> round(result.statistic, 4), round(result.p_value, 4)
    (2.7689, 0.2505)

    Source: Wilks (1938), Annals of Mathematical Statistics 9; Sokal, Rohlf (1981), Biometry.
    """
    shared = cells_of(reference, current, bins) if cells is None else cells
    n, m = shared.n_reference, shared.n_current
    if shared.empty:
        return GTest(math.nan, math.nan, 0, math.nan, n, m, shared)
    observed = np.stack((shared.reference_counts, shared.current_counts))
    observed = observed[:, observed.sum(axis=0) > 0]
    expected = observed.sum(axis=0) * np.array([[n], [m]]) / (n + m)
    freedom = observed.shape[1] - 1
    if not freedom:
        return GTest(0.0, 1.0, 0, float(expected.min()), n, m, shared)
    ratios = np.where(observed > 0, observed, 1.0) / np.where(observed > 0, expected, 1.0)
    statistic = max(0.0, 2 * float((observed * np.log(ratios)).sum()))
    return GTest(statistic, chi_squared_tail(statistic, freedom), freedom, float(expected.min()), n, m, shared)
