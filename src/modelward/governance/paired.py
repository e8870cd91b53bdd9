"""Two versions on the very same events: per event the difference, and its mean with a 95 % interval.

Pairing takes out what both have in common (a hard day is hard for both), so that far smaller differences are told from
chance than by two intervals side by side. An outcome that either of the two knows counts for both.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modelward.events.contract import EventStore
from modelward.monitoring.joint import Watched
from modelward.monitoring.joint_rows import Rows, read_rows
from modelward.stats.outcome import BINARY, MULTICLASS, REGRESSION

MOST_ROWS = 100_000
"""So many events of each side are read, from the beginning of the span."""
LEAST_PAIRS = 30
"""Fewer common events say nothing."""
_COLUMNS = ["event_id", "ts", "prediction", "score", "latency_ms", "label_number", "label_text", "labelled_at"]
_Z = 1.959964

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """The mean over common events of `this` less `other`; `low` and `high` hold it with 95 % confidence."""

    metric: str
    this: float
    other: float
    difference: float
    low: float
    high: float
    events: int
    better: str
    """`this`, `other`, or `neither`: the interval holds 0."""


def paired_differences(
    store: EventStore, this: Watched, other: Watched, *, start: datetime, end: datetime
) -> tuple[int, list[Difference]]:
    """How many events both predicted, and what differs on them; nothing where they are fewer than `LEAST_PAIRS`."""
    mine, theirs = (_read(store, side.model_id, start, end) for side in (this, other))
    mine, theirs = _common(mine, theirs)
    if mine.num_rows < LEAST_PAIRS:
        return mine.num_rows, []
    mine, theirs = _sharing_outcomes(mine, theirs)
    plan = other.plan if other.plan.task == this.plan.task else this.plan  # each has a threshold of its own
    rows = read_rows(mine, this.plan), read_rows(theirs, plan)
    found = [
        _difference(name, one, two, lower=lower)
        for name, (one, two), lower in (*_losses(this.plan.task, *rows), _latency(mine, theirs))
    ]
    return mine.num_rows, [difference for difference in found if difference is not None]


def _read(store: EventStore, model_id: int, start: datetime, end: datetime) -> pa.Table:
    batches: list[pa.RecordBatch] = []
    rows = 0
    with closing(store.scan(model_id, start, end, _COLUMNS)) as scanned:
        for batch in scanned:
            batches.append(batch.slice(0, MOST_ROWS - rows))
            rows += batches[-1].num_rows
            if rows >= MOST_ROWS:
                break
    return (
        pa.Table.from_batches(batches) if batches else pa.table({name: pa.array([], pa.string()) for name in _COLUMNS})
    )


def _common(mine: pa.Table, theirs: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The rows of the same events, in the same order."""
    ids = [np.array(table.column("event_id").to_pylist(), dtype=object) for table in (mine, theirs)]
    if not ids[0].size or not ids[1].size:
        return mine.slice(0, 0), theirs.slice(0, 0)
    _, first, second = np.intersect1d(ids[0].astype(str), ids[1].astype(str), return_indices=True)
    return mine.take(pa.array(first)), theirs.take(pa.array(second))


def _sharing_outcomes(mine: pa.Table, theirs: pa.Table) -> tuple[pa.Table, pa.Table]:
    for name in ("label_number", "label_text", "labelled_at"):
        one, two = (table.column(name).to_pylist() for table in (mine, theirs))
        kind = mine.schema.field(name).type
        both = pa.array([a if a is not None else b for a, b in zip(one, two, strict=True)], kind)
        mine, theirs = (_with(table, name, both) for table in (mine, theirs))
    return mine, theirs


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)


Measured = tuple[str, tuple[Floats, Floats], bool]


def _losses(task: str, one: Rows, two: Rows) -> Sequence[Measured]:
    """Per event what each side scored, and whether less is better; NaN where it is not known."""
    if task == REGRESSION:
        errors = tuple(np.abs(np.asarray(side.predicted, float) - np.asarray(side.label, float)) for side in (one, two))
        return [("absolute_error", (errors[0], errors[1]), True)]
    if task not in (BINARY, MULTICLASS):
        return []
    right = tuple(_right(side) for side in (one, two))
    found: list[Measured] = [("accuracy", (right[0], right[1]), False)]
    if task == BINARY:
        brier = tuple((side.score - np.asarray(side.label, float)) ** 2 for side in (one, two))
        found.append(("brier_score", (brier[0], brier[1]), True))
    return found


def _right(rows: Rows) -> Floats:
    same = np.array([a == b for a, b in zip(rows.label, rows.predicted, strict=True)], dtype=np.float64)
    return np.where(rows.known, same, np.nan)


def _latency(mine: pa.Table, theirs: pa.Table) -> Measured:
    one, two = (np.array(table.column("latency_ms").to_pylist(), dtype=np.float64) for table in (mine, theirs))
    return "latency_ms", (one, two), True


def _difference(name: str, one: Floats, two: Floats, *, lower: bool) -> Difference | None:
    known = ~(np.isnan(one) | np.isnan(two))
    events = int(known.sum())
    if events < LEAST_PAIRS:
        return None
    apart = one[known] - two[known]
    mean, reach = float(apart.mean()), _Z * float(apart.std(ddof=1)) / events**0.5
    low, high = mean - reach, mean + reach
    better = "neither" if low <= 0 <= high else ("this" if (mean < 0) is lower else "other")
    return Difference(name, float(one[known].mean()), float(two[known].mean()), mean, low, high, events, better)


def as_json(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    """As the API answers."""
    return [vars(difference).copy() for difference in differences]
