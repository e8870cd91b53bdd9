from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.rules.alarm import AlarmSpan, WindowLevel, alarm_spans, column_alarm
from modelward.rules.verdict import Verdict, worst

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
LETTERS = {"o": Verdict.OK, "m": Verdict.WARNING, "s": Verdict.DRIFTED, "f": Verdict.TOO_FEW}


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


def history(letters: str) -> list[WindowLevel]:
    return [WindowLevel(day(i), LETTERS[letter], 1e-9, f"reason {i}") for i, letter in enumerate(letters)]


@pytest.mark.parametrize(
    ("closed", "level", "since"),
    [
        ("", Verdict.TOO_FEW, None),
        ("fff", Verdict.TOO_FEW, None),
        ("ooo", Verdict.OK, None),
        ("oom", Verdict.OK, None),  # One moderate window is not an alarm.
        ("omm", Verdict.WARNING, 1),
        ("mom", Verdict.WARNING, 0),
        ("moom", Verdict.OK, None),
        ("mfm", Verdict.WARNING, 0),  # A thin window is passed over.
        ("oos", Verdict.DRIFTED, 2),
        ("ooss", Verdict.DRIFTED, 2),
        ("osf", Verdict.DRIFTED, 1),
        ("so", Verdict.OK, None),
        ("sso", Verdict.WARNING, 0),
        ("ssoo", Verdict.OK, None),
        ("mms", Verdict.DRIFTED, 0),
        ("soooos", Verdict.DRIFTED, 5),
    ],
)
def test_an_alarm_is_one_strong_window_or_two_moderate_ones_of_three(closed, level, since):
    alarm = column_alarm(history(closed))
    assert alarm.level is level
    assert alarm.since == (None if since is None else day(since))


@pytest.mark.parametrize(
    ("level", "p_value", "raises"),
    [
        (Verdict.DRIFTED, 1e-4, True),
        (Verdict.DRIFTED, 0.002, False),
        (Verdict.DRIFTED, None, False),
        (Verdict.WARNING, 1e-12, False),
    ],
)
def test_an_open_window_raises_only_the_strong_level_and_only_beyond_doubt(level, p_value, raises):
    alarm = column_alarm(history("oo"), WindowLevel(day(2), level, p_value, "`x` doubled"))
    assert (alarm.level is Verdict.DRIFTED) == raises
    assert alarm.since == (day(2) if raises else None)
    assert ("`x` doubled" in alarm.reason) == raises


def test_an_open_window_that_is_fine_does_not_clear_an_alarm():
    assert column_alarm(history("os"), WindowLevel(day(2), Verdict.OK, 0.5)).level is Verdict.DRIFTED


def test_an_alarm_says_which_window_and_why():
    alarm = column_alarm(history("omm"))
    assert alarm.reason == "reason 2, in 2 of the last 3 closed windows"


def test_a_window_without_a_reason_says_how_far_it_is():
    assert column_alarm([WindowLevel(day(0), Verdict.DRIFTED)]).reason == "strongly drifted, in the last closed window"


@given(st.text("omsf", max_size=12))
def test_every_history_has_a_verdict_and_a_since_exactly_when_alarmed(letters):
    alarm = column_alarm(history(letters))
    assert (alarm.since is not None) == alarm.level.alarming
    assert alarm.reason
    assert column_alarm(history(letters + "f")).level is alarm.level


@given(st.lists(st.sampled_from(Verdict)))
def test_the_worst_verdict_is_too_few_only_when_nothing_else_was_said(verdicts):
    assert (worst(verdicts) is Verdict.TOO_FEW) == (set(verdicts) <= {Verdict.TOO_FEW})
    assert (worst(verdicts) is Verdict.DRIFTED) == (Verdict.DRIFTED in verdicts)


@pytest.mark.parametrize(
    ("closed", "spans"),
    [
        ("", []),
        ("omoofo", []),
        ("oosoo", [(2, 3)]),
        ("omfmoo", [(1, 5)]),
        ("soooos", [(0, 1), (5, None)]),
        ("ss", [(0, None)]),
    ],
)
def test_past_alarms_have_a_beginning_and_an_end(closed, spans):
    expected = [AlarmSpan(day(a), None if b is None else day(b)) for a, b in spans]
    assert alarm_spans(history(closed)) == expected


@given(st.text("omsf", max_size=12))
def test_the_last_span_is_the_alarm_of_now(letters):
    alarm, spans = column_alarm(history(letters)), alarm_spans(history(letters))
    lasting = [span.since for span in spans if span.until is None]
    assert lasting == ([alarm.since] if alarm.since else [])
