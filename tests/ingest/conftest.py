from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.ingest.place import Place, Street


@pytest.fixture(scope="session")
def street() -> Iterator[Street]:
    with Street().serving() as street:
        yield street


@pytest.fixture
def place_with(street: Street, database: Engine, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Makes a place with settings of the test's choice."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(street.with_door_of(Place(tmp_path, database, **settings)))


@pytest.fixture
def place(place_with: Callable[..., Place]) -> Place:
    return place_with()


@pytest.fixture
def event() -> dict[str, Any]:
    return {"model_id": "churn", "prediction": 1, "score": 0.7, "features": {"age": 41, "city": "Lyon", "member": True}}
