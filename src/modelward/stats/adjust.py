"""Many tests at once: p-values adjusted so that chance alone seldom raises an alarm."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64, Flags


class Adjusted(NamedTuple):
    """Adjusted p-values in the order given, and which of them are rejected. A nan stays nan and is no test."""

    p_values: F64
    rejected: Flags


def benjamini_hochberg(p_values: npt.ArrayLike, q: float = 0.05) -> Adjusted:
    """Keep the expected share of false alarms among all alarms at `q` or below, for independent or positively tied
    tests.

    With m tests, the i-th smallest p-value becomes min over j ≥ i of p₍ⱼ₎ · m / j.

    Edge cases: a p-value of nan was no test, stays nan and is not counted in m; without any test nothing is adjusted.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).p_values.round(3).tolist()
    [0.03, 0.04, 0.04]

    Source: Benjamini, Hochberg (1995), JRSS B 57.
    """
    given, tested = _tested(p_values)
    values = given[tested]
    order = np.argsort(values)
    steps = values[order] * values.size / np.arange(1, values.size + 1)
    adjusted = np.empty(values.size)
    adjusted[order] = np.minimum.accumulate(steps[::-1])[::-1]
    return _answer(given, tested, adjusted, q)


def bonferroni(p_values: npt.ArrayLike, q: float = 0.05) -> Adjusted:
    """Keep the chance of any false alarm at `q` or below: each p-value times the number of tests, at most 1.

    Edge cases: as `benjamini_hochberg`.

    >>> bonferroni([0.01, 0.4, 0.6]).p_values.tolist()
    [0.03, 1.0, 1.0]

    Source: Bonferroni (1936), Pubblicazioni del R. Istituto Superiore di Scienze Economiche e Commerciali di Firenze 8.
    """
    given, tested = _tested(p_values)
    return _answer(given, tested, given[tested] * np.count_nonzero(tested), q)


def _tested(p_values: npt.ArrayLike) -> tuple[F64, Flags]:
    given = np.asarray(p_values, dtype=np.float64)
    if given.ndim != 1 or bool(((given < 0) | (given > 1)).any()):
        raise ValueError("P-values are a flat list of numbers from 0 to 1 (or nan where there was no test).")
    return given, ~np.isnan(given)


def _answer(given: F64, tested: Flags, adjusted: F64, q: float) -> Adjusted:
    answer = np.full(given.size, np.nan)
    answer[tested] = np.minimum(adjusted, 1.0)
    return Adjusted(answer, tested & (answer <= q))
