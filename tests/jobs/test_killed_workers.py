"""Four worker processes, killed with `kill -9` at random moments: every job is done, every effect is there once."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Engine, func, select

from modelward.jobs.service import enqueue
from modelward.jobs.tables import Job
from modelward.kit.database import reading, writing
from modelward.signals.tables import Signal

WORKER = Path(__file__).with_name("worker_to_be_killed.py")


def start(url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(WORKER), url])


@contextmanager
def workers(url: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    running = [start(url) for _ in range(4)]
    try:
        yield running
    finally:
        for worker in running:
            worker.kill()
            worker.wait()


def effects(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(Signal)) or 0


def wait_for(engine: Engine, count: int) -> None:
    while effects(engine) < count:
        Event().wait(0.01)


@pytest.mark.parametrize("kills", [8, pytest.param(50, marks=[pytest.mark.proof, pytest.mark.timeout(900)])])
def test_every_job_is_done_and_every_effect_is_there_once(each_database: Engine, kills: int) -> None:
    amount = 30 * (kills + 2)
    rng = random.Random(20260105)
    url = each_database.url.render_as_string(hide_password=False)
    with writing(each_database) as session:
        for number in range(amount):
            enqueue(session, "tell", str(number), run_at=datetime.now(UTC))
    with workers(url) as running:
        for kill in range(kills):
            # A kill for every so many effects, each at a random moment between two of them.
            wait_for(each_database, (kill + 1) * 30)
            Event().wait(rng.random() / 50)
            victim = rng.randrange(4)
            running[victim].kill()
            running[victim].wait()
            running[victim] = start(url)
        wait_for(each_database, amount)
    with reading(each_database) as session:
        told = Counter(session.scalars(select(Signal.subject)))
        left = session.scalar(select(func.count()).select_from(Job))
    assert set(told) == {str(number) for number in range(amount)}
    assert set(told.values()) == {1}
    assert left == 0
