"""Performance and fairness in the library's report: by whatever shape outcomes have, exact, and in every format."""

import json
import xml.etree.ElementTree as ET
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fairlearn.metrics import demographic_parity_ratio, equalized_odds_difference
from sklearn import metrics
from tests.report.test_formats import CHECK, SCHEMA, closed

import modelward
from modelward.errors import Invalid
from modelward.report.performance import Performance
from modelward.report.report import DriftFound, Report
from modelward.report.run import run_compare
from modelward.rules.performance import PerformanceVerdict

COLUMNS: dict[str, Any] = {"prediction": "predicted", "score": "score", "label": "outcome", "protected": ["sex"]}


def table(rows=3000, *, wrong=0.0, seed=0, fair=True):
    """A model whose scores are true, but for a share of outcomes that turned out the other way."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], rows)
    score = 1 / (1 + np.exp(-rng.normal(0, 2, rows) + (0.0 if fair else 1.5) * (sex == "f")))
    outcome = (rng.random(rows) < score).astype(int)
    outcome = np.where(rng.random(rows) < wrong, 1 - outcome, outcome)
    return pd.DataFrame({"sex": sex, "score": score, "predicted": (score >= 0.5).astype(int), "outcome": outcome})


def performance(*tables: Any, **asked: Any) -> Performance:
    return of(modelward.compare(*tables, **asked))


def of(report: Report) -> Performance:
    assert report.performance is not None
    return report.performance


def test_the_metrics_are_those_of_scikit_learn_to_the_last_digit_also_of_many_rows():
    now = table(20_000)
    found = performance(table(seed=1), now, **COLUMNS).current.metrics
    truth, guess, score = now["outcome"], now["predicted"], now["score"]
    expected = {
        "accuracy": metrics.accuracy_score(truth, guess),
        "precision": metrics.precision_score(truth, guess),
        "recall": metrics.recall_score(truth, guess),
        "f1": metrics.f1_score(truth, guess),
        "roc_auc": metrics.roc_auc_score(truth, score),
        "average_precision": metrics.average_precision_score(truth, score),
        "log_loss": metrics.log_loss(truth, score),
        "brier_score": metrics.brier_score_loss(truth, score),
    }
    for name, value in expected.items():
        assert found[name].statistic == pytest.approx(value, abs=1e-12), name
        assert found[name].low < value < found[name].high


def test_fairness_is_that_of_fairlearn():
    now = table(fair=False)
    (found,) = modelward.compare(table(seed=1), now, **COLUMNS).fairness
    wire = found.to_dict()["current"]["disparities"]
    groups = {"sensitive_features": now["sex"]}
    ratio = demographic_parity_ratio(now["outcome"], now["predicted"], **groups)
    odds = equalized_odds_difference(now["outcome"], now["predicted"], **groups)
    assert wire["demographic_parity_ratio"]["value"] == pytest.approx(ratio)
    assert wire["equalized_odds_difference"]["value"] == pytest.approx(odds)
    assert found.verdict == "unfair"


def test_a_model_that_got_worse_is_a_warning_though_no_data_drifted():
    report = modelward.compare(table(seed=1), table(wrong=0.3), **COLUMNS)
    assert of(report).verdict is PerformanceVerdict.FALLEN
    assert (report.drifted, report.verdict, report.comparison.verdict) == (False, "warning", "ok")
    assert "below the" in report.reason
    assert report.fails("performance")
    assert not report.fails("fairness")
    with pytest.raises(DriftFound, match="of the reference"):
        report.raise_on("performance")


def test_scores_that_are_worth_less_are_concept_drift_and_their_estimate_is_not_valid():
    report = modelward.compare(table(seed=1), table(wrong=0.08), **COLUMNS)
    assert of(report).verdict is PerformanceVerdict.CONCEPT_DRIFT
    assert of(report).estimate_valid is False
    assert performance(table(seed=1), table(seed=2), **COLUMNS).estimate_valid is True


@pytest.mark.parametrize("gone", [{"outcome": None}, "column"])
def test_without_outcomes_the_scores_say_what_the_metrics_will_be(gone):
    now = table()
    blind = now.drop(columns="outcome") if gone == "column" else now.assign(**gone)
    report = modelward.compare(table(seed=1), blind, score="score", label="outcome")
    assert of(report).verdict is PerformanceVerdict.NO_LABELS
    assert report.verdict == "ok"
    expected = of(report).current.estimates["roc_auc"]
    assert expected.low < metrics.roc_auc_score(now["outcome"], now["score"]) < expected.high


@pytest.mark.parametrize(
    "named",
    [
        lambda values: np.where(values == 1, "yes", "no"),
        lambda values: values.astype(bool),
        lambda values: values.astype(float),
        lambda values: values.astype(str),
        lambda values: np.where(values == 1, "True", "False"),
        lambda values: np.where(values == 1, 1, -1),
    ],
)
def test_two_classes_are_two_classes_however_they_are_named(named):
    sides = [table(seed=seed).assign(outcome=lambda rows: named(rows["outcome"].to_numpy())) for seed in (1, 2)]
    report = modelward.compare(*sides, score="score", label="outcome")
    plain = modelward.compare(table(seed=1), table(seed=2), score="score", label="outcome")
    assert of(report).task == "binary"
    assert of(report).current.metrics["roc_auc"] == of(plain).current.metrics["roc_auc"]
    assert of(report).current.metrics["f1"] == of(plain).current.metrics["f1"]


def test_another_positive_class_is_named():
    late = [table(seed=s).assign(outcome=lambda r: np.where(r["outcome"] == 1, "late", "early")) for s in (1, 2)]
    found = performance(*late, score="score", label="outcome", config={"positive": "late"})
    assert found.reason == performance(table(seed=1), table(seed=2), score="score", label="outcome").reason


def classes(rows=2000, right=0.8, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.choice(["cat", "dog", "fox"], rows)
    return pd.DataFrame(
        {"truth": truth, "guess": np.where(rng.random(rows) < right, truth, rng.choice(["cat", "dog", "fox"], rows))}
    )


def test_many_classes_have_averages_each_class_and_the_confusion():
    now = classes(right=0.4)
    found = performance(classes(seed=1), now, prediction="guess", label="truth")
    assert (found.task, found.verdict) == ("multiclass", "fallen")
    f1 = metrics.f1_score(now["truth"], now["guess"], average="macro")
    assert found.current.metrics["f1_macro"].statistic == pytest.approx(f1)
    assert (
        found.to_dict()["current"]["confusion"]["counts"]
        == metrics.confusion_matrix(now["truth"], now["guess"]).tolist()
    )


def test_numbers_are_a_regression_and_few_whole_ones_are_classes_unless_the_task_is_named():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=1000)
    before = {"y": truth, "p": truth + rng.normal(0, 0.1, 1000)}
    now = {"y": truth, "p": truth + rng.normal(0, 0.3, 1000)}
    found = performance(before, now, prediction="p", label="y")
    assert (found.task, found.verdict) == ("regression", "fallen")
    assert found.current.metrics["r_squared"].statistic == pytest.approx(metrics.r2_score(now["y"], now["p"]))
    stars = {"y": rng.integers(1, 6, 1000), "p": rng.integers(1, 6, 1000)}
    assert performance(stars, stars, prediction="p", label="y").task == "multiclass"
    assert performance(stars, stars, prediction="p", label="y", task="regression").task == "regression"


@pytest.mark.parametrize("shape", ["polars", "arrow", "parquet", "batches"])
def test_every_shape_of_table_says_the_same(shape, tmp_path, monkeypatch):
    sides = table(seed=1), table(wrong=0.2)
    plain = modelward.compare(*sides, **COLUMNS).to_dict()
    if shape in {"parquet", "batches"}:
        if shape == "batches":
            monkeypatch.setattr("modelward.report.frames.WHOLE_BELOW", 1)
            monkeypatch.setattr("modelward.report.dated.WHOLE_BELOW", 1)
            monkeypatch.setattr("modelward.report.batches.BATCH_BYTES", 20_000)
        paths = [tmp_path / "before.parquet", tmp_path / "now.parquet"]
        for side, path in zip(sides, paths, strict=True):
            pq.write_table(pa.Table.from_pandas(side, preserve_index=False), path, row_group_size=500)
        found = modelward.compare(*paths, **COLUMNS).to_dict()
    else:
        made = pl.from_pandas if shape == "polars" else lambda side: pa.Table.from_pandas(side, preserve_index=False)
        found = modelward.compare(*map(made, sides), **COLUMNS).to_dict()
    assert found["performance"]["reason"] == plain["performance"]["reason"]
    for name, metric in plain["performance"]["current"]["metrics"].items():
        assert found["performance"]["current"]["metrics"][name]["value"] == pytest.approx(metric["value"], abs=1e-12)
    groups, same = (said["fairness"]["attributes"][0]["current"]["groups"] for said in (found, plain))
    assert [(entry["group"], entry["selection_rate"]) for entry in groups] == [
        (entry["group"], entry["selection_rate"]) for entry in same
    ]


def test_every_format_says_it():
    report = modelward.compare(table(seed=1), table(wrong=0.3, fair=False), **COLUMNS, segment="sex", slices=True)
    wire = json.loads(report.to_json())
    CHECK.validate(wire)
    jsonschema.Draft202012Validator(closed(SCHEMA)).validate(wire)
    page = report.to_html()
    assert 'id="performance"' in page
    assert 'id="fairness"' in page
    assert 'id="segments"' in page
    assert 'id="slices"' in page
    assert "<script" not in page
    text = report.to_markdown()
    assert "**Performance**" in text
    assert "**Fairness**" in text
    assert "**Segments of `sex`**" in text
    suite = ET.fromstring(report.to_junit())[0]
    cases = {case.get("name"): [part.tag for part in case] for case in suite}
    assert cases["performance"] == ["failure"]
    assert cases["fairness by sex"] == ["failure"]
    assert int(suite.get("failures", "")) == sum(tags == ["failure"] for tags in cases.values())
    assert "worth" in report._repr_html_() or "below the" in report._repr_html_()


def test_names_and_groups_that_would_like_to_be_markup_are_none():
    nasty = "</style><script>alert(1)</script>"
    sides = [table(seed=s).assign(sex=lambda rows: np.where(rows["sex"] == "f", nasty, "`m`|")) for s in (1, 2)]
    renamed = [side.rename(columns={"sex": nasty}) for side in sides]
    report = modelward.compare(*renamed, **{**COLUMNS, "protected": [nasty]}, segment=nasty, slices=True)
    assert "<script>alert" not in report.to_html()
    assert "<script>alert" not in report._repr_html_()
    ET.fromstring(report.to_junit())


def test_the_command_line_fails_on_performance_and_takes_settings_from_a_file(tmp_path, capsys):
    paths = [tmp_path / "before.csv", tmp_path / "now.csv"]
    for side, path in zip((table(seed=1), table(wrong=0.3)), paths, strict=True):
        side.to_csv(path, index=False)
    asked = {"score": "score", "label": "outcome"}
    assert run_compare(*paths, asked=asked, fail_on="drift") == 0
    assert run_compare(*paths, asked=asked, fail_on="performance") == 1
    assert run_compare(*paths, asked=asked, fail_on="fairness") == 2
    (settings := tmp_path / "settings.json").write_text(json.dumps({"performance_fall": 0.9}))
    assert run_compare(*paths, asked=asked, config=settings, fail_on="performance") == 1  # concept drift is left
    settings.write_text("[]")
    assert run_compare(*paths, asked=asked, config=settings) == 2
    assert "object of settings" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": "ranking"}, "is no task; choose one of binary, multiclass, regression"),
        ({"score": "sex", "prediction": None, "protected": []}, "which is a number"),
        ({"label": "predicted"}, "'predicted' is named as label and as prediction; name another column"),
        ({"protected": ["outcome"]}, "'outcome' is named as label and as protected"),
    ],
)
def test_wrong_use_is_a_sentence(change, said):
    with pytest.raises(Invalid, match=said):
        modelward.compare(table(seed=1), table(), **{**COLUMNS, **change})


def test_a_regression_whose_predictions_became_text_is_refused_and_not_taken_for_classes():
    before = pd.DataFrame({"outcome": np.linspace(0, 1, 300), "predicted": np.linspace(0, 1.1, 300)})
    with pytest.raises(Invalid, match="'predicted' is named as prediction of a regression, which is a number"):
        modelward.compare(before, before.astype({"predicted": str}), label="outcome", prediction="predicted")


def test_a_label_of_one_class_and_a_score_outside_its_range_leave_their_metrics_out_with_the_reason():
    one = performance(table(seed=1), table().assign(outcome=1), **COLUMNS).current.metrics
    assert np.isnan(one["roc_auc"].statistic)
    assert "class" in one["roc_auc"].reason
    odds = [table(seed=seed).assign(score=lambda rows: 10 * rows["score"]) for seed in (1, 2)]
    far = performance(*odds, **COLUMNS).current.metrics
    assert "outside [0, 1]" in far["log_loss"].reason
    assert far["roc_auc"].statistic > 0.5


def test_profiles_hold_no_rows_and_the_report_says_so():
    before, now = modelward.Profile.of(table(seed=1)), modelward.Profile.of(table())
    report = modelward.compare(before, now, **COLUMNS)
    assert "cannot be read once more" in of(report).reason
    assert report.fairness == ()
    CHECK.validate(report.to_dict())


TRIPS = ("bus", "car", "tram")


def trips(rows=3000, *, seed=0, labels=True):
    """Three classes, of which the model is surer than it should be."""
    rng = np.random.default_rng(seed)
    odds = np.exp(1.5 * rng.normal(size=(rows, 3)))
    chances = odds / odds.sum(axis=1, keepdims=True)
    outcome = (rng.random((rows, 1)) > np.cumsum(chances, axis=1)).sum(axis=1).clip(max=2)
    sure = odds**2 / (odds**2).sum(axis=1, keepdims=True)
    held = {f"p_{name}": sure[:, place] for place, name in enumerate(TRIPS)}
    names = np.array(TRIPS)
    truth = names[outcome] if labels else np.full(rows, None)
    return pd.DataFrame({**held, "guess": names[sure.argmax(axis=1)], "trip": truth})


BY_CLASS: dict[str, Any] = {"prediction": "guess", "score": {name: f"p_{name}" for name in TRIPS}, "label": "trip"}


def test_many_classes_are_measured_and_estimated_by_the_probabilities_of_each():
    now = trips(seed=1)
    found = performance(trips(), now, **BY_CLASS)
    assert (found.task, found.verdict, found.estimate_valid) == ("multiclass", "ok", True)
    chances = now[[f"p_{name}" for name in TRIPS]].to_numpy()
    assert found.current.metrics["log_loss"].statistic == pytest.approx(metrics.log_loss(now["trip"], chances))
    area = metrics.roc_auc_score(now["trip"], chances, multi_class="ovr")
    assert found.current.metrics["roc_auc"].statistic == pytest.approx(area, abs=0.001)
    hidden = performance(trips(), trips(seed=1, labels=False), **BY_CLASS).current
    for name in ("accuracy", "f1_macro", "precision_weighted", "roc_auc", "log_loss", "brier_score"):
        assert hidden.estimates[name].statistic == pytest.approx(found.current.metrics[name].statistic, abs=0.04), name
    wire = hidden.to_dict()
    assert [entry["class"] for entry in wire["estimated_classes"]] == list(TRIPS)
    assert np.array(wire["estimated_confusion"]["counts"]).sum() == pytest.approx(3000)


def test_a_list_of_columns_are_the_classes_and_without_a_prediction_the_likeliest_is_it():
    called = {f"p_{name}": name for name in TRIPS}
    before, now = (trips(seed=seed).rename(columns=called).drop(columns="guess") for seed in (0, 1))
    found = performance(before, now, score=list(TRIPS), label="trip")
    assert found.current.metrics == performance(trips(), trips(seed=1), **BY_CLASS).current.metrics


def test_probabilities_that_are_none_are_refused_in_a_sentence():
    good = trips()
    with pytest.raises(Invalid, match="do not add up to 1"):
        modelward.compare(good, good.assign(p_bus=0.0), **BY_CLASS)
    with pytest.raises(Invalid, match="outside"):
        modelward.compare(good, good.assign(p_bus=-1.0), **BY_CLASS)
    with pytest.raises(Invalid, match="the class boat is an outcome but has no column"):
        modelward.compare(good, good.assign(trip="boat"), **BY_CLASS)
    with pytest.raises(Invalid, match="two at least"):
        modelward.compare(good, good, score=["p_bus"], label="trip")
    with pytest.raises(Invalid, match="task multiclass"):
        modelward.compare(good, good, **BY_CLASS, task="binary")
    with pytest.raises(Invalid, match="no column 'p_boat'"):
        modelward.compare(good, good, label="trip", score={"bus": "p_bus", "boat": "p_boat"})


@pytest.mark.parametrize(
    ("outcomes", "sentence"),
    [("bus", "Every label of the reference is bus"), (None, "No row of the reference has both")],
)
def test_a_reference_that_cannot_teach_what_probabilities_are_worth_says_why(outcomes, sentence):
    found = performance(trips().assign(trip=outcomes), trips(seed=1), **BY_CLASS)
    assert sentence in found.current.estimate.reason
    assert not found.current.estimates
