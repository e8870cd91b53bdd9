"""The metadata database: durable, one writer at a time, aware times, readers that cannot write."""

import multiprocessing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from modelward.errors import Invalid, Unavailable
from modelward.jobs.tables import Lease
from modelward.kit import database as kit
from modelward.kit.clock import now
from modelward.kit.database import change, database_address, migrate, open_database, reading, writing
from modelward.registry.tables import Project

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def lease(name: str, until: datetime = NOON) -> Lease:
    return Lease(name=name, owner="me", until=until)


def _write_and_fall(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(lease("lost"))
        session.flush()
        raise ZeroDivisionError


def names(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(Lease.name).order_by(Lease.name)))


def test_now_is_aware_and_utc() -> None:
    assert now().utcoffset() == timedelta(0)


def test_sqlite_writes_ahead_and_syncs_fully(database_url: str) -> None:
    database = open_database(database_url)  # as it is; that of a test waits for no disk
    with reading(database) as session:
        told = [session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")]
    database.dispose()
    assert told == ["wal", 2, 1]


def test_what_was_written_stays_and_what_raised_does_not(each_database: Engine) -> None:
    with writing(each_database) as session:
        session.add(lease("kept"))
    with pytest.raises(ZeroDivisionError):
        _write_and_fall(each_database)
    assert names(each_database) == ["kept"]


def test_a_reader_cannot_write(each_database: Engine) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"), reading(each_database) as session:
        session.execute(delete(Lease))
    with writing(each_database) as session:
        session.add(lease("a writer after it can"))
    assert len(names(each_database)) == 1


def test_a_reader_sees_one_snapshot(each_database: Engine) -> None:
    with reading(each_database) as session:
        isolated = session.connection().dialect.name == "sqlite"
        before = session.scalar(select(func.count()).select_from(Lease))
        with writing(each_database) as writer:
            writer.add(lease("new"))
        after = session.scalar(select(func.count()).select_from(Lease))
    assert before == 0
    assert after == (0 if isolated else 1), "PostgreSQL reads what is committed, statement by statement"


def test_a_moment_comes_back_aware_in_utc_whatever_its_zone_was(each_database: Engine) -> None:
    elsewhere = NOON.replace(microsecond=123456).astimezone(timezone(timedelta(hours=5, minutes=45)))
    with writing(each_database) as session:
        session.add(lease("x", elsewhere))
    with reading(each_database) as session:
        until = session.scalars(select(Lease.until)).one()
    assert until == elsewhere
    assert until.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Engine) -> None:
    with pytest.raises(StatementError, match="has no time zone"), writing(database) as session:
        session.add(lease("x", NOON.replace(tzinfo=None)))


def test_foreign_keys_are_kept(each_database: Engine) -> None:
    with pytest.raises(IntegrityError), writing(each_database) as session:
        session.add(Project(organisation_id=4711, key="p", created_at=NOON))


def test_a_writer_that_waits_too_long_says_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "BUSY_SECONDS", 0)
    engine = open_database(database_url)
    with writing(engine) as session:
        session.connection()
        with pytest.raises(Unavailable, match="try again") as caught, writing(engine) as second:
            second.connection()
    assert caught.value.retry_after >= 1
    engine.dispose()


def _read_and_write(url: str, times: int) -> None:
    engine = open_database(url)
    for _ in range(times):
        with writing(engine) as session:
            held = session.get_one(Lease, "counter")
            change(session, update(Lease).where(Lease.name == "counter").values(owner=str(int(held.owner) + 1)))
    engine.dispose()


def test_four_processes_that_read_and_then_write_lose_nothing(database: Engine, database_url: str) -> None:
    with writing(database) as session:
        session.execute(insert(Lease).values(name="counter", owner="0", until=NOON))
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=_read_and_write, args=(database_url, 25)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with reading(database) as session:
        assert session.get_one(Lease, "counter").owner == "100"
    assert [process.exitcode for process in processes] == [0] * 4


@pytest.mark.parametrize(
    "url",
    ["postgresql://me@h/d", "postgresql+psycopg2://me@h/d", "postgresql+asyncpg://me@h/d", "postgres://me@h/d"],
)
def test_every_spelling_of_postgresql_goes_to_the_one_driver(url: str) -> None:
    assert database_address(url).render_as_string() == "postgresql+psycopg://me@h/d"


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "not an address", ""])
def test_other_addresses_are_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid, match=r"sqlite:///path"):
        database_address(url)


def test_postgresql_without_its_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(Invalid, match=r"pip install 'modelward\[postgres\]'"):
        database_address("postgresql://h/d")


def test_the_password_of_an_address_that_is_not_understood_is_not_told() -> None:
    with pytest.raises(Invalid) as caught:
        database_address("mysql://me:geheim@h/d")
    assert "geheim" not in str(caught.value)


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/a/b/metadata.db")
    migrate(engine)
    assert (tmp_path / "a" / "b" / "metadata.db").is_file()
    engine.dispose()
