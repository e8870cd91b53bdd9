"""Every test that a user may name: what it needs, how it is computed, and the limit in common use."""

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from modelward.rules.describe import missing_rate
from modelward.rules.effects import mean_shift
from modelward.stats import (
    Bins,
    NumericSummary,
    Summary,
    anderson_darling,
    chi_squared,
    cramer_von_mises,
    energy_distance,
    fisher_exact,
    g_test,
    hellinger,
    jensen_shannon,
    kolmogorov_smirnov,
    kullback_leibler,
    mann_whitney,
    missing_rate_test,
    new_categories,
    population_accuracy_index,
    psi,
    t_test,
    total_variation,
    wasserstein,
    z_test_proportions,
)
from modelward.stats.empty_cells import Empty

SIGNIFICANCE = 0.05


class Holds(StrEnum):
    """What a column must hold for a test to fit it."""

    ANYTHING = "anything"
    NUMBERS = "numbers"
    TEXT = "text"
    TWO_VALUES = "two values"


class Choice(NamedTuple):
    """What the user may set beside the test."""

    bins: Bins
    empty: Empty


class Found(NamedTuple):
    """The figure of a test, its p-value (nan for a distance), and, of a test that chooses others, what it chose."""

    statistic: float
    p_value: float = math.nan
    by: str = ""
    limit: float = math.nan


class NamedTest(NamedTuple):
    """A test by name. With `by_p_value` it is drift below the limit, else at the limit and beyond; a limit of nan means
    that there is no usual one.
    """

    run: Callable[[Summary, Summary, Choice], Found]
    limit: float
    by_p_value: bool = False
    holds: Holds = Holds.ANYTHING

    def suits(self, kind: str) -> bool:
        """Whether a column of this kind can hold what the test needs."""
        unfit = Holds.TEXT if kind == "numeric" else Holds.NUMBERS
        return self.holds is not unfit

    def fits(self, reference: Summary, current: Summary) -> bool:
        """Whether these two sides hold what the test needs."""
        numeric = isinstance(reference, NumericSummary)
        if self.holds is Holds.TWO_VALUES:
            return distinct_values(reference, current) <= 2
        return self.suits("numeric" if numeric else "categorical")


def distinct_values(reference: Summary, current: Summary) -> float:
    """How many values both sides have together; inf where they were not all kept."""
    if not (reference.exact and current.exact):
        return math.inf
    if isinstance(reference, NumericSummary) and isinstance(current, NumericSummary):
        infinite = any(side.positive_infinities or side.negative_infinities for side in (reference, current))
        return math.inf if infinite else float(np.union1d(reference.values, current.values).size)
    assert not isinstance(reference, NumericSummary)
    assert not isinstance(current, NumericSummary)
    return float(len({*reference.categories, *current.categories}))


def _p_value(run: Callable[[Summary, Summary], Found], holds: Holds = Holds.NUMBERS) -> NamedTest:
    return NamedTest(lambda before, now, _: run(before, now), SIGNIFICANCE, by_p_value=True, holds=holds)


def _distance(run: Callable[[Summary, Summary], float], limit: float, holds: Holds = Holds.NUMBERS) -> NamedTest:
    return NamedTest(lambda before, now, _: Found(run(before, now)), limit, holds=holds)


def _kolmogorov_smirnov(before: Summary, now: Summary) -> Found:
    result = kolmogorov_smirnov(before, now)
    return Found(result.statistic, result.p_value)


def _anderson_darling(before: Summary, now: Summary) -> Found:
    result = anderson_darling(before, now)
    return Found(result.statistic, result.p_value)


def _cramer_von_mises(before: Summary, now: Summary) -> Found:
    result = cramer_von_mises(before, now)
    return Found(result.statistic, result.p_value)


def _mann_whitney(before: Summary, now: Summary) -> Found:
    result = mann_whitney(before, now)
    return Found(result.statistic, result.p_value)


def _welch(before: Summary, now: Summary) -> Found:
    result = t_test(before, now)
    return Found(result.statistic, result.p_value)


def _student(before: Summary, now: Summary) -> Found:
    result = t_test(before, now, variant="student")
    return Found(result.statistic, result.p_value)


def _z_test(before: Summary, now: Summary) -> Found:
    result = z_test_proportions(before, now)
    return Found(result.statistic, result.p_value)


def _fisher(before: Summary, now: Summary) -> Found:
    """The odds ratio is nan where nothing varies, which is no lack of an answer: the p-value is 1 then."""
    result = fisher_exact(before, now)
    constant = math.isnan(result.statistic) and not math.isnan(result.p_value)
    return Found(1.0 if constant else result.statistic, result.p_value)


def _missing_rate(before: Summary, now: Summary) -> Found:
    return Found(missing_rate(now) - missing_rate(before), missing_rate_test(before, now).p_value)


