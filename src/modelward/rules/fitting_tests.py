"""Which of the tests that a monitor names can judge what has arrived; the rule judges the columns of the others.

A table that is compared once answers a test that does not fit with a sentence. A monitor that runs day and night must
not fall silent because a column changed since its test was named.
"""

from collections.abc import Mapping
from dataclasses import replace

from modelward.rules.calibration import FEWEST, Calibration, as_named, chosen_limit
from modelward.rules.catalogue import CATALOGUE
from modelward.rules.finding import Comparison
from modelward.rules.monitor import TESTS, WITHOUT_LIMIT, Monitor
from modelward.rules.schema import alike
from modelward.stats import Profile


def fitting_tests(
    monitor: Monitor, reference: Profile, current: Profile, calibration: Calibration | None = None
) -> tuple[Monitor, dict[str, str]]:
    """The monitor without the tests that cannot judge these profiles, and of each such column why not."""
    sides = reference, current
    wrong = {
        column: said
        for column, test in monitor.tests.items()
        if (said := _unlimited(column, TESTS[test], monitor, calibration) or _misfit(column, TESTS[test], *sides))
    }
    if not wrong:
        return monitor, {}
    # A limit that was meant for the test would be another thing to the rule.
    tests = {column: test for column, test in monitor.tests.items() if column not in wrong}
    thresholds = {column: limit for column, limit in monitor.thresholds.items() if column not in wrong}
    return replace(monitor, tests=tests, thresholds=thresholds), wrong


def told_of(comparison: Comparison, wrong: Mapping[str, str]) -> Comparison:
    """The comparison whose findings say which test could not judge them."""
    if not wrong:
        return comparison
    columns = tuple(
        replace(finding, reason=f"{finding.reason}; {said}") if (said := wrong.get(finding.column)) else finding
        for finding in comparison.columns
    )
    return replace(comparison, columns=columns)


def unlearned(named: Mapping[str, str | None], monitor: Monitor, calibration: Calibration | None) -> dict[str, str]:
    """Of each column of a segment whose threshold is to be learned and cannot be, why not.

    `named` is the test that judges each column, None where that is the rule.
    """
    said = f"no threshold could be learned, for which {FEWEST} windows of this segment in the reference are needed"
    return {
        column: f"{said}: the usual one holds"
        for column, test in named.items()
        if monitor.learned_of(column) is not None
        and chosen_limit(column, as_named(test) if test else "psi", monitor, calibration) is None
    }


def _unlimited(column: str, test: str, monitor: Monitor, calibration: Calibration | None) -> str:
    if test not in WITHOUT_LIMIT or chosen_limit(column, as_named(test), monitor, calibration) is not None:
        return ""
    return f"judged by the rule, because no limit of {test} could be learned yet"


def _misfit(column: str, test: str, reference: Profile, current: Profile) -> str:
    before, now = reference.columns.get(column), current.columns.get(column)
    pair = alike(before, now) if before is not None and now is not None else None
    if pair is None or CATALOGUE[test].fits(*pair):
        return ""
    return f"judged by the rule, because {test} compares {CATALOGUE[test].holds}, and this column holds others"
