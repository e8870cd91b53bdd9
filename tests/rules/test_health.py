from datetime import UTC, datetime, timedelta

import pytest

from modelward.rules.alarm import Alarm
from modelward.rules.health import TRANSITIONS, Evidence, Health, Sight, next_health
from modelward.rules.verdict import Verdict

NOW = datetime(2024, 6, 1, tzinfo=UTC)
CALM = Alarm(Verdict.OK, None, "the last closed windows are as the reference")
THIN = Alarm(Verdict.TOO_FEW, None, "no closed window has enough rows yet")
MODERATE = Alarm(Verdict.WARNING, NOW - timedelta(days=2), "moderately drifted, in 2 of the last 3 closed windows")
STRONG = Alarm(Verdict.DRIFTED, NOW - timedelta(days=1), "`a` doubled, in the last closed window")


def test_the_table_has_an_answer_for_every_state_and_sight():
    assert all(set(TRANSITIONS[sight]) == set(Health) for sight in Sight)


@pytest.mark.parametrize("before", Health)
@pytest.mark.parametrize(
    ("alarms", "after"),
    [
        ({"a": STRONG, "b": MODERATE, "c": CALM}, Health.DRIFTED),
        ({"a": MODERATE, "b": CALM}, Health.WARNING),
        ({"a": CALM, "b": THIN}, Health.HEALTHY),
    ],
)
def test_the_worst_alarm_decides_whatever_the_model_was(before, alarms, after):
    assert next_health(before, Evidence(alarms)).after is after


@pytest.mark.parametrize("before", [Health.HEALTHY, Health.WARNING, Health.DRIFTED, Health.TOO_FEW])
def test_too_few_rows_change_nothing(before):
    step = next_health(before, Evidence({"a": THIN}))
    assert not step.changed
    assert "too few rows" in step.reason


def test_the_first_rows_after_silence_are_too_few_not_healthy():
    assert next_health(Health.SILENT, Evidence({"a": THIN})).after is Health.TOO_FEW


def test_silence_is_a_state_of_its_own_and_names_the_last_event():
    quiet = Evidence({"a": STRONG}, last_event_at=NOW - timedelta(days=3), now=NOW, silent_after=timedelta(days=2))
    step = next_health(Health.HEALTHY, quiet)
    assert step.after is Health.SILENT
    assert step.reason == "no event since 2024-05-29 00:00 UTC"


def test_a_model_that_spoke_lately_is_not_silent():
    lively = Evidence({"a": CALM}, last_event_at=NOW - timedelta(days=1), now=NOW, silent_after=timedelta(days=2))
    assert next_health(Health.SILENT, lively).after is Health.HEALTHY


def test_the_reason_names_the_columns_and_since_when():
    many = dict.fromkeys("abcdefg", STRONG)
    step = next_health(Health.HEALTHY, Evidence({**many, "z": CALM}))
    assert step.reason == "`a` doubled, in the last closed window; `b`, `c`, `d`, `e` and 2 more are in alarm too"
    assert step.since == STRONG.since
    assert step.changed


@pytest.mark.parametrize(
    ("others", "told"), [("", ""), ("b", "; `b` is in alarm too"), ("bc", "; `b` and `c` are in alarm too")]
)
def test_the_reason_is_one_sentence(others, told):
    step = next_health(Health.HEALTHY, Evidence(dict.fromkeys("a" + others, STRONG)))
    assert step.reason == f"`a` doubled, in the last closed window{told}"


def test_a_column_whose_window_gave_no_reason_is_named_all_the_same():
    step = next_health(Health.HEALTHY, Evidence({"a": MODERATE}))
    assert step.reason == "`a` is moderately drifted, in 2 of the last 3 closed windows"
