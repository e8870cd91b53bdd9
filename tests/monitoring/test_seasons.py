"""The same day, or hour, of the week: the service holds a window against its own season, as the library does."""

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy.orm import Session
from tests.monitoring.world import START, World

import modelward
from modelward.kit.database import reading
from modelward.monitoring.answers import drift_between
from modelward.monitoring.calibrations import calibration_of
from modelward.monitoring.capture_baseline import upload_reference, window_reference
from modelward.monitoring.monitor_settings import change_monitor
from modelward.monitoring.subject import read_subject

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEKS = 3
ROWS = 220


def of_weekday(world: World, day: int) -> pa.Table:
    """A day of events; at weekends people are ten years older."""
    weekend = (START + day * DAY).weekday() >= 5
    table = world.events(ROWS, START + day * DAY, over=DAY, age=50.0 if weekend else 40.0, prefix=f"d{day}")
    return table.set_column(table.schema.get_field_index("invalid"), "invalid", pa.nulls(ROWS, pa.string()))


def watch(world: World, **settings: object) -> None:
    model = world.model()
    wire = {"window": "day", "minimum_rows": 200, **settings}

    def change(session: Session) -> None:
        change_monitor(session, model=session.merge(model), wire=wire, now=START)

    world.write(change)


def refer(world: World, days: int) -> None:
    model, end = world.model(), START + days * DAY
    world.write(lambda session: window_reference(session, model=model, start=START, end=end, now=end))


@pytest.fixture
def weekly(world: World) -> dict[int, pa.Table]:
    """Three weeks that are the reference, and a fourth."""
    watch(world, reference="same_weekday")
    tables = {day: of_weekday(world, day) for day in range(7 * (WEEKS + 1))}
    world.send(pa.concat_tables(tables.values()), now=START + 29 * DAY)
    world.settle(START + 29 * DAY, kinds=["rebuild", "tidy"])
    refer(world, 7 * WEEKS)
    world.settle(START + 29 * DAY)
    return tables


def test_service_and_library_hold_a_weekend_against_weekends(world: World, weekly: dict[int, pa.Table]) -> None:
    last = world.evaluations()[7 * WEEKS :]
    assert [entry.verdict for entry in last] == ["ok"] * 7
    assert {entry.rows_reference for entry in last} == {WEEKS * ROWS}
    assert last[-1].reason.endswith("Held against the same weekday of the reference alone.")
    with reading(world.engine) as session:
        subject = read_subject(session, world.model_id)
        assert subject is not None
        assert calibration_of(session, world.model_id, subject.monitor, subject.reference) is not None
    reference = pa.concat_tables([frame(weekly[day]) for day in range(7 * WEEKS)])
    for day in (0, 6):
        theirs = modelward.compare(
            reference,
            frame(weekly[7 * WEEKS + day]),
            timestamp="at",
            prediction="@prediction",
            score="@score",
            config={"reference": "same_weekday", "minimum_rows": 200},
        ).to_dict()
        assert last[day].reason == theirs["reason"]
        the_same(last[day].comparison["columns"], theirs["columns"])


def the_same(mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    expected = {entry["column"]: entry for entry in theirs}
    assert {entry["column"] for entry in mine} == expected.keys()
    for entry in mine:
        for name in ("verdict", "method", "statistic", "p_value", "n_reference", "n_current", "threshold"):
            wanted = expected[entry["column"]][name]
            exact = wanted if isinstance(wanted, str | None) else pytest.approx(wanted, rel=1e-9)
            assert entry[name] == exact, (entry["column"], name)


def frame(table: pa.Table) -> pa.Table:
    """The rows as a user has them; what was of a wrong type is not among them, so it is missing there too."""
    names = {"ts": "at", "f1": "age", "f2": "town", "f3": "vip", "prediction": "@prediction", "score": "@score"}
    return pa.table({new: table.column(old) for old, new in names.items()})


def test_an_hour_is_held_against_the_same_hour_on_the_models_own_clock(world: World) -> None:
    watch(world, reference="same_hour_of_week", window="hour", time_zone="Asia/Tokyo", minimum_rows=20)
    for day in (0, 7, 14):
        for hour in range(6):
            table = world.events(30, START + day * DAY + hour * HOUR, over=HOUR, age=20.0 + 10 * hour)
            world.send(table, now=START + 16 * DAY)
    world.settle(START + 16 * DAY, kinds=["rebuild", "tidy"])
    refer(world, 14)
    world.settle(START + 16 * DAY)
    third = world.evaluations()[-6:]
    assert {entry.rows_reference for entry in third} == {60}
    assert {entry.verdict for entry in third} == {"ok"}
    with reading(world.engine) as session:
        later = drift_between(session, world.model(), START + 15 * DAY, START + 15 * DAY + HOUR)
    assert (later["verdict"], later["reason"]) == (
        "too_few",
        "the reference has no row of the same hour of the week as this window",
    )


def test_a_reference_without_times_says_what_to_do(world: World) -> None:
    watch(world, reference="same_weekday")
    world.send(world.events(300, START, over=DAY), now=START + DAY)
    profile, model = world.raw_profile(START, START + DAY), world.model()
    world.write(lambda s: upload_reference(s, model=model, profile=profile, file_name="a.csv", now=START, note=None))
    world.settle(START + 2 * DAY)
    found = world.evaluations()[-1]
    assert found.verdict == "too_few"
    assert "no span of the model's events in which to look for it" in found.reason
    assert np.isnan(found.psi or np.nan)
