"""The loop: effects are written with the job's end, failures are tried again, stopping loses nothing."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from modelward.jobs.leases import hold
from modelward.jobs.loop import Handlers, Together, Write, new_owner, run_jobs, step
from modelward.jobs.service import Claim, claim, enqueue
from modelward.jobs.tables import Job, Lease
from modelward.kit.clock import now
from modelward.kit.database import reading, writing

EVER = timedelta(days=1)


def ask(engine: Engine, *keys: str, kind: str = "note") -> None:
    with writing(engine) as session:
        for at, key in enumerate(keys):
            enqueue(session, kind, key, run_at=now() - timedelta(seconds=60 - at))


def jobs(engine: Engine) -> list[Job]:
    with reading(engine) as session:
        return list(session.scalars(select(Job).order_by(Job.id)))


def noted(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(Lease.name).order_by(Lease.name)))


def writes(*names: str) -> Write:
    """An effect that can be seen, and that fails when it is written twice."""

    def write(session: Session) -> None:
        session.add_all([Lease(name=name, owner="x", until=datetime(2026, 1, 1, tzinfo=UTC)) for name in names])

    return write


def note(job: Claim) -> Write:
    return writes(job.key)


def test_the_effect_is_written_and_the_job_is_gone(each_database: Engine) -> None:
    ask(each_database, "a", "b")
    assert step({"note": note}, each_database, owner="me") == 2
    assert (noted(each_database), jobs(each_database)) == (["a", "b"], [])
    assert step({"note": note}, each_database, owner="me") == 0


def test_a_job_without_effects_is_done_too(each_database: Engine) -> None:
    ask(each_database, "a")
    step({"note": lambda _job: None}, each_database, owner="me")
    assert jobs(each_database) == []


def test_a_handler_that_raises_leaves_the_job_for_later_and_the_others_are_done(
    each_database: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    ask(each_database, "bad", "good")
    step({"note": lambda job: note(job) if job.key == "good" else 1 / 0}, each_database, owner="me")  # type: ignore[dict-item, return-value]
    assert noted(each_database) == ["good"]
    [bad] = jobs(each_database)
    assert (bad.attempts, bad.owner, bad.error) == (1, None, "ZeroDivisionError: division by zero")
    assert bad.run_at > now()
    assert "A job of the kind note failed: bad" in caplog.text


def test_a_write_that_raises_takes_its_effects_back(each_database: Engine) -> None:
    def half(_job: Claim) -> Write:
        def write(session: Session) -> None:
            writes("half")(session)
            session.flush()
            raise ValueError("the other half")

        return write

    ask(each_database, "a")
    step({"note": half}, each_database, owner="me")
    assert noted(each_database) == []
    assert jobs(each_database)[0].error == "ValueError: the other half"


def test_a_handler_that_was_overtaken_keeps_nothing(each_database: Engine, caplog: pytest.LogCaptureFixture) -> None:
    def overtaken(job: Claim) -> Write:
        with writing(each_database) as session:  # another process finds the lease run out
            taken = claim(session, owner="another", now=now() + EVER, kinds=["note"], limit=1)
        assert [each.id for each in taken] == [job.id]
        return writes("stale")

    ask(each_database, "a")
    step({"note": overtaken}, each_database, owner="me")
    assert noted(each_database) == []
    assert jobs(each_database)[0].owner == "another"
    assert "taken over" in caplog.text


def test_the_lease_is_renewed_while_a_handler_works(each_database: Engine) -> None:
    renewed = threading.Event()

    def patient(job: Claim) -> None:
        first = jobs(each_database)[0].lease_until
        while not renewed.is_set():
            assert first
            if (jobs(each_database)[0].lease_until or first) > first:
                renewed.set()

    ask(each_database, "a")
    step({"note": patient}, each_database, owner="me", lease_seconds=0.5)
    assert renewed.is_set()
    assert jobs(each_database) == []


def test_jobs_of_one_kind_can_be_done_together(each_database: Engine) -> None:
    batches: list[list[str]] = []

    def together(claims: Sequence[Claim]) -> Write:
        batches.append([each.key for each in claims])
        return writes(*(each.key for each in claims))

    ask(each_database, "a", "b", "c")
    step({"note": Together(together, limit=2)}, each_database, owner="me")
    assert batches == [["a", "b"], ["c"]]
    assert (noted(each_database), jobs(each_database)) == (["a", "b", "c"], [])


def test_one_bad_job_among_those_done_together_holds_up_none(each_database: Engine) -> None:
    def together(claims: Sequence[Claim]) -> Write:
        if any(each.key == "bad" for each in claims):
            raise ValueError("bad")
        return writes(*(each.key for each in claims))

    ask(each_database, "a", "bad", "c")
    step({"note": Together(together)}, each_database, owner="me")
    assert noted(each_database) == ["a", "c"]
    assert [job.key for job in jobs(each_database)] == ["bad"]


def test_the_loop_does_what_comes_until_it_is_stopped_and_gives_back_the_rest(each_database: Engine) -> None:
    stop, wake = threading.Event(), threading.Event()

    def last_one(job: Claim) -> Write:
        if job.key == "last":
            stop.set()
        return note(job)

    handlers: Handlers = {"note": last_one}
    arguments = {"wake": wake, "idle_seconds": 60}
    loop = threading.Thread(target=run_jobs, args=(handlers, each_database, stop), kwargs=arguments)
    loop.start()
    ask(each_database, "first", "last", "left")
    wake.set()
    loop.join()
    assert noted(each_database) == ["first", "last"]
    [left] = jobs(each_database)
    assert (left.key, left.owner, left.attempts) == ("left", None, 0)


def test_every_loop_has_a_name_of_its_own(each_database: Engine) -> None:
    assert new_owner() != new_owner()
    with writing(each_database) as session:
        assert hold(session, "x", new_owner(), now(), 1)
