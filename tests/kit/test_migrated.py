"""A database that is behind this program, or ahead of it, says so."""

import pytest
from sqlalchemy import Engine, text

from modelward.kit.database import check_migrated, migrate, open_database


@pytest.fixture
def empty(each_empty_database: str):
    engine = open_database(each_empty_database)
    yield engine
    engine.dispose()


def call_it(engine: Engine, version: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def test_a_database_says_whether_this_program_knows_its_version(empty: Engine) -> None:
    assert "at version none, behind this program's" in str(check_migrated(empty))
    migrate(empty)
    assert check_migrated(empty) is None
    call_it(empty, "0002")
    assert "at version 0002, behind" in str(check_migrated(empty))
    call_it(empty, "9999")
    assert "at version 9999, which this program" in str(check_migrated(empty))


def test_asking_writes_nothing_even_where_there_are_no_tables(empty: Engine) -> None:
    check_migrated(empty)
    assert "none" in str(check_migrated(empty))
