"""Jobs: asked for, claimed, done, failed. On SQLite and on PostgreSQL."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from modelward.jobs.service import (
    DEAD_AFTER,
    LOST_AFTER,
    Claim,
    LeaseLost,
    claim,
    complete,
    enqueue,
    fail,
    release,
    renew,
)
from modelward.jobs.tables import Job
from modelward.kit.database import reading, writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def ask(
    engine: Engine, key: str = "k", at: float = 0.0, kind: str = "work", payload: dict[str, Any] | None = None
) -> None:
    with writing(engine) as session:
        enqueue(session, kind, key, run_at=later(at), payload=payload)


def take(
    engine: Engine,
    owner: str = "me",
    at: float = 0.0,
    limit: int = 10,
    kinds: Collection[str] = ("work",),
    lease_seconds: float = 60,
) -> list[Claim]:
    with writing(engine) as session:
        return claim(session, owner=owner, now=later(at), kinds=kinds, limit=limit, lease_seconds=lease_seconds)


def finish(engine: Engine, job: Claim) -> bool:
    with writing(engine) as session:
        return complete(session, job)


def write_effect_and_finish(engine: Engine, job: Claim) -> None:
    with writing(engine) as session:
        enqueue(session, "effect", "of the slow one", run_at=NOON)
        complete(session, job)


def only(engine: Engine) -> Job:
    with reading(engine) as session:
        return session.scalars(select(Job)).one()


def test_a_job_is_claimed_by_one_owner_and_is_gone_when_done(each_database: Engine) -> None:
    ask(each_database, payload={"bucket": 7})
    [job] = take(each_database, "me")
    assert (job.kind, job.key, job.payload, job.attempts) == ("work", "k", {"bucket": 7}, 1)
    assert take(each_database, "you") == []
    assert finish(each_database, job) is True
    with reading(each_database) as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 0


def test_jobs_come_the_longest_due_first_and_no_more_than_asked_for(each_database: Engine) -> None:
    for key, at in (("c", -1), ("a", -3), ("b", -2), ("future", 5)):
        ask(each_database, key, at)
    assert [job.key for job in take(each_database, limit=2)] == ["a", "b"]
    assert [job.key for job in take(each_database)] == ["c"]


def test_jobs_of_other_kinds_are_left_alone(each_database: Engine) -> None:
    ask(each_database, "x", kind="other")
    assert take(each_database) == []


def test_asking_twice_makes_one_job_at_the_earlier_time(each_database: Engine) -> None:
    ask(each_database, at=30)
    ask(each_database, at=10)
    ask(each_database, at=20)
    assert only(each_database).run_at == later(10)


def test_a_job_asked_for_while_it_runs_runs_once_more(each_database: Engine) -> None:
    ask(each_database)
    [job] = take(each_database)
    ask(each_database, at=5)
    assert finish(each_database, job) is False
    assert take(each_database, at=4) == [], "the second wish was for later"
    [again] = take(each_database, at=5)
    assert again.attempts == 1, "what was done counts as no failure"
    assert finish(each_database, again) is True


def test_being_asked_again_and_again_does_not_push_a_running_job_ever_further_away(each_database: Engine) -> None:
    ask(each_database)
    take(each_database, lease_seconds=10)
    ask(each_database, at=5)
    ask(each_database, at=500)
    assert len(take(each_database, "another", at=11)) == 1


def test_a_dead_owners_job_is_due_again_when_its_lease_runs_out(each_database: Engine) -> None:
    ask(each_database)
    [lost] = take(each_database, "dead", lease_seconds=10)
    assert take(each_database, at=9.9) == []
    [mine] = take(each_database, at=10)
    assert mine.attempts == 2
    with pytest.raises(LeaseLost, match="taken over"):
        finish(each_database, lost)
    assert finish(each_database, mine) is True


def test_the_effects_of_a_lost_claim_are_taken_back_with_it(each_database: Engine) -> None:
    ask(each_database)
    [lost] = take(each_database, "slow", lease_seconds=10)
    take(each_database, "fast", at=11)
    with pytest.raises(LeaseLost):
        write_effect_and_finish(each_database, lost)
    assert take(each_database, kinds=["effect"], at=20) == []


def test_an_owner_that_lost_its_claim_and_got_the_job_again_finishes_the_new_claim_only(each_database: Engine) -> None:
    ask(each_database)
    [old] = take(each_database, "me", lease_seconds=10)
    [new] = take(each_database, "me", at=11)
    with pytest.raises(LeaseLost):
        finish(each_database, old)
    assert finish(each_database, new) is True


def test_a_renewed_lease_holds_longer_and_a_lost_one_is_not_renewed(each_database: Engine) -> None:
    ask(each_database)
    jobs = take(each_database, lease_seconds=10)
    with writing(each_database) as session:
        assert renew(session, jobs, now=later(9), lease_seconds=10) == 1
    assert take(each_database, "thief", at=18) == []
    assert len(take(each_database, "thief", at=19)) == 1
    with writing(each_database) as session:
        assert renew(session, jobs, now=later(20), lease_seconds=10) == 0


def test_a_failed_job_waits_twice_as_long_each_time_and_is_dead_after_the_fifth(each_database: Engine) -> None:
    ask(each_database)
    at, waits = 0.0, []
    for _ in range(DEAD_AFTER):
        [job] = take(each_database, at=at)
        with writing(each_database) as session:
            fail(session, job, "ValueError: no", later(at))
        waits.append((only(each_database).run_at - later(at)).total_seconds())
        at += waits[-1]
    assert waits[:4] == [2, 4, 8, 16]
    assert (only(each_database).state, only(each_database).error) == ("dead", "ValueError: no")
    assert take(each_database, at=10_000) == []


def test_a_job_that_waits_after_a_failure_keeps_waiting_when_asked_for(each_database: Engine) -> None:
    ask(each_database)
    [job] = take(each_database)
    with writing(each_database) as session:
        fail(session, job, "no", NOON)
    ask(each_database)
    assert take(each_database, at=1.9) == []
    assert len(take(each_database, at=2)) == 1


def test_a_dead_job_lives_again_when_asked_for(each_database: Engine) -> None:
    ask(each_database)
    for at in range(0, 100 * DEAD_AFTER, 100):
        [job] = take(each_database, at=at)
        with writing(each_database) as session:
            fail(session, job, "no", later(at))
    ask(each_database, at=1000)
    [job] = take(each_database, at=1000)
    assert job.attempts == 1


def test_what_was_asked_for_during_the_fifth_failure_lives(each_database: Engine) -> None:
    ask(each_database)
    for at in range(0, 100 * DEAD_AFTER, 100):
        [job] = take(each_database, at=at)
        if job.attempts == DEAD_AFTER:
            ask(each_database, at=at)
        with writing(each_database) as session:
            fail(session, job, "no", later(at))
    assert only(each_database).state == "due"


def test_a_job_that_keeps_killing_its_process_is_put_aside(each_database: Engine) -> None:
    ask(each_database)
    for at in range(LOST_AFTER):
        assert len(take(each_database, at=at * 100)) == 1
    assert take(each_database, at=LOST_AFTER * 100) == []
    assert only(each_database).state == "dead"
    assert "died 20 times" in str(only(each_database).error)


def test_a_job_given_back_counts_as_not_begun(each_database: Engine) -> None:
    ask(each_database)
    [job] = take(each_database)
    with writing(each_database) as session:
        release(session, job)
    [again] = take(each_database, "you")
    assert again.attempts == 1
