"""All columns together, vectors and texts in a report: what is found without being named, and what is said of it."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.report.test_formats import CHECK

import modelward
from modelward.errors import Invalid
from modelward.stats import CategoricalSummary

ROWS = 1200


def pair(rng, related):
    first = rng.normal(size=ROWS)
    second = first + 0.3 * rng.normal(size=ROWS)
    return {"first": first, "second": second if related else rng.permutation(second)}


@pytest.fixture(scope="module")
def broken():
    rng = np.random.default_rng(0)
    return modelward.compare(pair(rng, related=True), pair(rng, related=False), multivariate=True)


def joint_of(report):
    assert report.together is not None
    return report.together


def area_of(report):
    assert joint_of(report).classifier is not None
    return joint_of(report).classifier


def test_a_relation_that_broke_is_drift_though_no_column_drifted(broken):
    assert not broken.findings
    assert broken.drifted
    assert broken.together.reason in broken.reason[0].lower() + broken.reason.replace("All", "all")
    with pytest.raises(modelward.DriftFound):
        broken.raise_on("drift")


def test_every_format_tells_of_all_columns_together(broken):
    wire = json.loads(broken.to_json())
    CHECK.validate(wire)
    assert wire["verdict"] == wire["together"]["verdict"] == "drifted"
    assert {entry["column"] for entry in wire["together"]["domain_classifier"]["columns"]} == {"first", "second"}
    assert wire["together"]["pca_reconstruction"]["statistic"] > 1.2
    assert '<h2 id="together-title">All columns together</h2>' in broken.to_html()
    assert "All columns together: AUC 0." in broken.to_markdown()
    case = next(case for case in ET.fromstring(broken.to_junit())[0] if case.get("name") == "all columns together")
    assert [part.tag for part in case] == ["failure"]


def test_without_drift_all_columns_together_are_as_in_the_reference():
    rng = np.random.default_rng(1)
    report = modelward.compare(pair(rng, related=True), pair(rng, related=True), multivariate=True)
    assert (report.verdict, joint_of(report).verdict) == ("ok", "ok")
    assert area_of(report).low <= 0.5 <= area_of(report).high


def test_it_is_looked_at_only_when_asked_for_and_labels_are_none_of_it():
    rng = np.random.default_rng(2)
    before, now = pair(rng, related=True), pair(rng, related=True)
    assert modelward.compare(before, now).together is None
    now["outcome"], before["outcome"] = np.ones(ROWS), np.zeros(ROWS)
    report = modelward.compare(before, now, label="outcome", multivariate=True)
    assert joint_of(report).verdict == "ok"


def test_too_few_rows_and_profiles_are_answered_in_a_sentence():
    few = {"x": [1.0, 2.0] * 30}
    assert joint_of(modelward.compare(few, few, multivariate=True)).verdict == "too_few"
    with pytest.raises(Invalid, match="judged by their rows"):
        modelward.compare(modelward.Profile.of(few), few, multivariate=True)


def test_a_folder_is_sampled_as_its_rows_are(tmp_path):
    rng = np.random.default_rng(3)
    before, now = pair(rng, related=True), pair(rng, related=False)
    for place in range(3):
        part = slice(place * 400, (place + 1) * 400)
        pq.write_table(pa.table({name: values[part] for name, values in now.items()}), tmp_path / f"{place}.parquet")
    report = modelward.compare(before, tmp_path, multivariate=True)
    assert (joint_of(report).verdict, area_of(report).n_current) == ("drifted", ROWS)


def vectors(rng, mean, length=12):
    return rng.normal(mean, 1, size=(ROWS, length)).astype(np.float32)


def frames_of(kind, values):
    lists = pa.array(values.tolist(), pa.list_(pa.float32()))
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    return {
        "lists in Arrow": lambda: pa.table({"e": lists}),
        "lists of fixed size in Arrow": lambda: pa.table({"e": fixed}),
        "arrays in pandas": lambda: pd.DataFrame({"e": list(values)}),
        "lists in pandas": lambda: pd.DataFrame({"e": values.tolist()}),
        "lists in Polars": lambda: pl.DataFrame({"e": values.tolist()}),
        "arrays in Polars": lambda: pl.DataFrame({"e": values}),
    }[kind]()


KINDS = [
    "lists in Arrow", "lists of fixed size in Arrow", "arrays in pandas", "lists in pandas", "lists in Polars",
    "arrays in Polars",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_of_every_form_are_found_and_judged(kind):
    rng = np.random.default_rng(4)
    before, same, moved = (frames_of(kind, vectors(rng, mean)) for mean in (0, 0, 0.4))
    calm, report = modelward.compare(before, same), modelward.compare(before, moved)
    assert (calm["e"].kind, calm["e"].verdict, calm.left_out) == ("vector", "ok", {})
    assert (report["e"].verdict, report["e"].n_current) == ("drifted", ROWS)
    assert report["e"].statistics["mean_distance"] == pytest.approx(0.4, abs=0.1)
    CHECK.validate(report.to_dict())
    assert "can be told from the reference" in report.to_html()


def test_vectors_that_went_missing_are_drift_also_when_all_did():
    rng = np.random.default_rng(4)
    before, now = vectors(rng, 0), vectors(rng, 0)
    for every, words, index in ((1, "missing in 100 % of rows, before in 0 %", 10), (3, "missing in 33 % of rows", 1)):
        gaps = [None if row % every == 0 else vector for row, vector in enumerate(now.tolist())]
        found = modelward.compare(
            pa.table({"e": before.tolist()}), pa.table({"e": pa.array(gaps, pa.list_(pa.float64()))})
        )
        assert (found["e"].verdict, found["e"].method) == ("drifted", "missing_rate")
        assert words in found["e"].reason
        assert found["e"].statistics["psi"] > index
        CHECK.validate(found.to_dict())
        assert not modelward.compare({"e": gaps}, {"e": gaps}).findings
    untyped = modelward.compare(pa.table({"e": before.tolist()}), pa.table({"e": pa.nulls(ROWS)}))
    assert untyped["e"].method == "missing_rate"


def test_vectors_whose_squares_are_past_the_range_are_told_apart():
    rng = np.random.default_rng(4)
    before, now = (vectors(rng, mean).astype(np.float64) * 1e300 for mean in (0, 0.4))
    found = modelward.compare(pa.table({"e": before.tolist()}), pa.table({"e": now.tolist()}))["e"]
    assert found.drifted
    assert found.statistics["mean_distance"] == pytest.approx(0.4, abs=0.1)


def test_long_vectors_whose_spread_changed_in_one_direction_are_told_apart():
    rng = np.random.default_rng(5)
    before, now = vectors(rng, 0, 200), vectors(rng, 0, 200)
    now[:, :8] += 2 * rng.normal(size=(ROWS, 1))
    report = modelward.compare(pa.table({"e": before.tolist()}), pa.table({"e": now.tolist()}))
    assert report["e"].drifted


def test_lists_of_different_lengths_and_those_of_a_stream_stay_left_out_with_a_reason():
    uneven = pa.table({"e": [[1.0], [1.0, 2.0]] * 300, "x": [1.0, 2.0] * 300})
    assert "not of one length" in modelward.compare(uneven, uneven).left_out["e"]
    even = pa.table({"e": [[1.0, 2.0]] * 600, "x": [1.0, 2.0] * 300})
    report = modelward.compare(even, pa.RecordBatchReader.from_batches(even.schema, even.to_batches()))
    assert "compared as vectors where" in report.left_out["e"]


WORDS = np.array([f"word{i}" for i in range(400)])
OTHERS = np.array([f"term{i}" for i in range(400)])


def reviews(rng, known=WORDS, words=12, rows=ROWS):
    return [" ".join(rng.choice(known, size=words + int(rng.integers(-3, 4)))) for _ in range(rows)]


def test_texts_are_found_and_judged_by_what_can_be_counted_of_them():
    rng = np.random.default_rng(6)
    report = modelward.compare({"review": reviews(rng)}, {"review": reviews(rng)})
    assert [finding.column for finding in report.columns] == [
        "review · length",
        "review · words",
        "review · unseen words",
    ]
    assert report.verdict == "ok"


def test_other_words_and_longer_texts_are_each_a_finding_of_its_own():
    rng = np.random.default_rng(7)
    before = {"review": reviews(rng)}
    other = modelward.compare(before, {"review": reviews(rng, OTHERS)})
    assert [finding.column for finding in other.findings] == ["review · unseen words"]
    longer = modelward.compare(before, {"review": reviews(rng, words=20)})
    assert {finding.column for finding in longer.findings} == {"review · length", "review · words"}


def test_a_vocabulary_that_grows_without_end_raises_no_alarm():
    rng = np.random.default_rng(8)
    endless = np.array([f"w{i}" for i in (rng.zipf(1.3, size=200_000) % 10**7).tolist()])
    draws = [{"review": reviews(rng, endless)} for _ in range(6)]
    for before, now in zip(draws[::2], draws[1::2], strict=True):
        assert modelward.compare(before, now).verdict == "ok"


def test_ids_and_categories_are_no_texts_and_texts_may_be_named_or_refused():
    rng = np.random.default_rng(9)
    table = {
        "id": [f"{i:036x}" for i in range(ROWS)],
        "plan": ["the small plan for one", "the large plan for all"] * (ROWS // 2),
        "review": reviews(rng),
    }
    names = [finding.column for finding in modelward.compare(table, table).columns]
    assert names == ["id", "plan", "review · length", "review · words", "review · unseen words"]
    plain = modelward.compare(table, table, config={"texts": False})
    assert [finding.column for finding in plain.columns] == ["id", "plan", "review"]
    named = modelward.compare(table, table, config={"texts": ["plan"]})
    assert [finding.column for finding in named.columns][1:4] == [
        "plan · length",
        "plan · words",
        "plan · unseen words",
    ]
    with pytest.raises(Invalid, match="no column 'nope' on both sides"):
        modelward.compare(table, table, config={"texts": ["nope"]})
    with pytest.raises(Invalid, match="texts must be names"):
        modelward.compare(table, table, config={"texts": 3})


def test_missing_texts_stay_missing_and_profiles_keep_texts_as_names():
    rng = np.random.default_rng(10)
    texts = reviews(rng)
    holes = [None if i % 4 == 0 else text for i, text in enumerate(texts)]
    report = modelward.compare({"review": texts}, {"review": holes})
    assert report["review · length"].statistics["missing_rate_change"] == pytest.approx(0.25)
    profile = modelward.Profile.of({"review": texts})
    assert isinstance(profile.columns["review"], CategoricalSummary)
    assert [finding.column for finding in modelward.compare(profile, {"review": texts}).columns] == ["review"]
