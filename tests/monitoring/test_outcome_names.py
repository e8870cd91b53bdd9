"""Outcomes and predictions that are names: two known ones are two classes, and two that never meet are told of."""

import numpy as np
import pytest
from sqlalchemy import Engine
from tests.monitoring.outcomes import DAY, Outcomes
from tests.monitoring.world import FAR, START, World

from modelward.events.duckdb import DuckDBStore
from modelward.kit.database import reading, writing
from modelward.monitoring.jobs import sweep
from modelward.monitoring.performance_queries import performance_of_span, performance_view
from modelward.monitoring.performance_readings import PerformanceView
from modelward.registry.service import FeatureKind

Names = tuple[str, str]


@pytest.fixture
def outcomes(database: Engine, store: DuckDBStore) -> Outcomes:
    return Outcomes(World.make(database, store, prediction=FeatureKind.CATEGORICAL))


def day_of(outcomes: Outcomes, labels: Names, predictions: Names) -> float:
    """A day whose outcomes and predictions have these names; the share of predictions that came true."""
    sent = outcomes.send("day", 0, rows=300, names=predictions)
    ids, predicted = sent["event_id"].to_pylist(), sent["prediction"].to_pylist()
    happened = np.array([int(outcomes.truth[event_id]) for event_id in ids])
    outcomes.truth = {event_id: labels[value] for event_id, value in zip(ids, happened.tolist(), strict=True)}
    outcomes.label("day")
    outcomes.work()
    return float(np.mean(happened == np.array([predictions.index(name) for name in predicted])))


def view(outcomes: Outcomes) -> PerformanceView:
    with reading(outcomes.world.engine) as session:
        return performance_view(session, model_id=outcomes.world.model_id)


def test_yes_and_no_are_two_classes_of_which_yes_is_positive(outcomes: Outcomes) -> None:
    true = day_of(outcomes, ("No", "Yes"), ("No", "Yes"))
    window = outcomes.windows()[0]
    assert (window.task, window.measures["metrics"]["accuracy"]["value"]) == ("binary", pytest.approx(true))
    assert window.measures["metrics"]["roc_auc"]["value"] > 0.7


def test_predictions_of_other_names_than_the_outcomes_are_told_of_and_not_measured(outcomes: Outcomes) -> None:
    day_of(outcomes, ("stays", "leaves"), ("0", "1"))
    found = view(outcomes)
    assert (found.verdict, outcomes.windows()[0].value) == ("no_labels", None)
    assert found.reason.startswith("no prediction is one of the outcomes: predictions are `0`, `1`, outcomes `leaves`")
    with reading(outcomes.world.engine) as session:
        span = performance_of_span(session, model_id=outcomes.world.model_id, start=START, end=START + DAY)
    assert span is not None
    assert (span["labelled"], span["metrics"]) == (300, {})


def test_two_declared_classes_without_the_positive_one_ask_for_its_name(outcomes: Outcomes) -> None:
    outcomes.change_model(task="binary_classification")
    day_of(outcomes, ("stays", "leaves"), ("stays", "leaves"))
    assert "`1`, which counts as positive, is none of them: name the positive outcome" in view(outcomes).reason


def test_naming_the_positive_outcome_is_all_it_takes(outcomes: Outcomes) -> None:
    outcomes.change_model(task="binary_classification")
    true = day_of(outcomes, ("stays", "leaves"), ("stays", "leaves"))
    outcomes.change_model(monitor={"positive": "leaves"})
    with writing(outcomes.world.engine) as session:
        sweep(outcomes.world.engine, now=START + FAR)(session)
    outcomes.work()
    assert outcomes.windows()[0].measures["metrics"]["accuracy"]["value"] == pytest.approx(true)
