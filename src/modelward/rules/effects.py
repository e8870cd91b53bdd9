"""Every figure of one pair of columns: how large the change is, and how likely chance is to make one as large."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from modelward.rules.describe import missing_rate, rate
from modelward.rules.unseen import clumped_p_value
from modelward.stats import (
    Bins,
    CategoricalSummary,
    NumericSummary,
    Summary,
    cells_of,
    chi_squared,
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    missing_rate_test,
    new_categories,
    psi,
    t_test,
    total_variation,
    wasserstein,
)


@dataclass(frozen=True)
class Measured:
    """The statistics of a pair by name (`psi` is without its bias), p-values by test, and the unseen categories.

    `deciding` names the tests that together make the column's p-value; others are there for users who name them.
    """

    statistics: Mapping[str, float]
    p_values: Mapping[str, float]
    deciding: tuple[str, ...]
    unseen: tuple[str, ...] = ()

    @property
    def p_value(self) -> float:
        """One p-value for the column: the smallest of the deciding ones, times how many they are (Bonferroni)."""
        known = [p for name in self.deciding if not math.isnan(p := self.p_values[name])]
        return min(1.0, min(known) * len(known)) if known else 1.0


def measure(reference: Summary, current: Summary, bins: Bins) -> Measured:
    """All figures of two columns of the same kind."""
    statistics, p_values = _distribution(reference, current, bins)
    statistics["missing_rate_change"] = missing_rate(current) - missing_rate(reference)
    statistics["invalid_rate_change"] = rate(current.invalid, current) - rate(reference.invalid, reference)
    p_values["missing_rate"] = missing_rate_test(reference, current).p_value
    p_values["invalid_rate"] = missing_rate_test(*map(_invalid_as_missing, (reference, current))).p_value
    # Where neither side has any, there was nothing to test, and the other tests need not share their level with it.
    rates = [name for name in ("missing", "invalid") if getattr(reference, name) or getattr(current, name)]
    deciding = tuple(f"{name}_rate" for name in rates)
    if isinstance(reference, NumericSummary) and isinstance(current, NumericSummary):
        numbers, p_values["kolmogorov_smirnov"] = _numbers(reference, current)
        p_values["mean_shift"] = t_test(reference, current).p_value
        # KS hardly sees the tails, where the cells beyond the reference's range see a change at once; hence both.
        return Measured({**statistics, **numbers}, p_values, ("kolmogorov_smirnov", "chi_squared", *deciding))
    assert isinstance(reference, CategoricalSummary)
    assert isinstance(current, CategoricalSummary)
    fresh = new_categories(reference, current)
    statistics["new_category_share"] = fresh.statistic
    p_values["new_categories"] = max(fresh.p_value, clumped_p_value(reference, current))
    return Measured(statistics, p_values, ("chi_squared", "new_categories", *deciding), fresh.names)


def _distribution(reference: Summary, current: Summary, bins: Bins) -> tuple[dict[str, float], dict[str, float]]:
    cells = cells_of(reference, current, bins=bins)
    index = psi(reference, current, cells=cells)
    chi = chi_squared(reference, current, cells=cells)
    statistics = {
        "psi": index.corrected,
        "psi_plain": index.statistic,
        "js": jensen_shannon(reference, current, cells=cells).statistic,
        "hellinger": hellinger(reference, current, cells=cells).statistic,
        "total_variation": total_variation(reference, current, cells=cells).statistic,
        "chi_squared": chi.statistic,
    }
    return statistics, {"chi_squared": chi.p_value}


def _numbers(reference: NumericSummary, current: NumericSummary) -> tuple[dict[str, float], float]:
    ks = kolmogorov_smirnov(reference, current)
    carried = wasserstein(reference, current).statistic
    statistics = {
        "ks": ks.statistic,
        "wasserstein": carried,
        "wasserstein_normalised": _in_deviations(carried, reference),
        "mean_shift": mean_shift(reference, current),
    }
    return statistics, ks.p_value


def mean_shift(reference: NumericSummary, current: NumericSummary) -> float:
    """How far the mean moved, in reference standard deviations; infinite when a constant moved, nan without values."""
    if not reference.count or not current.count:
        return math.nan
    return _in_deviations(current.mean - reference.mean, reference)


def _in_deviations(distance: float, reference: NumericSummary) -> float:
    if not distance or math.isnan(distance):
        return distance
    return distance / reference.deviation if reference.deviation else math.copysign(math.inf, distance)


def _invalid_as_missing(summary: Summary) -> Summary:
    return replace(summary, missing=summary.invalid, invalid=summary.missing)
