"""Tables with times: the reference's own windows, and its seasons."""

from datetime import timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import modelward
from modelward.errors import Invalid
from modelward.report.dated import own_windows

START = pd.Timestamp(2026, 1, 1)
PER_DAY = 288  # Every five minutes.


def frame(first, days, seed=1, shift=0.0):
    """A column whose level is another one each day, and one that stays."""
    rng = np.random.default_rng(seed)
    moments = [START + timedelta(days=first, minutes=5 * i) for i in range(days * PER_DAY)]
    levels = np.repeat(rng.normal(size=days), PER_DAY)
    steady = rng.normal(shift, 1, days * PER_DAY)
    return pd.DataFrame({"at": moments, "weather": rng.normal(levels, 1), "steady": steady})


KINDS = {
    "pandas": lambda table: table,
    "polars": pl.from_pandas,
    "arrow": lambda table: pa.Table.from_pandas(table, preserve_index=False),
    "text": lambda table: table.assign(at=table["at"].astype(str)),
    "zoned": lambda table: table.assign(at=table["at"].dt.tz_localize("America/New_York")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_day_that_differs_as_days_do_is_no_drift_where_the_times_are_known(kind):
    make = KINDS[kind]
    reference, current = make(frame(0, 40)), make(frame(60, 1, seed=4))
    undated = [table.drop(columns="at") for table in (frame(0, 40), frame(60, 1, seed=4))]
    assert modelward.compare(*undated).findings
    assert not modelward.compare(reference, current, timestamp="at").findings


def test_what_never_varied_is_drift_all_the_same():
    report = modelward.compare(frame(0, 40), frame(60, 1, seed=4, shift=1.0), timestamp="at")
    assert [finding.column for finding in report.findings] == ["steady"]
    assert "none of 40 windows of the reference is as far off" in report["steady"].reason


@pytest.mark.parametrize("how", ["file", "folder", "dataset"])
def test_files_folders_and_data_sets_have_their_windows_too(how, tmp_path):
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    whole = pa.Table.from_pandas(frame(0, 40), preserve_index=False)
    for number in range(4):  # Files that end in the middle of a day.
        pq.write_table(whole.slice(number * 3000, 3000), tmp_path / f"{number}.parquet")
    pq.write_table(whole, tmp_path / "whole" if how == "file" else tmp_path / "_whole.parquet")
    data = {"file": tmp_path / "whole", "folder": tmp_path, "dataset": ds.dataset(str(tmp_path), format="parquet")}[how]
    windows = own_windows(data, frame(60, 1), "at", {"at"})
    assert [window.profile.rows for window in windows] == [PER_DAY] * 40
    assert set(windows[0].profile.columns) == {"weather", "steady"}


def test_a_length_near_a_day_is_a_day_and_times_that_are_missing_are_in_no_window():
    reference, current = frame(0, 30), frame(60, 1).iloc[3:-4]
    reference.loc[5:9, "at"] = pd.NaT
    assert sum(window.profile.rows for window in own_windows(reference, current, "at", {"at"})) == 30 * PER_DAY - 5


@pytest.mark.parametrize(
    "reference",
    [frame(0, 19), frame(0, 40).assign(at=7), pa.RecordBatchReader.from_batches(pa.schema([("at", "int8")]), [])],
)
def test_too_short_undated_or_streamed_references_have_no_windows(reference):
    assert own_windows(reference, frame(60, 1), "at", {"at"}) == []


def test_a_learned_threshold_needs_times():
    tables = frame(0, 40), frame(60, 1, seed=4)
    with pytest.raises(Invalid, match="needs a reference of at least 20 windows"):
        modelward.compare(*(table.drop(columns="at") for table in tables), config={"thresholds": "mean+3sd"})
    config = {"thresholds": "mean+3sd", "tests": "psi"}
    finding = modelward.compare(*tables, timestamp="at", config=config)["weather"]
    assert finding.threshold is not None
    assert finding.threshold > 0.25
    assert not finding.drifted


def weekly(first, days):
    """Weekends are another world."""
    table = frame(first, days, seed=first + 1)
    weekend = table["at"].dt.day_of_week >= 5
    rng = np.random.default_rng(first)
    return table.assign(weather=rng.normal(5 * weekend, 1))


@pytest.mark.parametrize("season", ["same_weekday", "same_hour_of_week"])
def test_a_sunday_is_held_against_sundays_where_that_is_asked(season):
    reference, sunday = weekly(0, 28), weekly(31, 1)
    assert sunday["at"].dt.day_of_week.iloc[0] == 6
    assert modelward.compare(reference.drop(columns="at"), sunday.drop(columns="at")).drifted
    report = modelward.compare(reference, sunday, timestamp="at", config={"reference": season})
    assert not report.findings
    assert report.comparison.rows_reference == 4 * PER_DAY


def test_a_season_needs_times_and_rows():
    monday, sunday = weekly(4, 1), weekly(31, 1)
    with pytest.raises(Invalid, match="needs times"):
        modelward.compare(monday, sunday, config={"reference": "same_weekday"})
    with pytest.raises(Invalid, match="no row of the weekday of the current data"):
        modelward.compare(monday, sunday, timestamp="at", config={"reference": "same_weekday"})
