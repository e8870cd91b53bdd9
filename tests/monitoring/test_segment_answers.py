"""Every statistic for one value of a segment, over HTTP: as it is kept, and the same from raw rows."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update
from tests.monitoring.outcomes import DAY, HOUR, Outcomes
from tests.monitoring.test_segment_profiles import declare, refer, work
from tests.monitoring.test_segments import client, in_one_town
from tests.monitoring.world import START, World

from modelward.kit.database import writing
from modelward.monitoring.performance_routes import router as performance_router
from modelward.monitoring.report_routes import router as report_router
from modelward.monitoring.segment_tables import SegmentState

__all__ = ["client"]

SPAN = {"start": (START + 2 * DAY).isoformat(), "end": (START + 3 * DAY).isoformat()}
BONN = {"segment": "town", "value": "Bonn"}


@pytest.fixture
def bonn(client: TestClient, world: World) -> World:
    """Three days with outcomes, the first of them the reference; on the third the ages of Bonn are in months, and the
    model knows nothing of Bonn any more.
    """
    app = client.app
    assert isinstance(app, FastAPI)
    for router in (performance_router, report_router):
        app.include_router(router, prefix="/api/v1")
    outcomes = Outcomes(world)
    declare(world)
    outcomes.change_model(attributes={"protected_attributes": ["vip"]})
    for day in range(3):
        table = outcomes.send(f"d{day}", day, rows=1500, over=6 * HOUR) if day < 2 else broken_in_bonn(outcomes)
        if day == 2:
            world.send(table, now=START + 3 * DAY)
        outcomes.label(f"d{day}")
    refer(world)
    work(world)
    return world


def broken_in_bonn(outcomes: Outcomes) -> pa.Table:
    world = outcomes.world
    table = in_one_town(world.events(1500, START + 2 * DAY, over=6 * HOUR, prefix="d2"), "Bonn", 12.0)
    there = np.array(table.column("f2").to_pylist()) == "Bonn"
    score = world.rng.beta(0.8, 0.8, 1500)
    outcome = np.where(there, world.rng.random(1500) < 0.5, world.rng.random(1500) < score)
    for name, values in (("score", score), ("prediction", (score >= 0.5).astype(float))):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    ids = table["event_id"].to_pylist()
    outcomes.truth |= dict(zip(ids, outcome.astype(float).tolist(), strict=True))
    outcomes.tables["d2"] = table
    return table


def test_every_statistic_answers_for_one_value_kept_or_raw_alike(client: TestClient, bonn: World) -> None:
    kept = answers(client)
    drift, performance = kept["drift"], kept["performance"]
    assert (drift["verdict"], drift["kept"], drift["features"]["age"]["verdict"]) == ("drifted", True, "drifted")
    assert [window["verdict"] for window in drift["windows"]] == ["ok", "ok", "drifted"]
    assert performance["verdict"] == "fallen"
    assert "measured on the same part of the reference" in performance["reason"]
    assert performance["span"]["coverage"] == 1
    assert [entry["performance"]["verdict"] for entry in performance["windows"]] == ["ok", "ok", "fallen"]
    assert kept["fairness"]["attributes"][0]["attribute"] == "vip"
    assert {group["group"] for group in kept["fairness"]["attributes"][0]["groups"]} == {"true", "false"}
    assert kept["metrics"]["rows"] == kept["profiles"]["rows"] == drift["rows_current"]
    assert kept["report"]["verdict"] == "drifted"
    assert kept["quality"]["windows"][0]["quality"]["verdict"] == "ok"
    with writing(bonn.engine) as session:  # As if it were still to be built: then raw rows answer.
        session.execute(update(SegmentState).values(settings="of yesterday"))
    raw = answers(client)
    assert not raw["drift"]["kept"]
    for name in ("drift", "report"):
        assert comparable(raw[name]) == comparable(kept[name])
    for name in ("rows", "labelled"):
        assert raw["performance"]["span"][name] == kept["performance"]["span"][name]
    for name in ("metrics", "estimates"):
        figures = [{k: v["value"] for k, v in side["performance"]["span"][name].items()} for side in (raw, kept)]
        assert figures[0] == pytest.approx(figures[1], rel=1e-9, nan_ok=True)
    scores = [side["fairness"]["attributes"][0]["score"]["value"] for side in (raw, kept)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-9)
    for name in ("count", "missing", "p50"):
        assert raw["metrics"]["features"]["age"].get(name) == kept["metrics"]["features"]["age"].get(name)
    means = [side["metrics"]["features"]["age"]["mean"] for side in (raw, kept)]
    assert means[0] == pytest.approx(means[1], rel=1e-9)


def answers(client: TestClient) -> dict[str, Any]:
    found = {}
    for name in ("drift", "quality", "performance", "fairness", "metrics", "profiles", "report"):
        answer = client.get(f"models/churn/{name}", params={**BONN, **SPAN})
        assert answer.status_code == 200, (name, answer.text)
        found[name] = answer.json()
    return found


def comparable(answer: dict[str, Any]) -> list[Any]:
    names = ("column", "verdict", "statistic", "p_value", "p_adjusted", "n_reference", "n_current")
    return [[entry[name] for name in names] for entry in answer["columns"]]


def test_segments_are_ranked_by_loss_slices_are_found_and_strange_parts_refused(
    client: TestClient, bonn: World
) -> None:
    ranked_with_lines_and_alarms(client)
    slices_by_drift_and_by_loss(client)
    named_whole_or_not_at_all(client)


def ranked_with_lines_and_alarms(client: TestClient) -> None:
    answer = client.get("models/churn/segments", params=SPAN).json()
    assert answer["kept"]
    worst = answer["ranking"]["segments"][0]
    assert (answer["ranking"]["loss"], worst["segment"], worst["worse"]) == ("brier_score", "Bonn", True)
    assert not any(entry["worse"] for entry in answer["ranking"]["segments"][1:])
    lines = {line["segment"]: line["windows"] for line in answer["windows"]}
    assert next(iter(lines)) == "Bonn"
    assert lines["Bonn"][0]["psi"] > 1
    columns = {alarm["column"]: alarm["sentence"] for alarm in answer["alarms"]}
    assert columns["age"].startswith("only where `town` is `Bonn`: ")
    assert columns["@performance"].startswith("only where `town` is `Bonn`: ")


def slices_by_drift_and_by_loss(client: TestClient) -> None:
    by_drift = client.get("models/churn/slices", params={"by": "drift", **SPAN}).json()
    assert any("town" in entry["conditions"] or "age" in entry["conditions"] for entry in by_drift["slices"])
    by_loss = client.get("models/churn/slices", params={"by": "loss", **SPAN}).json()
    assert by_loss["slices"], by_loss["reason"]
    assert any(entry["conditions"].get("town") == "Bonn" for entry in by_loss["slices"])
    assert by_loss["rows"] == 1500


def named_whole_or_not_at_all(client: TestClient) -> None:
    half = client.get("models/churn/drift", params={"segment": "town"})
    assert half.status_code == 422
    assert "named by both `segment` (a column) and `value`" in half.json()["detail"]
    stranger = client.get("models/churn/performance", params={"segment": "town", "value": "Paris", **SPAN})
    assert stranger.status_code == 422
    assert "no value 'Paris' in this span; it has Bonn" in stranger.json()["detail"]
    newest = client.get("models/churn/drift", params=BONN).json()
    assert newest["start"].startswith("2026-03-04")
