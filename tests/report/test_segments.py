import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelward import Profile, compare
from modelward.errors import Invalid
from modelward.report.report import Report

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
RNG = np.random.default_rng(11)
ROWS = 6000


def table(rows: int = ROWS, *, factor: float = 1.0, only: str | None = None) -> dict[str, Any]:
    """Trips in three regions (and a few of a fourth), whose distance may be told in another unit in one of them."""
    region = RNG.choice(["north", "south", "west", "islands"], rows, p=[0.5, 0.3, 0.19, 0.01])
    distance = RNG.lognormal(6.7, 0.6, rows)
    moved = np.full(rows, True) if only is None else region == only
    return {
        "region": region,
        "distance": np.where(moved, factor * distance, distance),
        "age": RNG.normal(40, 10, rows),
        "quiet": RNG.normal(0, 1, rows),
    }


def divided(by: str = "region", **change: Any) -> Report:
    return compare(table(), table(**change), segment=by)


def test_a_drift_of_one_segment_is_found_there_and_said_of_it() -> None:
    report = divided(factor=3.0, only="south")
    assert report.segments is not None
    assert report.segments.drifted == ("south",)
    assert report.segments.carried[0].clause == "only where `region` is `south`"
    assert report.why[0].column == "distance"
    assert ", only where `region` is `south`" in report.why[0].sentence
    assert report.segment("south")["distance"].drifted
    assert not report.segment("north")["distance"].drifted


def test_a_drift_of_all_segments_is_said_to_be_in_all_and_its_unit_asked_for() -> None:
    report = divided(factor=1.609344)
    assert report.segments is not None
    assert set(report.segments.drifted) == {"north", "south", "west"}
    sentence = report.why[0].sentence
    assert ", in all 3 segments of `region` that have enough rows: a change of unit? (miles to kilometres" in sentence


def test_small_segments_are_named_and_left_out() -> None:
    report = divided()
    assert report.segments is not None
    assert list(report.segments.left_out) == ["islands"]
    assert "200 are needed on each side" in report.segments.left_out["islands"]
    with pytest.raises(KeyError, match="too few rows"):
        report.segment("islands")


def test_numbers_are_divided_at_the_quartiles_or_at_declared_edges() -> None:
    report = divided("age")
    assert report.segments is not None
    assert len(report.segments.comparisons) == 4
    declared = compare(table(), table(), segment="age", config={"segment_edges": {"age": [35, 50]}})
    assert declared.segments is not None
    assert list(declared.segments.comparisons) == ["up to 35", "35 to 50", "above 50"]
    rows = [entry.rows_current for entry in declared.segments.comparisons.values()]
    assert sum(rows) == ROWS


def test_a_mix_that_changed_is_told_from_a_drift_of_its_parts() -> None:
    """Between two groups that never change, only their shares do: what moved is in no segment alone."""
    before = np.repeat([0, 1], [4000, 2000])
    now = np.repeat([0, 1], [1500, 4500])
    sides = [{"plan": np.where(side, "pro", "free"), "spend": RNG.normal(5 + 5 * side, 1)} for side in (before, now)]
    report = compare(*sides, segment="plan")
    assert report["spend"].drifted
    assert report.segments is not None
    assert not report.segments.drifted
    assert report.segments.carried[0].clause == "in none of the 2 segments of `plan` alone, so that their mix changed"


def test_more_segments_do_not_make_more_false_alarms() -> None:
    """15 tables of 20 segments and 5 columns, without drift: 1,500 comparisons, and hardly an alarm among them."""
    alarms = 0
    for _ in range(15):
        sides = [
            {"part": RNG.integers(0, 20, 6000).astype(str), **{f"x{i}": RNG.normal(0, 1, 6000) for i in range(5)}}
            for _ in range(2)
        ]
        report = compare(*sides, segment="part")
        assert report.segments is not None
        alarms += report.segments.verdict.alarming
    assert alarms <= 2


def test_the_report_with_segments_and_slices_follows_the_published_schema() -> None:
    reference, current = table(), table(factor=3.0, only="south")
    report = compare(reference, current, segment="region", slices=True, config={"importance": {"distance": 0.7}})
    answer = json.loads(report.to_json())
    jsonschema.validate(answer, SCHEMA)
    assert answer["why"][0]["importance_known"]
    assert answer["segments"]["column"] == "region"
    assert answer["slices"]


def test_files_in_batches_give_the_same_segments(tmp_path: Path) -> None:
    reference, current = (pa.table(side) for side in (table(), table(factor=3.0, only="south")))
    folder = tmp_path / "current"
    folder.mkdir()
    for number, start in enumerate(range(0, ROWS, 2000)):
        pq.write_table(current.slice(start, 2000), folder / f"{number}.parquet")
    pq.write_table(reference, tmp_path / "reference.parquet")
    whole = compare(reference, current, segment="region").segments
    parts = compare(tmp_path / "reference.parquet", folder, segment="region").segments
    assert whole is not None
    assert parts is not None
    assert whole.drifted == parts.drifted == ("south",)
    assert {n: c.rows_current for n, c in whole.comparisons.items()} == {
        n: c.rows_current for n, c in parts.comparisons.items()
    }


def test_missing_values_and_a_long_tail_have_segments_of_their_own() -> None:
    names = [None if n % 10 == 0 else f"v{n % 70}" for n in range(70_000)]
    report = compare(
        {"by": names, "x": RNG.normal(0, 1, 70_000)}, {"by": names, "x": RNG.normal(0, 1, 70_000)}, segment="by"
    )
    assert report.segments is not None
    compared = report.segments.comparisons
    assert {"(missing)", "(other)"} <= compared.keys()
    assert len(compared) == 22
    assert sum(entry.rows_current for entry in compared.values()) == 70_000


def test_what_cannot_be_divided_is_refused_with_a_sentence() -> None:
    with pytest.raises(Invalid, match="cannot be divided by 'nope'"):
        compare(table(), table(), segment="nope")
    with pytest.raises(Invalid, match="a profile holds no rows"):
        compare(Profile.of(table()), table(), segment="region")


def test_slices_tell_where_the_mix_and_the_loss_changed() -> None:
    before, now = table(), table()
    old = (now["region"] == "west") & (now["age"] > 48)
    keep = ~old | (RNG.random(ROWS) < 0.2)
    now = {name: values[keep] for name, values in now.items()}
    chance = np.where((now["region"] == "south") & (now["quiet"] > 0.9), 0.5, 0.05)
    label = (RNG.random(chance.size) < chance).astype(float)
    before["y"] = (RNG.random(ROWS) < 0.05).astype(float)
    sides = before, {**now, "y": label}
    for side in sides:
        side["p"] = np.full(len(side["age"]), 0.0)
    report = compare(*sides, label="y", prediction="p", slices=True, seed=1)
    assert report.slices is not None
    drift = [entry.conditions for entry in report.slices if entry.kind == "drift"]
    loss = [entry for entry in report.slices if entry.kind == "loss"]
    assert any(set(conditions) == {"region", "age"} and conditions["region"] == "west" for conditions in drift)
    assert loss[0].conditions["region"] == "south"
    assert set(loss[0].conditions) == {"region", "quiet"}
    assert "the mean loss is" in loss[0].sentence


def test_tables_without_drift_have_hardly_ever_a_slice() -> None:
    """30 pairs at a level of one per cent: more than 2 are passed with a chance of under 0.4 %."""
    found = sum(bool(compare(table(1500), table(1500), slices=True, seed=n).slices) for n in range(30))
    assert found <= 2
