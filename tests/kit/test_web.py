"""One request, one transaction: committed before the answer leaves, rolled back when the route raises."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text

from modelward.errors import Conflict
from modelward.jobs.tables import Lease
from modelward.kit.database import reading
from modelward.kit.problems import install_problem_handlers
from modelward.kit.web import Reading, Writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def client(database: Engine) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.database = database
    install_problem_handlers(app)

    @app.post("/leases/{name}")
    def add(name: str, session: Writing) -> str:
        session.add(Lease(name=name, owner="me", until=NOON))
        session.flush()
        if name == "refused":
            raise Conflict("No.")
        return name

    @app.post("/orphans")
    def orphan(session: Writing) -> str:
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
        session.execute(text("INSERT INTO projects (organisation_id, key, created_at) VALUES (9, 'x', '2026-01-01')"))
        return "stored"

    @app.get("/leases")
    def names(session: Reading) -> list[str]:
        return list(session.scalars(select(Lease.name)))

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_what_was_answered_is_committed(client: TestClient, database: Engine) -> None:
    assert client.post("/leases/a").status_code == 200
    with reading(database) as session:
        assert list(session.scalars(select(Lease.name))) == ["a"]
    assert client.get("/leases").json() == ["a"]


def test_what_was_refused_is_not_written(client: TestClient) -> None:
    assert client.post("/leases/refused").status_code == 409
    assert client.get("/leases").json() == []


def test_a_commit_that_fails_is_an_error_of_its_own_request(client: TestClient) -> None:
    assert client.post("/orphans").status_code == 500, "an answer before the commit would have said 'stored'"
