"""Performance and fairness of every segment: exact, beside the same segment before, and quiet however many they are."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from tests.report.test_formats import CHECK, SCHEMA, closed

import modelward
from modelward.errors import Invalid
from modelward.report import again, batches, dated, frames
from modelward.report.judged_segments import JudgedSegments
from modelward.report.report import Report
from modelward.report.run import run_compare

COLUMNS: dict[str, Any] = {"score": "score", "label": "outcome", "protected": ["sex"], "segment": "region"}
REGIONS = ("north", "south", "west")


def table(
    rows: int = 3000, *, seed: int = 0, wrong: str = "", unfair: str = "", regions: tuple[str, ...] = REGIONS
) -> pd.DataFrame:
    """A model whose scores are true, but in the region where its outcomes are `wrong`, or its women are passed over."""
    rng = np.random.default_rng(seed)
    region, sex = rng.choice(regions, rows), rng.choice(["f", "m"], rows)
    score = rng.beta(0.8, 0.8, rows)
    outcome = (rng.random(rows) < score) ^ ((region == wrong) & (rng.random(rows) < 0.5))
    score = np.where((region == unfair) & (sex == "f"), score * 0.4, score)
    return pd.DataFrame({"region": region, "sex": sex, "score": score, "outcome": outcome.astype(float)})


def compared(before: Any, now: Any, **asked: Any) -> tuple[Report, JudgedSegments]:
    report = modelward.compare(before, now, **{**COLUMNS, **asked})
    assert report.segments is not None
    return report, report.segments


def test_the_figures_of_a_segment_are_those_of_a_comparison_of_its_rows_alone() -> None:
    before, now = table(seed=1), table(seed=2, wrong="west")
    _, found = compared(before, now)
    for region in REGIONS:
        sides = [side[side["region"] == region].drop(columns="region") for side in (before, now)]
        alone = modelward.compare(*sides, **{**COLUMNS, "segment": None})
        assert alone.performance is not None
        assert dict(found.performance[region].current.metrics) == dict(alone.performance.current.metrics)
        assert dict(found.performance[region].reference.metrics) == dict(alone.performance.reference.metrics)
        mine, other = (one[0].to_dict() for one in (found.fairness[region], alone.fairness))
        assert (mine["reference"], mine["current"]) == (other["reference"], other["current"])
        for finding in found.comparisons[region].columns:
            assert dict(finding.statistics) == dict(alone[finding.column].statistics)


def test_a_table_that_can_be_counted_by_hand() -> None:
    """In a 8 of 10 are right, before 9; in b 5 of 10, before 10."""

    def side(right: dict[str, int]) -> pd.DataFrame:
        rows = [(name, 1, int(place < many)) for name, many in right.items() for place in range(10)]
        return pd.DataFrame(rows, columns=["by", "guess", "truth"])

    sides = side({"a": 9, "b": 10}), side({"a": 8, "b": 5})
    report = modelward.compare(*sides, prediction="guess", label="truth", segment="by", config={"minimum_rows": 5})
    assert report.segments is not None
    accuracy = {
        name: (entry.reference.metrics["accuracy"].statistic, entry.current.metrics["accuracy"].statistic)
        for name, entry in report.segments.performance.items()
    }
    assert accuracy == {"a": (0.9, 0.8), "b": (1.0, 0.5)}
    assert report.segments.ranking is not None
    ranked = {one.segment: round(one.loss.statistic, 9) for one in report.segments.ranking.segments}
    assert (report.segments.ranking.loss, ranked) == ("error_rate", {"b": 0.5, "a": 0.2})
    assert round(report.segments.ranking.whole.statistic, 9) == 0.35


def test_a_segment_that_fell_is_a_warning_and_named_though_the_whole_did_not_fall() -> None:
    regions = (*"abcdefgh", "west")
    report, found = compared(table(9000, seed=1, regions=regions), table(9000, seed=2, wrong="west", regions=regions))
    assert report.performance is not None
    assert report.performance.verdict.value in {"ok", "concept_drift"}
    assert found.fell == ("west",)
    assert (report.verdict, report.drifted) == ("warning", False)
    assert "The model fell only where `region` is `west`: accuracy 0.5" in report.reason
    assert "of the same segment of the reference" in found.performance["west"].reason
    assert not report.fails("drift")
    assert report.fails("warning")
    assert report.fails("performance")
    assert report.fails("segments")
    assert found.ranking is not None
    assert found.ranking.worse == ("west",)
    one = report.segment("west")
    assert one.performance is not None
    assert one.performance.verdict == "fallen"
    assert one.fairness[0].attribute == "sex"
    assert "region = west" in one.to_html()
    assert not report.segment("a").fails("warning")


def test_groups_that_are_passed_over_in_one_segment_are_named_with_it() -> None:
    report, found = compared(table(6000, seed=1), table(6000, seed=2, unfair="south"))
    assert found.unfair == ("south",)
    assert "Groups are treated unfairly by `sex` only where `region` is `south`." in report.reason
    assert report.fails("fairness")
    assert not report.segment("north").fails("fairness")


def test_a_protected_column_has_no_groups_within_its_own_segments() -> None:
    _, found = compared(table(seed=1), table(seed=2), segment="sex")
    assert found.fairness == {}
    _, both = compared(table(seed=1), table(seed=2), segment="sex", protected=["sex", "region"])
    assert {entry.attribute for some in both.fairness.values() for entry in some} == {"region"}


def test_a_small_segment_has_its_figures_and_no_verdict() -> None:
    before, now = table(seed=1), table(seed=2)
    few = table(50, seed=3, regions=("island",))
    report, found = compared(pd.concat([before, few]), pd.concat([now, few]))
    assert "200 are needed" in found.left_out["island"]
    assert found.performance["island"].verdict == "too_few"
    assert found.performance["island"].current.metrics["accuracy"].n == 50
    assert found.fairness["island"][0].verdict == "not_enough_rows"
    assert "not enough rows to say" in found.fairness["island"][0].reason
    assert report.verdict == "ok"
    with pytest.raises(KeyError, match="too few rows"):
        report.segment("island")


def test_a_segment_of_one_table_alone_is_measured_and_held_against_nothing() -> None:
    new, gone = table(400, seed=3, regions=("new",)), table(400, seed=4, regions=("gone",))
    report, found = compared(pd.concat([table(seed=1), gone]), pd.concat([table(seed=2), new]))
    assert {"new", "gone"} <= found.left_out.keys()
    assert found.performance["new"].verdict == "no_baseline"
    assert "the reference has no row of this segment" in found.performance["new"].reason
    assert "accuracy" in found.performance["new"].current.metrics
    assert "gone" not in found.performance
    assert "no row of this segment" in report.to_html()


def test_where_outcomes_are_missing_in_one_segment_it_is_estimated_by_the_curve_of_the_whole() -> None:
    now = table(6000, seed=2)
    truth = now.loc[now["region"] == "south"]
    hidden = now.assign(outcome=now["outcome"].where(now["region"] != "south"))
    _, found = compared(table(6000, seed=1), hidden)
    blind = found.performance["south"]
    assert (blind.verdict, blind.current.labelled) == ("no_labels", 0)
    expected = blind.current.estimates["accuracy"]
    assert expected.low < ((truth["score"] >= 0.5) == truth["outcome"]).mean() < expected.high
    assert found.performance["north"].verdict == "ok"


def test_a_segment_without_outcomes_whose_scores_grew_unsure_is_estimated_to_have_fallen() -> None:
    now = table(6000, seed=2)
    south = now["region"] == "south"
    now["score"] = now["score"].where(~south, 0.4 + 0.2 * now["score"])
    now["outcome"] = now["outcome"].where(~south)
    report, found = compared(table(6000, seed=1), now)
    assert found.performance["south"].verdict == "estimated_fall"
    assert "The model is estimated to have fallen only where `region` is `south`" in report.reason


def test_scores_that_always_meant_something_else_in_a_segment_alarm_nobody() -> None:
    """In the west a score was never worth anything: with or without outcomes that is no news."""
    before, now = table(6000, seed=1, wrong="west"), table(6000, seed=2, wrong="west")
    hidden = now.assign(outcome=now["outcome"].where(now["region"] != "west"))
    for side in (now, hidden):
        report, found = compared(before, side)
        assert not found.fell
        assert report.verdict == "ok"
    assert "its estimate decides nothing" in found.performance["west"].reason
    _, found = compared(before, now)
    assert found.performance["west"].estimate_valid is None


def test_a_segment_whose_outcomes_are_all_alike_leaves_out_what_needs_both() -> None:
    sides = [table(seed=seed) for seed in (1, 2)]
    for side in sides:
        side.loc[side["region"] == "west", "outcome"] = 1.0
    report, found = compared(*sides)
    area = found.performance["west"].current.metrics["roc_auc"]
    assert np.isnan(area.statistic)
    assert area.reason
    assert found.performance["west"].metric == "accuracy"
    CHECK.validate(json.loads(report.to_json()))
    report.to_html()


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_many_classes_and_numbers_are_judged_by_segment_too(task: str) -> None:
    def side(seed: int, wrong: str = "") -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        region = rng.choice(REGIONS, 3000)
        bad = region == wrong
        if task == "regression":
            guess = rng.normal(10, 3, 3000)
            truth = guess + rng.normal(0, np.where(bad, 3.0, 1.0))
        else:
            guess = rng.integers(0, 3, 3000).astype(float)
            truth = np.where(rng.random(3000) < np.where(bad, 0.5, 0.1), (guess + 1) % 3, guess)
        return pd.DataFrame({"region": region, "guess": guess, "truth": truth})

    asked: dict[str, Any] = {"prediction": "guess", "label": "truth", "segment": "region", "task": task}
    report = modelward.compare(side(1), side(2, wrong="west"), **asked)
    assert report.segments is not None
    assert report.segments.fell == ("west",)
    assert report.segments.ranking is not None
    assert report.segments.ranking.worse == ("west",)
    assert report.segments.fairness == {}
    CHECK.validate(json.loads(report.to_json()))


def test_twenty_equal_segments_alarm_hardly_ever() -> None:
    """25 pairs of 20 segments of some 250 rows, a fifth of them without outcomes: 1,000 metrics and 500 attributes."""
    regions = tuple(f"r{n}" for n in range(20))
    alarms = 0
    for seed in range(25):
        before, now = (table(5000, seed=2 * seed + side, regions=regions) for side in (0, 1))
        now["outcome"] = now["outcome"].where(~now["region"].isin(["r1", "r7", "r9", "r13"]))
        _, found = compared(before, now)
        alarms += bool(found.fell or found.unfair)
    assert alarms <= 1


def test_every_format_says_it(tmp_path: Path) -> None:
    report, found = compared(table(seed=1), table(seed=2, wrong="west", unfair="south"))
    wire = json.loads(report.to_json())
    CHECK.validate(wire)
    type(CHECK)(closed(SCHEMA)).validate(wire)
    assert wire["segments"]["performance"]["west"]["verdict"] == "fallen"
    assert wire["segments"]["fairness"]["south"]["verdict"] == "unfair"
    assert wire["segments"]["ranking"]["loss"] == "brier_score"
    page = report.to_html()
    assert page.count('<details class="part"') == 3
    assert "Where the model is most wrong" in page
    assert "Accuracy of each segment" in page
    assert "the model fell in 2 of 3 segments: `" in report.to_markdown()
    assert "| `west` |" in report.to_markdown()
    cases = {case.get("name"): [part.tag for part in case] for case in ET.fromstring(report.to_junit())[0]}
    assert cases["performance where region = west"] == ["failure"]
    assert cases["performance where region = north"] == []
    assert cases["fairness by sex where region = south"] == ["failure"]
    assert "region = north" in cases
    console = Console(record=True, width=200)
    console.print(report)
    assert "groups are treated unfairly in 1 of 3 segments: `south`" in console.export_text()
    assert "fell only where" in report._repr_html_()
    assert "`south`" in found.summary[2]


def test_the_command_line_fails_on_segments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / "before.csv", tmp_path / "now.csv"]
    for path, side in zip(paths, (table(seed=1), table(seed=2, wrong="west")), strict=True):
        side.to_csv(path, index=False)
    codes = {limit: run_compare(*paths, asked=COLUMNS, fail_on=limit) for limit in ("drift", "segments", "fairness")}
    assert codes == {"drift": 0, "segments": 1, "fairness": 0}
    assert run_compare(*paths, asked={**COLUMNS, "segment": None}, fail_on="segments") == 2
    assert "segments were not looked at" in capsys.readouterr().err


def test_without_outcomes_segments_are_judged_by_their_drift_alone() -> None:
    before, now = (table(seed=seed).drop(columns=["outcome", "sex"]) for seed in (1, 2))
    report = modelward.compare(before, now, segment="region")
    assert report.segments is not None
    assert (report.segments.performance, report.segments.fairness, report.segments.ranking) == ({}, {}, None)
    wire = report.to_dict()["segments"]
    assert (wire["performance"], wire["fairness"], wire["ranking"]) == (None, None, None)
    assert report.segment("north").performance is None
    with pytest.raises(Invalid, match="performance was not looked at"):
        report.fails("performance")


def test_fairness_needs_no_outcomes() -> None:
    before, now = (
        table(6000, seed=1).drop(columns="outcome"),
        table(6000, seed=2, unfair="west").drop(columns="outcome"),
    )
    _, found = compared(before, now, label=None)
    assert found.unfair == ("west",)
    assert found.performance == {}


def figures(found: JudgedSegments) -> Any:
    """Every figure of every segment, but what drift is judged by, which is compressed where there are many rows."""
    wire = found.to_dict()
    return wire["performance"], wire["fairness"], wire["ranking"]


@pytest.mark.parametrize("shape", ["folder", "dataset", "long text"])
def test_a_table_in_batches_says_what_it_says_in_memory(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = [table(4000, seed=1), table(4000, seed=2, wrong="west")]
    whole, found = compared(*sides)
    given: list[Any] = []
    for number, side in enumerate(sides):
        folder = tmp_path / str(number)
        folder.mkdir()
        for start in range(0, 4000, 400):
            pq.write_table(pa.Table.from_pandas(side[start : start + 400]), folder / f"{start:05}.parquet")
        side.to_csv(tmp_path / f"{number}.csv", index=False)
        given.append({"folder": folder, "dataset": ds.dataset(folder), "long text": tmp_path / f"{number}.csv"}[shape])
    monkeypatch.setattr(batches, "BATCH_BYTES", 1000)
    if shape == "long text":
        for module in (frames, dated, again):
            monkeypatch.setattr(module, "WHOLE_BELOW", 1000)
    report, parts = compared(*given)
    assert {name: one.rows_current for name, one in parts.comparisons.items()} == {
        name: one.rows_current for name, one in found.comparisons.items()
    }
    if shape == "long text":  # Row by row such a text is read no third time, and the report says so.
        assert report.performance is not None
        assert report.performance.verdict == "no_labels"
        assert parts.performance == {}
        return
    assert parts.fell == found.fell == ("west",)
    assert report.verdict == whole.verdict
    for mine, other in zip(figures(parts), figures(found), strict=True):
        assert flat(mine) == pytest.approx(flat(other), rel=1e-9, abs=1e-12)


def flat(value: Any, at: str = "") -> dict[str, float]:
    """The numbers of a nested value, by their places."""
    if isinstance(value, dict):
        return {place: n for key, inner in value.items() for place, n in flat(inner, f"{at}/{key}").items()}
    if isinstance(value, list):
        return {place: n for key, inner in enumerate(value) for place, n in flat(inner, f"{at}/{key}").items()}
    return {at: float(value)} if isinstance(value, int | float) else {}
