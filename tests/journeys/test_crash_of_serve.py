"""Acknowledged means kept: `serve` is killed under load, again and again, and afterwards everything is there once."""

import random
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import numpy as np
import psutil
import pytest
from sqlalchemy import Engine, select
from tests.journeys.running import Running, start, wait_for
from tests.monitoring.world import World

from modelward.events.duckdb import DuckDBStore
from modelward.ingest.journal import JournalReader
from modelward.jobs.tables import Job
from modelward.kit.database import open_database, reading
from modelward.monitoring.marks import REBUILD, marked
from modelward.registry.tables import Model
from modelward.stats import CategoricalSummary, NumericSummary, Profile

KILLS = 20
SENDERS = 3
BATCH = 40
HOURS = 24
"""So few that batches become partial profiles; a batch over more than 48 buckets would only mark them."""
DAY = datetime(2026, 3, 2, tzinfo=UTC)


class Sender(threading.Thread):
    """Sends batches of events and labels for them until told to stop, and remembers what was acknowledged."""

    def __init__(self, number: int, service: "list[Running]", key: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.number, self.service, self.key, self.stop = number, service, key, stop
        self.random = random.Random(number)
        self.events: set[str] = set()
        self.labels: dict[str, float] = {}
        self.sent = 0

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                with self.service[0].http(self.key) as client:
                    while not self.stop.is_set():
                        self._send(client)
            except (httpx2.HTTPError, OSError):
                self.stop.wait(0.02)  # killed; the next one is being started

    def _send(self, client: httpx2.Client) -> None:
        ids = [f"{self.number}-{self.sent + n}" for n in range(BATCH)]
        self.sent += BATCH
        events = [self._event(event_id) for event_id in ids]
        # What was sent and not answered is sent again by an honest client: here every third batch twice.
        for _ in range(2 if self.random.random() < 0.3 else 1):
            if client.post("/api/v1/events", json=events).status_code == 201:
                self.events.update(ids)
        some = self.random.sample(ids, 5)
        value = float(self.random.randrange(2))
        labels = [{"event_id": event_id, "label": value} for event_id in some]
        if client.post("/api/v1/labels", json=labels).status_code == 201:
            self.labels.update(dict.fromkeys(some, value))

    def _event(self, event_id: str) -> dict[str, object]:
        when = DAY + timedelta(seconds=self.random.random() * HOURS * 3600)
        features = {"amount": self.random.gauss(100, 15), "plan": self.random.choice(["free", "pro"])}
        return {
            "event_id": event_id,
            "model_id": "crashed",
            "timestamp": when.isoformat(),
            "features": features,
            "prediction": 1.0,
            "score": self.random.random(),
            "latency_ms": 3.0,
        }


def _victims(service: Running, dice: random.Random) -> list[psutil.Process]:
    """The process that answers, the one that works, or both: a crash does not choose."""
    parent = psutil.Process(service.process.pid)
    choice = dice.randrange(3)
    return [parent] if choice == 0 else [service.child()] if choice == 1 else [parent, service.child()]


def _kill_and_restart(service: Running, data_dir: Path, dice: random.Random) -> Running:
    try:
        victims = _victims(service, dice)
    except (StopIteration, psutil.Error):  # the worker is just being started
        victims = [psutil.Process(service.process.pid)]
    for victim in victims:
        victim.kill()
    if victims[0].pid != service.process.pid:
        return service  # the parent starts another worker by itself
    service.kill()
    return start(data_dir)


@pytest.fixture
def after_the_crashes(tmp_path: Path) -> Iterator[tuple[list[Sender], Path]]:
    data_dir, dice, stop = tmp_path / "data", random.Random(2013), threading.Event()
    service = [start(data_dir)]
    assert service[0].key
    senders = [Sender(number, service, service[0].key, stop) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.2, 1.5))
        service[0] = _kill_and_restart(service[0], data_dir, dice)
    stop.set()
    for sender in senders:
        sender.join(60)
    try:
        _wait_until_settled(data_dir)
        assert service[0].stop() == 0
        yield senders, data_dir
    finally:
        if service[0].process.poll() is None:
            service[0].kill()


def _wait_until_settled(data_dir: Path) -> None:
    database = open_database(f"sqlite:///{data_dir}/metadata.db")
    reader = JournalReader(data_dir / "journal")
    try:
        wait_for(lambda: reader.backlog().events == 0, "the journal to be moved", seconds=120)
        wait_for(lambda: _is_settled(database), "dirty buckets to be rebuilt", seconds=120)
    finally:
        reader.close()
        database.dispose()


def _is_settled(database: Engine) -> bool:
    with reading(database) as session:
        model_id = session.scalars(select(Model.id)).one()
        due = session.scalars(select(Job.kind).where(Job.kind.in_(["rebuild", "tidy"]))).all()
        return not due and not marked(session, model_id=model_id, kinds=list(REBUILD))


def agree(stored: Profile, raw: Profile) -> None:
    """Equal in everything that is exact; the distribution within the bound that the summaries themselves state."""
    assert stored.rows == raw.rows
    for name, twin in raw.columns.items():
        if not twin.count:
            continue
        summary = stored.columns[name]
        assert (summary.count, summary.missing, summary.invalid) == (twin.count, twin.missing, twin.invalid), name
        if isinstance(summary, CategoricalSummary):
            assert isinstance(twin, CategoricalSummary)
            assert dict(zip(summary.categories, summary.counts, strict=True)) == dict(
                zip(twin.categories, twin.counts, strict=True)
            )
            continue
        assert isinstance(twin, NumericSummary)
        assert (summary.minimum, summary.maximum) == (twin.minimum, twin.maximum)
        np.testing.assert_allclose([summary.mean, summary.variance], [twin.mean, twin.variance], rtol=1e-9)
        apart = np.abs(summary.cdf(twin.values) - twin.cdf(twin.values)).max()
        assert apart <= summary.rank_error + twin.rank_error + 1e-12, name


@pytest.mark.timeout(900)
def test_everything_acknowledged_is_stored_once_and_profiles_equal_the_raw_rows(
    after_the_crashes: tuple[list[Sender], Path],
) -> None:
    senders, data_dir = after_the_crashes
    acknowledged = set().union(*(sender.events for sender in senders))
    labels = {event_id: value for sender in senders for event_id, value in sender.labels.items()}
    database, store = open_database(f"sqlite:///{data_dir}/metadata.db"), DuckDBStore(data_dir / "events.duckdb")
    try:
        with reading(database) as session:
            model = session.scalars(select(Model)).one()
        table = store.scan(model.id, DAY - timedelta(days=1), DAY + timedelta(hours=HOURS)).read_all()
        stored = table["event_id"].to_pylist()
        assert len(acknowledged) > 1_000, "the load was too small to prove anything"
        assert len(stored) == len(set(stored))
        assert not acknowledged - set(stored)
        known = dict(zip(stored, table["label_number"].to_pylist(), strict=True))
        assert not {event_id: value for event_id, value in labels.items() if known[event_id] != value}
        world = World(database, store, model.organisation_id, model.id)
        for hour in range(HOURS):
            begin = DAY + timedelta(hours=hour)
            end = begin + timedelta(hours=1)
            agree(world.stored_profile(begin, end), world.raw_profile(begin, end))
    finally:
        store.close()
        database.dispose()
