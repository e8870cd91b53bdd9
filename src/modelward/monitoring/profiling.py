"""From rows of events (Arrow) to profiles, a bucket at a time.

No loop over values: numbers go to NumPy, text and booleans through Arrow's value counts. What was kept aside because
its type was wrong (the `invalid` column) counts as invalid in its column, not as missing.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelward.monitoring.payload import Summary
from modelward.stats import CategoricalSummary, NumericSummary, Profile

MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class ProfiledColumn:
    """One column of a profile: its key there, the column of the event table it comes from, and how it is summarised."""

    key: str
    source: str
    kind: str
    """``numeric`` or ``categorical`` (booleans too, as "true" and "false")."""
    sent_as: str
    """The name under which a wrong value was kept aside."""


def profile_of(table: pa.Table, columns: Sequence[ProfiledColumn]) -> Profile:
    """The profile of all rows."""
    return _profile(table, columns, invalid_by_row(table))


def profiles_by_bucket(
    table: pa.Table, columns: Sequence[ProfiledColumn], seconds: int
) -> Iterator[tuple[int, Profile]]:
    """A profile for each bucket that has rows, oldest first.

    Args:
        table: Events with `ts`, in any order.
        columns: What to summarise.
        seconds: The length of a bucket.
    """
    if table.num_rows == 0:
        return
    buckets = buckets_of(table.column("ts"), seconds)
    if buckets[0] == buckets[-1] and (buckets == buckets[0]).all():
        yield int(buckets[0]), profile_of(table, columns)
        return
    order = np.argsort(buckets, kind="stable")
    table, buckets = table.take(pa.array(order)).combine_chunks(), buckets[order]
    starts = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], buckets.size], strict=True):
        part = table.slice(int(start), int(end - start))
        yield int(buckets[start]), profile_of(part, columns)


def buckets_of(times: pa.ChunkedArray | pa.Array, seconds: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The start of each moment's bucket, in seconds of the epoch."""
    ticks = pc.cast(times, pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy(zero_copy_only=False)
    return np.asarray(np.floor_divide(ticks, seconds * MICROSECONDS) * seconds)


def invalid_by_row(table: pa.Table) -> Counter[str]:
    """How many values were kept aside, by the name they were sent under."""
    if "invalid" not in table.column_names:
        return Counter()
    kept = table.column("invalid")
    if kept.null_count == len(kept):
        return Counter()
    return Counter(name for text in kept.drop_null().to_pylist() for name in json.loads(text))


def _profile(table: pa.Table, columns: Sequence[ProfiledColumn], invalid: Mapping[str, int]) -> Profile:
    present = set(table.column_names)
    summaries = {
        column.key: _summary(table.column(column.source), column.kind, invalid.get(column.sent_as, 0))
        for column in columns
        if column.source in present
    }
    return Profile(rows=table.num_rows, columns=summaries)


def _summary(values: pa.ChunkedArray, kind: str, invalid: int) -> Summary:
    # A value kept aside left a null behind it: it is one or the other, never both.
    missing = max(0, values.null_count - invalid)
    invalid = values.null_count - missing
    return (_numeric if kind == "numeric" else _categorical)(values, missing, invalid)


def _numeric(values: pa.ChunkedArray, missing: int, invalid: int) -> NumericSummary:
    present = values.drop_null() if values.null_count else values
    if not pa.types.is_float64(present.type):
        present = pc.cast(present, pa.float64())
    return NumericSummary.of(present.to_numpy(), missing=missing, invalid=invalid)


def _categorical(values: pa.ChunkedArray, missing: int, invalid: int) -> CategoricalSummary:
    present = values.drop_null() if values.null_count else values
    counted = present.value_counts()
    names = counted.field("values")
    if not pa.types.is_string(names.type):
        names = pc.cast(names, pa.string())
    return CategoricalSummary.from_counts(
        names.to_pylist(), counted.field("counts").to_pylist(), missing=missing, invalid=invalid
    )
