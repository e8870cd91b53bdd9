"""The risk of a model follows what monitoring measures, and its history names the event behind each step."""

import pytest
from sqlalchemy import Engine, select
from tests.governance.measured_world import CALM, DAY, START, MeasuredWorld

from modelward.governance.jobs import look_daily
from modelward.governance.refresh_risk import refresh_risk
from modelward.jobs.tables import Job
from modelward.kit.database import reading, writing


@pytest.fixture
def world(each_database: Engine) -> MeasuredWorld:
    return MeasuredWorld.make(each_database)


def test_the_worked_example_is_64_point_8_in_the_service_too(world: MeasuredWorld) -> None:
    world.window(0, prediction=0.18)
    world.fairness(0, 0.892, low=0.87, high=0.91)
    found = world.standing()
    assert found.risk_score == pytest.approx(64.8)
    assert found.status == "AT_RISK"
    assert [reason.code for reason in found.reasons] == ["risk_at_risk"]


def test_a_model_of_which_nothing_was_measured_has_no_status_and_no_history(world: MeasuredWorld) -> None:
    world.look(world.after(0))
    assert (world.standing().status, world.standing().risk_score, world.history()) == (None, None, [])


def test_each_step_names_the_window_the_column_and_what_moved_the_score(world: MeasuredWorld) -> None:
    world.window(0)
    world.look(world.after(1))
    world.window(1, {**CALM, "fare": 0.4})
    world.look(world.after(2))
    first, second = world.history()
    assert (first.event, first.risk_score, first.status) == ("first", 0.0, "APPROVED")
    assert (second.event, second.risk_score, second.status) == ("window", 50.0, "AT_RISK")
    assert second.cause == (
        "Risk rose from 0.0 to 50.0, now at risk: in the window from 2026-03-03 00:00 UTC, "
        "1 of 4 columns has drifted (`fare`); half of them are the limit."
    )
    assert second.sources["drift"]["start"] == "2026-03-03T00:00:00+00:00"
    assert second.components[0]["columns"] == [{"column": "fare", "psi": 0.4, "points": 50.0}]
    assert world.told() == [("APPROVED", "AT_RISK")]
    assert world.told("risk") == [("low", "at risk")]


def test_looking_again_changes_nothing(world: MeasuredWorld) -> None:
    world.window(0, {**CALM, "fare": 0.4})
    for minutes in range(3):
        world.look(world.after(1) + minutes * DAY / 1440)
    assert len(world.history()) == 1
    assert world.told() == [(None, "AT_RISK")]


def test_a_back_filled_history_is_as_long_as_its_data_and_is_told_once(world: MeasuredWorld) -> None:
    for day in range(10):
        world.window(day, {**CALM, "fare": 0.4} if day in {3, 4, 9} else None)
    world.look(world.after(100))
    rows = world.history()
    assert [row.at for row in rows[:-1]] == [START + (day + 1) * DAY for day in range(10)]
    assert [row.risk_score for row in rows] == [0, 0, 0, 50, 50, 0, 0, 0, 0, 50, 50]
    assert [row.event for row in rows[2:6]] == ["daily", "window", "daily", "window"]
    assert rows[-1].event == "daily", "the newest look is older than a day"
    assert world.told() == [(None, "AT_RISK")]


def test_a_back_fill_that_comes_in_pieces_has_a_look_at_every_day_of_it(world: MeasuredWorld) -> None:
    for piece in (range(3), range(3, 7)):
        for day in piece:
            world.window(day, {**CALM, "fare": 0.4} if day >= 5 else None)
        world.look(world.after(100 + piece.start / 1440))
    rows = world.history()
    assert [row.at for row in rows[:7]] == [START + (day + 1) * DAY for day in range(7)]
    assert [row.risk_score for row in rows[:7]] == [0, 0, 0, 0, 0, 50, 50]
    assert [row.at >= world.after(100) for row in rows[7:]] == [True, True], "what was seen at each of both looks"
    assert [row.risk_score for row in rows[7:]] == [0, 50]
    assert world.state().recorded_at == rows[-1].at
    assert world.told() == [("APPROVED", "AT_RISK")]


