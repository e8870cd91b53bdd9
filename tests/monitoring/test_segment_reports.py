"""The report on one value of a declared segment, and the service's segments held against the library's, row for row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.monitoring.outcomes import DAY, HOUR, Outcomes
from tests.monitoring.test_segment_profiles import declare, refer, work
from tests.monitoring.test_segments import client
from tests.monitoring.world import START, World
from tests.report.test_formats import CHECK

import modelward
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.performance_routes import router as performance_router
from modelward.monitoring.report_routes import router as report_router
from modelward.report.judged_segments import JudgedSegments

__all__ = ["client"]

SPAN = {"start": (START + DAY).isoformat(), "end": (START + 2 * DAY).isoformat()}
TOWNS = ("Bonn", "Köln", "Ulm")
ROWS = 1200
NAMES = {"f1": "age", "f2": "town", "f3": "vip", "prediction": "@prediction", "score": "@score"}
FIGURES = ("value", "low", "high", "rows")


@pytest.fixture
def days(client: TestClient, world: World) -> Outcomes:
    """A reference day and another, each town with 400 rows, so that everything is kept as it is; of the second the
    model knows nothing of Bonn any more, and the outcomes of Ulm did not come yet.
    """
    app = client.app
    assert isinstance(app, FastAPI)
    for router in (performance_router, report_router):
        app.include_router(router, prefix="/api/v1")
    sent = Outcomes(world)
    declare(world, minimum_rows=100)
    sent.change_model(attributes={"protected_attributes": ["vip"]})
    for day in range(2):
        towns = [TOWNS[place % 3] for place in range(ROWS)]
        table = sent.send(f"d{day}", day, rows=ROWS, over=6 * HOUR, town=towns)
        there = np.array(towns) == "Bonn"
        ids = table["event_id"].to_pylist()
        if day == 1:
            turned = there & (world.rng.random(ROWS) < 0.5)
            sent.truth |= {i: 1.0 - sent.truth[i] for i, bad in zip(ids, turned, strict=True) if bad}
        known = [i for i, town in zip(ids, towns, strict=True) if day == 0 or town != "Ulm"]
        world.label_each(known, [sent.truth[i] for i in known], sequence=day + 1, labelled_at=START + (day + 1) * DAY)
    refer(world)
    work(world)
    return sent


def as_the_library_reads_it(sent: Outcomes, name: str, unlabelled: Sequence[str] = ()) -> pa.Table:
    table = sent.tables[name]
    truth = [
        None if town in unlabelled else sent.truth[event]
        for event, town in zip(table["event_id"].to_pylist(), table["f2"].to_pylist(), strict=True)
    ]
    rows = table.select(list(NAMES)).rename_columns(list(NAMES.values()))
    return rows.append_column("outcome", pa.array(truth, pa.float64()))


def library(sent: Outcomes) -> JudgedSegments:
    monitor = monitor_of(sent.world.model())
    report = modelward.compare(
        as_the_library_reads_it(sent, "d0"),
        as_the_library_reads_it(sent, "d1", unlabelled=["Ulm"]),
        prediction="@prediction",
        score="@score",
        label="outcome",
        protected=["vip"],
        segment="town",
        config=monitor,
    )
    assert report.segments is not None
    return report.segments


def told(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: [entry[part] for part in FIGURES] for name, entry in figures.items()}


def test_service_and_library_say_the_same_of_every_segment(client: TestClient, days: Outcomes) -> None:
    found = library(days)
    wire = found.to_dict()
    assert found.fell == ("Bonn",)
    for town in TOWNS:
        asked = {"segment": "town", "value": town, **SPAN}
        performance = client.get("models/churn/performance", params=asked).json()
        mine = wire["performance"][town]
        assert (performance["verdict"], performance["metric"]) == (mine["verdict"], mine["metric"])
        for name in ("metrics", "estimates"):
            ours, theirs = told(performance["span"][name]), told(mine["current"][name])
            assert ours.keys() == theirs.keys()
            for metric, figures in ours.items():
                assert figures == pytest.approx(theirs[metric], rel=1e-9, abs=1e-12, nan_ok=True), (town, metric)
        for name, standard in performance["standards"].items():
            assert standard["value"] == pytest.approx(mine["reference"]["metrics"][name]["value"], rel=1e-9)
        fairness = client.get("models/churn/fairness", params=asked).json()["attributes"][0]
        other = wire["fairness"][town]["attributes"][0]
        assert (fairness["attribute"], fairness["verdict"], fairness["reason"]) == (
            other["attribute"],
            other["verdict"],
            other["reason"],
        )
        assert fairness["score"]["value"] == pytest.approx(other["current"]["score"]["value"])
        drift = client.get("models/churn/drift", params=asked).json()
        for column in ("vip", "@score", "@prediction"):
            finding = next(one for one in found.comparisons[town].columns if one.column == column)
            twin = next(one for one in drift["columns"] if one["column"] == column)
            assert twin["verdict"] == finding.verdict.value
            assert twin["statistics"] == pytest.approx(dict(finding.statistics), rel=1e-9, abs=1e-12)
    assert found.performance["Ulm"].verdict == "no_labels"


def test_service_and_library_rank_segments_alike(client: TestClient, days: Outcomes) -> None:
    ranking = client.get("models/churn/segments", params={"column": "town", **SPAN}).json()["ranking"]
    mine = library(days).to_dict()["ranking"]
    assert ranking["loss"] == mine["loss"] == "brier_score"
    assert [one["segment"] for one in ranking["segments"]] == [one["segment"] for one in mine["segments"]]
    assert [one["worse"] for one in ranking["segments"]] == [one["worse"] for one in mine["segments"]] == [True, False]
    assert [one["value"] for one in ranking["segments"]] == pytest.approx([one["value"] for one in mine["segments"]])


def test_the_report_on_one_value_has_its_performance_and_fairness(client: TestClient, days: Outcomes) -> None:
    asked = {"segment": "town", "value": "Bonn", **SPAN}
    report = client.get("models/churn/report", params=asked).json()
    CHECK.validate(report)
    mine = library(days).performance["Bonn"].to_dict()
    assert (report["performance"]["verdict"], mine["verdict"]) == ("fallen", "fallen")
    assert "measured on the same part of the reference" in report["performance"]["reason"]
    for side in ("reference", "current"):
        ours, theirs = told(report["performance"][side]["metrics"]), told(mine[side]["metrics"])
        assert {name: ours[name][0] for name in ours} == pytest.approx({name: theirs[name][0] for name in theirs})
    assert report["fairness"]["attributes"][0]["attribute"] == "vip"
    page = client.get("models/churn/report", params={**asked, "format": "html"}).text
    assert 'id="performance"' in page
