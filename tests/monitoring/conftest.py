from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.monitoring.world import World

from modelward.events.duckdb import DuckDBStore
from modelward.kit.database import open_database
from modelward.migrations.generate import all_tables


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    opened = DuckDBStore(tmp_path / "events.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def world(database: Engine, store: DuckDBStore) -> World:
    return World.make(database, store)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/metadata.db")
    all_tables().create_all(engine)
    yield engine
    engine.dispose()
