"""Fairness by window: declared attributes, their intersections, bands of numbers, and what is not enough to say."""

from collections.abc import Iterator

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.monitoring.outcomes import DAY, Outcomes
from tests.monitoring.world import START, World

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key
from modelward.kit.database import reading, writing
from modelward.kit.problems import install_problem_handlers
from modelward.monitoring import routes
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.monitor_settings import change_monitor
from modelward.monitoring.performance_queries import fairness_view
from modelward.monitoring.performance_routes import router
from modelward.settings import settings_from
from modelward.signals.tables import Signal
from modelward.stats import equal_opportunity_difference, fairness_score


@pytest.fixture
def outcomes(world: World) -> Outcomes:
    return Outcomes(world)


@pytest.fixture
def client(world: World, tmp_path) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.database, app.state.events = world.engine, world.store
    app.state.settings = settings_from({}, data_dir=tmp_path)
    install_problem_handlers(app)
    for one in (router, routes.router):
        app.include_router(one, prefix="/api/v1")
    with writing(world.engine) as session:
        _, token = create_key(session, organisation_id=world.organisation_id, kind=KeyKind.READ, name="t", now=START)
    with TestClient(app, headers={"X-API-Key": token}, base_url="http://test/api/v1/") as client:
        yield client


def view(outcomes: Outcomes):
    with reading(outcomes.world.engine) as session:
        return fairness_view(session, model_id=outcomes.world.model_id)


def declare(outcomes: Outcomes, *names: str, **attributes: float) -> None:
    outcomes.change_model(attributes={"protected_attributes": list(names), **attributes})


def send_towns(outcomes: Outcomes, name: str, day: int, *, ulm: float, rows: int = 1500) -> None:
    """A day on which Bonn's people are selected with a chance of one half, and Ulm's with another."""
    world, rng = outcomes.world, outcomes.world.rng
    table = world.events(rows, START + day * DAY, over=DAY, prefix=name)
    town = rng.choice(["Bonn", "Ulm"], rows)
    chosen = rng.random(rows) < np.where(town == "Ulm", ulm, 0.5)
    score = np.where(chosen, 0.5 + rng.random(rows) / 2, rng.random(rows) / 2.01)
    for column, values in {"f2": town.tolist(), "prediction": chosen.astype(float), "score": score}.items():
        table = table.set_column(table.schema.get_field_index(column), column, [values])
    outcomes.tables[name] = table
    outcomes.truth |= {event_id: float(rng.random() < 0.5) for event_id in table["event_id"].to_pylist()}
    world.send(table, now=START + (day + 1) * DAY)


def test_without_a_declared_attribute_the_sentence_says_how_to_name_one(outcomes: Outcomes) -> None:
    outcomes.send("a", 0, rows=30)
    outcomes.work()
    assert "protected_attributes" in view(outcomes).reason


def test_a_day_that_selects_one_town_half_as_often_is_unfair_and_told(outcomes: Outcomes) -> None:
    declare(outcomes, "town")
    send_towns(outcomes, "a", 0, ulm=0.5)
    send_towns(outcomes, "b", 1, ulm=0.25)
    outcomes.work()
    assert view(outcomes).verdict == "fair"  # Two of the last three windows make it so of the model.
    send_towns(outcomes, "c", 2, ulm=0.25)
    outcomes.work()
    assert [row.verdict for row in outcomes.fairness()] == ["fair", "unfair", "unfair"]
    found = view(outcomes)
    assert (found.verdict, found.attributes[0].attribute) == ("unfair", "town")
    assert "Ulm is selected" in found.reason
    with reading(outcomes.world.engine) as session:
        told = session.scalars(select(Signal).where(Signal.kind == "fairness")).all()
    assert [(signal.subject, signal.after) for signal in told] == [("town", "unfair")]


def test_few_rows_are_not_enough_to_say(outcomes: Outcomes) -> None:
    declare(outcomes, "town")
    send_towns(outcomes, "a", 0, ulm=0.3, rows=120)
    outcomes.work()
    assert outcomes.fairness()[0].verdict == "not_enough_rows"
    assert view(outcomes).reason.startswith("`town`: not enough rows to say")


