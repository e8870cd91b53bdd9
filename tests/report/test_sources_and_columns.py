"""Every table a user may hand over becomes the same profile; what cannot be compared is left out with its reason."""

import datetime as dt
import decimal
import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from modelward.errors import Invalid, NotFound
from modelward.report.frames import read_profile
from modelward.report.sources import open_frame
from modelward.stats import CategoricalSummary, NumericSummary

PLAIN = {"age": [31, 45, 28, 31], "fare": [7.5, 12.25, 3.0, 8.0], "town": ["Bonn", "Köln", "Bonn", "Ulm"]}
TABLE = pa.table(PLAIN)


def facts(summary):
    if isinstance(summary, CategoricalSummary):
        return dict(zip(summary.categories, summary.counts.tolist(), strict=True)), summary.missing
    return summary.values.tolist(), summary.weights.tolist(), summary.missing


def column(series):
    """The facts of a single column."""
    return facts(read_profile({"x": series} if isinstance(series, list) else series).profile.columns["x"])


def written(folder, kind):
    path = folder / f"table.{kind}"
    text = TABLE.to_pandas().to_csv(index=False)
    if kind in {"parquet", "dat"}:
        pq.write_table(TABLE, path)
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text.replace(",", {"tsv": "\t", "txt": ";"}.get(kind, ",")), encoding="utf-8")
    return path


FORMS: dict[str, Callable[[Path], Any]] = {
    "a mapping": lambda _: PLAIN,
    "pandas": lambda _: pd.DataFrame(PLAIN),
    "pandas nullable": lambda _: pd.DataFrame(PLAIN).convert_dtypes(),
    "pandas on Arrow": lambda _: pd.DataFrame(PLAIN).convert_dtypes(dtype_backend="pyarrow"),
    "pandas objects": lambda _: pd.DataFrame(PLAIN).astype(object),
    "polars": lambda _: pl.DataFrame(PLAIN),
    "polars lazy": lambda _: pl.DataFrame(PLAIN).lazy(),
    "arrow": lambda _: TABLE,
    **{kind: partial(written, kind=kind) for kind in ("csv", "csv.gz", "tsv", "txt", "parquet", "dat")},
    "a path as text": lambda folder: str(written(folder, "csv")),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_table_gives_the_same_profile(form, tmp_path):
    read = read_profile(FORMS[form](tmp_path))
    assert read.profile.rows == 4
    assert read.left_out == {}
    assert {name: facts(summary) for name, summary in read.profile.columns.items()} == {
        "age": ([28, 31, 45], [1, 2, 1], 0),
        "fare": ([3.0, 7.5, 8.0, 12.25], [1, 1, 1, 1], 0),
        "town": ({"Bonn": 2, "Köln": 1, "Ulm": 1}, 0),
    }


NUMBERS = ([1.0, 2.0], [1.0, 1.0], 1)
NAMES = ({"a": 1, "b": 1}, 1)


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (pd.Series([1, 2, None], dtype="Int64"), NUMBERS),
        (pd.Series([1, 2, None], dtype="int64[pyarrow]"), NUMBERS),
        (pd.Series([1.0, 2.0, None]), NUMBERS),
        (pd.Series([1, 2, None], dtype=object), NUMBERS),
        (pd.Series([decimal.Decimal(1), decimal.Decimal(2), None], dtype=object), NUMBERS),
        (pd.Series(["a", None, "b"]), NAMES),
        (pd.Series(["a", np.nan, "b"], dtype=object), NAMES),
        (pd.Series(["a", None, "b"], dtype="string[pyarrow]"), NAMES),
        (pd.Series(["a", None, "b"], dtype="category"), NAMES),
        (pd.Series([1, 2, 1], dtype="category"), ({"1": 2, "2": 1}, 0)),
        (pd.Series([True, False, None], dtype="boolean"), ({"false": 1, "true": 1}, 1)),
        (pd.Series([True, False, True]), ({"true": 2, "false": 1}, 0)),
        (pd.Series(["a", 1, None], dtype=object), ({"1": 1, "a": 1}, 1)),
        (pd.Series([None, None, None], dtype=object), ({}, 3)),
        (pd.Series([10**25, None, 10**30, 10**25], dtype=object), ([1e25, 1e30], [2.0, 1.0], 1)),
        (pd.Series([decimal.Decimal(1), decimal.Decimal("NaN"), np.float32(2)], dtype=object), NUMBERS),
        (pd.Series([True, 10**25, None], dtype=object), ({"10000000000000000000000000": 1, "True": 1}, 1)),
        (pd.cut(pd.Series([1.0, 9.0, None]), [0, 5, 10]), ({"(0, 5]": 1, "(5, 10]": 1}, 1)),
        (pd.Series([decimal.Decimal(1), None], dtype="category"), ({"1": 1}, 1)),
        (pd.Series(pd.arrays.SparseArray([0.0, 0.0, 1.5])), ([0.0, 1.5], [2.0, 1.0], 0)),
        (pl.Series([10**25, None, 3], dtype=pl.Int128), ([3.0, 1e25], [1.0, 1.0], 1)),
        (pl.Series([1, None, 2]), NUMBERS),
        (pl.Series([1.0, float("nan"), 2.0]), NUMBERS),
        (pl.Series([decimal.Decimal(1), None, decimal.Decimal(2)]), NUMBERS),
        (pl.Series(["a", None, "b"], dtype=pl.Categorical), NAMES),
        (pl.Series(["a", None, "b"], dtype=pl.Enum(["a", "b", "c"])), NAMES),
        (pl.Series([None, None, None]), ({}, 3)),
    ],
)
def test_every_kind_of_column_is_read_for_what_it_is(series, expected):
    assert column(series.to_frame("x") if isinstance(series, pd.Series) else series.alias("x").to_frame()) == expected


