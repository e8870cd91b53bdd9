"""A key that is bound to a project or a model sees, changes and registers there and nowhere else."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.registry.conftest import Client

from modelward.events.duckdb import DuckDBStore


class Ground(NamedTuple):
    inside: dict[str, Any]
    outside: dict[str, Any]


@pytest.fixture(autouse=True)
def _events(api: FastAPI, tmp_path: Path) -> Iterator[None]:
    api.state.events = DuckDBStore(tmp_path / "events.duckdb")
    yield
    api.state.events.close()


@pytest.fixture
def ground(client: Client) -> Ground:
    admin = client()
    inside = admin.post("models", json={"name": "churn", "project": "crm"}).json()
    outside = admin.post("models", json={"name": "fraud", "project": "cards", "description": "our secret"}).json()
    return Ground(inside, outside)


@pytest.fixture(params=["project", "model"])
def bound(request: pytest.FixtureRequest, client: Client, ground: Ground) -> TestClient:
    """An admin key that is bound to the project `crm`, or to its model `churn`."""
    to = {"project": {"project_id": ground.inside["project_id"]}, "model": {"model_id": ground.inside["id"]}}
    bindings: Mapping[str, int] = to[request.param]
    return client("admin", **bindings)


def test_it_sees_only_what_it_is_bound_to(bound: TestClient) -> None:
    assert [model["key"] for model in bound.get("models").json()["items"]] == ["churn"]
    assert [project["key"] for project in bound.get("projects").json()["items"]] == ["crm"]
    assert [model["key"] for model in bound.get("overview").json()["models"]] == ["churn"]
    assert bound.get("dashboard/data").json()["model"] == "churn"


@pytest.mark.parametrize("path", ["", "/drift", "/drift/current", "/metrics", "/quality", "/evaluations", "/monitor"])
def test_what_it_is_not_bound_to_is_not_there(bound: TestClient, ground: Ground, path: str) -> None:
    assert bound.get(f"models/churn{path}").status_code == 200
    for name in ("fraud", ground.outside["id"]):
        answer = bound.get(f"models/{name}{path}")
        assert (answer.status_code, "our secret" in answer.text) == (404, False)


def test_it_changes_nothing_elsewhere(bound: TestClient, client: Client, ground: Ground) -> None:
    assert bound.patch("models/churn", json={"task": "classification"}).status_code == 200
    assert bound.patch("models/fraud", json={"task": "classification"}).status_code == 404
    assert bound.put("models/fraud/monitor", json={"bins": 12}).status_code == 404
    assert bound.patch("projects/cards", json={"name": "x"}).status_code == 404
    assert bound.post("projects", json={"name": "x"}).status_code == 403
    assert bound.get("models", params={"project": "cards"}).status_code == 404
    assert bound.get("dashboard/data", params={"model": "fraud"}).status_code == 404
    assert client().get("models/fraud").json() == ground.outside


def test_it_registers_only_there(client: Client, ground: Ground) -> None:
    of_project = client("ingest", project_id=ground.inside["project_id"])
    assert of_project.post("models", json={"name": "new"}).json()["project_id"] == ground.inside["project_id"]
    assert of_project.post("models", json={"name": "newer", "project": "cards"}).status_code == 403
    of_model = client("ingest", model_id=ground.inside["id"])
    assert of_model.post("models", json={"name": "newest"}).status_code == 403


def test_one_that_is_bound_to_a_model_renames_no_project(client: Client, ground: Ground) -> None:
    assert client("admin", model_id=ground.inside["id"]).patch("projects/crm", json={"name": "x"}).status_code == 403
