"""Data quality over HTTP: findings with events that show them, and constraints that people put in force."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.monitoring.world import START, World

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key
from modelward.kit.database import writing
from modelward.kit.problems import install_problem_handlers
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.routes import router, starred
from modelward.settings import settings_from

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def client(world: World, tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.database, app.state.events = world.engine, world.store
    app.state.settings = settings_from({}, data_dir=tmp_path)
    install_problem_handlers(app)
    for one in (router, starred):
        app.include_router(one, prefix="/api/v1")
    with writing(world.engine) as session:
        _, token = create_key(
            session, organisation_id=world.organisation_id, kind=KeyKind.ADMIN, name="test", now=START
        )
    with TestClient(app, headers={"X-API-Key": token}, base_url="http://test/api/v1/") as client:
        yield client


def changed(table: pa.Table, **columns: list[Any]) -> pa.Table:
    for name, values in columns.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, pa.array(values, table.schema.field(name).type))
    return table


@pytest.fixture
def broken(world: World) -> World:
    """A quiet day that is the reference, and one with strange towns, ages of a wrong type and ages of 999."""
    world.send(world.events(1200, START, over=DAY, prefix="d0"), now=START + DAY)
    model = world.model()
    world.write(lambda session: window_reference(session, model=model, start=START, end=START + DAY, now=START + DAY))
    world.settle(START + DAY + HOUR)
    day = world.events(1000, START + DAY, over=DAY, prefix="d1")
    ages: list[Any] = [None if n % 2 == 0 else 999.0 if n % 20 == 1 else 40.0 + n % 7 for n in range(1000)]
    invalid = ['{"age": "old", "note": "age"}' if n % 4 == 0 else None for n in range(1000)]
    towns = ["Atlantis" if n % 3 == 0 else "Ulm" for n in range(1000)]
    world.send(changed(day, f1=ages, invalid=invalid, f2=towns), now=START + 2 * DAY)
    world.settle(START + 2 * DAY + HOUR)
    return world


def finding(answer: dict[str, Any], check: str, column: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        entry for entry in answer["findings"] if (entry["check"], entry["column"]) == (check, column)
    )
    return found


def test_quality_says_what_is_wrong_with_counts_shares_intervals_and_reasons(client: TestClient, broken: World) -> None:
    answer = client.get("models/churn/quality").json()
    assert answer["verdict"] == "failed"
    invalid = finding(answer, "invalid_type", "age")
    assert (invalid["count"], invalid["rows"], invalid["share"]) == (250, 1000, 0.25)
    assert invalid["low"] < 0.25 < invalid["high"]
    assert finding(answer, "missing", "age")["count"] == 250
    assert finding(answer, "new_category", "town")["count"] == 334
    assert finding(answer, "out_of_range", "age")["count"] == 50
    assert answer["columns"]["town"]["new_categories"] == ["Atlantis"]
    assert answer["columns"]["vip"]["checks"]["missing"]["verdict"] == "ok"
    assert answer["state"]["verdict"] == "failed"
    assert answer["freshness"]["longest_gap_seconds"] == DAY.total_seconds()
    assert "examples" not in invalid


def test_events_that_show_each_finding_are_looked_for_only_when_asked(client: TestClient, broken: World) -> None:
    answer = client.get("models/churn/quality", params={"examples": True}).json()
    invalid = finding(answer, "invalid_type", "age")["examples"]
    assert len(invalid) == 5
    assert {entry["value"] for entry in invalid} == {"old"}
    assert all(int(entry["event_id"].removeprefix("d1-")) % 4 == 0 for entry in invalid)
    missing = finding(answer, "missing", "age")["examples"]
    assert [entry["value"] for entry in missing] == [None] * 5
    assert all(int(entry["event_id"].removeprefix("d1-")) % 4 == 2 for entry in missing)
    assert {entry["value"] for entry in finding(answer, "out_of_range", "age")["examples"]} == {999.0}
    assert {entry["value"] for entry in finding(answer, "new_category", "town")["examples"]} == {"Atlantis"}
    repeated = answer["repeated_rows"]
    assert repeated["looked_at"] == 1000
    rows = {(age, town, vip) for age, town, vip in rows_of(broken)}
    assert repeated["repeated"] == 1000 - len(rows)
    assert repeated["examples"][0]["times"] >= repeated["examples"][1]["times"] > 1


def rows_of(world: World) -> Iterator[tuple[Any, ...]]:
    table = world.store.scan(world.model_id, START + DAY, START + 2 * DAY, ["f1", "f2", "f3"]).read_all()
    return zip(*(table[name].to_pylist() for name in table.column_names), strict=True)


def test_the_evaluations_answer_holds_its_quality(client: TestClient, broken: World) -> None:
    drift = client.get("models/churn/drift/current").json()
    assert drift["quality"]["verdict"] == "failed"
    newest, oldest = client.get("models/churn/evaluations").json()["items"]
    assert newest["quality"]["findings"][0]["reason"].startswith("`")
    assert oldest["quality"] == {
        "verdict": "ok",
        "reason": "nothing is wrong with the data",
        "findings": [],
        "more": 0,
    }


def test_a_span_that_is_no_window_has_a_quality_too(client: TestClient, broken: World) -> None:
    span = {"start": START.isoformat(), "end": (START + 2 * DAY).isoformat()}
    answer = client.get("models/churn/quality", params=span).json()
    assert (answer["rows"], answer["volume"]) == (2200, None)
    backwards = {"start": span["end"], "end": span["start"]}
    assert client.get("models/churn/quality", params=backwards).status_code == 422


def test_constraints_are_suggested_put_in_force_and_taken_away(client: TestClient, broken: World) -> None:
    before = client.get("models/churn/constraints").json()
    suggested = {entry["column"]: entry for entry in before["suggested"]}
    assert suggested["town"]["allowed"] == ["Bonn", "Köln", "Ulm"]
    assert suggested["age"]["kind"] == "numeric"
    assert not suggested["age"]["required"]
    assert (before["in_force"], before["changed_at"]) == ([], None)
    put = client.put("models/churn/constraints", json={"constraints": before["suggested"]})
    assert put.json()["in_force"] == before["suggested"]
    broken.settle(START + 2 * DAY + 2 * HOUR)
    answer = client.get("models/churn/quality", params={"examples": True}).json()
    rules = {(entry["column"], entry["rule"]): entry for entry in answer["findings"] if entry["check"] == "constraint"}
    assert {key: entry["count"] for key, entry in rules.items()} == {
        ("age", "kind"): 250,
        ("age", "maximum"): 50,
        ("town", "allowed"): 334,
    }
    assert {entry["value"] for entry in rules["town", "allowed"]["examples"]} == {"Atlantis"}
    assert client.put("models/churn/constraints", json={"constraints": []}).json()["in_force"] == []


@pytest.mark.parametrize(
    ("constraint", "sentence"),
    [
        ({"column": "aeg"}, "There is no column 'aeg'; the model has age"),
        ({"column": "age", "minimum": 2, "maximum": 1}, "minimum is above maximum"),
        ({"column": "age", "colour": "red"}, "colour"),
        ({"column": "town", "minimum": 1}, "'town' cannot be used: it holds text, which has no minimum and no maximum"),
        ({"column": "age", "allowed": ["old"]}, "'age' cannot be used: it holds numbers, and allowed is a list"),
        ({"column": "age", "minimum": "Infinity"}, "minimum"),
    ],
)
def test_a_constraint_that_cannot_be_used_is_refused_in_a_sentence(
    client: TestClient, broken: World, constraint: dict[str, Any], sentence: str
) -> None:
    refused = client.put("models/churn/constraints", json={"constraints": [constraint]})
    assert refused.status_code == 422
    assert sentence in refused.text
    assert client.get("models/churn/constraints").json()["in_force"] == []


def test_a_column_cannot_be_named_twice(client: TestClient, broken: World) -> None:
    twice = {"constraints": [{"column": "age"}, {"column": "age", "required": True}]}
    refused = client.put("models/churn/constraints", json=twice)
    assert "named twice" in refused.json()["detail"]


def test_before_any_event_there_is_a_quality_and_no_verdict(client: TestClient) -> None:
    answer = client.get("models/churn/quality", params={"examples": True}).json()
    assert (answer["rows"], answer["verdict"], answer["freshness"]) == (0, "too_few", None)
    assert client.get("models/churn/constraints").json()["suggested"] == []