def test_the_figures_are_those_of_the_raw_rows_and_change_when_labels_come(outcomes: Outcomes) -> None:
    declare(outcomes, "town")
    send_towns(outcomes, "a", 0, ulm=0.4)
    outcomes.work()
    table = outcomes.tables["a"]
    town, predicted = table["f2"].to_pylist(), table["prediction"].to_numpy()
    expected = fairness_score(None, predicted, town)
    row = outcomes.fairness()[0]
    assert (row.score, row.low, row.high) == pytest.approx((expected.statistic, expected.low, expected.high))
    assert row.labelled == 0
    assert view(outcomes).attributes[0].disparities["equal_opportunity_difference"]["value"] is None
    outcomes.label("a")
    outcomes.work()
    label = np.array([outcomes.truth[event_id] for event_id in table["event_id"].to_pylist()])
    found = view(outcomes).attributes[0]
    assert found.current.labelled == 1500
    opportunity = equal_opportunity_difference(label, predicted, town, minimum=30)
    assert found.disparities["equal_opportunity_difference"]["value"] == pytest.approx(opportunity.statistic)
    assert {group["group"] for group in found.groups} == {"Bonn", "Ulm"}


def test_intersections_of_two_and_bands_of_a_number(outcomes: Outcomes) -> None:
    declare(outcomes, "town", "vip", "age", "shoe size")
    send_towns(outcomes, "a", 0, ulm=0.5)
    outcomes.work()
    names = {row.attribute for row in outcomes.fairness()}
    assert names == {"town", "vip", "town & vip"}
    assert view(outcomes).not_watched == ("age", "shoe size")
    model = outcomes.world.model()
    outcomes.world.write(lambda s: window_reference(s, model=model, start=START, end=START + DAY, now=START + DAY))
    outcomes.work()
    found = {entry.attribute: entry for entry in view(outcomes).attributes}
    assert set(found) == {"town", "vip", "age", "town & vip", "town & age", "vip & age"}
    bands = [group["group"] for group in found["age"].groups]
    assert len(bands) == 4
    assert sum(band.startswith("up to") for band in bands) == 1
    assert view(outcomes).not_watched == ("shoe size",)


def test_the_settings_name_attributes_and_edges_too(outcomes: Outcomes) -> None:
    send_towns(outcomes, "a", 0, ulm=0.5)
    outcomes.work()
    assert not outcomes.fairness()
    wire = {"protected": ["age"], "protected_edges": {"age": [40]}, "minimum_group": 50}

    def settle(session) -> None:
        change_monitor(session, model=session.merge(outcomes.world.model()), wire=wire, now=START + 2 * DAY)

    outcomes.world.write(settle)
    outcomes.work()
    groups = {group["group"] for group in view(outcomes).attributes[0].groups}
    assert groups == {"up to 40", "above 40"}
    assert view(outcomes).minimum_group == 50


def test_a_promise_given_at_registration_is_held(outcomes: Outcomes) -> None:
    declare(outcomes, "town", fairness_baseline=0.99)
    for day in range(2):
        send_towns(outcomes, f"d{day}", day, ulm=0.42, rows=4000)
    outcomes.work()
    assert [row.verdict for row in outcomes.fairness()] == ["below_baseline"] * 2
    assert "at registration it was 0.99" in view(outcomes).reason


def test_both_routes_answer_before_and_after_there_is_something_to_say(client: TestClient, outcomes: Outcomes) -> None:
    for path, verdict in {"performance": "no_labels", "fairness": "not_enough_rows"}.items():
        answer = client.get(f"models/churn/{path}")
        assert (answer.status_code, answer.json()["verdict"]) == (200, verdict)
        assert "POST /api/v1/events" in answer.json()["reason"]
    declare(outcomes, "town", training_accuracy=0.5)
    for day in range(2):
        send_towns(outcomes, f"d{day}", day, ulm=0.5, rows=400)
        outcomes.label(f"d{day}")
    outcomes.work()
    performance = client.get("models/churn/performance", params={"start": "2026-03-03"}).json()
    assert (performance["task"], performance["kind"], len(performance["windows"])) == ("binary", "day", 1)
    assert performance["windows"][0]["coverage"] == 1.0
    assert performance["span"]["labelled"] == 400
    assert performance["standard_source"] == "given at registration"
    fairness = client.get("models/churn/fairness", params={"end": "2026-03-03"}).json()
    assert len(fairness["attributes"][0]["windows"]) == 1
    assert fairness["method"]


def test_a_stranger_learns_nothing(client: TestClient) -> None:
    for path in ("performance", "fairness"):
        assert client.get(f"models/churn/{path}", headers={"X-API-Key": "mw_none"}).status_code == 401
        assert client.get(f"models/nobody/{path}").status_code == 404
