"""The embedded engine: one DuckDB file, owned by one process.

Writers take turns behind a lock; every reader has a cursor of its own, and DuckDB's versions keep both from waiting for
each other.
"""

# ruff: noqa: S608 - Every name in these statements is made or quoted by duckdb_tables, every value is a parameter.

import logging
import re
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from modelward.errors import Invalid, NotFound, Unavailable
from modelward.events.contract import (
    LABEL_COLUMNS,
    LABELLED,
    TOUCHED,
    Appended,
    EventTable,
    LabelsApplied,
    scan_schema,
)
from modelward.events.duckdb_append import append_events
from modelward.events.duckdb_labels import append_labels
from modelward.events.duckdb_tables import KEY, OWN_TABLES, events_of, quoted, read_definitions, write_definition
from modelward.events.shapes import conform, conform_labels, widened

ROWS_PER_BATCH = 65_536
LABELS_PER_JOIN = 300_000  # about 40 MB of a join
LABEL_SOURCES = {"label_number": "l.number", "label_text": "l.text", "labelled_at": "l.labelled_at"}
assert list(LABEL_SOURCES) == LABEL_COLUMNS.names

BROKEN = (duckdb.FatalException, duckdb.InternalException)
NOT_NOW = (*BROKEN, duckdb.OperationalError, pa.ArrowException, OSError)


log = logging.getLogger(__name__)

MOST_MB = 4096
"""No transaction may need more."""
OUT_OF_MEMORY = re.compile(
    r"Out of Memory|failed to pin block|could not allocate block|failed to allocate", re.IGNORECASE
)
RESTING = "64MB"
"""What the engine keeps cached while it rests."""


