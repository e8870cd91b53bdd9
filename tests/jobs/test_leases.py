"""Named leases: one owner at a time, also among processes that ask at the same moment."""

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from modelward.jobs.leases import hold, let_go, still_held
from modelward.kit.database import writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def take(engine: Engine, owner: str, at: float = 0, name: str = "model:7") -> bool:
    with writing(engine) as session:
        return hold(session, name, owner, NOON + timedelta(seconds=at), 10)


def held(engine: Engine, owner: str, at: float = 0) -> bool:
    with writing(engine) as session:
        return still_held(session, "model:7", owner, NOON + timedelta(seconds=at))


def test_a_lease_has_one_owner_who_may_hold_it_for_longer(each_database: Engine) -> None:
    assert take(each_database, "me")
    assert not take(each_database, "you", at=5)
    assert take(each_database, "me", at=9)
    assert not take(each_database, "you", at=18)
    assert (held(each_database, "me", at=18), held(each_database, "you", at=18)) == (True, False)


def test_other_names_are_other_leases(each_database: Engine) -> None:
    assert take(each_database, "me")
    assert take(each_database, "you", name="model:8")


def test_a_lease_that_ran_out_is_not_held_and_can_be_taken(each_database: Engine) -> None:
    assert take(each_database, "me")
    assert not held(each_database, "me", at=10)
    assert take(each_database, "you", at=10)
    assert not held(each_database, "me", at=11)


def test_a_lease_given_back_is_free_and_nobody_gives_back_anothers(each_database: Engine) -> None:
    assert take(each_database, "me")
    with writing(each_database) as session:
        let_go(session, "model:7", "you")
    assert not take(each_database, "you")
    with writing(each_database) as session:
        let_go(session, "model:7", "me")
    assert take(each_database, "you")


def test_of_many_who_ask_at_once_one_gets_it(each_database: Engine) -> None:
    together = threading.Barrier(8)
    winners: list[str] = []

    def ask(owner: str) -> None:
        together.wait()
        if take(each_database, owner):
            winners.append(owner)

    threads = [threading.Thread(target=ask, args=(f"owner {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1


def test_while_a_writer_that_checked_its_lease_writes_nobody_takes_it(each_database: Engine) -> None:
    take(each_database, "me")
    outcome: list[bool] = []
    with writing(each_database) as session:
        assert still_held(session, "model:7", "me", NOON + timedelta(seconds=9))
        # The thief's clock is ahead: to it, the lease ran out. It has to wait for this transaction all the same.
        thief = threading.Thread(target=lambda: outcome.append(take(each_database, "thief", at=20)))
        thief.start()
        thief.join(timeout=0.2)
        assert outcome == []
    thief.join()
    assert outcome == [True]
