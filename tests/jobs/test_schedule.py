"""Recurring work: once for each time that comes, by one process, and never a storm after a long sleep."""

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select

from modelward.jobs.schedule import enqueue_scheduled, every, stop
from modelward.jobs.tables import Job, Schedule
from modelward.kit.database import reading, writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def schedule(engine: Engine, seconds: int = 60, first_at: datetime = NOON) -> None:
    with writing(engine) as session:
        every(session, "sweep", kind="sweep", seconds=seconds, first_at=first_at, payload={"deep": True})


def run(engine: Engine, at: float) -> int:
    with writing(engine) as session:
        return enqueue_scheduled(session, NOON + timedelta(seconds=at))


def next_at(engine: Engine) -> datetime:
    with reading(engine) as session:
        return session.scalars(select(Schedule.next_at)).one()


def test_a_job_is_made_each_time_and_not_before(each_database: Engine) -> None:
    schedule(each_database)
    assert [run(each_database, at) for at in (-1, 0, 59, 60, 61)] == [0, 1, 0, 1, 0]
    with reading(each_database) as session:
        job = session.scalars(select(Job)).one()
    assert (job.kind, job.key, job.payload) == ("sweep", "sweep", {"deep": True})


def test_missed_times_are_made_up_for_once_and_the_rhythm_is_kept(each_database: Engine) -> None:
    schedule(each_database)
    assert run(each_database, 1000) == 1
    assert next_at(each_database) == NOON + timedelta(seconds=1020)


def test_a_schedule_said_again_keeps_its_time_and_takes_the_new_rhythm(each_database: Engine) -> None:
    schedule(each_database)
    schedule(each_database, seconds=10, first_at=NOON + timedelta(days=1))
    assert next_at(each_database) == NOON
    run(each_database, 0)
    assert next_at(each_database) == NOON + timedelta(seconds=10)


def test_a_stopped_schedule_makes_no_more(each_database: Engine) -> None:
    schedule(each_database)
    with writing(each_database) as session:
        stop(session, "sweep")
    assert run(each_database, 0) == 0


def test_of_many_processes_one_makes_the_job(each_database: Engine) -> None:
    schedule(each_database)
    together = threading.Barrier(6)
    made: list[int] = []

    def ask() -> None:
        together.wait()
        made.append(run(each_database, 0))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 1
    with reading(each_database) as session:
        assert session.scalar(select(func.max(Job.generation))) == 1
