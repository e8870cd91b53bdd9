from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.monitoring.world import World

from modelward.events.duckdb import DuckDBStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    opened = DuckDBStore(tmp_path / "events.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def world(database: Engine, store: DuckDBStore) -> World:
    return World.make(database, store)
