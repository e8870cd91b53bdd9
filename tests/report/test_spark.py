"""Partitions summarised where they are, and merged, say what one machine says of the whole table."""

import itertools
import os
import shutil
import sys

import numpy as np
import pyarrow as pa
import pytest
from tests.report.spark_tables import same, table

import modelward
from modelward.errors import Invalid
from modelward.report.frames import read_profile
from modelward.report.spark import profiles_of_partition
from modelward.stats import Profile


def by_partition(whole, cuts):
    ends = itertools.pairwise([0, *cuts, whole.num_rows])
    parts = [profiles_of_partition(iter(whole.slice(low, high - low).to_batches(500))) for low, high in ends]
    rows = [row for part in parts for batch in part for row in batch.to_pylist()]
    return [Profile.from_bytes(row["profile"]) for row in rows]


def test_partitions_of_a_small_table_merge_to_the_whole_value_by_value():
    whole = table(2_000)
    merged = Profile.merge(by_partition(whole, [300, 301, 1500]))
    assert merged.columns["fare"].exact
    same(merged, read_profile(whole).profile)


def test_partitions_of_a_long_table_merge_within_the_bound():
    whole = table(60_000)
    same(Profile.merge(by_partition(whole, [7_000, 7_001, 40_000])), read_profile(whole).profile)


def test_a_partition_without_rows_gives_no_profile():
    assert list(profiles_of_partition(iter([]))) == []
    assert list(profiles_of_partition(iter(table(10).slice(0, 0).to_batches()))) == []


def test_anything_else_than_a_spark_frame_is_refused_in_a_sentence():
    with pytest.raises(Invalid, match="is not a Spark data frame"):
        modelward.Profile.of_spark(pa.table({"x": [1]}))


@pytest.fixture(scope="module")
def spark():
    assert shutil.which("java"), "Spark needs Java 17: install openjdk-17-jre-headless"
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable  # Workers would otherwise start the first python3 there is.
    settings = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = settings.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    started = session.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    yield started
    started.stop()


@pytest.mark.proof
@pytest.mark.filterwarnings("default")  # Those of Spark are not ours.
@pytest.mark.timeout(600)
class TestOnASparkOfThisMachine:
    def test_a_small_frame_in_many_partitions_is_the_table_value_by_value(self, spark):
        whole = table(2_000)
        distributed = modelward.Profile.of_spark(spark.createDataFrame(whole).repartition(7))
        assert all(summary.exact for summary in distributed.columns.values())
        same(distributed, modelward.Profile.of(whole))

    def test_a_long_frame_is_the_table_within_the_bound_and_gives_the_same_verdicts(self, spark):
        before, now = table(60_000), table(60_000, seed=1, moved=0.6)
        ours = modelward.Profile.of(before), modelward.Profile.of(now)
        frames = (spark.createDataFrame(side).repartition(5) for side in (before, now))
        theirs = [modelward.Profile.of_spark(frame) for frame in frames]
        for one, other in zip(theirs, ours, strict=True):
            same(one, other)
        verdicts = [
            {finding.column: finding.verdict for finding in modelward.compare(*pair).columns} for pair in (ours, theirs)
        ]
        assert verdicts[0] == verdicts[1]
        assert modelward.compare(*theirs)["fare"].drifted

    def test_what_cannot_be_compared_is_left_out_and_empty_partitions_do_no_harm(self, spark):
        frame = spark.createDataFrame(pa.table({"x": np.arange(3.0), "when": pa.array([1, 2, 3], pa.timestamp("us"))}))
        profile = modelward.Profile.of_spark(frame.repartition(16))
        assert (profile.rows, list(profile.columns)) == (3, ["x"])
