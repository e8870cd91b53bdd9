"""Days of a segment differ from one another without any drift: by the reference's own days that is known, and kept."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine, delete, event, select, update
from sqlalchemy.orm import Session
from tests.monitoring.outcomes import DAY
from tests.monitoring.test_segment_profiles import Died, declare, rested, span, state, windows, work
from tests.monitoring.world import FAR, START, World

from modelward.events.duckdb import DuckDBStore
from modelward.jobs.tables import Job, Lease
from modelward.kit.database import reading, writing
from modelward.monitoring import segment_calibrate
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.segment_judge import compared_parts
from modelward.monitoring.segment_parts import Key
from modelward.monitoring.segment_store import parts_of
from modelward.monitoring.segment_tables import SegmentState, SegmentYardstick
from modelward.monitoring.segment_yardsticks import Yardsticks, yardsticks_of
from modelward.monitoring.segmented import read_segmented
from modelward.rules.calibration import Calibration, calibrate

REFERENCE, LATER = 22, 4
HOURS = timedelta(hours=2)
TOWNS = ("Bonn", "Köln", "Ulm")


def restless(world: World, levels: Mapping[str, Sequence[float]], *, rows: int = 300) -> None:
    """A day of events for each level of a town: that much older than usual is everybody there on that day."""
    days = max(map(len, levels.values()))
    for day in range(days):
        table = world.events(rows, START + day * DAY, over=HOURS, prefix=f"d{day}")
        world.send(moved(table, on(day, levels)), now=START + (day + 1) * DAY)


def on(day: int, levels: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {town: some[day] for town, some in levels.items()}


def renamed(table: pa.Table, town: str, rows: int) -> pa.Table:
    """The events, the first of which are of this town."""
    names = [town] * rows + table.column("f2").to_pylist()[rows:]
    return table.set_column(table.schema.get_field_index("f2"), "f2", pa.array(names, pa.string()))


def moved(table: pa.Table, older: Mapping[str, float]) -> pa.Table:
    ages = np.asarray(table.column("f1").to_numpy(), dtype=float)
    shift = np.array([older.get(town, 0.0) for town in table.column("f2").to_pylist()])
    return table.set_column(
        table.schema.get_field_index("f1"), "f1", pa.array(ages + shift, pa.float64(), from_pandas=True)
    )


def wandering(seed: int, days: int = REFERENCE + LATER) -> list[float]:
    """Levels that hang together from day to day, some eight years above what is usual and then below it."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi)
    return [8 * float(np.sin(2 * np.pi * day / 5.3 + phase)) + float(rng.normal()) for day in range(days)]


def refer(world: World) -> None:
    model = world.model()
    world.write(
        lambda s: window_reference(
            s, model=model, start=START, end=START + REFERENCE * DAY, now=START + REFERENCE * DAY
        )
    )


def known(world: World) -> Yardsticks:
    with reading(world.engine) as session:
        found = read_segmented(session, world.model_id)
        assert found is not None
        made = yardsticks_of(session, found, "day")
    assert made is not None
    return made


def uncalibrated(world: World, day: int) -> dict[Key, str]:
    """The verdict on the ages of each part of a day, were there no yardstick."""
    with reading(world.engine) as session:
        found = read_segmented(session, world.model_id)
        assert found is not None
        current, reference = (
            parts_of(session, model_id=world.model_id, recipe=found.plan.recipe, spans=[over])
            for over in (span(1, start=day), span(REFERENCE))
        )
    compared, _ = compared_parts(found, reference, current)
    return {
        key: finding.verdict.value
        for key, one in compared.items()
        for finding in one.columns
        if finding.column == "age"
    }