def test_a_replay_that_comes_in_pieces_has_its_history_on_the_days_of_its_data(each_database: Engine) -> None:
    world = MeasuredWorld.make(each_database, key="replayed", replayed=True)
    for day in range(6):
        world.window(day, {**CALM, "fare": 0.4} if day >= 3 else None)
        world.look(world.after(400) + day * DAY / 1440)
    rows = world.history()
    assert [row.at for row in rows] == [START + (day + 1) * DAY for day in range(6)]
    assert [row.risk_score for row in rows] == [0, 0, 0, 50, 50, 50]
    assert world.told() == [("APPROVED", "AT_RISK")]


def test_what_is_measured_of_a_replayed_day_later_is_told_of_that_day(each_database: Engine) -> None:
    world = MeasuredWorld.make(each_database, key="replayed", replayed=True)
    world.window(0)
    world.look(world.after(400))
    world.window(1)
    world.performance(1, 0.7, at=world.after(400))
    world.look(world.after(400.01))
    assert world.history()[-1].at == START + 2 * DAY
    assert world.history()[-1].status == "BLOCKED"


def test_outcomes_that_are_measured_ahead_of_drift_do_not_date_the_days_between(each_database: Engine) -> None:
    world = MeasuredWorld.make(each_database, key="replayed", replayed=True)
    for day in range(4):
        world.performance(day, 0.89)
    for day in range(4):
        world.window(day)
        world.look(world.after(400) + day * DAY / 1440)
    assert [row.at for row in world.history()] == [START + (day + 1) * DAY for day in range(4)]


def test_a_replayed_model_is_not_asked_for_because_a_day_of_ours_has_passed(each_database: Engine) -> None:
    world = MeasuredWorld.make(each_database, key="replayed", replayed=True)
    world.window(0)
    for looked, due in ((False, {str(world.model_id)}), (True, set())):
        if looked:
            world.look(world.after(400))
        with writing(world.engine) as session:
            session.query(Job).delete()
            look_daily(world.engine, now=world.after(402))(session)
            assert set(session.scalars(select(Job.key).where(Job.kind == "measured"))) == due


def test_a_row_a_day_is_kept_also_where_nothing_changes(world: MeasuredWorld) -> None:
    world.window(0)
    world.look(world.after(1))
    world.look(world.after(1.5))
    world.look(world.after(2.01))
    assert [row.event for row in world.history()] == ["first", "daily"]


def test_the_schedule_asks_for_models_whose_last_look_is_a_day_old(world: MeasuredWorld) -> None:
    world.window(0)
    other = world.another("new")
    other.window(0)
    world.look(world.after(1))
    for now, due in ((world.after(1.1), {other.model_id}), (world.after(2.1), {world.model_id, other.model_id})):
        with writing(world.engine) as session:
            session.query(Job).delete()
            look_daily(world.engine, now=now)(session)
            assert {int(key) for key in session.scalars(select(Job.key).where(Job.kind == "measured"))} == due


def test_an_open_window_counts_at_the_strong_level_alone_and_keeps_one_row_while_it_grows(world: MeasuredWorld) -> None:
    world.window(0)
    world.look(world.after(1))
    world.window(1, {**CALM, "fare": 0.2}, closed=False)
    world.look(world.after(1.1))
    assert world.state().risk_score == 0, "moderate, and open"
    for n, psi in enumerate((0.3, 0.31, 0.32)):
        world.window(1, {"age": psi, "town": 0.02}, closed=False, p_value=1e-6)
        world.look(world.after(1.2 + n / 100))
    assert [(row.event, row.risk_score) for row in world.history()] == [("first", 0.0), ("open_window", 100.0)]
    assert "in the window still open since 2026-03-03 00:00 UTC" in world.history()[-1].cause
    world.window(1)
    world.look(world.after(2))
    assert world.state().risk_score == 0
    assert world.told() == [("APPROVED", "BLOCKED"), ("BLOCKED", "APPROVED")]


