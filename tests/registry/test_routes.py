"""Models over HTTP: both shapes of registering that are in the field, lists, changes, and what is refused."""

from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key, create_organisation
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.problems import install_problem_handlers
from modelward.registry.routes import starred
from modelward.settings import settings_from
from modelward.signals.service import recent


@pytest.fixture
def app(database: Engine) -> FastAPI:
    app = FastAPI()
    app.state.database = database
    app.state.settings = settings_from({})
    install_problem_handlers(app)
    app.include_router(starred)
    return app


def client_of(app: FastAPI, organisation_id: int) -> TestClient:
    with writing(app.state.database) as session:
        _, token = create_key(session, organisation_id=organisation_id, kind=KeyKind.ADMIN, name="k", now=now())
    return TestClient(app, headers={"X-API-Key": token})


def organisation(app: FastAPI, name: str) -> int:
    with writing(app.state.database) as session:
        return create_organisation(session, name=name, now=now()).id


@pytest.fixture
def ours(app: FastAPI) -> int:
    return organisation(app, "Ours")


@pytest.fixture
def http(app: FastAPI, ours: int) -> TestClient:
    return client_of(app, ours)


def test_the_first_shape_of_the_field_registers_a_model(http: TestClient) -> None:
    body = {
        "name": "churn_model_v1",
        "version": "1.0",
        "description": "Who leaves",
        "features": [
            {"feature_name": "plan", "feature_type": "categorical", "order": 1},
            {"feature_name": "age", "feature_type": "continuous", "order": 0},
        ],
    }
    answer = http.post("/models", json=body)
    told = answer.json()
    assert answer.status_code == 201
    assert (type(told["id"]), told["key"], told["name"], told["version"]) == (
        int,
        "churn_model_v1",
        "churn_model_v1",
        "1.0",
    )
    assert told["features"] == [{"name": "age", "kind": "numeric"}, {"name": "plan", "kind": "categorical"}]


def test_the_second_shape_of_the_field_registers_a_model(http: TestClient) -> None:
    body = {
        "model_name": "Loan approval",
        "version": "2.1",
        "description": "d",
        "training_accuracy": 0.91,
        "fairness_baseline": 0.85,
        "schema_definition": {
            "features": ["income", "name", "member", "untold"],
            "target": "approved",
            "feature_types": {"income": "float", "name": "str", "member": "bool", "count": "int"},
        },
        "protected_attributes": ["gender"],
        "time_zone": "Europe/Berlin",
        "task": "classification",
    }
    told = http.post("/models", json=body).json()
    assert (told["model_name"], told["status"], told["deployment_status"]) == ("Loan approval", "draft", "draft")
    assert told["attributes"]["training_accuracy"] == 0.91
    assert told["attributes"]["schema_definition"]["target"] == "approved"
    assert {"created_by", "created_at"} <= set(told)
    assert [(feature["name"], feature["kind"]) for feature in told["features"]] == [
        ("income", "numeric"),
        ("name", "categorical"),
        ("member", "boolean"),
        ("count", "numeric"),
    ]


def test_name_and_version_are_enough_and_a_number_is_a_version_too(http: TestClient) -> None:
    assert http.post("/models", json={"model_name": "m", "version": 2}).json()["version"] == "2"


