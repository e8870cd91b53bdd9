"""An organisation with one model, for the tests of this room."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from modelward.accounts.keys import KeyKind
from modelward.accounts.principal import Scope
from modelward.accounts.service import create_key, create_organisation
from modelward.api import create_api
from modelward.kit.database import writing
from modelward.registry.service import register
from modelward.settings import settings_from

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def organisation(each_database: Engine) -> Callable[[str], int]:
    """Makes an organisation, and answers its id."""

    def make(name: str) -> int:
        with writing(each_database) as session:
            return create_organisation(session, name=name, now=NOON).id

    return make


@pytest.fixture
def ours(organisation: Callable[[str], int]) -> int:
    """The id of our organisation."""
    return organisation("Ours")


@pytest.fixture
def churn(each_database: Engine, ours: int) -> int:
    """The id of our model `churn`."""
    with writing(each_database) as session:
        return register(session, scope=Scope(ours), key="churn", now=NOON).id


Client = Callable[..., TestClient]


@pytest.fixture
def api(database: Engine) -> FastAPI:
    """All routes of the API over a database of its own."""
    api = create_api()
    api.state.database, api.state.settings = database, settings_from({})
    return api


@pytest.fixture
def organisation_id(database: Engine) -> int:
    """The id of an organisation."""
    with writing(database) as session:
        return create_organisation(session, name="Acme", now=NOON).id


@pytest.fixture
def client(api: FastAPI, database: Engine, organisation_id: int) -> Client:
    """Makes clients that hold a key of this kind, bound as said."""

    def make(
        kind: str = "admin",
        *,
        owner: int = organisation_id,
        project_id: int | None = None,
        model_id: int | None = None,
    ) -> TestClient:
        with writing(database) as session:
            _, key = create_key(
                session,
                organisation_id=owner,
                kind=KeyKind(kind),
                name=kind,
                now=NOON,
                project_id=project_id,
                model_id=model_id,
            )
        return TestClient(api, headers={"X-API-Key": key}, base_url="http://test/api/v1/")

    return make