class DuckDBStore:
    """The event store in the file at `path`. Raises Unavailable when another process has it open.

    Large appends go to the file at once; `checkpoint_after` bounds the log of small ones, and so the pause that moving
    them makes.
    """

    def __init__(
        self, path: Path, *, memory_limit_mb: int = 128, threads: int = 2, checkpoint_after: str = "64MB"
    ) -> None:
        self._path = path
        self._sizes: dict[str, str | int] = {
            "memory_limit": f"{memory_limit_mb}MB",
            "threads": threads,
            "checkpoint_threshold": checkpoint_after,
            # What a large append took goes back to the system, instead of waiting for the next one.
            "allocator_background_threads": "true",
            "allocator_flush_threshold": "16MB",
        }
        self._writing = threading.Lock()
        self._gate = threading.Lock()
        self._readers = 0
        self._broken = False
        self._tables: dict[int, EventTable] = {}
        self._open()

    def ensure(self, tables: Sequence[EventTable]) -> None:
        if all(self._tables.get(table.model_id) == table for table in tables):
            return
        with self._transaction() as cursor:
            changed = dict(self._tables)
            for wanted in tables:
                stored = changed.get(wanted.model_id)
                table = widened(stored, wanted)
                if table != stored:
                    write_definition(cursor, stored=stored, table=table)
                    changed[table.model_id] = table
        self._tables = changed

    def append(self, batches: Mapping[int, pa.Table]) -> Mapping[int, Appended]:
        fitting = {model_id: conform(batch, self._table(model_id)) for model_id, batch in batches.items()}
        full = {model_id: batch for model_id, batch in fitting.items() if batch.num_rows}
        nothing = Appended(pa.array([], pa.bool_()), LABELLED.empty_table())
        if not full:
            return dict.fromkeys(fitting, nothing)
        return {**dict.fromkeys(fitting, nothing), **self._append(full)}

    def _append(self, batches: Mapping[int, pa.Table]) -> Mapping[int, Appended]:
        """Append, and once more after each time that the limit had to be raised for it."""
        while True:
            limit = self._sizes["memory_limit"]
            try:
                with self._transaction() as cursor:
                    return append_events(cursor, batches)
            except Unavailable:
                if self._sizes["memory_limit"] == limit:
                    raise

    def append_labels(self, labels: pa.Table) -> LabelsApplied:
        fitting = conform_labels(labels)
        if not fitting.num_rows:
            return LabelsApplied(TOUCHED.empty_table(), 0)
        with self._transaction() as cursor:
            return append_labels(cursor, fitting)

    def scan(
        self, model_id: int, start: datetime, end: datetime, columns: Sequence[str] | None = None
    ) -> pa.RecordBatchReader:
        table = self._table(model_id)
        names = list(scan_schema(table).names) if columns is None else list(columns)
        sql = _select(table, names, labels="ts >= $start AND ts < $end") + " WHERE e.ts >= $start AND e.ts < $end"
        self._mend()
        with self._as_ours():
            cursor = self._database.cursor()
            cursor.execute("BEGIN")  # all slices show one moment
            edges = _edges(cursor, model_id, start, end) if LABEL_SOURCES.keys() & set(names) else [start, end]
        schema = pa.schema([scan_schema(table).field(name) for name in names])
        return pa.RecordBatchReader.from_batches(schema, self._batches(cursor, sql, edges, schema))

    def latest(self, model_id: int, *, limit: int = 50, before: tuple[datetime, str] | None = None) -> pa.Table:
        where = "true"
        params: dict[str, Any] = {"n": limit}
        if before is not None:
            where = "(ts < $ts OR (ts = $ts AND event_id < $event_id))"
            params |= {"ts": before[0], "event_id": before[1]}
        return self._newest(model_id, where, params).sort_by([("ts", "descending"), ("event_id", "descending")])

    def last(self, model_id: int, n: int) -> pa.Table:
        return self._newest(model_id, "true", {"n": n}).sort_by([("ts", "ascending"), ("event_id", "ascending")])

    def fetch(self, model_id: int, event_ids: Sequence[str]) -> pa.Table:
        table = self._table(model_id)
        with self._reading() as cursor:
            cursor.register("wanted", pa.table({"event_id": pa.array(event_ids, pa.string())}))
            # The keys know when the events were, so that only that part of the table is read.
            span = f"SELECT min(ts), max(ts) FROM event_keys WHERE model_id = ? AND key IN (SELECT {KEY} FROM wanted)"
            within = dict(zip(("start", "end"), _first(cursor, span, [model_id]), strict=True))
            sql = _select(table, scan_schema(table).names, labels="ts BETWEEN $start AND $end")
            sql += " WHERE e.ts BETWEEN $start AND $end AND e.event_id IN (SELECT event_id FROM wanted)"
            rows = cursor.sql(sql, params=within).to_arrow_table()
        return rows.cast(scan_schema(table)).sort_by([("ts", "ascending"), ("event_id", "ascending")])

    def count(self, model_id: int, start: datetime | None = None, end: datetime | None = None) -> int:
        self._table(model_id)
        bounds = {"ts >= ?": start, "ts < ?": end}
        given = {bound: time for bound, time in bounds.items() if time is not None}
        where = " AND ".join(given) or "true"
        with self._reading() as cursor:
            sql = f"SELECT count(*) FROM {events_of(model_id)} WHERE {where}"
            return _one(cursor, sql, list(given.values()))

    def delete_before(self, model_id: int, time: datetime) -> int:
        self._table(model_id)
        with self._transaction() as cursor:
            deleted = _one(cursor, f"DELETE FROM {events_of(model_id)} WHERE ts < ?", [time])
            for table in ("event_keys", "labels"):
                cursor.execute(f"DELETE FROM {table} WHERE model_id = ? AND ts < ?", [model_id, time])
            return deleted

    def _grow(self) -> None:
        """Double the limit, for when what failed is tried again: a transaction over hundreds of tables or columns needs
        its blocks all at once, and few services have such.
        """
        limit_mb = int(str(self._sizes["memory_limit"]).removesuffix("MB"))
        if limit_mb < MOST_MB:
            self._sizes["memory_limit"] = f"{2 * limit_mb}MB"
            self._broken = True  # opened anew, with the new limit
            log.warning("the event store needs more than %d MB at once; its limit is doubled", limit_mb)

    def give_back_memory(self) -> None:
        """Let go of what is only cached, when nobody writes or reads at this moment; otherwise do nothing."""
        if self._broken or not self._writing.acquire(blocking=False):
            return
        try:
            with self._gate:
                if not self._readers:
                    self._shrink()
        finally:
            self._writing.release()

    def _shrink(self) -> None:
        with self._as_ours(), self._database.cursor() as cursor:
            try:
                cursor.execute(f"SET GLOBAL memory_limit = '{RESTING}'")
            except duckdb.OutOfMemoryException:
                pass  # more than that is in use; it is asked again soon
            finally:
                cursor.execute(f"SET GLOBAL memory_limit = '{self._sizes['memory_limit']}'")

    def close(self) -> None:
        with self._writing:
            self._database.close()

    def _table(self, model_id: int) -> EventTable:
        table = self._tables.get(model_id)
        if table is None:
            msg = f"The event store has no table for model {model_id}: make it with `ensure` first."
            raise NotFound(msg)
        return table

    def _newest(self, model_id: int, where: str, params: dict[str, Any]) -> pa.Table:
        table = self._table(model_id)
        newest = f"(SELECT * FROM {events_of(model_id)} WHERE {where} ORDER BY ts DESC, event_id DESC LIMIT $n)"
        sql = _select(table, scan_schema(table).names, source=newest)
        with self._reading() as cursor:
            return cursor.sql(sql, params=params).to_arrow_table().cast(scan_schema(table))

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self._mend()
        with self._writing, self._as_ours(), self._database.cursor() as cursor:
            cursor.execute("BEGIN")
            yield cursor
            cursor.execute("COMMIT")  # without it, closing the cursor takes everything back

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self._mend()
        with self._as_reader(), self._as_ours(), self._database.cursor() as cursor:
            yield cursor

    @contextmanager
    def _as_reader(self) -> Iterator[None]:
        with self._gate:
            self._readers += 1
        try:
            yield
        finally:
            with self._gate:
                self._readers -= 1

    def _batches(
        self, cursor: duckdb.DuckDBPyConnection, sql: str, edges: Sequence[datetime], schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        """What the statement gives from edge to edge; the cursor lives as long as somebody reads."""
        with self._as_reader(), self._as_ours(), cursor:
            for start, end in pairwise(edges):
                found = cursor.sql(sql, params={"start": start, "end": end})
                with found.to_arrow_reader(ROWS_PER_BATCH) as reader:
                    yield from (batch.cast(schema) for batch in reader)

    def _open(self) -> None:
        with self._as_ours():
            self._database = _connect(self._path, self._sizes)
            self._database.execute(OWN_TABLES)
            self._tables = read_definitions(self._database)

    def _mend(self) -> None:
        """After a failed write (a full disk) DuckDB wants its file opened anew; what was committed is there."""
        if self._broken:
            with self._writing:
                if self._broken:
                    self._database.close()
                    self._open()
                    self._broken = False

    @contextmanager
    def _as_ours(self) -> Iterator[None]:
        """Turn the engine's own errors into Unavailable with a sentence."""
        try:
            yield
        except NOT_NOW as error:
            self._broken = self._broken or isinstance(error, BROKEN) or "has been invalidated" in str(error)
            if OUT_OF_MEMORY.search(str(error)):
                self._grow()
            raise Unavailable(_sentence(self._path, error), retry_after=5) from error


def _connect(path: Path, sizes: Mapping[str, str | int]) -> duckdb.DuckDBPyConnection:
    spill = path.with_suffix(".tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        **sizes,
        # Nothing is ever fetched from anywhere: what the engine needs is in its package.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(spill),
    }
    database = duckdb.connect(str(path), config=config)
    shutil.rmtree(spill, ignore_errors=True)  # of a process that was killed; the file is ours now
    database.execute("SET GLOBAL TimeZone = 'UTC'")  # the zone of what is read, in every cursor
    return database


def _sentence(path: Path, error: Exception) -> str:
    holder = re.search(r"lock is held in (.+?) \(PID (\d+)\)", str(error))
    if holder:
        return f"The event store {path} is open in another process ({holder[1]}, process {holder[2]}): stop it first."
    return f"The event store {path} cannot work now: {error}"


def _select(table: EventTable, names: Sequence[str], *, labels: str = "true", source: str | None = None) -> str:
    """Columns of the events, joined with their labels only where one is asked for."""
    unknown = sorted(set(names) - set(scan_schema(table).names))
    if unknown or not names:
        msg = f"Model {table.model_id} has no column {', '.join(unknown) or '(none were named)'}."
        raise Invalid(msg)
    columns = ", ".join(f"{LABEL_SOURCES.get(name, f'e.{quoted(name)}')} AS {quoted(name)}" for name in names)
    sql = f"SELECT {columns} FROM {source or events_of(table.model_id)} e"
    if LABEL_SOURCES.keys() & set(names):
        sql += (
            f" LEFT JOIN (SELECT * FROM labels WHERE model_id = {table.model_id:d} AND {labels}) l"
            " ON l.ts = e.ts AND l.event_id = e.event_id"
        )
    return sql


def _edges(cursor: duckdb.DuckDBPyConnection, model_id: int, start: datetime, end: datetime) -> list[datetime]:
    """Times from start to end between which there are few enough labels to be joined in memory.

    A join of millions of labels at once would go over the memory limit, and through the disk.
    """
    mine = "FROM labels WHERE model_id = ? AND ts >= ? AND ts < ?"
    parts = 1 + _one(cursor, f"SELECT count(*) {mine}", [model_id, start, end]) // LABELS_PER_JOIN
    if parts == 1:
        return [start, end]
    shares = [part / parts for part in range(1, parts)]
    (cuts,) = _first(cursor, f"SELECT approx_quantile(ts, {shares}) {mine}", [model_id, start, end])
    return [start, *sorted({cut for cut in cuts if start < cut < end}), end]


def _first(cursor: duckdb.DuckDBPyConnection, sql: str, params: Sequence[Any]) -> list[Any]:
    """The first row. Through Arrow, because DuckDB's own way of giving times with a zone needs another package."""
    return [column[0].as_py() for column in cursor.sql(sql, params=params).to_arrow_table().columns]


def _one(cursor: duckdb.DuckDBPyConnection, sql: str, params: Sequence[Any]) -> int:
    rows = cursor.execute(sql, params).fetchall()  # all, because a result that is not read out keeps the cursor busy
    return int(rows[0][0])
