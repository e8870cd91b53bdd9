"""The verdict by a test that the user named: that test, its threshold, and nothing else."""

import math

from modelward.rules import phrases
from modelward.rules.column import Weighed, evidence, finding_of, said_change
from modelward.rules.finding import ColumnFinding
from modelward.rules.monitor import ONLY_NUMBERS
from modelward.rules.verdict import Verdict

# Tests are decided by their p-value, distances by their size. The limits are those in common use.
P_VALUE_TESTS = {"kolmogorov_smirnov": "ks", "chi_squared": "chi_squared", "missing_rate": "missing_rate_change"}
DISTANCES = {
    "psi": ("psi_plain", 0.25),
    "jensen_shannon": ("js", 0.1),
    "hellinger": ("hellinger", 0.1),
    "total_variation": ("total_variation", 0.1),
    "wasserstein": ("wasserstein", math.nan),
    "wasserstein_normalised": ("wasserstein_normalised", 0.1),
    "mean_shift": ("mean_shift", 0.25),
}
SIGNIFICANCE = 0.05


def judge_by_name(weighed: Weighed, test: str, threshold: float | None) -> ColumnFinding:
    """The verdict of a named test.

    Raises:
        ValueError: the test does not fit the column, or has no usual threshold and none was given.
    """
    name = phrases.shortened(weighed.column)
    if test in ONLY_NUMBERS and weighed.kind != "numeric":
        raise ValueError(f"{test} compares numbers, and `{name}` holds text; choose chi_squared or psi for it")
    if test in P_VALUE_TESTS:
        return _by_p_value(weighed, test, SIGNIFICANCE if threshold is None else threshold)
    figure, usual = DISTANCES[test]
    limit = usual if threshold is None else threshold
    if math.isnan(limit):
        raise ValueError(f"{test} has no usual threshold, being in the unit of `{name}`; give one in thresholds")
    return _by_distance(weighed, test, figure, limit)


def _by_p_value(weighed: Weighed, test: str, limit: float) -> ColumnFinding:
    p_value = weighed.measured.p_values.get(test, math.nan)
    return finding_of(
        weighed,
        verdict=Verdict.DRIFTED if p_value < limit else Verdict.OK,
        method=test,
        statistic=weighed.measured.statistics[P_VALUE_TESTS[test]],
        threshold=limit,
        p_value=p_value,
        p_adjusted=None,
        reason=_reason(weighed, p_value < limit, f"{test.replace('_', ' ')}: {phrases.chance(p_value)}", limit),
    )


def _by_distance(weighed: Weighed, test: str, figure: str, limit: float) -> ColumnFinding:
    statistic = weighed.measured.statistics[figure]
    reached = abs(statistic) >= limit
    return finding_of(
        weighed,
        verdict=Verdict.DRIFTED if reached else Verdict.OK,
        method=test,
        statistic=statistic,
        threshold=limit,
        p_value=weighed.measured.p_value,
        p_adjusted=None,
        reason=_reason(weighed, reached, evidence(test, statistic), limit),
    )


def _reason(weighed: Weighed, drifted: bool, said: str, limit: float) -> str:
    if drifted:
        return f"{said_change(weighed)} ({said}, limit {limit:g})"
    return f"`{phrases.shortened(weighed.column)}` is within its limit ({said}, limit {limit:g})"
