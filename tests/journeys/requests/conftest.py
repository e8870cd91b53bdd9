"""One service for all programs of the field, and what they need to know of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from tests.journeys.requests.field import Field
from tests.journeys.running import Running, running


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("field") / "data") as service:
        yield service


@pytest.fixture(scope="package")
def key(service: Running) -> str:
    """A key as `POST /auth/register` gives it."""
    answer = requests.post(f"{service.url}/auth/register", json={"name": "The field"}, timeout=30)
    return str(answer.json()["api_key"])


@pytest.fixture(params=["/api/v1", "/api", ""], ids=["canonical", "api", "root"])
def field(request: pytest.FixtureRequest, service: Running, key: str, tmp_path: Path) -> Field:
    """The service under one of its prefixes."""
    return Field(service.url + request.param, service.url, key, tmp_path)
