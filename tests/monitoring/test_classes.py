"""Many classes with their probabilities: measured whole, estimated before the labels, and refused where it is wrong."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.monitoring.outcomes import DAY, Outcomes
from tests.monitoring.world import START, World

from modelward.events.contract import EventTable, FeatureColumn
from modelward.kit.database import reading, writing
from modelward.monitoring.performance_queries import performance_of_span, performance_view
from modelward.registry.service import FeatureKind, widen
from modelward.stats import ClassScores, Confusion, calibrate_classes, estimate_multiclass
from modelward.stats.estimated_classes import of_classes, of_probabilities

CLASSES = ("bus", "car", "tram")


class Trips:
    """Days of trips, whose probabilities are too sure, until they are worth nothing."""

    def __init__(self, world: World) -> None:
        self.outcomes = Outcomes(world)
        self.sent: dict[str, tuple[Any, ...]] = {}
        with writing(world.engine) as session:
            features = {f"@score:{name}": FeatureKind.NUMERIC for name in CLASSES}
            described = widen(session, model_id=world.model_id, features=features, prediction=None, now=START)
            self.columns = {f.name: f.column for f in described.features}
            types = [FeatureColumn(f.column, f.name, _type(f.kind)) for f in described.features]
            table = EventTable(
                world.model_id, world.organisation_id, "churn", tuple(types), _type("numeric"), score=True
            )
        world.store.ensure([table])

    def send(self, name: str, day: int, *, rows: int = 300, worth: bool = True, predicted: bool = True) -> None:
        world = self.outcomes.world
        rng = world.rng
        odds = np.exp(1.5 * rng.normal(size=(rows, 3)))
        chances = odds / odds.sum(axis=1, keepdims=True)
        label = (
            (rng.random((rows, 1)) > np.cumsum(chances if worth else chances[:, ::-1], axis=1)).sum(axis=1).clip(max=2)
        )
        sure = odds**1.5 / (odds**1.5).sum(axis=1, keepdims=True)
        table = world.events(rows, START + day * DAY, over=DAY, prefix=name)
        for place, trip in enumerate(CLASSES):
            table = table.append_column(self.columns[f"@score:{trip}"], pa.array(sure[:, place]))
        guess = sure.argmax(axis=1)
        numbers = guess.astype(float) if predicted else np.full(rows, np.nan)
        place = table.schema.get_field_index("prediction")
        table = table.set_column(place, "prediction", pa.array(numbers, from_pandas=True))
        table = table.drop_columns(["score"])
        names = np.array(CLASSES)
        self.outcomes.tables[name] = table
        self.sent[name] = (names[label], names[guess], sure)
        self.outcomes.truth |= dict(zip(table["event_id"].to_pylist(), names[label].tolist(), strict=True))
        world.send(table, now=START + (day + 1) * DAY)


def _type(kind: str) -> Any:
    from tests.monitoring.world import TYPES

    return TYPES[kind]


@pytest.fixture
def trips(world: World) -> Trips:
    # Without a prediction the likeliest class is it: the column of predictions here holds numbers.
    return Trips(world)


def view(trips: Trips) -> Any:
    with reading(trips.outcomes.world.engine) as session:
        return performance_view(session, model_id=trips.outcomes.world.model_id)


def test_a_labelled_day_is_measured_whole_and_the_next_is_estimated_as_the_library_does(trips: Trips) -> None:
    for day in range(9):
        trips.send(f"d{day}", day, predicted=False)
    for day in range(8):
        trips.outcomes.label(f"d{day}")
    trips.outcomes.work()
    windows = trips.outcomes.windows()
    assert [window.state for window in windows] == ["final"] * 8 + ["estimate"]
    assert {window.task for window in windows} == {"multiclass"}

    label, guess, sure = trips.sent["d7"]
    measured, found = windows[7].measures, of_classes(Confusion.of(label, guess), 0.95)
    chances, areas = of_probabilities(ClassScores.of(guess, sure, CLASSES, label=label), 0.95)
    for name, metric in {**found, **chances}.items():
        assert measured["metrics"][name]["value"] == pytest.approx(metric.statistic), name
    assert [entry["roc_auc"]["value"] for entry in measured["classes"]] == pytest.approx(
        [areas[name].statistic for name in CLASSES]
    )
    counts, low, high = (np.array(measured["confusion"][name]) for name in ("counts", "low", "high"))
    assert counts.sum() == 300
    assert (low <= counts).all()
    assert (counts <= high).all()

    basis = [trips.sent[f"d{day}"] for day in range(7)]
    label, guess, sure = (np.concatenate(part) for part in zip(*basis, strict=True))
    curves = calibrate_classes(label, sure, CLASSES)
    wanted = estimate_multiclass(trips.sent["d8"][1], trips.sent["d8"][2], curves)
    estimates = windows[8].measures["estimates"]
    for name, metric in wanted.metrics.items():
        assert estimates[name]["value"] == pytest.approx(metric.statistic), name
        assert estimates[name]["low"] == pytest.approx(metric.low), name
    expected = windows[8].measures["estimated_confusion"]["counts"]
    assert np.array(expected) == pytest.approx(wanted.confusion.counts)
    with reading(trips.outcomes.world.engine) as session:
        span = performance_of_span(
            session, model_id=trips.outcomes.world.model_id, start=START + 7 * DAY, end=START + 9 * DAY
        )
    assert span is not None
    assert (span["rows"], span["labelled"]) == (600, 300)
    assert {"accuracy", "log_loss", "roc_auc"} <= span["estimates"].keys() & span["metrics"].keys()


def test_when_the_probabilities_are_worth_nothing_any_more_the_concept_has_drifted(trips: Trips) -> None:
    for day in range(11):
        trips.send(f"d{day}", day, worth=day < 8, predicted=False)
    for day in range(10):
        trips.outcomes.label(f"d{day}")
    trips.outcomes.work()
    found = view(trips)
    assert found.verdict == "concept_drift"
    assert [point.estimate_valid for point in found.windows] == [True] * 8 + [False] * 3


def test_a_reference_that_lacks_a_class_says_why_there_is_no_estimate(trips: Trips) -> None:
    for day in range(8):
        trips.send(f"d{day}", day, predicted=False)
        events = trips.outcomes.tables[f"d{day}"]["event_id"].to_pylist()
        trips.outcomes.truth |= {e: "bus" for e in events if trips.outcomes.truth[e] == "tram"}
        if day < 7:
            trips.outcomes.label(f"d{day}")
    trips.outcomes.work()
    assert "No label of the reference is tram" in view(trips).no_estimate
    assert trips.outcomes.windows()[-1].estimate is None
