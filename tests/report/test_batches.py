"""What is larger than memory is read in batches, and the report on it is the report on the whole."""

import gzip
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import modelward
from modelward.errors import Invalid
from modelward.report import batches, frames
from modelward.report.csv_stream import stream_csv
from modelward.stats import CategoricalSummary, NumericSummary

ROWS = 40_000


def table(seed=0, shift=0.0, rows=ROWS):
    rng = np.random.default_rng(seed)
    age = np.where(rng.random(rows) < 0.1, np.nan, rng.integers(18, 90, rows))
    return pd.DataFrame(
        {
            "age": age,
            "fare": rng.gamma(2, 30, rows) + shift,
            "town": rng.choice(["Bonn", "Köln", "Ulm"], rows, p=[0.6, 0.3, 0.1]),
            "day": pd.date_range("2026-01-01", periods=rows, freq="min").astype(str),
        }
    )


@pytest.fixture
def streaming(monkeypatch):
    """Everything is too large for one table, and batches are small."""
    monkeypatch.setattr(frames, "WHOLE_BELOW", 0)
    monkeypatch.setattr(batches, "BATCH_BYTES", 300_000)
    monkeypatch.setattr(batches, "_FEWEST", 1000)
    monkeypatch.setattr("modelward.report.csv_stream.BLOCK", 100_000)
    monkeypatch.setattr(stream_csv, "__kwdefaults__", {"block": 100_000})


def counted(monkeypatch):
    """How many tables were summarised."""
    seen: list[int] = []
    original = frames.read_frame

    def counting(frame, skip):
        seen.append(len(frame))
        return original(frame, skip)

    monkeypatch.setattr(frames, "read_frame", counting)
    return seen


def written(folder, kind):
    path = folder / f"table.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pandas(table(), preserve_index=False), path, row_group_size=7000)
    else:
        text = table().to_csv(index=False).encode()
        path.write_bytes(gzip.compress(text) if kind == "csv.gz" else text)
    return path


def assert_alike(read, whole):
    """Counts, moments, ends and categories are those of the whole; quantiles within the stated bound."""
    assert read.profile.rows == whole.profile.rows
    assert read.left_out == whole.left_out
    assert set(read.profile.columns) == set(whole.profile.columns)
    for name, one in read.profile.columns.items():
        other = whole.profile.columns[name]
        if isinstance(one, NumericSummary):
            assert isinstance(other, NumericSummary)
            assert (one.count, one.missing, one.minimum, one.maximum) == (
                other.count,
                other.missing,
                other.minimum,
                other.maximum,
            )
            assert (one.mean, one.deviation) == pytest.approx((other.mean, other.deviation))
            points = other.quantile(np.linspace(0, 1, 50))
            assert np.abs(one.cdf(points) - other.cdf(points)).max() <= one.rank_error + other.rank_error
        else:
            assert isinstance(other, CategoricalSummary)
            if other.exact:
                assert (one.categories, one.counts.tolist()) == (other.categories, other.counts.tolist())


@pytest.mark.parametrize("kind", ["parquet", "csv", "csv.gz"])
def test_a_file_in_batches_is_the_file_as_a_whole(kind, tmp_path, request, monkeypatch):
    path = written(tmp_path, kind)
    whole = frames.read_profile(path)
    request.getfixturevalue("streaming")
    seen = counted(monkeypatch)
    read = frames.read_profile(path)
    assert len(seen) >= 4
    assert max(seen) < ROWS / 2
    assert_alike(read, whole)


def test_a_folder_is_its_files_one_after_another_and_a_writers_own_files_are_none(tmp_path):
    one, two = table(1, rows=6000), table(2, rows=5000)
    (tmp_path / "month=2" / "_temporary").mkdir(parents=True)
    one.to_parquet(tmp_path / "part-0.parquet", index=False)
    two.to_parquet(tmp_path / "month=2" / "part-1.parquet", index=False)
    two.to_parquet(tmp_path / "month=2" / "_temporary" / "part-2.parquet", index=False)
    (tmp_path / "_SUCCESS").touch()
    assert_alike(frames.read_profile(tmp_path), frames.read_profile(pd.concat([one, two])))
    assert not modelward.compare(tmp_path, pd.concat([one, two])).findings


def test_files_of_a_folder_may_differ_in_their_columns_and_kinds(tmp_path):
    pd.DataFrame({"a": [1, 2], "b": [None, None]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [1.5, 2.5], "b": [1.0, 2.0], "c": ["x", "y"]}).to_parquet(tmp_path / "2.parquet")
    pd.DataFrame({"a": []}).astype(float).to_parquet(tmp_path / "3.parquet")
    columns = frames.read_profile(tmp_path).profile.columns
    assert {name: (of.rows, of.missing) for name, of in columns.items()} == {"a": (4, 0), "b": (4, 2), "c": (4, 2)}
    assert isinstance(columns["b"], NumericSummary)


