"""The report of a model's window over HTTP, and the service's numbers held against the library's on the same rows."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.monitoring.outcomes import Outcomes
from tests.monitoring.world import START, World
from tests.report.test_formats import CHECK

import modelward
from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key
from modelward.kit.database import reading, writing
from modelward.kit.problems import install_problem_handlers
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.report_routes import router as report_router
from modelward.monitoring.reports import report_of
from modelward.monitoring.routes import router, starred
from modelward.registry.tables import Model
from modelward.report.report import Report
from modelward.settings import settings_from
from modelward.stats import NumericSummary
from modelward.web.security import SecurityHeaders

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPAN = {"start": (START + DAY).isoformat(), "end": (START + 2 * DAY).isoformat()}


@pytest.fixture
def client(world: World, tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.database, app.state.events = world.engine, world.store
    app.state.settings = settings_from({}, data_dir=tmp_path)
    install_problem_handlers(app)
    for one in (router, starred, report_router):
        app.include_router(one, prefix="/api/v1")
    app.add_middleware(SecurityHeaders)
    with writing(world.engine) as session:
        _, token = create_key(
            session, organisation_id=world.organisation_id, kind=KeyKind.ADMIN, name="test", now=START
        )
    with TestClient(app, headers={"X-API-Key": token}, base_url="http://test/api/v1/") as client:
        yield client


def refer_to(world: World, days: int = 1) -> None:
    model, end = world.model(), START + days * DAY
    world.write(lambda session: window_reference(session, model=model, start=START, end=end, now=end))


@pytest.fixture
def moved(world: World) -> World:
    """A reference day, and one of older people."""
    world.send(world.events(1500, START, over=DAY), now=START + DAY)
    refer_to(world)
    world.send(world.events(1500, START + DAY, over=DAY, age=60.0), now=START + 2 * DAY)
    world.settle(START + 2 * DAY + HOUR)
    return world


def test_the_report_says_what_the_evaluation_of_its_window_said(client: TestClient, moved: World) -> None:
    answer = client.get("models/churn/report", params=SPAN)
    assert answer.status_code == 200
    report = answer.json()
    stored = next(entry for entry in moved.evaluations() if entry.starts_at == START + DAY)
    assert report["verdict"] == stored.verdict == "drifted"
    assert report["reason"] == stored.reason
    told = [{name: value for name, value in entry.items() if name != "role"} for entry in report["columns"]]
    assert told == stored.comparison["columns"]
    assert {entry["column"]: entry["role"] for entry in report["columns"]}["@score"] == "score"
    assert set(report["left_out"]) == {"@latency_ms"}
    assert report["why"][0]["column"] == "age"


def test_it_is_one_html_file_that_may_style_itself_and_do_nothing_else(client: TestClient, moved: World) -> None:
    answer = client.get("models/churn/report", params={**SPAN, "format": "html"})
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-disposition"] == f'inline; filename="report-{moved.model_id}-2026-03-03.html"'
    policy = [part.strip() for part in answer.headers["content-security-policy"].split(";")]
    assert "default-src 'none'" in policy
    assert "style-src 'unsafe-inline'" in policy
    assert "sandbox" in policy
    assert not any(part.startswith("script-src") for part in policy)
    assert "<svg" in answer.text
    assert "<script" not in answer.text
    elsewhere = client.get("models/churn/report", params=SPAN).headers["content-security-policy"]
    assert "unsafe-inline" not in elsewhere


def test_it_is_markdown_and_junit_too(client: TestClient, moved: World) -> None:
    markdown = client.get("models/churn/report", params={**SPAN, "format": "markdown"})
    assert markdown.headers["content-disposition"].endswith('.md"')
    assert "age" in markdown.text
    junit = client.get("models/churn/report", params={**SPAN, "format": "junit"})
    suite = ET.fromstring(junit.text)
    assert (suite.get("failures"), junit.headers["content-type"].partition(";")[0]) == ("1", "application/xml")


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"start": SPAN["end"], "end": SPAN["start"]}, "must end after it begins"),
        ({"start": (START + 9 * DAY).isoformat(), "end": (START + 10 * DAY).isoformat()}, "There are no events"),
        ({**SPAN, "format": "pdf"}, "format"),
    ],
)
def test_what_cannot_be_reported_is_refused_in_a_sentence(
    client: TestClient, moved: World, params: Mapping[str, str], sentence: str
) -> None:
    answer = client.get("models/churn/report", params=params)
    assert answer.status_code == 422
    assert sentence in json.dumps(answer.json())


def test_without_a_reference_the_report_asks_for_one(client: TestClient, world: World) -> None:
    world.send(world.events(300, START + DAY))
    answer = client.get("models/churn/report", params=SPAN)
    assert answer.status_code == 422
    assert "There is no reference yet" in answer.json()["detail"]


# The service and the library on the same rows.

NAMES = {"f1": "age", "f2": "town", "f3": "vip", "prediction": "@prediction", "score": "@score"}
COUNTS = ("verdict", "kind", "method", "threshold", "n_reference", "n_current", "new_categories")


def as_the_library_reads_it(table: pa.Table) -> pa.Table:
    return table.select(list(NAMES)).rename_columns(list(NAMES.values()))


def both(world: World, before: pa.Table, now: pa.Table, days: int) -> tuple[Report, Report]:
    """The service's report on the days after the reference, and the library's on the rows themselves."""
    with reading(world.engine) as session:
        start = START + days * DAY
        service = report_of(session, world.model(), start, start + days * DAY, now=start)
    assert service.evidence is not None
    library = modelward.compare(
        as_the_library_reads_it(before),
        as_the_library_reads_it(now),
        prediction="@prediction",
        score="@score",
        config=service.evidence.monitor,
    )
    return service, library


def without_invalid(table: pa.Table) -> pa.Table:
    """The library gets a value of a wrong type as a text, the service kept aside: here there are none."""
    at = table.column_names.index("invalid")
    return table.set_column(at, "invalid", pa.nulls(table.num_rows, pa.string()))


def test_on_the_same_few_rows_the_service_and_the_library_say_the_same_to_the_digit(world: World) -> None:
    before = without_invalid(world.events(900, START, over=DAY))
    now = without_invalid(world.events(800, START + DAY, over=DAY, age=44.0))
    world.send(before, now=START + DAY)
    refer_to(world)
    for begin in range(0, 800, 100):
        world.send(now.slice(begin, 100), now=START + 2 * DAY)
    world.settle(START + 3 * DAY)
    service, library = both(world, before, now, 1)
    assert {finding.column for finding in service.columns} == set(NAMES.values())
    for finding in service.columns:
        twin = library[finding.column]
        assert [getattr(finding, name) for name in COUNTS] == [getattr(twin, name) for name in COUNTS]
        assert finding.reason == twin.reason
        assert finding.p_value == pytest.approx(twin.p_value, rel=1e-9)
        assert dict(finding.statistics) == pytest.approx(dict(twin.statistics), rel=1e-9, abs=1e-12)
    assert service.reason == library.reason


def test_compressed_the_service_differs_from_the_library_and_the_truth_by_no_more_than_the_stated_bound(
    world: World,
) -> None:
    """18,000 rows a day, six times the cap in every column of numbers, in 72 batches over 12 buckets and two days."""
    days = [without_invalid(world.events(18_000, START + n * DAY, over=6 * HOUR, age=40.0 + n)) for n in range(2)]
    for number, day in enumerate(days):
        for begin in range(0, 18_000, 500):
            world.send(day.slice(begin, 500), now=START + (number + 1) * DAY)
            if begin % 3000 == 1500:
                world.settle(START + (number + 1) * DAY, kinds=("tidy",))
        if number == 0:
            refer_to(world)
    world.settle(START + 3 * DAY)
    service, library = both(world, days[0], days[1], 1)
    assert service.evidence is not None
    assert library.evidence is not None
    for column in ("age", "@score"):
        source = next(stored for stored, name in NAMES.items() if name == column)
        raw = [day.column(source).drop_null().to_numpy() for day in days]
        ours = [side.columns[column] for side in (service.evidence.reference, service.evidence.current)]
        theirs = [side.columns[column] for side in (library.evidence.reference, library.evidence.current)]
        for mine, twin, values in zip(ours, theirs, raw, strict=True):
            assert isinstance(mine, NumericSummary)
            assert isinstance(twin, NumericSummary)
            assert not mine.exact
            assert 0 < mine.rank_error < 0.02
            counted = ("count", "missing", "minimum", "maximum")
            assert [getattr(mine, name) for name in counted] == [getattr(twin, name) for name in counted]
            assert (mine.mean, mine.deviation) == pytest.approx((twin.mean, twin.deviation), rel=1e-9)
            points = np.quantile(values, np.linspace(0, 1, 501))
            true = np.searchsorted(np.sort(values), points, side="right") / values.size
            assert np.abs(mine.cdf(points) - true).max() <= mine.rank_error + 1e-12
        bound = sum(summary.rank_error for summary in (*ours, *theirs) if isinstance(summary, NumericSummary))
        mine_found, twin_found = service[column], library[column]
        apart = abs(mine_found.statistics["ks"] - twin_found.statistics["ks"])
        assert apart <= bound + 1e-12
        assert mine_found.statistics["psi"] == pytest.approx(twin_found.statistics["psi"], abs=2 * bound)
        assert mine_found.verdict == twin_found.verdict
    for column in ("town", "vip", "@prediction"):
        assert dict(service[column].statistics) == pytest.approx(dict(library[column].statistics), rel=1e-9, abs=1e-12)


def test_it_tells_performance_and_fairness_as_the_windows_do(client: TestClient, world: World) -> None:
    sent, model = Outcomes(world), world.model()
    protected = {"protected_attributes": ["town"]}
    world.write(lambda session: setattr(session.get_one(Model, model.id), "attributes", protected))
    for day in range(8):
        sent.send(f"d{day}", day, worth=1.0 if day < 7 else 0.2)
        sent.label(f"d{day}", now=START + (day + 1) * DAY)
    span = {"start": (START + 7 * DAY).isoformat(), "end": (START + 8 * DAY).isoformat()}
    first: dict[str, Any] = {"start": START, "end": START + DAY, "now": START + 9 * DAY}
    world.write(lambda session: window_reference(session, model=world.model(), **first))
    world.settle(START + 9 * DAY)
    sent.work()
    wire = client.get("/models/churn/report", params=span).json()
    assert "columns" in wire, wire
    CHECK.validate(wire)
    assert wire["performance"]["verdict"] == "fallen"
    window = next(w for w in sent.windows() if w.starts_at == START + 7 * DAY)
    told = wire["performance"]["current"]["metrics"]["accuracy"]["value"]
    assert told == pytest.approx(window.measures["metrics"]["accuracy"]["value"])
    assert [entry["attribute"] for entry in wire["fairness"]["attributes"]] == ["town"]
    page = client.get("/models/churn/report", params={**span, "format": "html"}).text
    assert 'id="performance"' in page
