"""Whatever happens, in whatever order: once the work is done, the profiles say what the raw rows say."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine, delete, event, select, update
from sqlalchemy.orm import Session
from tests.monitoring.world import FAR, START, World, same

from modelward.events.duckdb import DuckDBStore
from modelward.jobs.service import claim, enqueue
from modelward.jobs.tables import Job, Lease
from modelward.kit.database import reading, writing
from modelward.monitoring.compact import FAN
from modelward.monitoring.marks import DUE, REBUILD, marked
from modelward.monitoring.rebuild import rebuild
from modelward.monitoring.tables import BucketProfile, DayProfile, Partial

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SPAN = 4 * DAY


class Died(Exception):
    """The process ends here."""


def all_is_true(world: World) -> None:
    same(world.stored_profile(START, START + SPAN), world.raw_profile(START, START + SPAN))
    for hour in range(0, 96, 7):
        begin = START + hour * HOUR
        same(world.stored_profile(begin, begin + 5 * HOUR), world.raw_profile(begin, begin + 5 * HOUR))
    with reading(world.engine) as session:
        assert not marked(session, model_id=world.model_id, kinds=[*REBUILD, DUE])


class Story:
    """A random run of what may happen to a model."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.rng = np.random.default_rng(seed)
        self.sent: list[pa.Table] = []
        self.sequence = 0
        self.now = START

    def step(self) -> None:
        acts = [self.in_order, self.late, self.again, self.overlapping, self.label, self.wide, self.work, self.work]
        acts[int(self.rng.integers(len(acts)))]()
        self.now += timedelta(minutes=int(self.rng.integers(1, 90)))

    def in_order(self) -> None:
        begin = min(self.now, START + 3 * DAY)
        self._send(self.world.events(int(self.rng.integers(1, 40)), begin, over=timedelta(minutes=50)))

    def late(self) -> None:
        begin = START + float(self.rng.random()) * 3 * DAY
        self._send(self.world.events(int(self.rng.integers(1, 40)), begin, over=4 * HOUR))

    def wide(self) -> None:
        self._send(self.world.events(120, START, over=3 * DAY))

    def again(self) -> None:
        if self.sent:
            self.world.send(self.sent[int(self.rng.integers(len(self.sent)))], now=self.now)

    def overlapping(self) -> None:
        if self.sent:
            old = self.sent[int(self.rng.integers(len(self.sent)))]
            new = self.world.events(5, START + DAY)
            self._send(pa.concat_tables([old.slice(0, 3), new]))

    def label(self) -> None:
        if self.sent:
            self.sequence += 1
            some = self.sent[int(self.rng.integers(len(self.sent)))].column("event_id").to_pylist()
            self.world.label(some[:10], float(self.rng.random() < 0.5), sequence=self.sequence, now=self.now)

    def work(self) -> None:
        kind = ["rebuild", "tidy", "evaluate"][int(self.rng.integers(3))]
        self.world.write(lambda session: _ask(session, kind, self.world.model_id))
        self.world.do(kind, self.now)

    def _send(self, table) -> None:
        self.sent.append(table)
        self.world.send(table, now=self.now)


@pytest.mark.parametrize("seed", range(4))
def test_after_any_story(world: World, seed: int) -> None:
    story = Story(world, seed)
    for _ in range(40):
        story.step()
    world.write(lambda session: _ask(session, "tidy", world.model_id))
    world.settle(START + FAR)
    all_is_true(world)
    with reading(world.engine) as session:
        assert not session.scalars(select(Partial.id)).all()
        assert session.scalars(select(DayProfile.id)).all()


def test_a_story_on_each_database(each_database: Engine, store: DuckDBStore) -> None:
    world = World.make(each_database, store)
    world.auto_reference = 250
    story = Story(world, 17)
    for _ in range(20):
        story.step()
    world.write(lambda session: _ask(session, "tidy", world.model_id))
    world.settle(START + FAR)
    all_is_true(world)
    assert world.evaluations()


@pytest.mark.parametrize("seed", range(3))
def test_after_any_story_with_a_death_at_any_commit(world: World, seed: int, request: pytest.FixtureRequest) -> None:
    """Before or after each commit of the metadata database the process may end; its job is done again by another."""
    rng = np.random.default_rng(100 + seed)
    deaths = 0

    def maybe_die(_committed) -> None:
        nonlocal deaths
        if armed and rng.random() < 0.15:
            deaths += 1
            raise Died

    armed = False
    event.listen(world.engine, "commit", maybe_die)  # … just before a commit,
    event.listen(Session, "after_commit", maybe_die)  # … or just after.
    request.addfinalizer(lambda: event.remove(Session, "after_commit", maybe_die))
    story = Story(world, seed)
    for _ in range(30):
        table = world.events(int(rng.integers(1, 30)), START + float(rng.random()) * DAY, over=2 * HOUR)
        armed = True
        for _ in range(20):
            try:
                story.sent.append(table)
                story.world.send(table, now=story.now)
                break
            except Died:
                continue
        for kind in ("rebuild", "tidy", "evaluate"):
            try:
                world.do(kind, story.now)
            except Died:
                continue
        armed = False
        _release_everything(world)
        story.now += timedelta(minutes=20)
    assert deaths > 10
    world.write(lambda session: _ask(session, "tidy", world.model_id))
    world.settle(START + FAR)
    all_is_true(world)


