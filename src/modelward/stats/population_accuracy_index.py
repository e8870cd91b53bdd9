"""Population accuracy index: how much less exactly a model can be known where the data now is."""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.categorical_summary import CategoricalSummary
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.samples import Sample, summary_pair
from modelward.stats.two_values import values_of


@dataclass(frozen=True)
class PopulationAccuracyIndex:
    """1 where the current rows lie as the reference did, below 1 where they lie nearer to its middle."""

    statistic: float
    n_reference: int
    n_current: int


def population_accuracy_index(reference: Sample, current: Sample) -> PopulationAccuracyIndex:
    """Population (or prediction) accuracy index of one column of two samples or summaries, such as the predictions.

    The mean variance of the fitted response over the current rows, divided by that over the reference, for a regression
    fitted on the reference with this column as its only variable. For numbers, with an intercept, that is
    (1 + mean((y − x̄)²) / s²) / 2 = (1 + (u² + (ȳ − x̄)²) / s²) / 2, x̄ and s² the mean and population variance of the
    reference, ȳ and u² those of the current sample; for names it is Σ qⱼ / pⱼ / k, over the k names of the reference.
    Below 1.1 accuracy is as it was, up to 1.5 it is somewhat worse, from 1.5 the model is used where it knows little.
    Other than PSI it does not mind rows that move where the model is well known. Summaries lose nothing: means and
    variances are exact in them.

    Edge cases: missing values and infinities are left out; nan where a side has no value; where the reference is
    constant, or lacks a name that came now, 1 if nothing moved and inf otherwise.

    >>> population_accuracy_index([1, 2, 3, 4, 5], [4, 5, 6]).statistic
    1.6666666666666667

    Source: Taplin, Hunt (2019), "The population accuracy index: a new measure of population stability for model
    monitoring", Risks 7(2), 53.
    """
    first, second = summary_pair(reference, current)
    n, m = first.count, second.count
    if not (n and m):
        return PopulationAccuracyIndex(math.nan, n, m)
    if isinstance(first, NumericSummary) and isinstance(second, NumericSummary):
        return PopulationAccuracyIndex(_of_numbers(first, second), n, m)
    assert isinstance(first, CategoricalSummary)
    assert isinstance(second, CategoricalSummary)
    return PopulationAccuracyIndex(_of_names(first, second), n, m)


def _of_numbers(first: NumericSummary, second: NumericSummary) -> float:
    offset = second.mean / 2 - first.mean / 2  # Halves, because the difference of two floats may be infinite.
    away = math.hypot(second.deviation / 2, offset)
    if not first.deviation:
        return math.inf if away else 1.0
    ratio = 2 * (away / first.deviation)
    return (1 + ratio * ratio) / 2 if ratio < 1e150 else math.inf


def _of_names(first: CategoricalSummary, second: CategoricalSummary) -> float:
    cells = values_of(first, second)
    known = cells.reference_counts > 0
    if cells.current_counts[~known].any():
        return math.inf
    p, q = cells.reference_shares[known], cells.current_shares[known]
    return float(np.mean(q / p))
