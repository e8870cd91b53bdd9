"""Data quality on real stores: windows, state, signals, freshness, duplicates, and days that are not of 24 hours."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sqlalchemy import Engine, select
from tests.monitoring.world import START, World

from modelward.events.duckdb import DuckDBStore
from modelward.kit.database import reading
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.constraints import put_constraints
from modelward.monitoring.jobs import sweep
from modelward.monitoring.monitor_settings import change_monitor
from modelward.monitoring.quality_tables import QualityRecord, QualityState
from modelward.monitoring.tables import Evaluation
from modelward.monitoring.volumes import earlier_rows, repeated_events
from modelward.registry.tables import Model
from modelward.rules.window_spans import WindowSpans
from modelward.rules.windows import window_of
from modelward.signals.tables import Signal

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def without_ages(table: pa.Table, share: float, seed: int = 5) -> pa.Table:
    """The events with so many of their ages gone."""
    gone = pa.array(np.random.default_rng(seed).random(table.num_rows) < share)
    ages = pc.if_else(gone, None, table["f1"])
    at = table.column_names.index("f1")
    return table.set_column(at, "f1", ages)


def send_day(world: World, day: int, *, count: int = 600, missing: float = 0.0) -> None:
    begin = START + day * DAY
    table = world.events(count, begin, over=DAY, prefix=f"d{day}")
    world.send(without_ages(table, missing) if missing else table, now=begin + DAY)
    world.settle(begin + DAY + HOUR)


def reference_day(world: World) -> None:
    world.send(world.events(1200, START, over=DAY, prefix="d0"), now=START + DAY)
    model = world.model()
    world.write(lambda session: window_reference(session, model=model, start=START, end=START + DAY, now=START + DAY))
    world.settle(START + DAY + HOUR)


def told(world: World) -> list[Signal]:
    with reading(world.engine) as session:
        return list(session.scalars(select(Signal).where(Signal.kind == "quality").order_by(Signal.id)))


def state(world: World) -> QualityState:
    with reading(world.engine) as session:
        return session.get_one(QualityState, world.model_id)


def record(world: World, day: int) -> QualityRecord:
    with reading(world.engine) as session:
        query = select(QualityRecord).join(Evaluation).where(Evaluation.starts_at == START + day * DAY)
        return session.scalars(query).one()


def checks(found: QualityRecord) -> set[tuple[str, Any]]:
    return {(entry["check"], entry["column"]) for entry in found.findings}


def test_days_like_the_reference_are_fine_and_nobody_is_told(world: World) -> None:
    reference_day(world)
    send_day(world, 1)
    assert (record(world, 1).verdict, record(world, 1).findings) == ("ok", [])
    assert state(world).verdict == "ok"
    assert told(world) == []


def test_a_day_without_ages_fails_is_told_once_and_its_end_too(world: World) -> None:
    reference_day(world)
    send_day(world, 1)
    send_day(world, 2, missing=1.0)
    assert ("missing", "age") in checks(record(world, 2))
    send_day(world, 3, missing=1.0)
    send_day(world, 4)
    send_day(world, 5)
    changes = [(signal.before, signal.after) for signal in told(world)]
    assert changes == [("ok", "failed"), ("failed", "warning"), ("warning", "ok")]
    first = told(world)[0]
    assert first.reason.startswith("`age`: 9")
    assert first.reason.endswith("of its values are missing (1.8 % in the reference), in the last closed window")
    assert first.evidence is not None
    assert first.evidence["since"] == (START + 2 * DAY).isoformat()
    assert first.evidence["causes"][0]["column"] == "age"


def test_one_day_of_a_warning_is_not_told_and_two_of_three_are(world: World) -> None:
    reference_day(world)
    send_day(world, 1)
    send_day(world, 2, missing=0.1)
    assert record(world, 2).verdict == "warning"
    assert told(world) == []
    send_day(world, 3)
    send_day(world, 4, missing=0.1)
    assert [(signal.before, signal.after) for signal in told(world)] == [("ok", "warning")]
    assert told(world)[0].reason.endswith("in 2 of the last 3 closed windows")


def test_late_events_correct_the_history_and_are_not_told(world: World) -> None:
    reference_day(world)
    for day in (1, 2, 3):
        send_day(world, day)
    broken = without_ages(world.events(3000, START + DAY, over=DAY, prefix="late"), 1.0)
    world.send(broken, now=START + 4 * DAY)
    world.settle(START + 4 * DAY + HOUR)
    assert ("missing", "age") in checks(record(world, 1))
    assert told(world) == []
    assert state(world).verdict == "ok"


def test_a_window_of_25_rows_is_too_few_and_ends_no_alarm(world: World) -> None:
    reference_day(world)
    send_day(world, 1, missing=1.0)
    send_day(world, 2, count=25)
    assert (record(world, 2).verdict, record(world, 2).too_few) == ("too_few", True)
    assert "25 rows; 200 are needed" in record(world, 2).reason
    assert state(world).verdict == "failed"
    assert len(told(world)) == 1


def test_a_column_of_50_000_categories_and_one_outlier_alarm_nobody(world: World) -> None:
    def day(number: int) -> pa.Table:
        table = world.events(6000, START + number * DAY, over=DAY, prefix=f"d{number}")
        towns = pa.array([f"t{n}" for n in world.rng.integers(0, 50_000, 6000)], pa.string())
        ages = table["f1"].to_pylist()
        ages[17] = 1e6 if number else ages[17]
        table = table.set_column(table.column_names.index("f2"), "f2", towns)
        return table.set_column(table.column_names.index("f1"), "f1", pa.array(ages, pa.float64()))

    world.send(day(0), now=START + DAY)
    model = world.model()
    world.write(lambda session: window_reference(session, model=model, start=START, end=START + DAY, now=START + DAY))
    world.settle(START + DAY + HOUR)
    world.send(day(1), now=START + 2 * DAY)
    world.settle(START + 2 * DAY + HOUR)
    assert record(world, 1).findings == []


def test_events_that_come_again_are_counted_and_warn(world: World) -> None:
    reference_day(world)
    send_day(world, 1)
    again = world.events(600, START + 2 * DAY, over=DAY, prefix="again")
    world.send(again, now=START + 3 * DAY)
    world.send(again.slice(0, 300), now=START + 3 * DAY)
    world.settle(START + 3 * DAY + HOUR)
    found = record(world, 2)
    assert found.repeated == 300
    assert checks(found) == {("duplicates", None)}
    with reading(world.engine) as session:
        span = {"start": START + 2 * DAY, "end": START + 3 * DAY}
        assert repeated_events(session, model_id=world.model_id, **span) == 300
        assert repeated_events(session, model_id=world.model_id, start=START, end=START + 2 * DAY) == 0


def test_a_silent_model_is_late_by_its_own_gaps_and_told_once(world: World) -> None:
    reference_day(world)
    for day in range(1, 9):
        send_day(world, day)
    last = START + 9 * DAY  # By our clock, days come a day apart.
    for moment in (last + 2 * DAY, last + 3 * DAY + HOUR, last + 4 * DAY):
        world.write(sweep(world.engine, now=moment))
        world.settle(moment)
    (signal,) = told(world)
    assert (signal.before, signal.after) == ("ok", "failed")
    assert signal.reason == "no event for 3 days; 3 days is the limit (the longest gap was 24 hours)"
    world.send(world.events(600, START + 14 * DAY, over=DAY, prefix="d14"), now=START + 15 * DAY)
    world.settle(START + 15 * DAY + HOUR)
    assert [entry.after for entry in told(world)] == ["failed", "ok"]


def test_old_data_that_is_replayed_now_is_fresh(world: World) -> None:
    reference_day(world)
    now = START + 300 * DAY
    world.send(world.events(600, START + DAY, over=DAY, prefix="d1"), now=now)
    world.settle(now + timedelta(minutes=5))
    assert not state(world).late
    assert told(world) == []


def test_a_constraint_is_checked_on_every_window_and_its_violation_counted(world: World) -> None:
    reference_day(world)
    send_day(world, 1)
    model = world.model()
    asked: list[dict[str, Any]] = [
        {"column": "town", "kind": "text", "allowed": ["Bonn", "Köln"]},
        {"column": "age", "minimum": -100.0},
    ]
    world.write(lambda session: put_constraints(session, model=model, wire=asked, now=START + 2 * DAY))
    world.settle(START + 2 * DAY + HOUR)
    (finding,) = record(world, 1).findings
    towns = world.store.scan(world.model_id, START + DAY, START + 2 * DAY, ["f2"]).read_all()["f2"].to_pylist()
    assert (finding["check"], finding["rule"], finding["count"]) == ("constraint", "allowed", towns.count("Ulm"))
    assert told(world) == []  # What is only judged anew is no news.
    send_day(world, 2)
    assert [signal.after for signal in told(world)] == ["failed"]


def change(world: World, settings: dict[str, Any]) -> None:
    world.write(
        lambda session: change_monitor(
            session, model=session.get_one(Model, world.model_id), wire=settings, now=START + DAY
        )
    )


def weeks(world: World, count: int, rows: Any, *, zone: str) -> list[datetime]:
    """One day a week, of so many events each; their local midnights."""
    first = datetime(2026, 2, 1, tzinfo=ZoneInfo(zone))  # A Sunday.
    starts = [(first + timedelta(weeks=n)).astimezone(UTC) for n in range(count)]
    for n, start in enumerate(starts):
        world.send(world.events(rows(n), start, over=22 * HOUR, prefix=f"w{n}"), now=start + DAY)
        world.settle(start + DAY + 2 * HOUR)
    return starts


@pytest.fixture
def berlin(database: Engine, store: DuckDBStore) -> World:
    return World.make(database, store, time_zone="Europe/Berlin")


def test_the_volume_of_a_day_of_23_hours_is_held_against_its_own_weekday(berlin: World) -> None:
    starts = weeks(berlin, 10, lambda n: 120 if n == 9 else 480, zone="Europe/Berlin")
    window = window_of(datetime(2026, 3, 29, 10, tzinfo=UTC), "day", "Europe/Berlin")  # The clock springs forward.
    assert (window.start, window.end - window.start) == (starts[8], 23 * HOUR)
    with reading(berlin.engine) as session:
        kinds = WindowSpans.of(window.kind, "Europe/Berlin")
        earlier = earlier_rows(session, model_id=berlin.model_id, window=window, windows=kinds)
    assert earlier == pytest.approx([480 * 23 / 24] * 7)  # The first window is left out.
    with reading(berlin.engine) as session:
        query = select(QualityRecord).join(Evaluation).order_by(Evaluation.starts_at)
        *_, sprung, lost = [(entry.verdict, entry.findings) for entry in session.scalars(query)]
    assert sprung[1] == []
    (finding,) = lost[1]
    assert (finding["check"], finding["verdict"], finding["count"]) == ("volume", "warning", 120)
    assert finding["low"] < finding["expected"] == pytest.approx(480, rel=0.02)


def test_hours_of_a_zone_that_changes_its_clock_meet_the_same_hour_of_the_wall(berlin: World) -> None:
    change(berlin, {"window": "hour"})
    after = datetime(2026, 4, 5, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    for n in range(6):
        start = (after - timedelta(weeks=n)).astimezone(UTC)
        berlin.send(berlin.events(100 + n, start, prefix=f"h{n}"), now=START + 40 * DAY)
    berlin.settle(START + 40 * DAY)
    window = window_of(after.astimezone(UTC), "hour", "Europe/Berlin")
    assert window.start.hour == 8
    with reading(berlin.engine) as session:
        kinds = WindowSpans.of(window.kind, "Europe/Berlin")
        earlier = earlier_rows(session, model_id=berlin.model_id, window=window, windows=kinds)
    assert earlier == [101, 102, 103, 104]


def test_windows_of_the_last_events_have_a_quality_and_no_volume(world: World) -> None:
    reference_day(world)
    change(world, {"window": "events", "window_events": 400})
    broken = without_ages(world.events(400, START + DAY, over=DAY, prefix="x"), 1.0)
    world.send(broken, now=START + 2 * DAY)
    world.settle(START + 2 * DAY + HOUR)
    with reading(world.engine) as session:
        query = select(QualityRecord).join(Evaluation).where(Evaluation.kind == "events")
        newest = session.scalars(query.order_by(Evaluation.starts_at.desc())).first()
    assert newest is not None
    assert ("missing", "age") in checks(newest)