ARROW = [
    pa.array(["a", None, "b"], pa.string_view()),
    pa.array(["a", None, "b"], pa.large_string()),
    pa.array(["a", None, "b"]).dictionary_encode(),
    pa.chunked_array([["a", None], ["b"]]),
]


@pytest.mark.parametrize("array", ARROW, ids=lambda array: str(array.type))
def test_every_kind_of_arrow_text_is_categories(array):
    assert column(pa.table({"x": array})) == NAMES


def test_runs_of_equal_values_are_the_values():
    runs = {"x": pa.array([1, 1, None, 2]), "y": pa.array(["a"] * 4)}
    read = read_profile(pa.table({name: pc.run_end_encode(values) for name, values in runs.items()})).profile.columns
    assert facts(read["x"]) == ([1.0, 2.0], [2.0, 1.0], 1)
    assert facts(read["y"]) == ({"a": 4}, 0)


def test_numbers_that_no_double_holds_are_infinite():
    read = read_profile(pd.DataFrame({"x": pd.Series([10**400, -(10**400), 1], dtype=object)})).profile.columns["x"]
    assert isinstance(read, NumericSummary)
    assert (read.positive_infinities, read.negative_infinities, read.count) == (1, 1, 1)


def test_complex_numbers_are_left_out_with_the_reason():
    read = read_profile(pd.DataFrame({"x": [1 + 1j, 2j], "y": [1, 2]}))
    assert list(read.profile.columns) == ["y"]
    assert "neither numbers nor text" in read.left_out["x"]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([dt.date(2024, 1, 1)], "dates or times"),
        ([dt.datetime(2024, 1, 1, tzinfo=dt.UTC)], "dates or times"),
        ([dt.timedelta(1)], "dates or times"),
        ([[1, 2]], "lists of numbers"),
        ([{"a": 1}], "struct<"),
        ([b"raw"], "binary"),
    ],
)
def test_what_is_neither_numbers_nor_categories_is_left_out_with_the_reason(values, reason):
    read = read_profile(pa.table({"x": values, "y": [1]}))
    assert list(read.profile.columns) == ["y"]
    assert reason in read.left_out["x"]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_column_that_only_counts_the_rows_is_left_out(frame):
    read = read_profile(frame({"id": list(range(7, 107)), "x": list(range(99, -1, -1))}))
    assert list(read.profile.columns) == ["x"]
    assert "counts the rows" in read.left_out["id"]
    assert not read_profile(frame({"x": list(range(7, 107))})).left_out


def test_columns_named_by_numbers_are_read_by_their_text():
    assert list(read_profile(pd.DataFrame([[1, 2]])).profile.columns) == ["0", "1"]


def test_a_late_question_mark_makes_a_text_column_not_an_error(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("x\n" + "1\n" * 900_000 + "?\n", encoding="utf-8")
    summary = read_profile(path).profile.columns["x"]
    assert isinstance(summary, CategoricalSummary)
    assert facts(summary) == ({"1": 900_000, "?": 1}, 0)


def test_missing_values_of_a_csv_are_missing_in_numbers_and_in_text(tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text("n,t\n1,a\n,\nNA,NA\n", encoding="utf-8")
    columns = read_profile(path).profile.columns
    assert isinstance(columns["n"], NumericSummary)
    assert (columns["n"].missing, columns["t"].missing) == (2, 2)


def test_a_skipped_column_is_not_even_read():
    assert list(read_profile(TABLE, skip={"fare"}).profile.columns) == ["age", "town"]


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound, match=r"there is no file '.*nowhere\.csv'"):
        open_frame(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really", b"\x1f\x8b\x08 broken", b"a,b\n1,2,3\n"])
def test_a_file_that_is_no_table_is_invalid_and_the_sentence_names_it(content, tmp_path):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(Invalid, match=r"broken\.csv' could not be read as CSV or Parquet: ."):
        open_frame(path)


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(Invalid, match="could not be read"):
        open_frame(tmp_path)


@pytest.mark.parametrize("thing", [42, [1, 2], np.zeros((2, 2)), None])
def test_what_is_no_table_is_refused_in_a_sentence(thing):
    with pytest.raises(Invalid, match="is not a table; give a pandas, Polars or Arrow table"):
        open_frame(thing)


def test_two_columns_of_one_name_are_refused_in_a_sentence():
    with pytest.raises(Invalid, match="two columns of the table have the same name"):
        open_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_columns_of_different_lengths_are_refused_in_a_sentence():
    with pytest.raises(Invalid, match="do not make a table"):
        open_frame({"a": [1, 2], "b": [1]})


def test_a_csv_whose_names_are_not_utf_8_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("Größe,town\n1,Bonn\n".encode("latin-1"))
    with pytest.raises(Invalid, match="save it as UTF-8"):
        open_frame(path)


def test_a_damaged_gzip_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "table.csv.gz"
    packed = bytearray(gzip.compress(b"a,b\n" + b"1,2\n" * 1000))
    packed[12:20] = b"\xff" * 8
    path.write_bytes(packed)
    with pytest.raises(Invalid, match="could not be read"):
        open_frame(path)


def test_a_table_of_very_many_columns_is_read_without_looking_each_name_up():
    asked = []

    class Counted(pl.DataFrame):  # type: ignore[misc]
        @property
        def columns(self):
            asked.append(1)
            return pl.DataFrame.columns.__get__(self)

    read_profile(Counted({f"c{i}": [1.0] for i in range(100)}))
    assert len(asked) < 20