def test_a_column_of_times_in_any_file_is_left_out_of_all(tmp_path):
    pd.DataFrame({"a": [1, 2], "t": [None, None]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [3, 4], "t": pd.to_datetime(["2026-01-01"] * 2)}).to_parquet(tmp_path / "2.parquet")
    read = frames.read_profile(tmp_path)
    assert list(read.profile.columns) == ["a"]
    assert "dates or times" in read.left_out["t"]


def test_many_profiles_are_merged_in_levels_and_nothing_is_lost():
    values = np.random.default_rng(3).normal(size=60_000)
    parts = (pa.table({"x": part}) for part in np.array_split(values, 200))
    merged = frames.read_batches(parts, skip=()).profile.columns["x"]
    whole = NumericSummary.of(values)
    assert isinstance(merged, NumericSummary)
    assert (merged.count, merged.minimum, merged.maximum) == (60_000, whole.minimum, whole.maximum)
    points = np.linspace(-3, 3, 100)
    worst = np.abs(merged.cdf(points) - np.searchsorted(np.sort(values), points) / values.size).max()
    assert worst <= merged.rank_error < 0.02


def test_an_arrow_reader_and_a_data_set_are_read_in_batches(tmp_path):
    frame = table(rows=5000)
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(arrow, tmp_path / "x.parquet")
    whole = frames.read_profile(frame)
    assert_alike(frames.read_profile(arrow.to_reader(max_chunksize=700)), whole)
    assert_alike(frames.read_profile(pyarrow.dataset.dataset(tmp_path)), whole)


@pytest.mark.parametrize(
    ("first", "late", "kind"),
    [
        ("1", "2.5", "double"),
        ("1", "?", "string"),
        ("", "7", "int64"),
        ("", "2026-01-01", "date32[day]"),
        ("true", "maybe", "string"),
        ("2026-01-01", "2026-01-01 10:00:00", "timestamp[ns]"),
        ("2026-01-01", "never", "string"),
        ("1", 'say "no", please', "string"),
    ],
)
def test_a_late_value_widens_the_type_of_its_column_and_no_row_is_lost(first, late, kind, tmp_path):
    path = tmp_path / "late.csv"
    quoted = '"' + late.replace('"', '""') + '"' if '"' in late else late
    path.write_text("n,x\n" + f"1,{first}\n" * 3000 + f"2,{quoted}\n", encoding="utf-8")
    types, rows = stream_csv(path, lambda tables: _types_and_rows(tables), block=1000)
    assert (types, rows) == ({"n": "int64", "x": kind}, 3001)


def _types_and_rows(tables):
    seen = list(tables)
    return {field.name: str(field.type) for field in seen[-1].schema}, sum(len(part) for part in seen)


def test_the_types_of_a_stream_are_those_of_the_whole(tmp_path):
    path = tmp_path / "mixed.csv"
    rng = np.random.default_rng(0)
    rows = [f"{rng.integers(9)},{rng.normal():.3f},{rng.choice(['a', '7', ''])}" for _ in range(3000)]
    path.write_text("a,b,c\n" + "\n".join(rows) + "\n", encoding="utf-8")
    whole = pa.csv.read_csv(io.BytesIO(path.read_bytes()))
    types, _ = stream_csv(path, lambda tables: _types_and_rows(tables), block=500)
    assert types == {field.name: str(field.type) for field in whole.schema}


def test_a_late_line_of_another_length_is_a_sentence(tmp_path, streaming):
    path = tmp_path / "ragged.csv"
    path.write_text("a,b\n" + "1,2\n" * 50_000 + "1\n", encoding="utf-8")
    with pytest.raises(Invalid, match=r"ragged\.csv' could not be read as CSV or Parquet: .*Expected 2 columns"):
        frames.read_profile(path)


def test_a_folder_without_parquet_says_what_it_looked_for(tmp_path):
    with pytest.raises(Invalid, match=r"holds no file that ends in \.parquet; give a folder of Parquet files"):
        modelward.compare(tmp_path, tmp_path)


def test_a_broken_file_of_a_folder_is_named(tmp_path):
    table(rows=300).to_parquet(tmp_path / "good.parquet")
    (tmp_path / "half.parquet").write_bytes(b"PAR1 and no end")
    with pytest.raises(Invalid, match=r"half\.parquet' could not be read as CSV or Parquet"):
        frames.read_profile(tmp_path)
