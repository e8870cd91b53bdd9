"""A monitor replayed on its own reference, and windows judged by how far the reference's own lie from one another."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete
from sqlalchemy.orm import Session
from tests.monitoring.world import FAR, START, World

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key
from modelward.jobs.tables import Job
from modelward.kit.database import change, reading, writing
from modelward.kit.problems import install_problem_handlers
from modelward.monitoring.blocks import blocks_of
from modelward.monitoring.calibrations import calibration_of, pack, unpack
from modelward.monitoring.capture_baseline import confirm_reference, upload_reference, window_reference
from modelward.monitoring.judge import compared_sides
from modelward.monitoring.monitor_settings import change_monitor
from modelward.monitoring.payload import restricted
from modelward.monitoring.placebo import placebo, untried
from modelward.monitoring.placebo_tables import PlaceboRun
from modelward.monitoring.report_routes import router as report_router
from modelward.monitoring.reports import report_of
from modelward.monitoring.subject import read_subject
from modelward.registry.tables import Model
from modelward.rules.calibration import calibrate, chosen_limit
from modelward.rules.comparison import compare_profiles
from modelward.settings import settings_from

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 24


@pytest.fixture
def client(world: World, tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.database, app.state.events = world.engine, world.store
    app.state.settings = settings_from({}, data_dir=tmp_path)
    install_problem_handlers(app)
    app.include_router(report_router, prefix="/api/v1")
    with writing(world.engine) as session:
        _, token = create_key(
            session, organisation_id=world.organisation_id, kind=KeyKind.ADMIN, name="test", now=START
        )
    with TestClient(app, headers={"X-API-Key": token}, base_url="http://test/api/v1/") as client:
        yield client


def refer_to(world: World, days: int = DAYS) -> None:
    model, end = world.model(), START + days * DAY
    world.write(lambda session: window_reference(session, model=model, start=START, end=end, now=end))


def watch(world: World, wire: dict[str, Any]) -> None:
    """Watch the model by these settings."""

    def change_it(session: Session) -> None:
        change_monitor(session, model=session.get_one(Model, world.model_id), wire=wire, now=START)

    world.write(change_it)


def weather(world: World, days: int, rows: int = 300, seed: int = 3) -> None:
    """Days that differ as days of weather do: each has a mean of its own, six years off at times, around 40."""
    means = np.random.default_rng(seed).normal(40.0, 4.0, days)
    for number, mean in enumerate(means):
        day = START + number * DAY
        world.send(world.events(rows, day, over=DAY, age=float(mean), prefix=f"w{number}"), now=day + DAY)


def answer(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("models/churn/placebo").json()
    return found


def test_a_reference_of_24_days_is_tried_day_by_day_and_the_smallest_change_is_told(
    client: TestClient, world: World
) -> None:
    for number in range(DAYS):
        world.send(world.events(300, START + number * DAY, over=DAY), now=START + (number + 1) * DAY)
    refer_to(world)
    assert answer(client)["state"] == "waiting"
    world.settle(START + DAYS * DAY + HOUR)
    told = answer(client)
    assert told["state"] == "tried"
    assert told["placebo"]["windows"] == DAYS
    assert told["placebo"]["flagged"] <= 1
    assert 0.0 <= told["placebo"]["low"] <= told["placebo"]["rate"] <= told["placebo"]["high"] < 0.25
    assert told["placebo"]["claim"] == 1 / DAYS
    assert told["placebo"]["calibrated"] is True
    assert told["window_rows"] == 300
    columns = {entry["column"]: entry for entry in told["detectable"]}
    assert set(columns) == {"age", "town", "vip", "prediction", "score"}
    assert 0.1 < columns["age"]["change"] < 1.0
    numeric = [entry["change"] for entry in told["detectable"] if entry["kind"] == "numeric"]
    assert told["worst"]["numeric"]["change"] == max(numeric)
    assert "nothing below 1 in 24 can be claimed" in told["reason"]


def test_days_that_differ_by_themselves_raise_no_alarm_once_the_reference_is_the_yardstick(world: World) -> None:
    weather(world, DAYS + 6)
    refer_to(world)
    world.settle(START + (DAYS + 7) * DAY)
    later = [entry for entry in world.evaluations() if entry.starts_at >= START + DAYS * DAY]
    assert len(later) == 6
    assert not [entry for entry in later if entry.drifted]
    with reading(world.engine) as session:
        subject = read_subject(session, world.model_id)
        assert subject is not None
        assert subject.reference is not None
        plain = [
            compare_profiles(
                *compared_sides(subject.monitor, subject.reference, world.raw_profile(entry.starts_at, entry.ends_at)),
                subject.monitor,
            )
            for entry in later
        ]
        assert any(comparison.verdict.alarming for comparison in plain)  # Rows taken for independent, they would.


def test_a_day_beyond_all_days_of_the_reference_still_drifts_and_the_report_says_the_same(world: World) -> None:
    weather(world, DAYS)
    refer_to(world)
    start = START + DAYS * DAY
    world.send(world.events(300, start, over=DAY, age=75.0), now=start + DAY)
    world.settle(start + 2 * DAY)
    stored = world.evaluations()[-1]
    assert (stored.starts_at, stored.verdict) == (start, "drifted")
    with reading(world.engine) as session:
        report = report_of(session, world.model(), start, start + DAY, now=start + DAY)
        half = report_of(session, world.model(), start, start + 12 * HOUR, now=start + DAY)
    assert report.comparison.to_dict() == stored.comparison
    assert half.comparison.to_dict()["columns"][0]["reason"] != stored.comparison["columns"][0]["reason"]


def test_windows_wait_for_the_yardstick_and_are_judged_after_it(world: World) -> None:
    weather(world, DAYS + 1)
    refer_to(world)
    moment = START + (DAYS + 2) * DAY
    world.settle(moment, kinds=("rebuild", "evaluate"))
    assert not world.evaluations()
    world.settle(moment)
    assert len(world.evaluations()) == DAYS + 1


def test_the_kept_yardstick_is_that_of_the_raw_rows(world: World) -> None:
    weather(world, DAYS)
    refer_to(world)
    world.settle(START + (DAYS + 1) * DAY)
    with reading(world.engine) as session:
        subject = read_subject(session, world.model_id)
        assert subject is not None
        kept = calibration_of(session, world.model_id, subject.monitor, subject.reference)
        blocks = blocks_of(session, world.store, subject)
    assert kept is not None
    raw = [
        restricted(world.raw_profile(START + n * DAY, START + (n + 1) * DAY), blocks[0].columns) for n in range(DAYS)
    ]
    made = calibrate(raw, subject.monitor)
    assert made is not None
    assert [block.rows for block in blocks] == [profile.rows for profile in raw]
    for column in ("age", "town", "@score"):
        assert kept.limit(column, "psi") == pytest.approx(made.limit(column, "psi"), rel=1e-6)
    assert unpack(pack(kept)).limit("age", "psi") == kept.limit("age", "psi")


def test_another_reference_or_other_settings_are_tried_anew_and_nothing_is_tried_twice(world: World) -> None:
    weather(world, DAYS)
    refer_to(world)
    world.settle(START + (DAYS + 1) * DAY)

    def run() -> PlaceboRun:
        with reading(world.engine) as session:
            return session.get_one(PlaceboRun, (world.model_id, "day"))

    first = run()
    watch(world, {"psi_moderate": 0.2})
    world.settle(START + (DAYS + 2) * DAY)
    assert run().settings != first.settings
    assert run().tried_at > first.tried_at
    refer_to(world, days=21)
    world.settle(START + (DAYS + 3) * DAY)
    assert run().baseline_id != first.baseline_id
    assert run().outcome["windows"] == 21
    before = run().tried_at
    watch(world, {"psi_moderate": 0.2})
    world.settle(START + (DAYS + 4) * DAY)
    assert run().tried_at == before


def test_windows_of_the_last_events_are_tried_on_pieces_of_so_many(client: TestClient, world: World) -> None:
    world.send(world.events(5000, START, over=DAY), now=START + DAY)
    watch(world, {"window": "events", "window_events": 240})
    refer_to(world, days=1)
    world.settle(START + DAY + HOUR)
    told = answer(client)
    assert (told["window"], told["window_rows"], told["placebo"]["windows"]) == ("events", 240, 20)
    assert told["placebo"]["calibrated"] is True


def test_a_provisional_reference_is_tried_when_it_is_confirmed_and_a_file_has_no_windows(
    client: TestClient, world: World
) -> None:
    assert answer(client)["state"] == "none"
    world.auto_reference = 1200
    for number in range(6):
        world.send(world.events(300, START + number * DAY, over=DAY), now=START + (number + 1) * DAY)
    world.settle(START + 7 * DAY)
    assert answer(client)["state"] == "provisional"
    model = world.model()
    world.write(lambda session: confirm_reference(session, model=model, now=START + 7 * DAY))
    world.settle(START + 7 * DAY)
    told = answer(client)
    assert (told["state"], told["placebo"]["calibrated"]) == ("tried", False)
    assert told["placebo"]["windows"] == 3  # Of the fourth day the last event is not the day's end.
    profile = world.raw_profile(START, START + DAY)

    def upload(session: Session) -> None:
        upload_reference(session, model=model, profile=profile, file_name="train.csv", now=START + 8 * DAY)

    world.write(upload)
    world.settle(START + 8 * DAY)
    told = answer(client)
    assert (told["state"], told["placebo"]["windows"], told["window_rows"]) == ("tried", 0, 300)
    assert "came from a file" in told["reason"]
    assert {entry["column"] for entry in told["detectable"]} >= {"age", "town"}


def test_the_sweep_finds_a_reference_that_nobody_tried(world: World) -> None:
    weather(world, 3)
    refer_to(world, days=2)
    world.settle(START + 4 * DAY)
    with reading(world.engine) as session:
        assert untried(session) == set()
    world.write(lambda session: change(session, delete(PlaceboRun)))
    world.write(lambda session: change(session, delete(Job)))
    with reading(world.engine) as session:
        assert untried(session) == {world.model_id}
        assert placebo(session, model=world.model()).state == "waiting"
    assert not world.do("placebo", START + FAR)


def test_a_learned_threshold_is_that_of_the_reference_s_own_days(world: World) -> None:
    weather(world, DAYS)
    watch(world, {"thresholds": {"age": "mean+3sd"}})
    refer_to(world)
    start = START + DAYS * DAY
    world.send(world.events(300, start, over=DAY, age=80.0), now=start + DAY)
    world.settle(start + 2 * DAY)
    with reading(world.engine) as session:
        subject = read_subject(session, world.model_id)
        assert subject is not None
        kept = calibration_of(session, world.model_id, subject.monitor, subject.reference)
    limit = chosen_limit("age", "psi", subject.monitor, kept)
    assert limit is not None
    age = next(entry for entry in world.evaluations()[-1].comparison["columns"] if entry["column"] == "age")
    assert age["verdict"] == "drifted"
    assert age["threshold"] == pytest.approx(limit)