def _new_categories(before: Summary, now: Summary) -> Found:
    result = new_categories(before, now)
    return Found(result.statistic, result.p_value)


def _chi_squared(before: Summary, now: Summary, choice: Choice) -> Found:
    result = chi_squared(before, now, bins=choice.bins)
    return Found(result.statistic, result.p_value)


def _g_test(before: Summary, now: Summary, choice: Choice) -> Found:
    result = g_test(before, now, bins=choice.bins)
    return Found(result.statistic, result.p_value)


def _mean_shift(before: Summary, now: Summary) -> float:
    assert isinstance(before, NumericSummary)
    assert isinstance(now, NumericSummary)
    return mean_shift(before, now)


def _evidently(before: Summary, now: Summary, _: Choice) -> Found:
    """Evidently's choice by the reference's rows and the distinct values, with its bins, its tests and its limits."""
    values = distinct_values(before, now)
    many_numbers = isinstance(before, NumericSummary) and values > 5
    if before.rows - before.missing > 1000:
        if many_numbers:
            return Found(_evidently_wasserstein(before, now), by="wasserstein_normalised", limit=0.1)
        return Found(jensen_shannon(before, now, bins="evidently").statistic, by="jensen_shannon", limit=0.1)
    if many_numbers:
        return _kolmogorov_smirnov(before, now)._replace(by="kolmogorov_smirnov", limit=SIGNIFICANCE)
    if values <= 2:
        return _z_test(before, now)._replace(by="z_test_proportions", limit=SIGNIFICANCE)
    fit = chi_squared(before, now, bins="evidently", exact_reference=True)
    return Found(fit.statistic, fit.p_value, by="chi_squared", limit=SIGNIFICANCE)


def _evidently_wasserstein(before: Summary, now: Summary) -> float:
    assert isinstance(before, NumericSummary)
    return wasserstein(before, now).statistic / max(before.deviation, 0.001)


CATALOGUE: Mapping[str, NamedTest] = {
    "psi": NamedTest(
        lambda before, now, choice: Found(psi(before, now, bins=choice.bins, empty=choice.empty).statistic), 0.25
    ),
    "jensen_shannon": NamedTest(
        lambda before, now, choice: Found(jensen_shannon(before, now, bins=choice.bins).statistic), 0.1
    ),
    "kullback_leibler": NamedTest(
        lambda before, now, choice: Found(
            kullback_leibler(before, now, bins=choice.bins, empty=choice.empty).statistic
        ),
        0.1,
    ),
    "hellinger": NamedTest(lambda before, now, choice: Found(hellinger(before, now, bins=choice.bins).statistic), 0.1),
    "total_variation": NamedTest(
        lambda before, now, choice: Found(total_variation(before, now, bins=choice.bins).statistic), 0.1
    ),
    "wasserstein": _distance(lambda before, now: wasserstein(before, now).statistic, math.nan),
    "wasserstein_normalised": _distance(lambda before, now: wasserstein(before, now, normalise=True).statistic, 0.1),
    "energy_distance": _distance(lambda before, now: energy_distance(before, now).statistic, math.nan),
    "energy_distance_normalised": _distance(
        lambda before, now: energy_distance(before, now, normalise=True).statistic, 0.1
    ),
    "mean_shift": _distance(_mean_shift, 0.25),
    "population_accuracy_index": _distance(
        lambda before, now: population_accuracy_index(before, now).statistic, 1.5, Holds.ANYTHING
    ),
    "kolmogorov_smirnov": _p_value(_kolmogorov_smirnov),
    "anderson_darling": _p_value(_anderson_darling),
    "cramer_von_mises": _p_value(_cramer_von_mises),
    "mann_whitney": _p_value(_mann_whitney),
    "t_test": _p_value(_welch),
    "student_t_test": _p_value(_student),
    "z_test_proportions": _p_value(_z_test, Holds.TWO_VALUES),
    "fisher_exact": _p_value(_fisher, Holds.TWO_VALUES),
    "chi_squared": NamedTest(_chi_squared, SIGNIFICANCE, by_p_value=True),
    "g_test": NamedTest(_g_test, SIGNIFICANCE, by_p_value=True),
    "missing_rate": _p_value(_missing_rate, Holds.ANYTHING),
    "new_categories": _p_value(_new_categories, Holds.TEXT),
    "evidently": NamedTest(_evidently, math.nan),
    "nannyml": NamedTest(
        lambda before, now, _: Found(
            jensen_shannon(before, now, bins="nannyml", base=2).statistic, by="jensen_shannon", limit=0.1
        ),
        math.nan,
    ),
}
"""The limits are those in common use: 0.05 for a p-value, 0.25 for PSI, 0.1 for other distances without a unit, 1.5 for
the accuracy index. A distance in the column's own unit has none. `evidently` and `nannyml` bring their own.
"""
