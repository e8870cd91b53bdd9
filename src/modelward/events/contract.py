"""What every engine of the event store promises. tests/contracts/event_store.py checks the promises on each of them.

An event is known by (model, event_id). Times are microseconds in UTC. A label belongs to an id, not to a row: it may
come before its event, after it, twice, or for two models of one organisation at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

SAME_EVENT_WITHIN = timedelta(days=7)
"""An id that comes again within this time of its first receipt is the same event; the first one wins."""

TIME = pa.timestamp("us", tz="UTC")


class ColumnType(StrEnum):
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"


ARROW_TYPES: Mapping[ColumnType, pa.DataType] = {
    ColumnType.NUMBER: pa.float64(),
    ColumnType.TEXT: pa.string(),
    ColumnType.BOOLEAN: pa.bool_(),
}


@dataclass(frozen=True)
class FeatureColumn:
    """A feature under the user's `name`, stored in the column `column` (`f1`, `f2`, …)."""

    column: str
    name: str
    type: ColumnType


@dataclass(frozen=True)
class EventTable:
    """The table of one model. `view` is the readable name under which people find it; any string will do."""

    model_id: int
    organisation_id: int
    view: str
    features: tuple[FeatureColumn, ...]
    prediction: ColumnType
    score: bool


LABEL_COLUMNS = pa.schema([("label_number", pa.float64()), ("label_text", pa.string()), ("labelled_at", TIME)])
"""What scan, latest, fetch and last add to the columns of an event: its latest label, or nulls."""

LABELS = pa.schema(
    [
        ("organisation_id", pa.int64()),
        ("model_id", pa.int64()),
        ("event_id", pa.string()),
        ("number", pa.float64()),
        ("text", pa.string()),
        ("labelled_at", TIME),
        ("sequence", pa.int64()),
    ]
)
"""What `append_labels` takes. No `model_id`: any model of the organisation that has the id."""

LABELLED = pa.schema([("event_id", pa.string()), ("ts", TIME)])
TOUCHED = pa.schema([("model_id", pa.int64()), ("ts", TIME)])


def event_schema(table: EventTable) -> pa.Schema:
    """The columns that `append` takes for this table, in the order in which they are stored and scanned."""
    return pa.schema(
        [
            ("event_id", pa.string()),
            ("ts", TIME),
            ("received_at", TIME),
            ("endpoint", pa.string()),
            ("latency_ms", pa.float64()),
            ("prediction", ARROW_TYPES[table.prediction]),
            ("score", pa.float64()),
            *((feature.column, ARROW_TYPES[feature.type]) for feature in table.features),
            ("overflow", pa.string()),
            ("invalid", pa.string()),
        ]
    )


def scan_schema(table: EventTable) -> pa.Schema:
    """The columns that reading this table gives: those of `event_schema`, then the label's."""
    return pa.schema([*event_schema(table), *LABEL_COLUMNS])


@dataclass(frozen=True, eq=False)
class Appended:
    """What became of one model's batch.

    `new` is aligned with the rows of the batch: False where the event was stored before, or earlier in the same batch.
    `labelled` (event_id, ts) are the new events whose label had been waiting for them.
    """

    new: pa.BooleanArray
    labelled: pa.Table


@dataclass(frozen=True, eq=False)
class LabelsApplied:
    """`touched` (model_id, ts) are the events that the labels belong to; `waiting` labels found no event yet."""

    touched: pa.Table
    waiting: int


class EventStore(Protocol):
    """Safe for many threads. Every writing call is one transaction, durable when it returns, and may be repeated.

    Raises `NotFound` for a model without a table, `Invalid` for columns or values that do not fit, `Unavailable` when
    the store is away.
    """

    def ensure(self, tables: Sequence[EventTable]) -> None:
        """Create the tables, or widen them; cheap when nothing changed. What a table has is never taken away."""

    def append(self, batches: Mapping[int, pa.Table]) -> Mapping[int, Appended]:
        """Store the new events of all models (by model id) in one transaction. Columns that are left out are null."""

    def append_labels(self, labels: pa.Table) -> LabelsApplied:
        """Store labels (columns of `LABELS`). Of two labels for one event, the one with the higher sequence counts."""

    def scan(
        self, model_id: int, start: datetime, end: datetime, columns: Sequence[str] | None = None
    ) -> pa.RecordBatchReader:
        """Events with start <= ts < end and their latest labels, in no particular order."""

    def latest(self, model_id: int, *, limit: int = 50, before: tuple[datetime, str] | None = None) -> pa.Table:
        """The newest events, newest first; `before` is the (ts, event_id) after which the next page begins."""

    def fetch(self, model_id: int, event_ids: Sequence[str]) -> pa.Table:
        """The events with these ids, oldest first."""

    def last(self, model_id: int, n: int) -> pa.Table:
        """The last n events by ts, oldest first."""

    def count(self, model_id: int, start: datetime | None = None, end: datetime | None = None) -> int:
        """How many events there are with start <= ts < end."""

    def delete_before(self, model_id: int, time: datetime) -> int:
        """Delete the events with ts < time, with their ids and labels. Returns how many there were."""

    def give_back_memory(self) -> None:
        """Let go of what is only cached, if that is possible at this moment. An engine elsewhere has nothing to do."""

    def close(self) -> None:
        """Let go of the store. Nothing acknowledged depends on it."""