def test_the_same_again_is_a_conflict_and_another_version_is_another_model(http: TestClient) -> None:
    first = http.post("/models", json={"name": "m", "version": "1"}).json()
    assert http.post("/models", json={"name": "m", "version": "1"}).status_code == 409
    assert http.post("/models", json={"name": "m"}).status_code == 409
    second = http.post("/models", json={"name": "m", "version": "2"}).json()
    assert second["id"] != first["id"]
    assert (second["name"], second["key"]) == ("m", "m-2")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x", "features": [{"feature_name": "a", "feature_type": "tensor"}]}, "features.0.feature_type"),
        ({"name": "x", "features": [{"feature_name": "n" * 201, "feature_type": "int"}]}, "features.0.feature_name"),
        ({"name": "x", "schema_definition": {"feature_types": {"a": "?"}}}, "schema_definition.feature_types.a"),
        ({"name": "x", "time_zone": "Mars"}, "time_zone"),
        ({"name": "n" * 201}, "name"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(http: TestClient, body: dict[str, Any], field: str) -> None:
    answer = http.post("/models", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert http.get("/models").json()["items"] == []


@pytest.mark.parametrize("name", ["", "  ", "42", "\0", "a\nb", "\u202e"])
def test_a_name_that_cannot_be_a_key_is_told_what_to_do(http: TestClient, name: str) -> None:
    answer = http.post("/models", json={"name": name})
    assert answer.status_code == 422
    assert name != "42" or "Add a letter" in answer.json()["detail"]


@pytest.mark.parametrize("change", [{"name": "\0"}, {"name": "a\x1bb"}, {"version": "\0"}, {"task": "a\0"}])
def test_what_cannot_be_printed_or_kept_is_no_change(http: TestClient, change: dict[str, str]) -> None:
    http.post("/models", json={"name": "m"})
    answer = http.patch("/models/m", json=change)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, list(change))
    assert http.get("/models/m").json()["name"] == "m"


def test_a_model_is_read_by_id_and_by_key_whatever_it_is_called(http: TestClient) -> None:
    for name in ("plain", "Zürich 🛫", "a?b#c&d", "100%", "'; DROP TABLE models; --", "fraud/v2"):
        told = http.post("/models", json={"name": name}).json()
        assert told["name"] == name
        assert http.get(f"/models/{told['id']}").json()["name"] == name
        assert http.get(f"/models/{quote(told['key'], safe='')}").json()["id"] == told["id"]


def test_a_list_comes_in_pages(http: TestClient) -> None:
    for number in range(5):
        http.post("/models", json={"name": f"m{number}"})
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = http.get("/models", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [model["key"] for model in page["items"]]
        cursor = page["next"]
    assert (seen, cursor) == (["m0", "m1", "m2", "m3", "m4"], None)
    assert http.get("/models", params={"cursor": "nonsense"}).status_code == 422
    assert http.get("/models", params={"colour": "red"}).json()["errors"][0]["field"] == "query.colour"
    assert http.get("/models", params={"sort": "colour"}).json()["errors"][0]["field"] == "query.sort"
    assert http.get("/models", params={"key": "\0"}).json()["errors"][0]["field"] == "query.key"
    assert http.get("/models", params={"limit": 0}).json()["errors"][0]["field"] == "query.limit"


def test_a_list_is_filtered_sorted_and_led_on_by_a_header(http: TestClient) -> None:
    for name, project, task in (("b", "one", "regression"), ("a", "one", "classification"), ("c", "two", "regression")):
        http.post("/models", json={"name": name, "project": project, "task": task})

    def names(**asked: Any) -> list[str]:
        return [model["name"] for model in http.get("/models", params=asked).json()["items"]]

    assert names(project="one") == ["b", "a"]
    assert names(project="one", sort="name") == ["a", "b"]
    assert names(task="regression", sort="-name") == ["c", "b"]
    assert names(health="drifted") == []
    assert http.get("/models", params={"project": "none"}).status_code == 404
    first = http.get("/models", params={"sort": "-name", "limit": 2})
    following = first.links["next"]["url"]
    assert [model["name"] for model in http.get(following).json()["items"]] == ["a"]
    assert "next" not in http.get(following).links


def test_what_is_named_is_changed_and_nothing_else(http: TestClient) -> None:
    http.post("/models", json={"name": "m", "description": "old", "training_accuracy": 0.9})
    told = http.patch("/models/m", json={"description": None, "threshold": 0.3, "attributes": {"owner": "Ada"}}).json()
    assert (told["description"], told["threshold"], told["version"]) == (None, 0.3, None)
    assert told["attributes"] == {"training_accuracy": 0.9, "owner": "Ada"}
    assert http.get("/models/m").json() == told


def test_a_change_that_is_not_known_is_refused(http: TestClient) -> None:
    http.post("/models", json={"name": "m"})
    assert http.patch("/models/m", json={"descripton": "x"}).json()["errors"][0]["field"] == "descripton"
    assert http.patch("/models/m", json={"time_zone": "Mars"}).status_code == 422


def test_another_time_zone_is_told_as_a_signal(http: TestClient, database: Engine, ours: int) -> None:
    http.post("/models", json={"name": "m"})
    for _ in range(2):
        assert http.patch("/models/m", json={"time_zone": "Asia/Kathmandu"}).json()["time_zone"] == "Asia/Kathmandu"
    with reading(database) as session:
        [signal] = recent(session, organisation_id=ours)
    assert (signal.kind, signal.before, signal.after) == ("time_zone_changed", "UTC", "Asia/Kathmandu")


def test_another_organisation_sees_and_changes_nothing_of_ours(app: FastAPI, http: TestClient) -> None:
    ours = http.post("/models", json={"name": "m", "description": "our secret"}).json()
    theirs = client_of(app, organisation(app, "Theirs"))
    answers = [
        theirs.get(f"/models/{ours['id']}"),
        theirs.get("/models/m"),
        theirs.patch("/models/m", json={"name": "x"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert theirs.get("/models").json()["items"] == []
    assert all("our secret" not in answer.text for answer in answers)


@pytest.mark.parametrize("value", ['"\\ud800"', "NaN", "1e999", '"' + "x" * 100_000 + '"'])
def test_attributes_that_could_not_be_sent_again_are_refused(app: FastAPI, value: str) -> None:
    http = client_of(app, organisation(app, "Acme"))
    http.post("/models", json={"name": "m"})
    body = f'{{"attributes": {{"owner": {value}}}}}'
    answer = http.patch("/models/m", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "attributes")
    assert http.get("/models").json()["items"][0]["attributes"] == {}
