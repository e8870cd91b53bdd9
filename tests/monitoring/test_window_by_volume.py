"""A model for which nobody asked for windows: by the day while little comes, by the hour once much does."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session
from tests.monitoring.world import START, World

from modelward.errors import Invalid
from modelward.events.duckdb import DuckDBStore
from modelward.kit.database import reading
from modelward.monitoring.alarms import column_alarms
from modelward.monitoring.capture_baseline import upload_reference, window_reference
from modelward.monitoring.evaluate import evaluate
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.monitor_settings import change_monitor, monitor_of, windows_of
from modelward.monitoring.placebo_tables import PlaceboRun
from modelward.monitoring.tables import Evaluation
from modelward.monitoring.window_choice import in_effect, settings_answer
from modelward.registry.tables import Model
from modelward.signals.tables import Signal

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LEAST = 10
HEAVY, LIGHT = 60, 3  # Rows an hour: with a smallest sample of 10, an hour needs 50.


def watch(world: World, **settings: object) -> None:
    wire = {"minimum_rows": LEAST, **settings}
    model = world.model()
    world.write(lambda session: change_monitor(session, model=session.merge(model), wire=wire, now=START))


def hours(world: World, start: datetime, end: datetime, rows: int, *, age: float = 40.0) -> None:
    """So many rows in every hour of a span, as they come: the work of each day is done on the day."""
    zone = ZoneInfo(world.model().time_zone)
    cursor = start
    while cursor < end:
        midnight = datetime.combine(cursor.astimezone(zone).date() + DAY, datetime.min.time(), zone).astimezone(UTC)
        until = min(end, midnight)
        many = round(rows * ((until - cursor) / HOUR))
        world.send(world.events(many, cursor, over=until - cursor, age=age), now=until)
        world.settle(until)
        cursor = until


def spoken(world: World) -> list[Evaluation]:
    """The windows that speak for the model, oldest first."""
    with reading(world.engine) as session:
        model = session.get_one(Model, world.model_id)
        query = select(Evaluation).where(judged_by(Evaluation, windows_of(model))).order_by(Evaluation.starts_at)
        return list(session.scalars(query))


def kinds(world: World) -> list[str]:
    return [entry.kind for entry in spoken(world)]


def told(world: World, kind: str) -> list[Signal]:
    with reading(world.engine) as session:
        return list(session.scalars(select(Signal).where(Signal.kind == kind).order_by(Signal.id)))


def adjoin(found: Iterable[Evaluation]) -> bool:
    return all(one.ends_at == other.starts_at for one, other in pairwise(found))


@pytest.fixture
def make(database: Engine, store: DuckDBStore) -> Callable[..., World]:
    def made(zone: str = "UTC") -> World:
        world = World.make(database, store, time_zone=zone)
        watch(world)
        return world

    return made


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("UTC", datetime(2026, 3, 2, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 3, 1, 18, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 25, 23, tzinfo=UTC)),  # The clock springs forward on the 29th.
    ],
)
def test_heavy_traffic_is_judged_by_the_hour_from_a_local_midnight_on(
    make: Callable[..., World], zone: str, first: datetime
) -> None:
    world = make(zone)
    days = [
        datetime.combine(first.astimezone(ZoneInfo(zone)).date() + n * DAY, datetime.min.time(), ZoneInfo(zone))
        for n in range(5)
    ]
    starts = [day.astimezone(UTC) for day in days]
    hours(world, starts[0], starts[3] + 2 * HOUR, HEAVY)
    found = spoken(world)
    assert kinds(world) == ["day"] * 3 + ["hour"] * 2
    assert [entry.starts_at for entry in found] == [*starts[:4], starts[3] + HOUR]
    assert adjoin(found)
    (signal,) = told(world, "window")
    assert (signal.before, signal.after) == ("day", "hour")
    assert signal.reason.startswith("`hour`: 60 rows an hour in the median over the last 3 days, 50 are needed")
    assert signal.evidence is not None
    assert signal.evidence["from"] == starts[3].isoformat()
    hours(world, starts[3] + 2 * HOUR, starts[4], HEAVY)
    of_day = [entry for entry in spoken(world) if starts[3] <= entry.starts_at < starts[4]]
    assert len(of_day) == (starts[4] - starts[3]) / HOUR  # 23 on the day on which the clock springs forward.
    assert sum(entry.rows for entry in spoken(world)) == HEAVY * (starts[4] - starts[0]) / HOUR


def test_light_traffic_stays_by_the_day_and_what_is_in_effect_says_why(make: Callable[..., World]) -> None:
    world = make()
    hours(world, START, START + 5 * DAY, LIGHT)
    assert set(kinds(world)) == {"day"}
    assert told(world, "window") == []
    found = in_effect(world.model())
    assert (found.window, found.by_volume, found.since) == ("day", True, None)
    assert found.reason.startswith("`day`: 3 rows an hour in the median over the last 4 days, 50 are needed")
    assert found.figures == {"rows_an_hour": 3, "needed": 50, "days": 4}


def test_traffic_that_thins_out_leads_back_to_days_and_nothing_is_judged_twice(make: Callable[..., World]) -> None:
    world = make()
    hours(world, START, START + 4 * DAY, HEAVY)
    hours(world, START + 4 * DAY, START + 9 * DAY, LIGHT)
    assert kinds(world) == ["day"] * 3 + ["hour"] * 24 * 4 + ["day"] * 2
    assert adjoin(spoken(world))
    assert [(signal.before, signal.after) for signal in told(world, "window")] == [("day", "hour"), ("hour", "day")]
    assert len(world.evaluations()) == len(spoken(world))


def test_a_restart_and_a_late_correction_of_the_counts_change_nothing(make: Callable[..., World]) -> None:
    world = make()
    hours(world, START, START + 3 * DAY + HOUR, HEAVY)
    before = world.model().windows
    world.send(world.events(500, START + DAY, over=DAY, prefix="late"), now=START + 3 * DAY + 2 * HOUR)
    world.settle(START + 3 * DAY + 2 * HOUR)
    assert world.model().windows == before
    corrected = spoken(world)[1]
    assert (corrected.kind, corrected.rows) == ("day", HEAVY * 24 + 500)


def test_a_year_that_is_back_filled_in_an_hour_is_light_by_the_time_of_its_events(make: Callable[..., World]) -> None:
    world = make()
    arrived = START + 300 * DAY
    for week in range(10):
        world.send(world.events(7 * 24 * LIGHT, START + week * 7 * DAY, over=7 * DAY), now=arrived)
        world.settle(arrived)
    assert set(kinds(world)) == {"day"}
    assert in_effect(world.model()).window == "day"


def test_a_heavy_year_that_is_back_filled_is_judged_by_the_hour_only_from_the_day_it_has_come_to(
    make: Callable[..., World],
) -> None:
    world = make()
    world.send(world.events(HEAVY * 24 * 8, START, over=8 * DAY), now=START + 300 * DAY)
    world.settle(START + 300 * DAY)
    assert kinds(world) == ["day"] * 7 + ["hour"] * 24
    assert adjoin(spoken(world))


def test_a_model_that_stops_keeps_its_hours_until_it_comes_again(make: Callable[..., World]) -> None:
    world = make()
    hours(world, START, START + 4 * DAY, HEAVY)
    write = evaluate(world.engine, world.store, model_id=world.model_id, now=START + 30 * DAY, auto_reference=0)
    assert write is not None
    world.write(write)
    world.settle(START + 30 * DAY)
    assert in_effect(world.model()).window == "hour"
    hours(world, START + 30 * DAY, START + 30 * DAY + 2 * HOUR, HEAVY)
    assert in_effect(world.model()).window == "day"
    assert spoken(world)[-1].kind == "day"


def test_an_event_whose_clock_is_ahead_does_not_keep_the_day_from_changing(make: Callable[..., World]) -> None:
    world = make()
    midnight = START + 3 * DAY
    hours(world, START, midnight - HOUR, HEAVY)
    ahead = world.events(HEAVY, midnight - HOUR, over=HOUR + timedelta(minutes=2))
    world.send(ahead, now=midnight - timedelta(seconds=10))
    world.settle(midnight - timedelta(seconds=10))
    assert spoken(world)[-1].starts_at == midnight
    hours(world, midnight + timedelta(minutes=2), midnight + timedelta(minutes=3), HEAVY)
    hours(world, midnight + timedelta(minutes=3), midnight + 2 * HOUR, HEAVY)
    assert kinds(world) == ["day"] * 3 + ["hour"] * 2
    assert adjoin(spoken(world))
    assert len(world.evaluations()) == 5


def test_an_open_alarm_lasts_across_the_change_and_is_told_once(make: Callable[..., World]) -> None:
    world = make()
    hours(world, START, START + DAY, HEAVY)
    model = world.model()
    world.write(lambda s: window_reference(s, model=s.merge(model), start=START, end=START + DAY, now=START + DAY))
    world.settle(START + DAY)
    hours(world, START + DAY, START + 2 * DAY, HEAVY)
    hours(world, START + 2 * DAY, START + 3 * DAY + 4 * HOUR, HEAVY, age=80.0)
    assert kinds(world) == ["day"] * 3 + ["hour"] * 4
    assert [(signal.before, signal.after) for signal in told(world, "health")] == [
        ("too_few", "healthy"),
        ("healthy", "drifted"),
    ]
    with reading(world.engine) as session:
        windows = windows_of(session.get_one(Model, world.model_id))
        alarms = column_alarms(session, model_id=world.model_id, windows=windows)
    assert alarms["age"].since == START + 2 * DAY
    assert world.model().health == "drifted"


def test_windows_of_each_kind_have_the_yardstick_of_their_own_length(make: Callable[..., World]) -> None:
    world = make()
    hours(world, START, START + 2 * DAY, HEAVY)
    model = world.model()
    world.write(lambda s: window_reference(s, model=s.merge(model), start=START, end=START + 2 * DAY, now=START + DAY))
    hours(world, START + 2 * DAY, START + 4 * DAY, HEAVY)
    with reading(world.engine) as session:
        runs = {run.window: run for run in session.scalars(select(PlaceboRun))}
    assert runs.keys() == {"day", "hour"}
    assert runs["hour"].calibration is not None
    assert runs["day"].calibration is None  # Two days are too few to say how days differ.
    assert (runs["hour"].outcome["windows"], runs["day"].outcome["windows"]) == (48, 2)


def test_the_volume_of_an_hour_is_held_against_the_same_hours_that_days_were_judged_with(
    make: Callable[..., World],
) -> None:
    world = make()
    hours(world, START, START + 29 * DAY, HEAVY // 3)
    assert set(kinds(world)) == {"day"}
    watch(world, minimum_rows=4)
    hours(world, START + 29 * DAY, START + 31 * DAY, HEAVY // 3)
    assert spoken(world)[-1].kind == "hour"
    hours(world, START + 31 * DAY, START + 31 * DAY + 2 * HOUR, 1)
    assert told(world, "quality")[-1].reason.startswith("1 row, where ")
    assert "by 4 windows of the same time of the week" in told(world, "quality")[-1].reason


def test_what_is_asked_for_can_be_told_from_what_is_in_effect(make: Callable[..., World]) -> None:
    world = make()
    hours(world, START, START + 3 * DAY + HOUR, HEAVY)
    answer = settings_answer(world.model())
    assert answer["window"] is None
    assert answer["window_in_effect"] == {
        "window": "hour",
        "chosen_by": "volume",
        "since": "2026-03-05",
        "reason": in_effect(world.model()).reason,
        "figures": {"rows_an_hour": 60, "needed": 50, "days": 3},
    }
    watch(world, window="day")
    answer = settings_answer(world.model())
    assert (answer["window"], answer["window_in_effect"]["window"]) == ("day", "day")
    assert answer["window_in_effect"]["reason"] == "`day`, as set"


def test_settings_that_come_back_as_they_were_read_keep_the_windows_and_judge_each_by_its_own_kind(
    make: Callable[..., World],
) -> None:
    world = make()
    hours(world, START, START + 4 * DAY, HEAVY)
    before, starts = world.model().windows, [(entry.kind, entry.starts_at) for entry in spoken(world)]
    body = {**settings_answer(world.model()), "psi_moderate": 0.15}
    model = world.model()
    world.write(lambda s: change_monitor(s, model=s.merge(model), wire=body, now=START + 4 * DAY))
    world.settle(START + 4 * DAY)
    assert world.model().windows == before
    assert [(entry.kind, entry.starts_at) for entry in spoken(world)] == starts
    assert len(told(world, "window")) == 1


def test_asking_for_a_kind_judges_all_of_the_past_by_it_and_leaving_it_to_the_volume_begins_there(
    make: Callable[..., World],
) -> None:
    world = make()
    hours(world, START, START + 4 * DAY, HEAVY)
    watch(world, window="hour")
    world.settle(START + 4 * DAY)
    assert set(kinds(world)) == {"hour"}
    watch(world)
    world.settle(START + 4 * DAY)
    assert set(kinds(world)) == {"hour"}
    assert windows_of(world.model()).first_kind == "hour"
    watch(world, window="week")
    watch(world)
    assert monitor_of(world.model()).window == "day"


def test_the_volume_does_not_speak_where_somebody_asked(make: Callable[..., World]) -> None:
    world = make()
    watch(world, window="day")
    hours(world, START, START + 5 * DAY, HEAVY)
    assert set(kinds(world)) == {"day"}
    assert world.model().windows is None


def test_another_time_zone_begins_the_hours_at_its_own_midnight(make: Callable[..., World]) -> None:
    world = make()
    hours(world, START, START + 4 * DAY, HEAVY)
    watch(world, time_zone="Asia/Tokyo")
    world.settle(START + 4 * DAY)
    found = spoken(world)
    assert adjoin(found)
    first = next(entry.starts_at for entry in found if entry.kind == "hour")
    assert first == datetime(2026, 3, 4, 15, tzinfo=UTC)


def test_a_setting_that_was_stored_before_stays_as_asked_for_and_a_model_without_any_is_by_volume(
    make: Callable[..., World],
) -> None:
    world = make()

    def store(monitor: dict[str, Any] | None) -> Callable[[Session], Any]:
        return lambda session: session.execute(update(Model).values(monitor=monitor, windows=None))

    stored = {name: value for name, value in settings_answer(world.model()).items() if name != "window_in_effect"}
    world.write(store({**stored, "window": "day"}))
    assert (settings_answer(world.model())["window"], in_effect(world.model()).by_volume) == ("day", False)
    world.write(store(None))
    assert (settings_answer(world.model())["window"], in_effect(world.model()).by_volume) == (None, True)


def test_a_season_that_cannot_be_meant_is_refused_in_a_sentence(make: Callable[..., World]) -> None:
    world = make()
    with pytest.raises(Invalid, match="every weekday and hour is in each of them"):
        watch(world, reference="same_weekday", window="week")
    world.send(world.events(300, START, over=DAY), now=START + DAY)
    profile, model = world.raw_profile(START, START + DAY), world.model()
    world.write(lambda s: upload_reference(s, model=model, profile=profile, file_name="a.csv", now=START, note=None))
    with pytest.raises(Invalid, match="has no span of its events in which to look for a season"):
        watch(world, reference="same_hour_of_week")
    watch(world, reference="whole")


def test_the_day_of_an_evaluation_is_decided_once(make: Callable[..., World]) -> None:
    world = make()
    hours(world, START, START + DAY + HOUR, HEAVY)
    looked = world.model().windows
    assert looked is not None
    assert looked["looked_on"] == date(2026, 3, 3).isoformat()
    hours(world, START + DAY + HOUR, START + DAY + 3 * HOUR, HEAVY)
    assert world.model().windows == looked
