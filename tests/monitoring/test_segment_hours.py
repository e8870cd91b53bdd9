"""Segments in windows of an hour, held against the same hour of the week: the reference's hours are kept for that."""

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import select, update
from tests.monitoring.outcomes import DAY, HOUR
from tests.monitoring.test_segment_profiles import all_is_true, declare, span, windows, work
from tests.monitoring.world import START, World

from modelward.kit.database import reading, writing
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.segment_store import BUCKET
from modelward.monitoring.segment_store import DAY as WHOLE_DAY
from modelward.monitoring.segment_tables import SegmentSummary, SegmentWindow
from modelward.monitoring.tables import Activity

DAYS = 21  # Three of each hour of the week.
HOURLY: dict[str, Any] = {"window": "hour", "reference": "same_hour_of_week", "minimum_rows": 20}


def two_hours_a_day(world: World, first: int = 0, until: int = DAYS + 1) -> None:
    """People are forty in the first hour of a day and sixty in the second; on the last day those of Bonn are ninety."""
    for day in range(first, until):
        for hour, age in enumerate((40.0, 60.0)):
            start = START + day * DAY + hour * HOUR
            table = world.events(120, start, over=timedelta(minutes=50), age=age, prefix=f"d{day}h{hour}")
            if (day, hour) == (DAYS, 1):
                there = np.array(table.column("f2").to_pylist()) == "Bonn"
                ages = np.asarray(table.column("f1").to_numpy(), dtype=float) + 30 * there
                place = table.schema.get_field_index("f1")
                table = table.set_column(place, "f1", pa.array(ages, pa.float64(), from_pandas=True))
            world.send(table, now=START + (day + 1) * DAY)


def refer(world: World) -> None:
    model, end = world.model(), START + DAYS * DAY
    world.write(lambda s: window_reference(s, model=model, start=START, end=end, now=end))


def last_day(world: World) -> dict[tuple[int, str], SegmentWindow]:
    return {(w.starts_at.hour, w.value): w for w in windows(world) if w.starts_at >= START + DAYS * DAY}


def levels(world: World) -> set[int]:
    with reading(world.engine) as session:
        return set(session.scalars(select(SegmentSummary.level).where(SegmentSummary.bucket < span(DAYS).end)))


def test_an_hour_of_a_segment_is_held_against_the_same_hour_of_the_week(world: World) -> None:
    declare(world, **HOURLY)
    two_hours_a_day(world)
    refer(world)
    work(world)
    assert levels(world) == {BUCKET}
    found = last_day(world)
    assert {key: w.verdict for key, w in found.items()} == {
        (0, "Bonn"): "ok",
        (0, "Köln"): "ok",
        (0, "Ulm"): "ok",
        (1, "Bonn"): "drifted",
        (1, "Köln"): "ok",
        (1, "Ulm"): "ok",
    }
    assert all(60 < w.rows_reference < 240 for w in found.values())  # Three hours, not the three weeks.
    assert "Its yardstick: " in found[0, "Bonn"].reason


def test_days_that_were_put_together_come_apart_again_from_their_raw_rows(world: World) -> None:
    declare(world, minimum_rows=20)
    two_hours_a_day(world, 0, DAYS)
    refer(world)
    work(world)
    assert levels(world) >= {WHOLE_DAY}
    declare(world, **HOURLY)
    two_hours_a_day(world, DAYS)
    work(world)
    assert levels(world) == {BUCKET}
    all_is_true(world, span(1, start=3))
    assert last_day(world)[1, "Bonn"].verdict == "drifted"
    assert last_day(world)[1, "Ulm"].verdict == "ok"


def test_where_the_raw_rows_are_gone_the_reason_says_so(world: World) -> None:
    declare(world, minimum_rows=20)
    two_hours_a_day(world, 0, DAYS)
    refer(world)
    work(world)
    world.store.delete_before(world.model_id, START + DAYS * DAY)
    with writing(world.engine) as session:
        session.execute(update(Activity).values(forgotten_before=span(DAYS).end))
    declare(world, **HOURLY)
    two_hours_a_day(world, DAYS)
    work(world)
    newest = last_day(world)[1, "Bonn"]
    assert newest.verdict == "too_few"
    assert newest.reason.startswith("the hours of this reference were put together as days, and its raw rows are gone")
