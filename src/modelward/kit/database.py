"""The metadata database: how it is opened, read and written. The same tables live on SQLite and on PostgreSQL.

Writing is one short transaction, `with writing(engine) as session:`, committed when the block ends. On SQLite it begins
with BEGIN IMMEDIATE, because a transaction that reads first and writes later fails at once when another process wrote
in between, whatever the busy timeout. Reading is `with reading(engine) as session:`, one snapshot that refuses writes.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Table,
    UpdateBase,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from modelward.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_SECONDS = 10
"""How long a SQLite writer waits for its turn before it gives up."""

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A primary key that may grow past 2³¹; SQLite counts only a column that is called INTEGER."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC. SQLite has no time zones, so there the zone is left off and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"{value!r} has no time zone: moments inside Modelward are aware")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table of every domain. There are no relations: what is needed is asked for by a query that can be seen."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name and form
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }


def open_database(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql://…` (any spelling of SQLAlchemy's). Connects only when used.

    Raises:
        Invalid: another kind of address, or PostgreSQL without its driver.
    """
    address = database_address(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(address)
    # Jobs and requests of one process share the pool; a connection that the server dropped is noticed before use.
    # An error does not quote the values of its statement: they may be what people sent.
    return create_engine(address, pool_size=10, max_overflow=30, pool_pre_ping=True, hide_parameters=True)


def database_address(url: str) -> URL:
    """The address as SQLAlchemy wants it: every spelling of PostgreSQL goes to the psycopg driver."""
    try:
        address = make_url(url)
    except Exception as error:
        raise Invalid(
            "The database address is not understood: write sqlite:///path or postgresql://user@host/name."
        ) from error
    if address.get_backend_name() == "sqlite" and address.database and address.database != ":memory:":
        return address
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise Invalid(
            f"A database of the kind {address.drivername!r} is not known: use sqlite:///path or postgresql://user@host/name."
        )
    if importlib.util.find_spec("psycopg") is None:
        raise Invalid("PostgreSQL needs the extra `postgres`: pip install 'modelward[postgres]'.")
    return address.set(drivername="postgresql+psycopg")


def _open_sqlite(address: URL) -> Engine:
    folder = Path(str(address.database)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        said = os.strerror(error.errno or 0)
        raise Invalid(f"The folder {folder} of the metadata database cannot be made ({said}): name another.") from error
    engine = create_engine(
        address,
        pool_size=10,
        max_overflow=50,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` does, and says which kind.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get("reads_only"):
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One writing transaction: begun by the first statement, committed when the block ends, rolled back when it raises.

    Raises:
        Unavailable: another process held SQLite's write lock for longer than the busy timeout.
    """
    try:
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session
    except OperationalError as error:
        if "database is locked" in str(error.orig):
            raise Unavailable("Another process is writing to the metadata database for too long: try again.") from error
        raise


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One snapshot to read from. Writing in it is an error of the programmer, and fails."""
    reader = engine.execution_options(reads_only=True, postgresql_readonly=True)
    with Session(reader, expire_on_commit=False, autoflush=False) as session:
        yield session


def insert_into(session: Session, table: type[Base] | Table) -> sqlite.Insert | postgresql.Insert:
    """INSERT in the dialect of the session's database, both of which know ON CONFLICT."""
    target: Any = table
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(target)
    return postgresql.insert(target)


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest version. Several processes may call it at once: one works, the others wait.

    Raises:
        Unavailable: the database cannot be reached, written, or read as one.
    """
    from alembic import command

    config = _migrations()
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(6039711)")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DatabaseError as error:
        where = engine.url.database if engine.dialect.name == "sqlite" else engine.url.host
        raise Unavailable(
            f"The metadata database {where} cannot be used ({error.orig}): check the file, or MODELWARD_DATABASE_URL."
        ) from error


def check_migrated(engine: Engine) -> str | None:
    """What is wrong with the version of the tables, as a sentence; None when they are as this program knows them.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    from alembic.runtime.migration import MigrationContext

    with engine.execution_options(reads_only=True, postgresql_readonly=True).connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    *older, newest = _revisions()
    if found == newest:
        return None
    if found is None or found in older:
        return f"the database is at version {found or 'none'}, behind this program's {newest}: run `modelward migrate`"
    return f"the database is at version {found}, which this program ({newest}) does not know: run the newer Modelward"


@cache
def _revisions() -> tuple[str, ...]:
    """The versions of the tables that this program knows, oldest first."""
    from alembic.script import ScriptDirectory

    return tuple(script.revision for script in ScriptDirectory.from_config(_migrations()).walk_revisions())[::-1]


def _migrations() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "modelward:migrations")
    return config


def change(session: Session, statement: UpdateBase) -> int:
    """Run an UPDATE or DELETE, and say how many rows it met. Objects of the session are not brought up to date."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount
