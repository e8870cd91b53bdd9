import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.monitoring.world import START, World

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key
from modelward.ingest.door import Door
from modelward.ingest.journal import Journal, JournalReader
from modelward.ingest.segments import Entry, Kind
from modelward.kit.clock import now
from modelward.kit.database import writing
from modelward.kit.paging import encode_cursor
from modelward.kit.problems import install_problem_handlers
from modelward.monitoring import overview_routes, performance_routes, report_routes, unread
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.export_events import csv_pieces, named
from modelward.monitoring.routes import router, starred
from modelward.registry.service import FeatureKind, FeatureSpec, Schema
from modelward.settings import settings_from

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def door(world: World, tmp_path: Path) -> Iterator[Door]:
    door = Door(Journal(tmp_path / "journal"), world.engine, settings_from({}, data_dir=tmp_path))
    yield door
    door.close()


@pytest.fixture
def client(world: World, door: Door, tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.door = door
    app.state.database, app.state.events = world.engine, world.store
    app.state.settings = settings_from({}, data_dir=tmp_path)
    install_problem_handlers(app)
    more = performance_routes.router, report_routes.router
    for one in (router, starred, overview_routes.router, overview_routes.starred, *more):
        app.include_router(one, prefix="/api/v1")
    with writing(world.engine) as session:
        _, token = create_key(
            session, organisation_id=world.organisation_id, kind=KeyKind.ADMIN, name="test", now=START
        )
    with TestClient(app, headers={"X-API-Key": token}, base_url="http://test/api/v1/") as client:
        yield client


@pytest.fixture
def drifted(world: World) -> World:
    """A quiet day that is the reference, a quiet day, and one whose ages have moved."""
    for day, age in enumerate((40.0, 40.0, 70.0)):
        world.send(world.events(900, START + day * DAY, over=DAY, age=age, prefix=f"d{day}"), now=START + 3 * DAY)
        if day == 0:
            model = world.model()
            world.write(
                lambda session, model=model: window_reference(
                    session, model=model, start=START, end=START + DAY, now=START + DAY
                )
            )
        world.settle(START + (day + 1) * DAY + HOUR)
    world.settle(START + 4 * DAY)
    return world


def test_before_any_event_there_is_an_answer_and_no_verdict(client: TestClient) -> None:
    answer = client.get("models/churn/drift/current").json()
    assert answer["drift_detected"] is False
    assert (answer["verdict"], answer["psi"]) == ("too_few", None)
    assert client.get("models/churn/metrics").json()["rows"] == 0
    assert client.get("models/churn/quality").json()["rows"] == 0
    assert client.get("models/churn/events").json() == {"items": [], "next": None}
    assert client.get("models/churn/baseline").json()["status"] == "none"


def test_the_current_drift_names_what_moved(client: TestClient, drifted: World) -> None:
    answer = client.get(f"models/{drifted.model_id}/drift/current").json()
    assert answer["drift_detected"] is True
    assert answer["features"]["age"]["drifted"]
    assert answer["features"]["age"]["psi"] > 0.25
    assert answer["features"]["age"]["ks"] > 0.5
    assert not answer["features"]["town"]["drifted"]
    assert answer["psi"] == max(entry["psi"] for entry in answer["features"].values())
    assert answer["columns"][0]["column"] == "age"
    assert answer["window"]["closed"] is True
    assert answer["drifted_since"] == {"age": (START + 2 * DAY).isoformat().replace("+00:00", "Z")}
    assert "latency_ms" not in answer["features"]


def test_any_span_can_be_held_against_the_reference(client: TestClient, drifted: World) -> None:
    quiet = {"start": (START + DAY).isoformat(), "end": (START + 2 * DAY).isoformat()}
    assert client.get("models/churn/drift", params=quiet).json()["drift_detected"] is False
    both = {"start": (START + DAY).isoformat(), "end": (START + 3 * DAY).isoformat()}
    assert client.get("models/churn/drift", params=both).json()["drift_detected"] is True
    backwards = {"start": both["end"], "end": both["start"]}
    for path in ("drift", "quality", "performance", "fairness", "metrics", "profiles", "report"):
        refused = client.get(f"models/churn/{path}", params=backwards)
        assert (refused.status_code, refused.json()["detail"]) == (422, "The span must end after it begins.")


def test_metrics_and_quality_come_from_the_profiles(client: TestClient, drifted: World) -> None:
    metrics = client.get("models/churn/metrics").json()
    assert metrics["rows"] == 900
    assert metrics["features"]["age"]["mean"] == pytest.approx(70, abs=2)
    assert metrics["latency_ms"]["quantiles"]["p95"] > metrics["latency_ms"]["quantiles"]["p50"]
    assert [window["rows"] for window in metrics["windows"]] == [900, 900, 900]
    age = client.get("models/churn/quality").json()["columns"]["age"]
    assert age["missing"] + age["invalid"] == pytest.approx(45, abs=30)
    assert age["invalid"] > 0
    span = {"start": START.isoformat(), "end": (START + 3 * DAY).isoformat()}
    assert client.get("models/churn/profiles", params=span).json()["rows"] == 2700
    assert len(client.get("models/churn/evaluations").json()["items"]) == 3


def test_settings_are_strict_and_change_the_verdict(client: TestClient, drifted: World) -> None:
    assert client.put("models/churn/monitor", json={"bins": 1}).status_code == 422
    assert client.put("models/churn/monitor", json={"colour": "red"}).status_code == 422
    refused = client.put("models/churn/monitor", json={"ignore": ["aeg"]})
    assert refused.status_code == 422
    assert "'aeg'" in refused.json()["detail"]
    unfit = client.put("models/churn/monitor", json={"tests": {"town": "ks"}})
    assert unfit.status_code == 422
    assert "kolmogorov_smirnov compares numbers, and `town` holds text; choose" in unfit.json()["detail"]
    assert "'aeg'" in client.put("models/churn/monitor", json={"column_bins": {"aeg": 5}}).json()["detail"]
    assert client.put("models/churn/monitor", json={"ignore": ["age"], "bins": 12}).json()["ignore"] == ["age"]
    assert client.get("models/churn/monitor").json()["bins"] == 12
    told = len(drifted.signals())
    drifted.settle(START + 4 * DAY)
    answer = client.get("models/churn/drift/current").json()
    assert answer["drift_detected"] is False
    assert "age" not in answer["features"]
    assert len(drifted.signals()) == told


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_can_be_the_reference(client: TestClient, drifted: World, kind: str) -> None:
    rows = drifted.store.scan(drifted.model_id, START + 2 * DAY, START + 3 * DAY, ["f1", "f2", "f3"]).read_all()
    table, sink = rows.rename_columns(["age", "town", "vip"]), io.BytesIO()
    if kind == "csv":
        arrow_csv.write_csv(table, sink)
    else:
        pq.write_table(table, sink)
    answer = client.post("models/churn/baseline", files={"file": (f"hot.{kind}", sink.getvalue())})
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["source"], answer.json()["rows"]) == ("confirmed", "upload", 900)
    drifted.settle(START + 4 * DAY)
    assert client.get("models/churn/drift/current").json()["drift_detected"] is False


def test_a_file_that_is_no_reference_is_refused_in_a_sentence(client: TestClient, drifted: World) -> None:
    def refused(content: bytes) -> str:
        answer = client.post("models/churn/baseline", files={"file": ("x.csv", content)})
        assert answer.status_code == 422
        return str(answer.json()["detail"])

    broken = refused(b"a,b\n1\n")
    assert (broken.startswith("The file could not be read"), "upload" in broken) == (True, False)
    assert "empty" in refused(b"")
    assert "name the columns as the features are named" in refused(b"a,b\n" + b"1,2\n" * 100)
    assert "too small" in refused(b"age,town\n1,Bonn\n")
    assert "Parquet" in refused(b"PAR1 and nothing more")


def test_a_window_can_be_the_reference(client: TestClient, drifted: World) -> None:
    body = {"start": (START + 2 * DAY).isoformat(), "end": (START + 3 * DAY).isoformat(), "note": "since the new form"}
    answer = client.post("models/churn/baseline/window", json=body)
    assert (answer.status_code, answer.json()["note"]) == (201, "since the new form")
    drifted.settle(START + 4 * DAY)
    assert client.get("models/churn/drift/current").json()["drift_detected"] is False
    assert client.post("models/churn/baseline/confirm").json()["status"] == "confirmed"


THIRD_DAY = {"start": (START + 2 * DAY).isoformat(), "end": (START + 3 * DAY).isoformat()}


def waits(folder: Path, model_id: int, *, kind: Kind = Kind.EVENTS, received: datetime | None = None) -> None:
    """40 accepted events (or labels) of a model, in the journal and nowhere else."""
    journal = Journal(folder)
    at = round((received or START).timestamp() * 1e6)
    journal.append([Entry(kind, 1, model_id, 40, at, b"{}\n")])
    journal.close()


def test_no_reference_is_made_of_a_part_of_the_rows_that_were_accepted(
    client: TestClient, drifted: World, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "PATIENCE_SECONDS", 0.0)
    before = client.get("models/churn/baseline").json()
    waits(door.folder, drifted.model_id)
    refused = client.post("models/churn/baseline/window", json=THIRD_DAY)
    assert (refused.status_code, refused.headers["retry-after"]) == (409, "5")
    assert refused.json()["detail"].startswith("40 accepted events of this model are not read yet")
    assert client.get("models/churn/baseline").json() == before


def test_what_does_not_concern_a_reference_is_not_waited_for(
    client: TestClient, drifted: World, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "PATIENCE_SECONDS", 0.0)
    waits(door.folder, drifted.model_id + 1)
    waits(door.folder, 0, kind=Kind.LABELS)
    waits(door.folder, drifted.model_id, received=now() + DAY)
    assert client.post("models/churn/baseline/window", json=THIRD_DAY).status_code == 201


def test_a_reference_waits_for_hours_that_are_built_from_raw_rows(
    client: TestClient, drifted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "PATIENCE_SECONDS", 0.0)
    drifted.send(drifted.events(600, START - 10 * DAY, over=3 * DAY, prefix="past"), now=START + 4 * DAY)
    past = {"start": (START - 10 * DAY).isoformat(), "end": (START - 7 * DAY).isoformat()}
    refused = client.post("models/churn/baseline/window", json=past)
    assert (refused.status_code, refused.headers["retry-after"]) == (409, "5")
    assert "The profiles of 72 stretches of this span are still being built" in refused.json()["detail"]
    assert client.post("models/churn/baseline/window", json=THIRD_DAY).status_code == 201
    drifted.settle(START + 4 * DAY)
    assert client.post("models/churn/baseline/window", json=past).json()["rows"] == 600


def test_a_reference_goes_on_as_soon_as_the_mover_is_done(world: World, door: Door) -> None:
    waits(door.folder, world.model_id)
    reader, looks = JournalReader(door.folder), []

    def mover_at_work(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            reader.mark(reader.waiting(max_bytes=1_000))

    span = {"start": START, "end": START + DAY, "until": now()}
    unread.wait_until_profiled(world.engine, door.folder, model_id=world.model_id, **span, sleep=mover_at_work)
    reader.close()
    assert len(looks) == 3


def test_events_come_in_pages_with_their_labels(client: TestClient, world: World) -> None:
    world.send(world.events(5, START, prefix="e"))
    world.label(["e-4"], 1.0, sequence=1)
    first = client.get("models/churn/events", params={"limit": 3}).json()
    assert [row["event_id"] for row in first["items"]] == ["e-4", "e-3", "e-2"]
    assert first["items"][0]["label"] == 1.0
    assert set(first["items"][0]["features"]) == {"age", "town", "vip"}
    second = client.get("models/churn/events", params={"limit": 3, "cursor": first["next"]}).json()
    assert [row["event_id"] for row in second["items"]] == ["e-1", "e-0"]
    assert second["next"] is None
    assert client.get("models/churn/events", params={"cursor": "W10"}).status_code == 422


def test_events_as_csv_hold_no_formula(client: TestClient, world: World) -> None:
    rows = world.events(3, START, prefix="=cmd")
    towns = pa.array(['=HYPERLINK("http://x")', "+1", "Bonn"])
    world.send(rows.set_column(rows.column_names.index("f2"), "f2", towns))
    lines = list(csv.DictReader(io.StringIO(client.get("models/churn/events", params={"format": "csv"}).text)))
    assert sorted(line["town"] for line in lines) == ["'+1", '\'=HYPERLINK("http://x")', "Bonn"]
    assert all(line["event_id"].startswith("'=cmd") for line in lines)
    assert all(not line["age"].startswith("'") for line in lines)


def test_events_as_parquet_are_whole(client: TestClient, world: World) -> None:
    world.send(world.events(2000, START, over=DAY))
    content = client.get("models/churn/events", params={"format": "parquet"}).content
    table = pq.read_table(io.BytesIO(content))
    assert table.num_rows == 2000
    assert {"age", "town", "vip", "label_number"} <= set(table.column_names)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_model_without_events_gives_a_file_without_rows(client: TestClient, world: World, kind: str) -> None:
    content = client.get("models/churn/events", params={"format": kind}).content
    table = pq.read_table(io.BytesIO(content)) if kind == "parquet" else arrow_csv.read_csv(io.BytesIO(content))
    assert table.num_rows == 0
    world.send(world.events(1, START))
    later = client.get("models/churn/events", params={"format": kind}).content
    filled = pq.read_table(io.BytesIO(later)) if kind == "parquet" else arrow_csv.read_csv(io.BytesIO(later))
    assert set(table.column_names) <= set(filled.column_names)


def test_evaluations_come_in_pages_either_way_and_filtered(client: TestClient, drifted: World) -> None:
    first = client.get("models/churn/evaluations", params={"limit": 2})
    days = [item["starts_at"] for item in first.json()["items"]]
    rest = client.get(first.links["next"]["url"]).json()
    days += [item["starts_at"] for item in rest["items"]]
    assert (days, rest["next"]) == (sorted(days, reverse=True), None)
    oldest = client.get("models/churn/evaluations", params={"sort": "starts_at"}).json()["items"]
    assert [item["starts_at"] for item in oldest] == days[::-1]
    [moved] = client.get("models/churn/evaluations", params={"drifted": True}).json()["items"]
    assert moved["drifted_columns"] == ["age"]


def test_a_dashboard_of_ones_own_reads_the_latest_predictions_and_the_drift(client: TestClient, drifted: World) -> None:
    for asked in ({}, {"model": "churn"}, {"model": drifted.model_id}):
        told = client.get("dashboard/data", params=asked).json()
        assert len(told["recent_predictions"]) == 50
        assert told["recent_predictions"][0]["event_id"] == "d2-899"
        assert set(told["drift"]["age"]) == {"psi", "ks", "drifted"}
        assert [name for name, column in told["drift"].items() if column["drifted"]] == ["age"]
    assert client.get("dashboard/data", params={"model": "none"}).status_code == 404


def test_before_any_event_a_dashboard_of_ones_own_is_empty(client: TestClient, world: World) -> None:
    told = client.get("dashboard/data").json()
    assert (told["model"], told["recent_predictions"], told["drift"]) == ("churn", [], {})


def test_the_overview_says_of_each_model_how_it_is_and_why(client: TestClient, drifted: World) -> None:
    told = client.get("overview").json()
    [model] = told["models"]
    assert (model["key"], model["health"], model["event_count"]) == ("churn", "drifted", 2700)
    assert "age" in model["reason"]
    assert told["counts"] == {"healthy": 0, "warning": 0, "drifted": 1, "silent": 0, "too_few": 0}


def test_another_organisation_sees_nothing_of_it(client: TestClient, drifted: World) -> None:
    assert client.get("models/unknown/drift").status_code == 404
    client.headers["X-API-Key"] = "nonsense"
    assert client.get("models/churn/drift").status_code == 401


def test_an_infinite_value_can_be_read_as_json(client: TestClient, world: World) -> None:
    rows = world.events(2, START)
    world.send(rows.set_column(rows.column_names.index("score"), "score", pa.array([float("inf"), float("-inf")])))
    items = client.get("models/churn/events").json()["items"]
    assert [item["score"] for item in items] == ["-Infinity", "Infinity"]


def test_the_names_of_features_hold_no_formula_and_are_each_their_own() -> None:
    names = ("=1+1", "feature.ts", "ts")
    described = Schema(tuple(FeatureSpec(name, FeatureKind.NUMERIC, f"f{at}") for at, name in enumerate(names)), None)
    rows = pa.table({"ts": [1], "f0": [2.0], "f1": [3.0], "f2": [4.0]})
    assert named(rows, described).column_names == ["ts", "=1+1", "feature.ts", "feature.feature.ts"]
    header = next(csv_pieces(rows.to_reader(), described)).decode()
    assert next(csv.reader([header])) == ["ts", "'=1+1", "feature.ts", "feature.feature.ts"]


@pytest.mark.parametrize("start", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
@pytest.mark.parametrize("path", ["drift", "metrics", "evaluations", "events"])
def test_a_moment_beyond_the_calendar_is_refused(client: TestClient, world: World, path: str, start: str) -> None:
    world.send(world.events(1, START))
    answer = client.get(f"models/churn/{path}", params={"start": start})
    assert answer.status_code == 422
    assert "outside the years" in answer.text


@pytest.mark.parametrize("position", [["0001-01-01T00:00:00+23:59", "x"], ["2026-12-01T00:00:00Z", "\ud800"]])
def test_a_cursor_that_no_page_gave_is_refused(client: TestClient, world: World, position: list[str]) -> None:
    world.send(world.events(1, START))
    answer = client.get("models/churn/events", params={"cursor": encode_cursor(position)})
    assert (answer.status_code, "use `next`" in answer.text) == (422, True)
