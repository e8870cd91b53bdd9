"""Incidents under a clock that the test moves: who is told, when, and why not."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from tests.alerting.clockwork import DAY, NOON, RULES, Clockwork, episode

from modelward.alerting.channel_tables import Delivery
from modelward.alerting.move import move_due
from modelward.alerting.rules_in_force import ALWAYS
from modelward.alerting.settle import Fired, Look, settle
from modelward.alerting.tables import IncidentRow
from modelward.kit.database import reading, writing
from modelward.rules.alert_rules import AlertKind, AlertRule, Severity

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def model(database: Engine) -> Clockwork:
    return Clockwork.make(database)


def test_two_hundred_drifted_columns_are_one_message_after_thirty_seconds(model: Clockwork) -> None:
    columns = [f"column_{n}" for n in range(200)]
    model.sees(*columns[:120])
    model.passes(10 * SECOND)
    model.sees(*columns)
    model.passes(HOUR)
    assert model.messages() == [("firing", 30)]
    (told,) = model.told()
    assert told["title"] == "churn: 200 columns have drifted"
    assert told["details"][-1] == "and 190 more"  # type: ignore[index]
    assert model.reasons() == ["group_wait", "first"]


def test_what_is_over_within_the_wait_is_no_message(model: Clockwork) -> None:
    model.sees("age")
    model.passes(20 * SECOND)
    model.sees()
    model.passes(DAY)
    assert (model.messages(), model.reasons()) == ([], ["group_wait", "fading", "resolved_within_wait"])
    assert [incident.state for incident in model.incidents()] == ["resolved"]


def test_a_change_waits_until_five_minutes_after_the_last_message(model: Clockwork) -> None:
    model.sees("age")
    model.passes(MINUTE)
    model.sees("age", "town")
    model.passes(HOUR)
    assert model.messages() == [("firing", 30), ("changed", 330)]
    assert model.reasons() == ["group_wait", "first", "too_soon", "new_alerts"]


def test_what_gets_graver_is_a_change_and_what_gets_milder_is_none(model: Clockwork) -> None:
    model.sees("age")
    model.passes(HOUR)
    model.sees("age", severity=Severity.CRITICAL)
    model.passes(HOUR)
    model.sees("age")
    model.passes(HOUR)
    assert model.messages() == [("firing", 30), ("changed", 3600)]
    assert model.reasons() == ["group_wait", "first", "worse", "unchanged"]


def test_drift_is_remembered_daily_and_an_outage_every_four_hours(model: Clockwork) -> None:
    model.sees("age")
    model.passes(3 * DAY)
    assert model.messages() == [("firing", 30), *(("reminder", 30 + n * 86_400) for n in (1, 2))]
    model.sees("", kind=AlertKind.SILENCE)
    model.passes(9 * HOUR)
    begun = 3 * 86_400
    assert model.messages()[3:] == [("changed", begun), ("reminder", begun + 4 * 3600), ("reminder", begun + 8 * 3600)]


def test_the_end_is_told_once_it_lasts_and_closes_the_incident(model: Clockwork) -> None:
    model.sees("age")
    model.passes(HOUR)
    model.sees()
    model.passes(HOUR)
    assert model.messages() == [("firing", 30), ("resolved", 3600 + 300)]
    assert model.told()[-1]["title"] == "churn: a column has drifted", "channels put before it what it is: `Resolved:`"
    assert [(one.state, one.messages) for one in model.incidents()] == [("resolved", 2)]
    model.passes(2 * DAY)
    assert len(model.messages()) == 2


def test_a_part_that_is_over_is_a_change(model: Clockwork) -> None:
    model.sees("age", "town")
    model.passes(HOUR)
    model.sees("age")
    model.passes(HOUR)
    assert model.messages() == [("firing", 30), ("changed", 3900)]
    assert model.told()[-1]["details"] == ["`age` moved", "no longer: `town`"]


def test_flapping_twenty_times_in_ten_minutes_is_two_messages(model: Clockwork) -> None:
    for _ in range(20):
        model.sees("age")
        model.passes(20 * SECOND)
        model.sees()
        model.passes(10 * SECOND)
    model.passes(DAY)
    assert [kind for kind, _ in model.messages()] == ["firing", "resolved"]
    assert len(model.incidents()) == 1


@pytest.mark.parametrize("on", [1, 15, 29])
def test_flapping_is_two_messages_in_any_rhythm(model: Clockwork, on: int) -> None:
    for _ in range(20):
        model.sees("age")
        model.passes(on * SECOND)
        model.sees()
        model.passes((30 - on) * SECOND)
    model.passes(DAY)
    assert [kind for kind, _ in model.messages()] == ["firing", "resolved"]


def test_a_silence_keeps_quiet_until_it_ends(model: Clockwork) -> None:
    model.silences(ends=2 * HOUR)
    model.sees("age")
    model.passes(2 * HOUR - SECOND)
    assert (model.messages(), model.reasons()) == ([], ["group_wait", "silenced"])
    model.passes(2 * SECOND)
    assert model.messages() == [("firing", 7200)]


def test_a_silence_of_one_column_keeps_quiet_of_that_alone(model: Clockwork) -> None:
    model.silences(ends=DAY, column="town")
    model.sees("age", "town")
    model.passes(HOUR)
    assert model.told()[0]["title"] == "churn: a column has drifted"


def test_what_ends_under_a_silence_ends_without_a_word(model: Clockwork) -> None:
    model.silences(ends=DAY)
    model.sees("age")
    model.passes(HOUR)
    model.sees()
    model.passes(2 * DAY)
    assert (model.messages(), model.reasons()[-1]) == ([], "never_told")


def test_an_acknowledgement_stops_reminders_but_not_what_gets_worse(model: Clockwork) -> None:
    model.sees("age", "town")
    model.passes(MINUTE)
    with writing(model.engine) as session:
        session.get_one(IncidentRow, 1).acknowledged_at = model.now
    model.passes(3 * DAY)
    assert [kind for kind, _ in model.messages()] == ["firing"]
    model.sees("age")
    model.passes(HOUR)
    assert [kind for kind, _ in model.messages()] == ["firing"], "a part that is over is not worse"
    model.sees("age", severity=Severity.CRITICAL)
    model.passes(HOUR)
    assert [kind for kind, _ in model.messages()] == ["firing", "changed"]
    assert "acknowledged" in model.reasons()


def test_a_silent_model_is_told_of_instead_of_its_drift(model: Clockwork) -> None:
    model.sees("age")
    model.sees("", kind=AlertKind.SILENCE, severity=Severity.CRITICAL)
    model.passes(HOUR)
    (told,) = model.told()
    assert (told["title"], told["severity"]) == ("churn: no events arrive", "critical")


def test_a_broken_column_is_told_of_instead_of_its_drift(model: Clockwork) -> None:
    model.sees("age", "town")
    model.sees("age|missing|", kind=AlertKind.QUALITY)
    model.passes(HOUR)
    (told,) = model.told()
    assert told["title"] == "churn: the data is broken and a column has drifted"
    assert [line for line in told["details"] if "`age` moved" in line] == []  # type: ignore[attr-defined]


def test_drift_alone_that_a_silence_of_events_explains_says_so(model: Clockwork) -> None:
    model.sees("", kind=AlertKind.SILENCE)
    model.silences(ends=DAY, kind="silence")
    model.sees("age")
    model.passes(HOUR)
    assert (model.messages(), model.reasons()[-1]) == ([], "silenced")


def test_a_window_that_was_past_when_it_came_is_no_news(model: Clockwork) -> None:
    old = episode("age", window=NOON - 10 * DAY)
    model.looks(model.rule(RULES[AlertKind.DRIFT], old))
    model.passes(HOUR)
    assert (model.messages(), model.reasons()[-1]) == ([], "old_window")
    model.looks(model.rule(RULES[AlertKind.DRIFT], episode("age")))
    model.passes(HOUR)
    assert [kind for kind, _ in model.messages()] == ["firing"], "a window of today says so too: that is news"


def test_an_old_window_is_news_of_a_model_that_is_marked_as_replayed(model: Clockwork) -> None:
    model.replayed = True
    model.looks(model.rule(RULES[AlertKind.DRIFT], episode("age", window=NOON - 4000 * DAY)))
    model.passes(HOUR)
    assert model.messages() == [("firing", 30)]


def test_a_window_that_late_events_corrected_is_no_news(model: Clockwork) -> None:
    today = episode("age")
    model.known_until = today.newest
    model.looks([])
    model.looks(model.rule(RULES[AlertKind.DRIFT], today))
    model.passes(HOUR)
    assert (model.messages(), model.reasons()[-1]) == ([], "old_window")


def test_a_rule_that_is_new_has_no_past(model: Clockwork) -> None:
    today = episode("age")
    model.known_until = today.newest
    model.looks([])
    mine = AlertRule("rule-1", "Mine", AlertKind.DRIFT)
    model.looks(model.rule(mine, today, changed_at=model.now))
    model.passes(HOUR)
    assert model.messages() == [("firing", 30)]


def test_a_rule_that_is_edited_while_it_fires_goes_on_with_its_alert(model: Clockwork) -> None:
    mine = AlertRule("rule-1", "Mine", AlertKind.DRIFT)
    model.looks(model.rule(mine, episode("age")))
    model.passes(HOUR)
    edited = replace(mine, title="Ours", severity=Severity.CRITICAL)
    model.looks(model.rule(edited, episode("age"), changed_at=model.now))
    model.passes(HOUR)
    assert [kind for kind, _ in model.messages()] == ["firing"]
    model.looks([])  # it was switched off
    model.passes(HOUR)
    assert [kind for kind, _ in model.messages()] == ["firing", "resolved"]


def test_a_rule_that_waits_is_pending_first(model: Clockwork) -> None:
    slow = AlertRule("rule-1", "Mine", AlertKind.DRIFT, wait=10 * MINUTE)
    model.looks(model.rule(slow, episode("age")))
    model.passes(9 * MINUTE)
    assert (model.alerts(), model.incidents()) == ({"age": "pending"}, [])
    model.passes(MINUTE)
    model.looks(model.rule(slow, episode("age")))
    model.passes(HOUR)
    assert model.messages() == [("firing", 630)]


def test_a_cold_start_amid_an_incident_tells_nothing_twice(model: Clockwork) -> None:
    model.sees("age")
    model.passes(HOUR)
    model.engine.dispose()  # the service is stopped for half a day, and started again
    model.now += 12 * HOUR
    model.sees("age")
    model.decides()
    assert model.messages() == [("firing", 30)]


def test_a_first_start_amid_a_drift_tells_it_once(model: Clockwork) -> None:
    model.looks(model.rule(RULES[AlertKind.DRIFT], replace(episode("age"), since=NOON - 92 * DAY)))
    model.passes(HOUR)
    assert model.messages() == [("firing", 30)]
    assert model.incidents()[0].since == NOON - 92 * DAY


def test_a_look_that_is_older_than_the_last_one_changes_nothing(model: Clockwork) -> None:
    model.sees("age")
    model.now -= MINUTE
    model.sees()
    assert model.alerts() == {"age": "firing"}


@pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.proof)])
def test_two_workers_tell_each_incident_once(each_database: Engine, count: int) -> None:
    models = Clockwork.make_many(each_database, count)
    fired = (Fired(RULES[AlertKind.DRIFT], ALWAYS, episode()),)
    looks = [Look(f"model:{m.model_id}", m.organisation_id, m.model_id, None, False, fired, NOON) for m in models]
    # Both do everything, as two do whose leases ran out in a pause that was too long.
    both(each_database, [partial(settle, look=look) for look in looks])
    with reading(each_database) as session:
        ids = session.scalars(select(IncidentRow.id)).all()
    assert len(ids) == count
    both(each_database, [partial(move_due, incident_id=one, now=NOON + MINUTE) for one in ids])
    with reading(each_database) as session:
        told = session.execute(select(Delivery.incident_id, func.count()).group_by(Delivery.incident_id)).all()
    assert [n for _, n in told] == [1] * count


def both(engine: Engine, writes: Sequence[Callable[[Session], object]]) -> None:
    """Two threads, each of which does all of this, one transaction each."""
    together = threading.Barrier(2)

    def work() -> None:
        together.wait()
        for write in writes:
            with writing(engine) as session:
                write(session)

    with ThreadPoolExecutor(2) as workers:
        for done in [workers.submit(work) for _ in range(2)]:
            done.result()


def test_a_clock_that_ran_ahead_for_a_while_keeps_nobody_from_being_told(model: Clockwork) -> None:
    model.now = NOON + 20 * HOUR
    model.sees("age")
    model.passes(31 * SECOND)
    model.now = NOON
    model.sees("age", "income")
    model.passes(10 * MINUTE)
    assert [kind for kind, _ in model.messages()] == ["firing", "changed"]
    model.sees()
    model.passes(10 * MINUTE)
    assert model.messages()[-1][0] == "resolved"


def test_a_segment_that_moves_by_itself_joins_the_incident_and_is_told_only_where_the_whole_does_not(
    model: Clockwork,
) -> None:
    model.sees("age|town|JFK", "income|town|JFK", kind=AlertKind.SEGMENTS)
    model.sees("age")
    model.passes(MINUTE)
    (told,) = model.told()
    assert told["title"] == "churn: a column has drifted and a segment has moved by itself"
    assert told["details"] == ["`age` moved", "`income|town|JFK` moved"]


def test_a_segment_that_is_judged_after_the_whole_window_was_is_news_all_the_same(model: Clockwork) -> None:
    model.known_until = NOON
    model.sees()
    model.sees("age")
    model.passes(MINUTE)
    assert model.messages() == []  # the window was judged before, without this alarm
    model.sees("income|town|JFK", kind=AlertKind.SEGMENTS)
    model.passes(MINUTE)
    assert [kind for kind, _ in model.messages()] == ["firing"]
