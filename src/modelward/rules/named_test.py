"""The verdict by a test that the user named: that test, its threshold, and nothing else."""

import math
from typing import NamedTuple

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


class _Answer(NamedTuple):
    """What a test found, the limit that it was held against, and both in words; nan where it had nothing to compare."""

    statistic: float
    p_value: float
    limit: float
    drifted: bool
    said: str


def judge_by_name(weighed: Weighed, test: str, threshold: float | None) -> ColumnFinding:
    """The verdict of a named test.

    Raises:
        ValueError: the test does not fit the column, or has no usual threshold and none was given.
    """
    if test in ONLY_NUMBERS and weighed.kind != "numeric":
        name = phrases.shortened(weighed.column)
        raise ValueError(f"{test} compares numbers, and `{name}` holds text; choose chi_squared or psi for it")
    answer = (_by_p_value if test in P_VALUE_TESTS else _by_distance)(weighed, test, threshold)
    drifted = Verdict.DRIFTED if answer.drifted else Verdict.OK
    verdict = Verdict.TOO_FEW if math.isnan(answer.statistic) else drifted
    return finding_of(
        weighed,
        verdict=verdict,
        method=test,
        statistic=answer.statistic,
        threshold=answer.limit,
        p_value=answer.p_value,
        p_adjusted=None,
        reason=_reason(weighed, verdict, test, f"{answer.said}, limit {answer.limit:g}"),
    )


def _by_p_value(weighed: Weighed, test: str, threshold: float | None) -> _Answer:
    limit = SIGNIFICANCE if threshold is None else threshold
    statistic, p_value = weighed.measured.statistics[P_VALUE_TESTS[test]], weighed.measured.p_values[test]
    said = f"{test.replace('_', ' ')}: {phrases.chance(p_value, limit)}"
    return _Answer(statistic, p_value, limit, p_value < limit, said)


def _by_distance(weighed: Weighed, test: str, threshold: float | None) -> _Answer:
    figure, usual = DISTANCES[test]
    limit = usual if threshold is None else threshold
    if math.isnan(limit):
        name = phrases.shortened(weighed.column)
        raise ValueError(f"{test} has no usual threshold, being in the unit of `{name}`; give one in thresholds")
    statistic = weighed.measured.statistics[figure]
    said = evidence(test, statistic, limit)
    return _Answer(statistic, weighed.measured.p_value, limit, abs(statistic) >= limit, said)


def _reason(weighed: Weighed, verdict: Verdict, test: str, said: str) -> str:
    if verdict is Verdict.DRIFTED:
        return f"{said_change(weighed)} ({said})"
    name = f"`{phrases.shortened(weighed.column)}`"
    if verdict is Verdict.OK:
        return f"{name} is within its limit ({said})"
    side = "the current data" if weighed.reference.count else "the reference"
    return f"{name} holds no number in {side}, so that {test.replace('_', ' ')} can say nothing of it"