def test_rows_that_come_between_the_scan_and_its_write_stay(world: World) -> None:
    world.send(world.events(50, START, prefix="a"))
    world.label(["a-1"], 1.0, sequence=1)
    claimed = _claim(world, "rebuild")
    rebuilt = rebuild(world.engine, world.store, claimed)
    assert rebuilt is not None
    world.send(world.events(30, START, prefix="b"))
    with writing(world.engine) as session:
        rebuilt(session)
    same(world.stored_profile(START, START + DAY), world.raw_profile(START, START + DAY))


@pytest.mark.parametrize("columns", [["ts"], ["ts", "label_number"]])
def test_a_scan_that_has_begun_sees_nothing_that_comes_later(world: World, columns: list[str]) -> None:
    world.send(world.events(200_000, START, over=HOUR))
    reader = world.store.scan(world.model_id, START, START + DAY, columns)
    first = reader.read_next_batch()
    assert first.num_rows < 200_000
    world.send(world.events(100, START, over=HOUR))
    assert first.num_rows + reader.read_all().num_rows == 200_000


def test_a_mark_that_grew_during_the_rebuild_is_not_cleared(world: World) -> None:
    world.send(world.events(50, START, prefix="a"))
    world.label(["a-1"], 1.0, sequence=1)
    rebuilt = rebuild(world.engine, world.store, _claim(world, "rebuild"))
    assert rebuilt is not None
    world.label(["a-2"], 1.0, sequence=2)
    with writing(world.engine) as session:
        rebuilt(session)
    with reading(world.engine) as session:
        assert marked(session, model_id=world.model_id, kinds=["stale"])
    _release_everything(world)
    world.settle()
    assert world.stored_profile(START, START + DAY).columns["@label"].count == 2


def test_many_partials_become_few_and_nothing_is_lost(world: World) -> None:
    for _ in range(3 * FAN + 2):
        world.send(world.events(3, START), now=START + HOUR)
    world.write(lambda session: _ask(session, "tidy", world.model_id))
    world.settle(START + timedelta(minutes=31), kinds=["tidy"])
    with reading(world.engine) as session:
        levels = session.scalars(select(Partial.level).order_by(Partial.id)).all()
    assert len(levels) <= FAN
    assert max(levels) == 1
    same(world.stored_profile(START, START + DAY), world.raw_profile(START, START + DAY))


def test_a_day_is_rolled_up_when_it_is_past_and_forgotten_when_an_hour_changes(world: World) -> None:
    world.send(world.events(400, START, over=2 * DAY), now=START + 2 * DAY)
    world.settle(START + 2 * DAY + HOUR)
    with reading(world.engine) as session:
        assert len(session.scalars(select(DayProfile.id)).all()) == 2
    world.send(world.events(10, START + HOUR), now=START + 2 * DAY + 2 * HOUR)
    with reading(world.engine) as session:
        assert session.scalars(select(DayProfile.rows)).all() == [200]
    same(world.stored_profile(START, START + 3 * DAY), world.raw_profile(START, START + 3 * DAY))
    world.settle(START + 2 * DAY + 3 * HOUR)
    with reading(world.engine) as session:
        assert sorted(session.scalars(select(DayProfile.rows)).all()) == [200, 210]


def test_a_bucket_that_was_settled_often_is_built_from_raw_rows_again(world: World) -> None:
    for round_ in range(5):
        moment = START + DAY + round_ * HOUR
        world.send(world.events(5, START), now=moment)
        world.settle(moment + timedelta(minutes=30))
    with reading(world.engine) as session:
        assert session.scalars(select(BucketProfile.merges)).all() == [1]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_days_with_another_length_hold_their_own_rows(database: Engine, store: DuckDBStore, zone: str) -> None:
    world = World.make(database, store, time_zone=zone)
    begin = START + timedelta(days=5)  # America changes its clocks on 8 March 2026, Europe on the 29th.
    world.send(world.events(1500, begin, over=30 * DAY), now=begin + 31 * DAY)
    world.settle(begin + 33 * DAY)
    found = world.evaluations()
    assert sum(entry.rows for entry in found) == 1500
    for entry in found:
        assert entry.rows == world.store.count(world.model_id, entry.starts_at, entry.ends_at)
    lengths = {(entry.ends_at - entry.starts_at) / HOUR for entry in found}
    assert lengths >= {24.0}
    assert (lengths != {24.0}) == (zone != "Asia/Kolkata")


def test_a_model_that_moves_to_a_half_hour_zone_gets_smaller_buckets(world: World) -> None:
    world.send(world.events(900, START, over=3 * DAY), now=START + 3 * DAY)
    world.settle(START + 4 * DAY)
    with writing(world.engine) as session:
        session.get_one(type(world.model()), world.model_id).time_zone = "Asia/Kolkata"
        _ask(session, "evaluate", world.model_id)
    world.settle(START + 4 * DAY)
    found = world.evaluations()
    assert sum(entry.rows for entry in found) == 900
    for entry in found:
        assert (entry.starts_at.hour, entry.starts_at.minute) == (18, 30)
        assert entry.rows == world.store.count(world.model_id, entry.starts_at, entry.ends_at)


def _claim(world: World, kind: str):
    with writing(world.engine) as session:
        return claim(session, owner="test", now=START + 2 * FAR, kinds=[kind], limit=1)[0]


def _ask(session, kind: str, model_id: int) -> None:
    enqueue(session, kind, str(model_id), run_at=START)


def _release_everything(world: World) -> None:
    """What a dead process held runs out."""
    with writing(world.engine) as session:
        session.execute(update(Job).values(owner=None, lease_until=None, attempts=0))
        session.execute(delete(Lease))