def test_an_open_window_never_lowers_the_risk(world: MeasuredWorld) -> None:
    world.window(0, {"age": 0.4, "town": 0.4})
    world.window(1, {**CALM, "fare": 0.3}, closed=False)
    assert world.standing().risk_score == 100


def test_a_window_with_too_few_rows_is_passed_over(world: MeasuredWorld) -> None:
    world.window(0, {**CALM, "fare": 0.4})
    world.window(1, level="too_few")
    assert world.standing().risk_score == 50


def test_late_data_put_the_history_right_without_a_word(world: MeasuredWorld) -> None:
    for day in range(3):
        world.window(day)
        world.look(world.after(day + 1))
    world.window(1, {**CALM, "fare": 0.4}, at=world.after(3.5))
    world.window(2, {**CALM, "fare": 0.4, "age": 0.4}, at=world.after(3.5))
    world.look(world.after(3.6))
    rows = world.history()
    assert [row.risk_score for row in rows] == [0, 50, 100]
    assert [row.corrected_at is not None for row in rows] == [False, True, True]
    assert rows[2].cause.startswith("Risk rose from 50.0 to 100.0, now blocked")
    assert world.state().status == "BLOCKED"
    assert world.told() == []


def test_fairness_that_is_measured_later_than_drift_belongs_to_its_window_and_is_told(world: MeasuredWorld) -> None:
    world.window(0)
    world.look(world.after(1))
    world.fairness(0, 0.5, low=0.4, high=0.6)
    world.look(world.after(1.001))
    (row,) = world.history()
    assert (row.risk_score, row.status) == (40.0, "BLOCKED")
    assert row.reasons[0]["code"] == "fairness_below_limit"
    assert world.told() == [("APPROVED", "BLOCKED")]


def test_labels_of_a_later_day_that_show_a_fall_block_the_model(world: MeasuredWorld) -> None:
    world.window(0)
    world.performance(0, 0.89)
    world.look(world.after(1))
    world.window(1)
    world.look(world.after(2))
    world.performance(1, 0.7, at=world.after(2.5))
    world.look(world.after(2.5))
    assert world.state().status == "BLOCKED"
    assert world.told() == [("APPROVED", "BLOCKED")]
    last = world.history()[-1]
    assert "accuracy is 0.7 (interval 0.68 to 0.72), 22.2% below the 0.9 given at registration" in last.cause
    world.window(2)
    world.performance(2, 0.89, at=world.after(3))
    world.look(world.after(3))
    assert world.history()[-1].cause.endswith(
        "in the window from 2026-03-04 00:00 UTC, performance is within its limit."
    )


def test_another_reference_is_told_by_nobody(world: MeasuredWorld) -> None:
    world.window(0)
    world.look(world.after(1))
    world.window(0, {**CALM, "fare": 0.4}, baseline_id=2, at=world.after(1.5))
    world.look(world.after(1.5))
    assert world.state().status == "AT_RISK"
    assert world.told() == []


def test_of_two_looks_at_once_the_one_that_is_behind_is_done_again(world: MeasuredWorld) -> None:
    world.window(0)
    slow = refresh_risk(world.engine, model_id=world.model_id, now=world.after(1))
    world.look(world.after(1))
    assert slow is not None
    with writing(world.engine) as session:
        session.query(Job).delete()
        slow(session)
    assert len(world.history()) == 1
    with reading(world.engine) as session:
        assert session.scalars(select(Job.kind)).all() == ["measured"]


def test_a_model_that_is_gone_is_no_matter(world: MeasuredWorld) -> None:
    assert refresh_risk(world.engine, model_id=world.model_id + 99, now=START) is None
