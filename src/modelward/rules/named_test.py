"""The verdict by a test that the user named: that test, its threshold, and nothing else."""

import math
from dataclasses import replace
from typing import NamedTuple

from modelward.rules import phrases
from modelward.rules.calibration import Calibration, as_named, chosen_limit
from modelward.rules.catalogue import CATALOGUE, Choice, Found, Holds, NamedTest
from modelward.rules.column import Weighed, evidence, finding_of, said_change
from modelward.rules.finding import ColumnFinding
from modelward.rules.monitor import Monitor
from modelward.rules.verdict import Verdict

# Figures that are known by another name among a column's statistics.
_FIGURES = {
    "psi": "psi_plain",
    "kolmogorov_smirnov": "ks",
    "jensen_shannon": "js",
    "missing_rate": "missing_rate_change",
    "new_categories": "new_category_share",
}
_OTHERWISE = {
    Holds.NUMBERS: "compares numbers, and {} holds text; choose chi_squared or psi for it",
    Holds.TEXT: "looks for new names, and {} holds numbers; choose kolmogorov_smirnov or psi for it",
    Holds.TWO_VALUES: "compares the shares of two values, and {} has more; choose chi_squared or g_test for it",
}


class _Answer(NamedTuple):
    """What a test found, the limit that it was held against, and both in words; nan where it had nothing to compare."""

    statistic: float
    p_value: float
    limit: float
    drifted: bool
    said: str


def test_for(weighed: Weighed, monitor: Monitor) -> str | None:
    """The test that the user named for a column, or for all where it fits this one; None leaves it to the rule."""
    test = monitor.test_of(weighed.column, weighed.kind)
    if test is None or weighed.column in monitor.tests or CATALOGUE[test].fits(weighed.reference, weighed.current):
        return test
    return None


def misfit(test: str, column: str, kind: str) -> str:
    """Why a test cannot be named for a column of this kind, whatever it will hold; nothing where it can."""
    return "" if CATALOGUE[test].suits(kind) else _misfit(test, column)


def _misfit(test: str, column: str) -> str:
    return f"{test} {_OTHERWISE[CATALOGUE[test].holds].format(f'`{phrases.shortened(column)}`')}"


def judge_by_name(
    weighed: Weighed, test: str, monitor: Monitor, calibration: Calibration | None = None
) -> ColumnFinding:
    """The verdict of a named test, at the threshold that was chosen or learned for it.

    Raises:
        ValueError: the test does not fit the column, or has no usual threshold and none was given.
    """
    named = CATALOGUE[test]
    if not named.fits(weighed.reference, weighed.current):
        raise ValueError(_misfit(test, weighed.column))
    found = named.run(weighed.reference, weighed.current, Choice(monitor.bins_of(weighed.column), monitor.empty))
    answer = _answer(weighed, test, named, found, chosen_limit(weighed.column, as_named(test), monitor, calibration))
    drifted = Verdict.DRIFTED if answer.drifted else Verdict.OK
    verdict = Verdict.TOO_FEW if math.isnan(answer.statistic) else drifted
    finding = finding_of(
        weighed,
        verdict=verdict,
        method=test,
        statistic=answer.statistic,
        threshold=answer.limit,
        p_value=answer.p_value,
        p_adjusted=None,
        reason=_reason(weighed, verdict, test, f"{answer.said}, limit {answer.limit:g}"),
    )
    by = found.by or test
    return replace(finding, statistics={**finding.statistics, _FIGURES.get(by, by): answer.statistic})


def _answer(weighed: Weighed, test: str, named: NamedTest, found: Found, threshold: float | None) -> _Answer:
    usual = named.limit if math.isnan(found.limit) else found.limit
    limit = usual if threshold is None else threshold
    if math.isnan(limit):
        name = phrases.shortened(weighed.column)
        raise ValueError(f"{test} has no usual threshold, being in the unit of `{name}`; give one in thresholds")
    said = f"{test}: {found.by}" if found.by else test
    if named.by_p_value or not math.isnan(found.p_value):
        sentence = f"{said.replace('_', ' ')}: {phrases.chance(found.p_value, limit)}"
        return _Answer(found.statistic, found.p_value, limit, found.p_value < limit, sentence)
    drifted = abs(found.statistic) >= limit
    return _Answer(found.statistic, weighed.measured.p_value, limit, drifted, evidence(said, found.statistic, limit))


def _reason(weighed: Weighed, verdict: Verdict, test: str, said: str) -> str:
    if verdict is Verdict.DRIFTED:
        return f"{said_change(weighed)} ({said})"
    name = f"`{phrases.shortened(weighed.column)}`"
    if verdict is Verdict.OK:
        return f"{name} is within its limit ({said})"
    side = "the current data" if weighed.reference.count else "the reference"
    what = "number" if weighed.kind == "numeric" else "value"
    return f"{name} holds no {what} in {side}, so that {test.replace('_', ' ')} can say nothing of it"
