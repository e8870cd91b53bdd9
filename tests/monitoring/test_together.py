"""All columns of a span together, with vectors and texts, in a sample of its rows."""

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from fastapi.testclient import TestClient
from tests.monitoring.test_segments import client
from tests.monitoring.world import START, TYPES, World

from modelward.events.contract import EventTable, FeatureColumn
from modelward.kit.database import writing
from modelward.registry.service import FeatureKind, schema, widen

__all__ = ["client"]

DAY = timedelta(days=1)
SPAN = {"start": (START + DAY).isoformat(), "end": (START + 2 * DAY).isoformat()}


def day_of(world: World, day: int, *, together: bool = True, moved: float = 0.0, rows: int = 900) -> None:
    """A day whose score follows the age (or is the same numbers, shuffled), with a vector and an object beside."""
    rng = np.random.default_rng(day)
    table = world.events(rows, START + day * DAY, over=DAY, prefix=f"d{day}")
    age = rng.normal(40, 10, rows)
    score = 1 / (1 + np.exp(-(age - 40) / 5))
    vectors = rng.normal(moved, 1, (rows, 6)).round(6)
    beside = [json.dumps({"embedding": row.tolist(), "nested": {"a": 1}}) for row in vectors]
    new = {"f1": age, "score": score if together else rng.permutation(score)}
    for name, values in new.items():
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    world.send(table.append_column("overflow", pa.array(beside, pa.string())), now=START + (day + 1) * DAY)


def asked(client: TestClient) -> dict[str, Any]:
    answer = client.get("models/churn/together", params=SPAN)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_day_like_the_one_before_is_told_from_it_by_nothing(client: TestClient, world: World) -> None:
    day_of(world, 0)
    day_of(world, 1)
    found = asked(client)
    assert (found["rows"], found["rows_reference"]) == (900, 900)
    assert found["together"]["verdict"] == "ok"
    assert [(entry["column"], entry["verdict"]) for entry in found["columns"]] == [("embedding", "ok")]
    assert "kept, and not watched" in found["not_watched"]["nested"]
    assert asked(client) == found


def test_columns_that_part_company_are_found_though_each_is_as_it_was(client: TestClient, world: World) -> None:
    day_of(world, 0)
    day_of(world, 1, together=False)
    found = asked(client)["together"]
    assert found["verdict"] == "drifted"
    assert {entry["column"] for entry in found["domain_classifier"]["columns"][:2]} == {"age", "score"}


def test_a_feature_that_is_a_list_of_numbers_is_judged_as_a_vector(client: TestClient, world: World) -> None:
    day_of(world, 0)
    day_of(world, 1, moved=0.5)
    entry = asked(client)["columns"][0]
    assert (entry["column"], entry["verdict"]) == ("embedding", "drifted")
    assert entry["p_value"] < 0.01


def test_strange_features_beside_the_columns_are_told_and_break_nothing(client: TestClient, world: World) -> None:
    with writing(world.engine) as session:
        widen(session, model_id=world.model_id, features={"overflow": FeatureKind.NUMERIC}, prediction=None, now=START)
        described = schema(session, world.model_id)
    column = next(feature.column for feature in described.features if feature.name == "overflow")
    features = tuple(FeatureColumn(f.column, f.name, TYPES[f.kind]) for f in described.features)
    world.store.ensure(
        [EventTable(world.model_id, world.organisation_id, "churn", features, TYPES["numeric"], score=True)]
    )
    long = "9" * 5_000
    for day, length in enumerate((3, 4)):
        table = world.events(300, START + day * DAY, over=DAY, prefix=f"s{day}")
        beside = [f'{{"long": [{long}, 1], "uneven": {[0.5] * length}}}'] * 300
        table = table.append_column(column, pa.array(world.rng.normal(5.0 * day, 1, 300)))
        world.send(table.append_column("overflow", pa.array(beside, pa.string())), now=START + (day + 1) * DAY)
    found = asked(client)
    assert found["together"]["domain_classifier"]["columns"][0]["column"] == "overflow"
    assert "not of one length" in found["not_watched"]["uneven"]


def test_a_span_without_events_or_one_that_ends_before_it_begins_is_a_sentence(
    client: TestClient, world: World
) -> None:
    assert "send them with POST /api/v1/events" in client.get("models/churn/together", params=SPAN).json()["detail"]
    day_of(world, 1)
    empty = client.get("models/churn/together", params=SPAN)
    assert (empty.status_code, "holds no event" in empty.json()["detail"]) == (422, True)
    backwards = client.get("models/churn/together", params={"start": SPAN["end"], "end": SPAN["start"]})
    assert "must end after it begins" in backwards.json()["detail"]
