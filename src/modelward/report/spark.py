"""A Spark data frame as a profile: every partition is summarised where it lies, and only summaries travel."""

import json
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from modelward.errors import Invalid
from modelward.report.batches import gathered
from modelward.report.frames import Read, read_batches
from modelward.stats import Profile

if TYPE_CHECKING:
    import pyarrow as pa

_SCHEMA = "profile binary, left_out string"


def profile_spark(frame: Any, *, skip: Collection[str] = ()) -> Read:
    """Summarise a Spark data frame of any size; the workers need Modelward installed, as the driver does.

    Each partition becomes one profile of some kilobytes by `mapInArrow`, and the driver merges all of them in one step.
    Numbers are exact as in `Profile`, except for quantiles of long columns, whose bound on the error comes with them.

    Raises:
        Invalid: it is not a Spark data frame, or the workers cannot summarise it.
    """
    if not hasattr(frame, "mapInArrow"):
        raise Invalid(f"a {type(frame).__name__} is not a Spark data frame; give one of pyspark.sql")
    parts = frame.mapInArrow(partial(profiles_of_partition, skip=frozenset(skip)), _SCHEMA).collect()
    left_out = {name: reason for part in parts for name, reason in json.loads(part["left_out"]).items()}
    whole = Profile.merge(Profile.from_bytes(bytes(part["profile"])) for part in parts)
    columns = {name: summary for name, summary in whole.columns.items() if name not in left_out}
    return Read(Profile(whole.rows, columns), left_out, frozenset(skip) & set(frame.columns))


def profiles_of_partition(
    batches: "Iterable[pa.RecordBatch]", *, skip: Collection[str] = ()
) -> "Iterator[pa.RecordBatch]":
    """What a worker does with a partition: one row with its profile as bytes, none for a partition without rows."""
    import pyarrow as pa

    read = read_batches(gathered(batch for batch in batches if batch.num_rows), skip=skip)
    if read.profile.rows:
        row = {"profile": read.profile.to_bytes(), "left_out": json.dumps(dict(read.left_out))}
        yield pa.RecordBatch.from_pylist([row], schema=pa.schema([("profile", pa.binary()), ("left_out", pa.string())]))
