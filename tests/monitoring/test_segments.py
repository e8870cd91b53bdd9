"""Segments and reasons of a real model, over HTTP, from raw rows."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from tests.monitoring.world import START, World

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key
from modelward.errors import Invalid
from modelward.kit.database import reading, writing
from modelward.kit.problems import install_problem_handlers
from modelward.monitoring.capture_baseline import upload_reference, window_reference
from modelward.monitoring.routes import router, starred
from modelward.monitoring.segment_routes import router as segment_router
from modelward.monitoring.segments import Asked, ask, segments_answer
from modelward.settings import settings_from

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPAN = {"start": (START + 2 * DAY).isoformat(), "end": (START + 3 * DAY).isoformat()}


@pytest.fixture
def client(world: World, tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.database, app.state.events = world.engine, world.store
    app.state.settings = settings_from({}, data_dir=tmp_path)
    install_problem_handlers(app)
    for one in (router, starred, segment_router):
        app.include_router(one, prefix="/api/v1")
    with writing(world.engine) as session:
        _, token = create_key(
            session, organisation_id=world.organisation_id, kind=KeyKind.ADMIN, name="test", now=START
        )
    with TestClient(app, headers={"X-API-Key": token}, base_url="http://test/api/v1/") as client:
        yield client


def in_one_town(table: pa.Table, town: str, factor: float) -> pa.Table:
    """The events with the ages of one town in another unit."""
    ages = np.asarray(table.column("f1").to_numpy(), dtype=float)
    there = np.array(table.column("f2").to_pylist()) == town
    moved = pa.array(np.where(there, ages * factor, ages), pa.float64(), from_pandas=True)
    return table.set_column(table.schema.get_field_index("f1"), "f1", moved)


@pytest.fixture
def drifted(world: World) -> World:
    """A reference day, a quiet one, and one on which the ages of Bonn are told in months."""
    for day in range(3):
        table = world.events(3000, START + day * DAY, over=DAY, prefix=f"d{day}")
        world.send(in_one_town(table, "Bonn", 12.0) if day == 2 else table, now=START + 3 * DAY)
        if day == 0:
            model = world.model()

            def take(session: Session, model: Any = model) -> None:
                window_reference(session, model=model, start=START, end=START + DAY, now=START + DAY)

            world.write(take)
        world.settle(START + (day + 1) * DAY + HOUR)
    world.settle(START + 4 * DAY)
    return world


def test_the_segment_that_carries_the_drift_is_named(client: TestClient, drifted: World) -> None:
    answer = client.get("models/churn/segments", params={"column": "town", **SPAN}).json()
    verdicts = {entry["segment"]: entry["verdict"] for entry in answer["segments"]}
    assert verdicts == {"Bonn": "drifted", "Köln": "ok", "Ulm": "ok"}
    assert answer["carried"] == [{"column": "age", "segments": {"Bonn": 1.0}, "clause": "only where `town` is `Bonn`"}]
    assert "only where `town` is `Bonn`" in answer["why"][0]["sentence"]
    assert answer["reference"]["reason"] == "held against the reference's own events"
    assert answer["rows"] == 3000
    assert answer["whole"]["verdict"] == "drifted"


def test_a_segment_is_what_the_library_finds_in_the_same_rows(client: TestClient, drifted: World) -> None:
    answer = client.get("models/churn/segments", params={"column": "town", **SPAN}).json()
    raw = drifted.store.scan(drifted.model_id, START + 2 * DAY, START + 3 * DAY).read_all()
    rows = {town: raw.filter(pa.compute.equal(raw.column("f2"), town)).num_rows for town in ("Bonn", "Köln", "Ulm")}
    assert {entry["segment"]: entry["rows_current"] for entry in answer["segments"]} == rows


def test_numbers_and_booleans_divide_too_and_quiet_days_are_quiet(client: TestClient, drifted: World) -> None:
    quiet = {"start": (START + DAY).isoformat(), "end": (START + 2 * DAY).isoformat()}
    bands = client.get("models/churn/segments", params={"column": "age", **quiet}).json()
    assert len([entry for entry in bands["segments"] if entry["segment"] != "(missing)"]) == 4
    assert len(bands["edges"]) == 3
    assert bands["verdict"] == "ok"
    vip = client.get("models/churn/segments", params={"column": "vip", **quiet}).json()
    assert {entry["segment"] for entry in vip["segments"]} == {"true", "false"}


def test_a_declared_segment_is_the_one_that_is_meant_when_none_is_named(client: TestClient, drifted: World) -> None:
    assert client.get("models/churn/segments", params=SPAN).status_code == 422
    settings = {"segments": ["age"], "segment_edges": {"age": [30, 50]}}
    assert client.put("models/churn/monitor", json=settings).status_code == 200
    answer = client.get("models/churn/segments", params=SPAN).json()
    assert (answer["column"], answer["declared"], answer["edges"]) == ("age", True, [30, 50])
    stranger = client.put("models/churn/monitor", json={"segments": ["aeg"]})
    assert stranger.status_code == 422
    assert "segments names 'aeg'" in stranger.json()["detail"]
    refused = client.put("models/churn/monitor", json={"segments": "age"})
    assert refused.status_code == 422
    assert "segments must be a list" in refused.json()["detail"]


def test_of_an_uploaded_reference_the_span_before_stands_in_and_is_named(client: TestClient, drifted: World) -> None:
    profile, model = drifted.raw_profile(START, START + DAY), drifted.model()

    def upload(session: Session) -> None:
        upload_reference(session, model=model, profile=profile, file_name="train.csv", now=START + 4 * DAY)

    drifted.write(upload)
    answer = client.get("models/churn/segments", params={"column": "town", **SPAN}).json()
    assert answer["reference"]["reason"].startswith("held against the span just before")
    assert answer["reference"]["start"].startswith("2026-03-03")
    assert [entry["segment"] for entry in answer["segments"] if entry["drifted"]] == ["Bonn"]


def test_what_cannot_be_divided_is_refused_with_a_sentence(client: TestClient, drifted: World) -> None:
    unknown = client.get("models/churn/segments", params={"column": "plan", **SPAN})
    assert unknown.status_code == 422
    assert "no column 'plan'" in unknown.json()["detail"]
    backwards = {"column": "town", "start": SPAN["end"], "end": SPAN["start"]}
    assert client.get("models/churn/segments", params=backwards).status_code == 422


def asked(world: World) -> Asked:
    with reading(world.engine) as session:
        return ask(session, world.model(), "town", START + 2 * DAY, START + 3 * DAY)


def test_too_many_rows_or_too_long_a_reading_is_refused(drifted: World) -> None:
    question = asked(drifted)
    with pytest.raises(Invalid, match="hold 6,000 events, and at most 5,999"):
        segments_answer(drifted.store, question, most_rows=5999)
    with pytest.raises(Invalid, match="takes too long"):
        segments_answer(drifted.store, question, most_seconds=-1)


def test_the_current_drift_says_why_and_since_when(client: TestClient, drifted: World) -> None:
    drifted.send(in_one_town(drifted.events(3000, START + 3 * DAY, over=DAY), "Bonn", 12.0), now=START + 4 * DAY)
    drifted.settle(START + 5 * DAY)
    answer = client.get("models/churn/drift/current").json()
    first = answer["why"][0]
    assert first["column"] == "age"
    assert ", since 4 March" in first["sentence"]
    assert first["sentence"].endswith("Predictions barely moved.")
    assert not first["importance_known"]
    assert client.put("models/churn/monitor", json={"importance": {"age": 2.0}}).status_code == 200
    known = client.get("models/churn/drift/current").json()["why"][0]
    assert known["importance_known"]


def test_a_change_of_unit_is_asked_for_in_the_service_too(client: TestClient, world: World) -> None:
    world.send(world.events(3000, START, over=DAY), now=START + DAY)
    model = world.model()

    def take(session: Session) -> None:
        window_reference(session, model=model, start=START, end=START + DAY, now=START + DAY)

    world.write(take)
    table = world.events(3000, START + DAY, over=DAY)
    miles = pa.compute.multiply(table.column("f1"), 1.609344)
    world.send(table.set_column(table.schema.get_field_index("f1"), "f1", miles), now=START + 2 * DAY)
    world.settle(START + 3 * DAY)
    why = client.get("models/churn/drift/current").json()["why"][0]
    assert why["guess"]["kind"] == "unit"
    assert "a change of unit? (miles to kilometres" in why["sentence"]
