"""Outcomes that come late: they change the history, and no half-labelled day is a bad one."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, select
from tests.monitoring.outcomes import DAY, HOUR, Outcomes
from tests.monitoring.world import FAR, START, World

from modelward.events.duckdb import DuckDBStore
from modelward.kit.database import reading, writing
from modelward.monitoring.jobs import sweep
from modelward.monitoring.losses import sharpened
from modelward.monitoring.performance_queries import newest_performance, performance_of_span, performance_view
from modelward.signals.tables import Signal
from modelward.stats import Change, accuracy, brier_score, f1, log_loss, roc_auc


@pytest.fixture
def outcomes(world: World) -> Outcomes:
    return Outcomes(world)


def view(outcomes: Outcomes):
    with reading(outcomes.world.engine) as session:
        return performance_view(session, model_id=outcomes.world.model_id)


def told(outcomes: Outcomes) -> list[tuple[str | None, str | None]]:
    with reading(outcomes.world.engine) as session:
        found = session.scalars(select(Signal).where(Signal.kind == "performance").order_by(Signal.id))
        return [(signal.before, signal.after) for signal in found]


def given(outcomes: Outcomes, value: float = 0.76) -> None:
    """A standard from registration, so that no week of labels is needed."""
    outcomes.change_model(attributes={"training_accuracy": value})


def test_before_any_label_the_sentence_says_what_to_send(outcomes: Outcomes) -> None:
    assert "POST /api/v1/events" in view(outcomes).reason
    outcomes.send("a", 0, rows=30)
    outcomes.work()
    found = view(outcomes)
    assert (found.verdict, found.windows[0].state) == ("no_labels", "none")
    assert "POST /api/v1/labels" in found.reason


def test_a_half_labelled_day_is_not_a_bad_day_and_a_labelled_one_is(outcomes: Outcomes) -> None:
    given(outcomes)
    outcomes.send("good", 0)
    outcomes.label("good")
    outcomes.send("bad", 1, worth=0.0)
    outcomes.label("bad", share=0.5)
    outcomes.work()
    good, bad = outcomes.windows()
    assert (good.state, good.verdict) == ("final", "ok")
    assert (bad.state, bad.verdict, bad.labelled) == ("partial", "partial", 300)
    assert "300 of 600" in bad.reason
    assert not told(outcomes)
    outcomes.label("bad")
    outcomes.work()
    assert [window.verdict for window in outcomes.windows()] == ["ok", "fallen"]
    assert told(outcomes) == [("ok", "fallen")]
    assert view(outcomes).verdict == "fallen"
    assert view(outcomes).current.delay["median_seconds"] > 0


def test_a_day_with_a_few_outcomes_is_not_what_a_model_is_introduced_by(outcomes: Outcomes) -> None:
    given(outcomes)
    outcomes.send("known", 0)
    outcomes.label("known")
    outcomes.send("hardly", 1)
    outcomes.label("hardly", share=0.01)
    outcomes.work()
    with reading(outcomes.world.engine) as session:
        found = newest_performance(session, model_id=outcomes.world.model_id)
    assert found is not None
    assert (found.starts_at, found.labelled) == (START, 600)


def test_labels_that_come_for_an_old_day_correct_the_history_and_notify_nobody(outcomes: Outcomes) -> None:
    given(outcomes)
    for day, worth in enumerate((1.0, 0.0, 1.0)):
        outcomes.send(f"d{day}", day, worth=worth)
    for name in ("d0", "d2"):
        outcomes.label(name)
    outcomes.work()
    assert [window.verdict for window in outcomes.windows()] == ["ok", "no_labels", "ok"]
    outcomes.label("d1")
    outcomes.work()
    assert [window.verdict for window in outcomes.windows()] == ["ok", "fallen", "ok"]
    assert not told(outcomes)
    assert view(outcomes).verdict == "ok"


def test_a_label_that_is_corrected_corrects_the_figures(outcomes: Outcomes) -> None:
    given(outcomes)
    outcomes.send("a", 0, rows=300)
    outcomes.label("a")
    outcomes.work()
    before = outcomes.windows()[0].value
    assert before is not None
    for event_id in outcomes.truth:
        outcomes.truth[event_id] = 1 - outcomes.truth[event_id]
    outcomes.label("a")
    outcomes.work()
    assert outcomes.windows()[0].value == pytest.approx(1 - before)


def test_the_figures_of_a_window_are_those_of_its_raw_rows(outcomes: Outcomes) -> None:
    given(outcomes)
    outcomes.send("a", 0, rows=700)
    outcomes.label("a")
    outcomes.work()
    label, predicted, score = outcomes.arrays(["a"])
    metrics = view(outcomes).current.metrics
    of_score = {"roc_auc": roc_auc, "log_loss": log_loss, "brier_score": brier_score}
    for name, metric in of_score.items():
        expected = metric(label, score)
        found = metrics[name]
        assert (found["value"], found["low"], found["high"]) == pytest.approx(
            (expected.statistic, expected.low, expected.high), rel=1e-9
        )
    for name, expected in {"accuracy": accuracy(label, predicted), "f1": f1(label, predicted)}.items():
        assert metrics[name]["value"] == expected.statistic
    assert view(outcomes).current.extra["exact"]


def test_a_compressed_window_is_within_its_stated_error(outcomes: Outcomes) -> None:
    given(outcomes)
    outcomes.send("a", 0, rows=12_000, over=6 * HOUR)
    outcomes.label("a")
    outcomes.work()
    label, predicted, score = outcomes.arrays(["a"])
    detail = view(outcomes).current
    found, exact = detail.metrics["roc_auc"], roc_auc(label, score)
    assert not detail.extra["exact"]
    assert 0 < found["error"] < 0.01
    assert abs(found["value"] - exact.statistic) <= found["error"]
    assert detail.metrics["brier_score"]["value"] == pytest.approx(brier_score(label, score).statistic)
    assert detail.metrics["accuracy"]["value"] == accuracy(label, predicted).statistic


def test_any_span_is_the_merge_of_its_buckets(outcomes: Outcomes) -> None:
    given(outcomes)
    for day in range(3):
        outcomes.send(f"d{day}", day, rows=300)
        outcomes.label(f"d{day}")
    outcomes.work()
    label, predicted, score = outcomes.arrays(["d0", "d1"])
    with reading(outcomes.world.engine) as session:
        found = performance_of_span(session, model_id=outcomes.world.model_id, start=START, end=START + 2 * DAY)
    assert found is not None
    assert (found["rows"], found["labelled"], found["coverage"]) == (600, 600, 1.0)
    assert found["metrics"]["accuracy"]["value"] == accuracy(label, predicted).statistic
    assert found["metrics"]["roc_auc"]["value"] == pytest.approx(roc_auc(label, score).statistic)


def test_a_fractional_prediction_is_the_score_once_outcomes_are_0_and_1(outcomes: Outcomes) -> None:
    given(outcomes)
    world = outcomes.world
    score = world.rng.random(400)
    table = world.events(400, START, over=DAY, prefix="f")
    table = table.set_column(4, "prediction", [score]).drop_columns(["score"])
    world.send(table, now=START + DAY)
    outcomes.work()
    assert outcomes.windows()[0].task == ""
    truth = (world.rng.random(400) < score).astype(float)
    world.label_each(table["event_id"].to_pylist(), truth.tolist(), sequence=1)
    outcomes.work()
    metrics = view(outcomes).current.metrics
    assert metrics["roc_auc"]["value"] == pytest.approx(roc_auc(truth, score).statistic)
    assert metrics["accuracy"]["value"] == accuracy(truth, score >= 0.5).statistic


def test_another_threshold_builds_everything_anew(outcomes: Outcomes) -> None:
    given(outcomes)
    outcomes.send("a", 0, rows=300)
    outcomes.label("a")
    outcomes.work()
    outcomes.change_model(threshold=0.9, task="regression")
    with writing(outcomes.world.engine) as session:
        sweep(outcomes.world.engine, now=START + FAR)(session)
    outcomes.work()
    label, predicted, _ = outcomes.arrays(["a"])
    window = outcomes.windows()[0]
    assert (window.task, window.metric) == ("regression", "mean_absolute_error")
    assert window.value == pytest.approx(np.abs(label - predicted).mean())


def test_numbers_are_a_regression_and_names_are_classes(database: Engine, store: DuckDBStore) -> None:
    numbers = Outcomes(World.make(database, store))
    numbers.send("a", 0, rows=300)
    ids = numbers.tables["a"]["event_id"].to_pylist()
    numbers.world.label_each(ids, [3.5 + n % 4 for n in range(300)], sequence=1)
    numbers.work()
    assert numbers.windows()[0].task == "regression"
    assert set(view(numbers).current.extra["residual_quantiles"]) == {"0.05", "0.25", "0.5", "0.75", "0.95"}
    names = Outcomes(World.make(database, store, key="names"))
    names.send("b", 0, rows=300)
    ids = names.tables["b"]["event_id"].to_pylist()
    names.world.label_each(ids, ["cat" if n % 2 else "1" for n in range(300)], sequence=2)
    names.work()
    assert names.windows()[0].task == "multiclass"
    assert {entry["class"] for entry in view(names).current.extra["classes"]} == {"0", "1", "cat"}


def test_estimates_become_truth_and_are_held_against_it(outcomes: Outcomes) -> None:
    for day in range(9):
        outcomes.send(f"d{day}", day, rows=250)
    for day in range(8):
        outcomes.label(f"d{day}")
    outcomes.work()
    windows = outcomes.windows()
    assert [window.state for window in windows] == ["final"] * 8 + ["estimate"]
    assert [window.calibrated_on for window in windows] == [True] * 7 + [False] * 2
    expected = windows[-1].estimate
    outcomes.label("d8")
    outcomes.work()
    last = outcomes.windows()[-1]
    assert last.state == "final"
    assert (last.estimate, last.parted) == (expected, False)
    assert last.value is not None
    assert last.estimate_low is not None
    assert last.estimate_high is not None
    assert last.estimate_low < last.value < last.estimate_high
    found = view(outcomes)
    assert found.standard_source == "measured on the first 7 windows with labels"
    by_metric = {test.metric: test for test in found.back_test}
    assert by_metric["accuracy"].windows == 2
    assert by_metric["accuracy"].mean_absolute_error < 0.06
    assert by_metric["accuracy"].intervals_met == 2


def test_when_truth_and_estimate_part_the_concept_has_drifted(outcomes: Outcomes) -> None:
    for day in range(11):
        outcomes.send(f"d{day}", day, rows=250, worth=1.0 if day < 8 else 0.0)
    for day in range(10):
        outcomes.label(f"d{day}")
    outcomes.work()
    found = view(outcomes)
    assert found.verdict == "concept_drift"
    assert "the estimate is not valid" in found.reason
    assert found.concept_drift_since == START + 8 * DAY
    assert [point.estimate_valid for point in found.windows] == [True] * 8 + [False] * 3
    assert told(outcomes)[-1][1] == "concept_drift"


def test_the_moment_at_which_the_loss_rose_is_found_inside_a_day(outcomes: Outcomes) -> None:
    given(outcomes)
    outcomes.send("morning", 0, rows=1500, over=12 * HOUR)
    outcomes.send("evening", 0.5, rows=1500, over=12 * HOUR, worth=-1.0)
    for name in ("morning", "evening"):
        outcomes.label(name)
    outcomes.work()
    rises = [change for change in view(outcomes).current.changes if change["rose"]]
    assert {change["detector"] for change in rises} == {"page_hinkley", "adwin"}
    moments = [np.datetime64(change["since"][:19]) for change in rises]
    noon = np.datetime64((START + 12 * HOUR).isoformat()[:19])
    assert all(abs(moment - noon) < np.timedelta64(90, "m") for moment in moments)
    assert "the loss of labelled events rose from" in outcomes.windows()[0].reason


def test_an_open_day_is_partial_and_closes_with_time(outcomes: Outcomes) -> None:
    given(outcomes)
    outcomes.send("a", 0, rows=300, over=6 * HOUR)
    outcomes.label("a", now=START + 7 * HOUR)
    outcomes.work(START + 6 * HOUR + timedelta(seconds=5))
    window = outcomes.windows()[0]
    assert (window.closed, window.state, window.verdict) == (False, "partial", "ok")
    with writing(outcomes.world.engine) as session:
        sweep(outcomes.world.engine, now=START + 2 * DAY)(session)
    outcomes.work(START + 2 * DAY)
    window = outcomes.windows()[0]
    assert (window.closed, window.state) == (True, "final")


def sold(
    outcomes: Outcomes, name: str, day: int, *, rows: int = 300, old: float = 0.3, wrong: float | np.ndarray = 1.0
) -> None:
    """A day of sales, whose predictions err four times as much where a customer is old."""
    world, rng = outcomes.world, outcomes.world.rng
    table = world.events(rows, START + day * DAY, over=DAY, prefix=name)
    is_old, truth = rng.random(rows) < old, rng.uniform(50, 150, rows)
    predicted = truth + rng.normal(0, np.where(is_old, 20, 5) * wrong)
    for column, values in (("f1", np.where(is_old, 80.0, 30.0)), ("prediction", predicted)):
        table = table.set_column(table.schema.get_field_index(column), column, [values])
    outcomes.tables[name] = table.drop_columns(["score"])
    outcomes.truth |= dict(zip(table["event_id"].to_pylist(), truth.tolist(), strict=True))
    world.send(outcomes.tables[name], now=START + (day + 1) * DAY)


def test_a_regression_is_estimated_from_its_features_until_its_outcomes_come(outcomes: Outcomes) -> None:
    outcomes.change_model(task="regression")
    for day in range(9):
        sold(outcomes, f"d{day}", day, old=0.3 if day < 8 else 0.9)
    for day in range(8):
        outcomes.label(f"d{day}")
    outcomes.work()
    windows = outcomes.windows()
    assert [window.state for window in windows] == ["final"] * 8 + ["estimate"]
    before, last = windows[0].value, windows[-1]
    assert before is not None
    assert last.estimate is not None
    assert last.estimate > 1.5 * before
    assert last.verdict == "estimated_fall"
    expected = {name: figure["value"] for name, figure in last.measures["estimates"].items()}
    assert expected.keys() > {"mean_absolute_error", "root_mean_squared_error", "mean_squared_error"}
    outcomes.label("d8")
    outcomes.work()
    known = outcomes.windows()[-1]
    assert (known.state, known.estimate, known.parted) == ("final", last.estimate, False)
    assert known.value == pytest.approx(last.estimate, rel=0.15)
    assert view(outcomes).back_test[0].metric == "mean_absolute_error"


def test_errors_that_grew_inside_a_day_are_told_once_by_each_detector_and_in_the_unit_of_the_label(
    outcomes: Outcomes,
) -> None:
    outcomes.change_model(task="regression")
    sold(outcomes, "d0", 0, old=0.0, rows=600, wrong=np.repeat([1.0, 6.0], 300))
    outcomes.label("d0")
    outcomes.work()
    rises = view(outcomes).current.changes
    assert len({change["detector"] for change in rises}) == len(rises) > 0
    for change in rises:
        assert change["rose"]
        assert change["loss_before"] < 12
        assert change["loss_after"] > 15


def test_a_change_that_is_seen_again_is_the_same_with_a_better_beginning():
    seen = [
        Change(100, 40, rose=True),
        Change(120, 60, rose=True),
        Change(300, 200, rose=True),
        Change(310, 250, rose=False),
    ]
    assert sharpened(seen) == [Change(100, 60, rose=True), Change(300, 200, rose=True), Change(310, 250, rose=False)]


def test_errors_that_no_feature_explains_are_a_drift_of_the_concept(outcomes: Outcomes) -> None:
    outcomes.change_model(task="regression")
    for day in range(10):
        sold(outcomes, f"d{day}", day, wrong=1.0 if day < 8 else 3.0)
        outcomes.label(f"d{day}")
    outcomes.work()
    assert view(outcomes).verdict == "concept_drift"
