"""What every test may ask for: a database made by the real migrations. In CI nothing may be skipped."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import hypothesis
import pytest
from anyio.from_thread import start_blocking_portal
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry
from starlette.testclient import TestClient

from modelward.audit.keys import use_secrets
from modelward.kit.database import migrate, open_database
from modelward.kit.memory import made_for_good
from modelward.migrations.generate import all_tables

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

AUDIT_SECRET = "what the audit chains of the tests are hashed with"
POSTGRESQL = "postgresql://root@127.0.0.1:5432/"

# A deadline tests the machine: one that is busy once took 400 ms for what takes 0.07.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _not_in_ci(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _not_in_ci(report)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    with made_for_good():  # all modules, and six thousand tests
        return (yield)


def pytest_unconfigure() -> None:
    gc.unfreeze()  # DuckDB's bindings report at length whatever nobody collects


def _not_in_ci(report: Report) -> Report:
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"In CI a skipped test is a failure: {report.longrepr}"
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`each_database` is SQLite, and PostgreSQL too where it answers."""
    if "each_database" in metafunc.fixturenames:
        kinds = ["sqlite", "postgresql"] if _postgresql_answers(metafunc.config) else ["sqlite"]
        metafunc.parametrize("each_database", kinds, indirect=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash.get(_ANSWERS, True) is False:
        terminalreporter.write_line(
            "PostgreSQL does not answer on 127.0.0.1:5432: what needs it was run on SQLite alone."
        )


_ANSWERS = pytest.StashKey[bool]()


def _postgresql_answers(config: pytest.Config) -> bool:
    if _ANSWERS not in config.stash:
        config.stash[_ANSWERS] = _can_connect()
    return config.stash[_ANSWERS]


def _can_connect() -> bool:
    engine = create_engine("postgresql+psycopg://root@127.0.0.1:5432/test", connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return True
    except DBAPIError:
        return False
    finally:
        engine.dispose()


@pytest.fixture(scope="session", autouse=True)
def _one_event_loop() -> Iterator[None]:
    """One thread with an event loop for every client. Left alone, a client starts one for each request, and ends it."""
    with start_blocking_portal() as portal:
        TestClient.portal = portal
        yield
        TestClient.portal = None


@pytest.fixture(scope="session")
def _migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with all tables, whole in one file, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "metadata.db"
    engine = open_database(f"sqlite:///{path}")
    migrate(engine)
    # The last connection to close folds the write-ahead log into the file.
    engine.dispose()
    return path


@pytest.fixture
def database_url(_migrated_file: Path, tmp_path: Path) -> str:
    """The address of a fresh SQLite database with all tables."""
    path = tmp_path / "metadata.db"
    shutil.copyfile(_migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """A fresh SQLite database with all tables, opened."""
    engine = use_secrets(open_database(database_url), AUDIT_SECRET)
    event.listen(engine, "connect", _do_not_wait_for_the_disk)
    yield engine
    engine.dispose()


def _do_not_wait_for_the_disk(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Nobody pulls the plug on a test, and it commits hundreds of times. What is killed has an engine of its own."""
    connection.cursor().execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session")
def _postgresql() -> Iterator[Engine]:
    """A PostgreSQL database with all tables."""
    with _postgresql_database() as name:
        engine = use_secrets(open_database(POSTGRESQL + name), AUDIT_SECRET)
        migrate(engine)
        yield engine
        engine.dispose()


@pytest.fixture
def each_database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A fresh database with all tables, of each kind in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    engine: Engine = request.getfixturevalue("_postgresql")
    yield engine
    # Making a database of its own for each test would take fifty times as long as deleting the few rows of one.
    with engine.begin() as connection:
        connection.exec_driver_sql("; ".join(f"DELETE FROM {t.name}" for t in reversed(all_tables().sorted_tables)))


@pytest.fixture
def each_empty_database(each_database: Engine, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any tables, of each kind in turn."""
    if each_database.dialect.name == "sqlite":
        yield f"sqlite:///{tmp_path}/new.db"
        return
    with _postgresql_database() as name:
        yield POSTGRESQL + name


@contextmanager
def _postgresql_database() -> Iterator[str]:
    """A PostgreSQL database of this run's own, dropped afterwards whoever is still connected."""
    name = f"modelward_test_{uuid4().hex}"
    server = create_engine("postgresql+psycopg://root@127.0.0.1:5432/test", isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    try:
        yield name
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()
