"""What rules make of readings: when they fire, since when, and that the preview is what would have happened."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.rules.alarm import WindowLevel, column_alarm
from modelward.rules.alert_episodes import episodes, fired_between, firing
from modelward.rules.alert_readings import Reading, Series
from modelward.rules.alert_rules import BUILT_IN, AlertKind, AlertRule, Condition, Severity, in_force, problems
from modelward.rules.verdict import Verdict

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
LEVELS = {"o": Verdict.OK, "w": Verdict.WARNING, "d": Verdict.DRIFTED, "f": Verdict.TOO_FEW}


def day(n: int, level: Verdict = Verdict.TOO_FEW, **more: object) -> Reading:
    return Reading(START + n * DAY, START + (n + 1) * DAY, level, **more)  # type: ignore[arg-type]


def column(levels: str, subject: str = "age") -> Series:
    return Series(subject, [day(n, LEVELS[letter], reason="moved") for n, letter in enumerate(levels)], subject)


def valued(*values: float | None, higher_is_worse: bool = True, **more: float) -> Series:
    readings = [replace(day(n, value=value), **more) for n, value in enumerate(values)]  # type: ignore[arg-type]
    return Series("", readings, "roc auc", higher_is_worse=higher_is_worse)


def rule(kind: AlertKind, severity: Severity | None = None, **condition: object) -> AlertRule:
    return AlertRule("mine", "Mine", kind, Condition(**condition), severity)  # type: ignore[arg-type]


def spans(found: Sequence[object]) -> list[tuple[int, int | None]]:
    """From which day on it was known, and from which it was over."""
    days = [((e.fired_at - START) // DAY, e.until and (e.until - START) // DAY) for e in found]  # type: ignore[attr-defined]
    return [(begun, over) for begun, over in days]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ("oooo", []),
        ("owoo", []),
        ("odoo", [(2, 3)]),
        ("oowow", [(5, None)]),
        ("oowwooo", [(4, 6)]),
        ("odfff", [(2, None)]),
        ("dood", [(1, 2), (4, None)]),
    ],
)
def test_a_column_alarms_by_the_law_of_alarms(levels: str, expected: list[tuple[int, int | None]]) -> None:
    assert spans(episodes(rule(AlertKind.DRIFT), [column(levels)])) == expected


def test_a_rule_on_strong_alarms_passes_over_moderate_ones() -> None:
    assert spans(episodes(rule(AlertKind.DRIFT, at_least="strong"), [column("wwwdwo")])) == [(4, 5)]


def test_an_open_window_speaks_up_only_at_the_strong_level_beyond_doubt() -> None:
    closed = column("ooo")
    for level, p_value, fires in (
        (Verdict.DRIFTED, 1e-6, True),
        (Verdict.DRIFTED, 0.01, False),
        (Verdict.WARNING, 1e-6, False),
    ):
        still_open = day(3, level, p_value=p_value, reason="moved", closed=False)
        (series,) = [replace(closed, readings=[*closed.readings, still_open])]
        assert bool(firing(rule(AlertKind.DRIFT), [series])) is fires


def test_a_rule_on_named_columns_looks_at_no_other() -> None:
    found = firing(rule(AlertKind.DRIFT, columns=("town",)), [column("od"), column("od", "town")])
    assert [episode.subject for episode in found] == ["town"]


def test_a_share_of_the_columns_is_of_those_that_can_be_judged() -> None:
    columns = [column("od", "a"), column("od", "b"), column("oo", "c"), column("of", "d")]
    assert firing(rule(AlertKind.DRIFT, share=0.66), columns)[0].sentence.startswith("2 of 3 columns (67%)")
    assert firing(rule(AlertKind.DRIFT, share=0.7), columns) == []


def test_a_share_is_not_of_the_few_columns_that_an_open_window_can_show() -> None:
    columns = [column("oo", name) for name in "abcd"]
    raised = [replace(c, readings=[*c.readings, day(2, Verdict.OK, closed=False)]) for c in columns[1:]]
    strong = replace(columns[0], readings=[*columns[0].readings, day(2, Verdict.DRIFTED, p_value=0.0, closed=False)])
    assert firing(rule(AlertKind.DRIFT, share=0.5), [strong, *raised]) == []


def test_a_latency_is_held_against_its_limit_and_an_open_window_against_twice_that() -> None:
    slow = rule(AlertKind.LATENCY, limit=100)
    assert spans(episodes(slow, [valued(80, 120, None, 90)])) == [(2, 4)]
    for value, fires in ((150, False), (250, True)):
        series = valued(80)
        series = replace(series, readings=[*series.readings, day(1, value=value, closed=False)])
        assert bool(firing(slow, [series])) is fires


def test_a_metric_falls_by_a_share_of_its_standard_or_below_a_limit() -> None:
    falls = valued(0.9, 0.8, 0.7, higher_is_worse=False, usual=0.9, best=0.75)
    assert spans(episodes(rule(AlertKind.PERFORMANCE, fall=0.15), [falls])) == [(3, None)]
    assert spans(episodes(rule(AlertKind.PERFORMANCE, metric="roc_auc", limit=0.85), [falls])) == [(2, None)]
    errors = valued(10, 11, 13, usual=10)
    assert spans(episodes(rule(AlertKind.ESTIMATED_PERFORMANCE, fall=0.15), [errors])) == [(3, None)]


def test_unfairness_below_a_limit_needs_two_windows_of_three() -> None:
    scores = valued(0.9, 0.7, 0.9, 0.7, higher_is_worse=False)
    assert spans(episodes(rule(AlertKind.FAIRNESS, limit=0.8), [scores])) == [(4, None)]


def test_risk_status_and_costs_are_states_of_which_the_newest_holds() -> None:
    at = [Reading(START + n * DAY, START + n * DAY, value=value) for n, value in enumerate((40.0, 85.0, 70.0))]
    assert spans(episodes(rule(AlertKind.RISK, limit=80), [Series("", at)])) == [(1, 2)]
    steps = [
        replace(r, level=level) for r, level in zip(at, (Verdict.OK, Verdict.WARNING, Verdict.DRIFTED), strict=True)
    ]
    assert spans(episodes(rule(AlertKind.GOVERNANCE_STATUS), [Series("", steps)])) == [(2, None)]
    assert spans(episodes(rule(AlertKind.GOVERNANCE_STATUS, status="AT_RISK"), [Series("", steps)])) == [(1, None)]


def test_silence_is_held_against_the_longest_gap_and_never_below_the_least() -> None:
    def silent(hours: float, longest: float, least: float = 1.0) -> Series:
        spans = {"value": hours * 3600, "usual": longest * 3600, "best": least * 3600}
        return Series("", [Reading(START, START + timedelta(hours=hours), **spans)])  # type: ignore[arg-type]

    three = rule(AlertKind.SILENCE, gaps=3)
    assert [bool(firing(three, [s])) for s in (silent(5, 2), silent(7, 2), silent(0.9, 0.1), silent(7, 2, 48))] == [
        False,
        True,
        False,
        False,
    ]
    assert "no event has arrived for 7 hours" in firing(three, [silent(7, 2)])[0].sentence


@given(st.text(alphabet="owdf", max_size=40))
def test_the_preview_is_what_the_live_rule_said_day_by_day(levels: str) -> None:
    series, asked = column(levels), rule(AlertKind.DRIFT)
    live = [bool(firing(asked, [replace(series, readings=series.readings[: n + 1])])) for n in range(len(levels))]
    begun = [n + 1 for n, fires in enumerate(live) if fires and not (n and live[n - 1])]
    span = {"start": START, "end": START + 100 * DAY}
    assert [b for b, _ in spans(fired_between(asked, [series], **span))] == begun


@given(st.text(alphabet="owdf", min_size=1, max_size=30))
def test_the_law_of_alarms_is_neither_weakened_nor_sharpened(levels: str) -> None:
    windows = [WindowLevel(START + n * DAY, LEVELS[letter], None, "moved") for n, letter in enumerate(levels)]
    alarm, found = column_alarm(windows), firing(rule(AlertKind.DRIFT), [column(levels)])
    assert bool(found) is alarm.level.alarming
    if found:
        assert found[0].since == alarm.since


def test_the_narrowest_rule_holds_in_the_place_of_a_built_in_one() -> None:
    off = AlertRule("drift", "Off", AlertKind.DRIFT, enabled=False)
    own = AlertRule("drift", "Own", AlertKind.DRIFT, severity=Severity.CRITICAL)
    assert "drift" not in {one.key for one in in_force([(off, "drift", 0)])}
    assert next(one for one in in_force([(own, "drift", 2), (off, "drift", 0)]) if one.key == "drift").title == "Own"
    assert {one.key for one in in_force([])} == {one.key for one in BUILT_IN}


def test_every_built_in_rule_can_be_meant() -> None:
    assert [problems(one.kind, one.condition, one.wait) for one in BUILT_IN] == [[]] * len(BUILT_IN)
    assert {one.kind for one in BUILT_IN} >= set(AlertKind) - {AlertKind.LATENCY, AlertKind.RISK}