def by_hand(world: World, town: str) -> Calibration | None:
    """The yardstick of one town from the raw rows of the reference's days."""
    with reading(world.engine) as session:
        found = read_segmented(session, world.model_id)
    assert found is not None
    monitor = monitor_of(world.model())
    blocks = []
    for day in range(REFERENCE):
        with reading(world.engine) as session:
            parts = parts_of(
                session,
                model_id=world.model_id,
                recipe=found.plan.recipe,
                spans=[span(1, start=day)],
                segments=["town"],
            )
        if ("town", town) in parts:
            blocks.append(segment_calibrate.judged_columns(found, parts["town", town].profile, "town"))
    return calibrate(blocks, monitor, fewest=2)


def same_yardstick(one: Calibration, other: Calibration | None) -> None:
    assert other is not None
    assert one.blocks == other.blocks
    assert one.figures.keys() == other.figures.keys()
    for column, figures in one.figures.items():
        for name, values in figures.items():
            np.testing.assert_allclose(values, other.figures[column][name], rtol=1e-12)


def test_days_of_a_segment_that_differ_as_its_own_days_do_are_no_drift(world: World) -> None:
    declare(world, minimum_rows=30)
    restless(world, {town: wandering(i) for i, town in enumerate(TOWNS)})
    refer(world)
    work(world)
    later = [w for w in windows(world) if w.starts_at >= START + REFERENCE * DAY]
    assert len(later) == LATER * len(TOWNS)
    assert {w.columns["age"]["verdict"] for w in later} == {"ok"}
    assert all(w.reason.endswith("Its yardstick: 22 windows of this segment in the reference.") for w in later)
    plain = [ages for day in range(REFERENCE, REFERENCE + LATER) for ages in uncalibrated(world, day).values()]
    assert sum(ages != "ok" for ages in plain) > len(plain) / 2
    assert not [alarm for alarm in state(world).alarms if alarm["column"] == "age"]


def test_a_change_in_one_segment_is_found_and_the_whole_stays_calm(world: World) -> None:
    declare(world, minimum_rows=30)
    levels = {town: wandering(i) for i, town in enumerate(TOWNS)}
    levels["Ulm"] = [0.2 * level for level in levels["Ulm"][:-2]] + [15.0, 15.0]
    restless(world, levels)
    refer(world)
    work(world)
    newest = {w.value: w for w in windows(world) if w.starts_at == START + (REFERENCE + LATER - 1) * DAY}
    assert {value: w.verdict for value, w in newest.items()} == {"Bonn": "ok", "Köln": "ok", "Ulm": "drifted"}
    assert "none of 22 windows of this segment in the reference is as far off" in newest["Ulm"].reason
    assert [alarm["clause"] for alarm in state(world).alarms] == ["only where `town` is `Ulm`"]
    assert world.evaluations()[-1].verdict == "ok"


def test_a_segment_with_too_few_days_borrows_the_days_of_all_and_says_so(world: World) -> None:
    """A town that came on the last six days of the reference, of which five hold enough rows."""
    declare(world, minimum_rows=30)
    levels = {town: wandering(i) for i, town in enumerate(TOWNS)}
    for day in range(REFERENCE + LATER):
        table = moved(world.events(300, START + day * DAY, over=HOURS, prefix=f"d{day}"), on(day, levels))
        if day >= REFERENCE - 6:
            table = renamed(table, "Jena", 20 if day == REFERENCE - 6 else 40)
        world.send(table, now=START + (day + 1) * DAY)
    refer(world)
    work(world)
    newest = {w.value: w for w in windows(world) if w.starts_at == START + (REFERENCE + LATER - 1) * DAY}
    assert newest["Jena"].verdict == "ok"
    assert newest["Jena"].reason.endswith(
        " Its yardstick: 71 windows of all segments in the reference, "
        "since fewer than 20 windows of this segment (5) hold 30 rows."
    )


