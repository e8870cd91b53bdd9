"""One append over all models: which events are new, and which labels had been waiting for them.

Everything happens on the caller's cursor, inside its transaction.
"""

# ruff: noqa: S608 - Every name in these statements is made or quoted by duckdb_tables, every value is a parameter.

from collections.abc import Mapping
from datetime import timedelta

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modelward.events.contract import LABELLED, SAME_EVENT_WITHIN, Appended
from modelward.events.duckdb_tables import KEY, events_of, quoted
from modelward.events.shapes import take_rows

Cursor = duckdb.DuckDBPyConnection
Flags = npt.NDArray[np.bool_]

# Events that share their id with an arriving one: the same event, or (not `same`) another model's.
RELATIVES = """
CREATE OR REPLACE TEMP TABLE relatives AS
SELECT a.i, k.model_id, k.ts, k.model_id = a.model_id AND k.received_at < a.received_at + to_days(?)
    AND k.received_at > a.received_at - to_days(?) AS same
FROM event_keys k JOIN arriving a ON k.key = a.key WHERE k.received_at > ?
"""

REPEATED = """
CREATE OR REPLACE TEMP TABLE repeated AS
WITH known AS (SELECT DISTINCT i FROM relatives WHERE same),
    others AS (SELECT i, model_id, key FROM arriving WHERE i NOT IN (SELECT i FROM known)),
    twice AS (SELECT model_id, key, min(i) AS first FROM others GROUP BY model_id, key HAVING count(*) > 1)
SELECT i FROM known UNION ALL SELECT i FROM others JOIN twice USING (model_id, key) WHERE i > first
"""

# A label by id alone reaches every model of the organisation: it is found waiting, or on another model's event.
WAITED_FOR = """
CREATE OR REPLACE TEMP TABLE waited_for AS
SELECT * FROM (
    SELECT a.i, a.model_id, a.event_id, a.ts, w.number, w.text, w.labelled_at, w.sequence,
        w.model_id IS NULL AS everywhere
    FROM arriving a JOIN event_tables t USING (model_id) JOIN labels_waiting w ON w.event_id = a.event_id
        AND w.organisation_id = t.organisation_id AND (w.model_id IS NULL OR w.model_id = a.model_id)
    UNION ALL
    SELECT a.i, a.model_id, a.event_id, a.ts, l.number, l.text, l.labelled_at, l.sequence, true
    FROM relatives r JOIN arriving a USING (i)
        JOIN event_tables mine ON mine.model_id = a.model_id JOIN event_tables theirs ON theirs.model_id = r.model_id
        JOIN labels l ON l.model_id = r.model_id AND l.event_id = a.event_id AND l.ts = r.ts
    WHERE NOT r.same AND l.everywhere AND mine.organisation_id = theirs.organisation_id
) WHERE i NOT IN (SELECT i FROM repeated)
QUALIFY row_number() OVER (PARTITION BY i ORDER BY sequence DESC) = 1
"""

FORGET_WAITING = """
DELETE FROM labels_waiting w USING waited_for f, event_tables t
WHERE w.event_id = f.event_id AND t.model_id = f.model_id AND w.organisation_id = t.organisation_id
    AND (w.model_id IS NULL OR w.model_id = f.model_id)
"""


def append_events(cursor: Cursor, batches: Mapping[int, pa.Table]) -> dict[int, Appended]:
    """Insert what is new of every (conformed) batch, by model."""
    new = {model_id: np.zeros(batch.num_rows, np.bool_) for model_id, batch in batches.items()}
    labelled: dict[int, list[pa.Table]] = {model_id: [] for model_id in batches}
    arriving = _arriving(batches)
    for week in _weeks(arriving):
        fresh, found = _append_week(cursor, arriving if week is None else arriving.filter(week))
        _insert_fresh(cursor, batches, fresh, new)
        for model_id in found["model_id"].unique().to_pylist():
            labelled[model_id].append(found.filter(pc.equal(found["model_id"], model_id)).select(LABELLED.names))
    cursor.unregister("arriving_rows")  # once: at each of 500 models it takes a tenth of the whole append
    return {
        model_id: Appended(pa.array(new[model_id]), pa.concat_tables([LABELLED.empty_table(), *labelled[model_id]]))
        for model_id in batches
    }


def _arriving(batches: Mapping[int, pa.Table]) -> pa.Table:
    """The identities of all rows, numbered by `i` through all batches."""
    parts = [
        batch.select(["event_id", "ts", "received_at"]).append_column(
            "model_id", pa.array(np.full(batch.num_rows, model_id, np.int64))
        )
        for model_id, batch in batches.items()
    ]
    rows = pa.concat_tables(parts)
    return rows.append_column("i", pa.array(np.arange(rows.num_rows)))


def _weeks(arriving: pa.Table) -> list[pa.BooleanArray | None]:
    """One part, unless the rows were received so far apart that an id may come twice with right."""
    received = arriving["received_at"].cast(pa.int64()).to_numpy()
    span = SAME_EVENT_WITHIN // timedelta(microseconds=1)
    weeks = (received - received.min()) // span
    if weeks.max() == 0:
        return [None]
    return [pa.array(weeks == week) for week in np.unique(weeks)]


def _append_week(cursor: Cursor, arriving: pa.Table) -> tuple[npt.NDArray[np.int64], pa.Table]:
    """Write the keys and waiting labels of the new rows.

    Returns their numbers, and (model_id, event_id, ts) of the labelled.
    """
    cursor.register("arriving_rows", arriving)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE arriving AS SELECT *, {KEY} AS key FROM arriving_rows")
    horizon = pc.min(arriving["received_at"]).as_py() - SAME_EVENT_WITHIN
    days = SAME_EVENT_WITHIN.days
    cursor.execute(RELATIVES, [days, days, horizon])
    cursor.execute(REPEATED)
    cursor.execute(
        "INSERT INTO event_keys SELECT key, model_id, ts, received_at FROM arriving "
        "WHERE i NOT IN (SELECT i FROM repeated)"
    )
    repeated = cursor.sql("SELECT i FROM repeated").to_arrow_table()["i"].to_numpy()
    return np.setdiff1d(arriving["i"].to_numpy(), repeated, assume_unique=True), _apply_waiting(cursor)


def _apply_waiting(cursor: Cursor) -> pa.Table:
    cursor.execute(WAITED_FOR)
    found = cursor.sql("SELECT model_id, event_id, ts FROM waited_for ORDER BY i").to_arrow_table()
    if found.num_rows:
        cursor.execute("INSERT INTO labels SELECT * EXCLUDE (i) FROM waited_for")
        cursor.execute(FORGET_WAITING)
    return found


def _insert_fresh(
    cursor: Cursor, batches: Mapping[int, pa.Table], fresh: npt.NDArray[np.int64], new: Mapping[int, Flags]
) -> None:
    start = 0
    for model_id, batch in batches.items():
        end = start + batch.num_rows
        first, last = np.searchsorted(fresh, (start, end))
        if first < last:
            flags = np.zeros(batch.num_rows, np.bool_)
            flags[fresh[first:last] - start] = True
            new[model_id][flags] = True
            _insert(cursor, model_id, take_rows(batch, pa.array(flags)))
        start = end


def _insert(cursor: Cursor, model_id: int, rows: pa.Table) -> None:
    columns = ", ".join(quoted(name) for name in rows.column_names)
    cursor.register("arriving_rows", rows)
    cursor.execute(f"INSERT INTO {events_of(model_id)} ({columns}) SELECT {columns} FROM arriving_rows")
