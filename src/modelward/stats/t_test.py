"""Student's and Welch's t-test: did the mean move?"""

import math
from dataclasses import dataclass
from typing import Literal

from modelward.stats import moments
from modelward.stats.distributions import student_tail
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.samples import Sample, numeric_of

Variant = Literal["welch", "student"]


@dataclass(frozen=True)
class TTest:
    """`statistic` is above 0 where the reference's mean is the larger one."""

    statistic: float
    p_value: float
    degrees_of_freedom: float
    n_reference: int
    n_current: int
    variant: Variant


def t_test(reference: Sample, current: Sample, *, variant: Variant = "welch") -> TTest:
    """Two-sided t-test of the means of the finite values of two samples or summaries.

    t = (x̄ − ȳ) / √(s²/n + u²/m), with Welch's degrees of freedom; the variant `student` pools both variances and has
    n + m − 2. Means and variances of a compressed summary are exact, and so is the test.

    Edge cases: missing values and infinities are left out; nan where a side has no finite value, or one only (Student's
    variant asks for 3 in both together). Two constants have t 0 and p-value 1 where they are equal, else t ±inf and
    p-value 0.

    >>> result = t_test([38.7, 41.5, 43.8, 44.5, 45.5], [39.2, 39.3, 39.7, 41.4, 41.8])
    >>> round(result.statistic, 4), round(result.p_value, 4)
    (1.886, 0.1121)

    Source: Student (1908), "The probable error of a mean", Biometrika 6; Welch (1947), "The generalization of
    'Student's' problem when several different population variances are involved", Biometrika 34.
    """
    if variant not in ("welch", "student"):
        raise ValueError(f"There is no t-test {variant!r}; choose welch or student.")
    first, second = numeric_of(reference), numeric_of(current)
    n, m = first.count, second.count
    known = n + m > 2 and n and m if variant == "student" else min(n, m) > 1
    if not known:
        return TTest(math.nan, math.nan, math.nan, n, m, variant)
    exponent = moments.exponent_of(0.0, max(abs(first.mean), abs(second.mean), first.deviation, second.deviation))
    variances = [math.ldexp(side.deviation, -exponent) ** 2 for side in (first, second)]
    square, freedom = (_pooled if variant == "student" else _welch)(first, second, *variances)
    change = math.ldexp(first.mean, -exponent) - math.ldexp(second.mean, -exponent)
    if square == 0:
        return TTest(math.copysign(math.inf, change) if change else 0.0, float(change == 0), freedom, n, m, variant)
    t = change / math.sqrt(square)
    return TTest(t, min(1.0, 2 * student_tail(abs(t), freedom)), freedom, n, m, variant)


def _welch(first: NumericSummary, second: NumericSummary, v: float, w: float) -> tuple[float, float]:
    """The squared standard error of the difference, and the degrees of freedom."""
    n, m = first.count, second.count
    a, b = v / (n - 1), w / (m - 1)  # The population variance over n − 1 is the sample's over n.
    square = a + b
    if square == 0:
        return 0.0, float(n + m - 2)
    return square, 1 / ((a / square) ** 2 / (n - 1) + (b / square) ** 2 / (m - 1))


def _pooled(first: NumericSummary, second: NumericSummary, v: float, w: float) -> tuple[float, float]:
    n, m = first.count, second.count
    return (n * v + m * w) / (n + m - 2) * (1 / n + 1 / m), float(n + m - 2)
