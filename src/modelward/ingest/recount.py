"""Events that a step appended before it died, which come again as duplicates and were never counted.

A duplicate that was sent has another moment of receipt than the row that is stored; a row that was appended by its own
entry has the same. Asked only of entries that were begun and not finished, so nearly never.
"""

from collections.abc import Set as AbstractSet

import numpy as np
import pyarrow as pa

from modelward.events.contract import TIME, EventStore
from modelward.ingest.entry_tables import Batch
from modelward.ingest.segments import Position


def lost_rows(
    store: EventStore, model_id: int, batch: Batch, new: pa.BooleanArray, suspects: AbstractSet[Position]
) -> pa.TimestampArray:
    """When the events were that are in the store because of a `suspects` entry of the batch, and not because of now."""
    suspected = [entry.position in suspects for entry in batch.entries]
    fresh = np.asarray(new, bool)
    asked = np.repeat(suspected, [entry.events for entry in batch.entries]) & ~fresh
    if not asked.any():
        return pa.array([], TIME)
    pairs = _pairs(batch.table.filter(pa.array(asked)))
    appended_now = set(batch.table["event_id"].filter(pa.array(fresh)).to_pylist())
    stored = store.fetch(model_id, sorted({event_id for event_id, _ in pairs} - appended_now))
    theirs = zip(stored["event_id"].to_pylist(), _microseconds(stored, "received_at"), strict=True)
    return stored["ts"].filter(pa.array([pair in pairs for pair in theirs], pa.bool_())).combine_chunks().cast(TIME)


def _pairs(table: pa.Table) -> set[tuple[str, int]]:
    return set(zip(table["event_id"].to_pylist(), _microseconds(table, "received_at"), strict=True))


def _microseconds(table: pa.Table, column: str) -> list[int]:
    times: list[int] = table[column].cast(TIME).cast(pa.int64()).to_pylist()
    return times