def test_after_a_death_at_any_commit_every_part_has_its_yardstick(
    world: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_calibrate, "AT_ONCE_SECONDS", 0.0)  # Each part in a job of its own.
    rng = np.random.default_rng(5)
    declare(world, minimum_rows=30)
    restless(world, {town: wandering(i) for i, town in enumerate(TOWNS)})
    refer(world)
    deaths, armed = 0, False

    def maybe_die(_committed: object) -> None:
        nonlocal deaths
        if armed and rng.random() < 0.3:
            deaths += 1
            raise Died

    event.listen(world.engine, "commit", maybe_die)
    event.listen(Session, "after_commit", maybe_die)
    request.addfinalizer(lambda: event.remove(Session, "after_commit", maybe_die))
    for _ in range(25):
        armed = True
        for kind in ("rebuild", "joint", "performance", "segments", "segment_windows", "placebo", "evaluate"):
            try:
                world.do(kind, START + FAR)
            except Died:
                continue
        armed = False
        with writing(world.engine) as session:
            session.execute(update(Job).values(owner=None, lease_until=None, attempts=0))
            session.execute(delete(Lease))
            session.execute(update(SegmentState).values(build_not_before=START))
        rested(world)
    assert deaths > 2
    work(world)
    made = known(world).own["town"]
    assert made.keys() == set(TOWNS)
    for town, calibration in made.items():
        same_yardstick(calibration, by_hand(world, town))
    assert {w.starts_at for w in windows(world)} == {START + day * DAY for day in range(REFERENCE + LATER)}


def test_late_rows_of_the_reference_make_its_yardstick_anew(each_database: Engine, store: DuckDBStore) -> None:
    world = World.make(each_database, store)
    declare(world, minimum_rows=15)
    restless(world, {town: wandering(i) for i, town in enumerate(TOWNS)}, rows=150)
    refer(world)
    work(world)
    before = known(world).own["town"]
    late = world.events(100, START + 3 * DAY, over=HOURS, prefix="late")
    world.send(moved(renamed(late, "Ulm", 100), {"Ulm": 40.0}), now=START + FAR)
    work(world)
    after = known(world).own["town"]
    same_yardstick(after["Ulm"], by_hand(world, "Ulm"))
    assert after["Ulm"].limit("age", "psi") > 2 * before["Ulm"].limit("age", "psi")
    same_yardstick(after["Bonn"], before["Bonn"])
    with reading(world.engine) as session:
        assert not session.scalars(select(SegmentYardstick).where(SegmentYardstick.outdated)).all()


def test_other_settings_make_other_yardsticks_and_a_short_reference_none(world: World) -> None:
    declare(world, minimum_rows=30)
    restless(world, {town: wandering(i) for i, town in enumerate(TOWNS)})
    refer(world)
    work(world)
    declare(world, minimum_rows=85)
    work(world)
    assert known(world).own["town"].keys() == {"Bonn", "Köln"}
    model = world.model()
    world.write(lambda s: window_reference(s, model=model, start=START, end=START + 19 * DAY, now=START + FAR))
    work(world)
    with reading(world.engine) as session:
        found = read_segmented(session, world.model_id)
        assert found is not None
        assert yardsticks_of(session, found, "day") is None
    newest = [w for w in windows(world) if w.starts_at == START + (REFERENCE + LATER - 1) * DAY]
    assert newest
    assert not any("yardstick" in w.reason for w in newest)


def test_a_threshold_is_learned_from_the_days_of_the_segment_itself(world: World) -> None:
    """The largest PSI of each town's own days; the day on which one of them lies beyond it is the one that drifted."""
    declare(world, minimum_rows=30, thresholds={"age": "quantile:1.0"})
    levels = {town: wandering(i) for i, town in enumerate(TOWNS)}
    levels["Ulm"] = [0.2 * level for level in levels["Ulm"][:-1]] + [12.0]
    restless(world, levels)
    refer(world)
    work(world)
    own = known(world).own["town"]
    newest = {w.value: w for w in windows(world) if w.starts_at == START + (REFERENCE + LATER - 1) * DAY}
    for town, window in newest.items():
        beyond = bool(window.columns["age"]["psi"] >= own[town].known("age", "psi").max())
        assert (window.columns["age"]["verdict"] == "drifted") is beyond
    assert newest["Ulm"].columns["age"]["verdict"] == "drifted"
    assert "no threshold could be learned" not in "".join(w.reason for w in newest.values())
