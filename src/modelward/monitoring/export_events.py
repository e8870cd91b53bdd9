"""Events as people take them away: JSON by pages, CSV and Parquet by the stream."""

import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from modelward.errors import Invalid
from modelward.events.contract import EventStore, scan_schema
from modelward.ingest.known_models import table_of
from modelward.kit.paging import decode_cursor, page_of
from modelward.registry.service import Schema
from modelward.registry.tables import Model

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}

FORMULA = r"^[=+\-@\t\r]"
"""A cell that a spreadsheet would run (OWASP, CSV injection); such text gets an apostrophe before it."""

_PLAIN = ("event_id", "ts", "received_at", "endpoint", "latency_ms", "prediction", "score")
_BEGINNING, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def events_page(
    store: EventStore,
    model: Model,
    described: Schema,
    *,
    start: datetime | None,
    end: datetime | None,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    """A page of the newest events before the cursor (or `end`), down to `start`."""
    if not model.event_count:
        return {"items": [], "next": None}
    before = _position(decode_cursor(cursor, list)) if cursor else (end, "") if end else None
    rows = store.latest(model.id, limit=limit + 1, before=before).to_pylist()
    page = page_of([row for row in rows if start is None or row["ts"] >= start], limit, _cursor)
    return {"items": [event_json(row, described) for row in page.items], "next": page.next}


def events_file(
    store: EventStore, model: Model, described: Schema, *, start: datetime | None, end: datetime | None, kind: str
) -> Iterator[bytes]:
    """The events of a span (by default all) as a CSV or Parquet file, a piece at a time."""
    if model.event_count:
        batches = store.scan(model.id, start or _BEGINNING, end or _END)
    else:  # No table yet; a file with a header and no rows is a file all the same.
        batches = scan_schema(table_of(model, described)).empty_table().to_reader()
    return csv_pieces(batches, described) if kind == "csv" else parquet_pieces(batches, described)


def event_json(row: Mapping[str, Any], described: Schema) -> dict[str, Any]:
    """One event with its features under their own names, and its label."""
    row = {name: _said(value) for name, value in row.items()}
    features = {entry.name: row.get(entry.column) for entry in described.features}
    if row.get("overflow"):
        features |= json.loads(row["overflow"])
    label = row["label_text"] if row["label_text"] is not None else row["label_number"]
    plain = {name: row[name] for name in _PLAIN if name != "ts"}
    aside = json.loads(row["invalid"]) if row.get("invalid") else None
    return {
        **plain,
        "timestamp": row["ts"],
        "features": features,
        "label": label,
        "labelled_at": row["labelled_at"],
        "invalid": aside,
    }


def _said(value: Any) -> Any:
    """JSON has no infinities: they leave as the texts by which the door takes them."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def named(table: pa.Table, described: Schema) -> pa.Table:
    """The columns under readable names, each its own: a feature that is called like another column of the file gets
    `feature.` before its name.
    """
    titles = {entry.column: entry.name for entry in described.features}
    taken = {name for name in table.column_names if name not in titles}
    return table.rename_columns(
        [_title(titles[name], taken) if name in titles else name for name in table.column_names]
    )


def csv_pieces(batches: pa.RecordBatchReader, described: Schema) -> Iterator[bytes]:
    """CSV with a header, a piece for each batch."""
    empty = _guarded(named(pa.Table.from_batches([], batches.schema), described))
    header = empty.rename_columns([guarded_text(name) for name in empty.column_names])
    yield _csv(header, arrow_csv.WriteOptions(include_header=True))
    for batch in batches:
        table = named(pa.Table.from_batches([batch]), described)
        yield _csv(_guarded(table), arrow_csv.WriteOptions(include_header=False))


def parquet_pieces(batches: pa.RecordBatchReader, described: Schema) -> Iterator[bytes]:
    """A Parquet file, a row group for each batch."""
    sink = _Pieces()
    schema = named(pa.Table.from_batches([], batches.schema), described).schema
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(named(pa.Table.from_batches([batch]), described))
            yield sink.taken()
    yield sink.taken()


class _Pieces(io.RawIOBase):
    """A file that is taken away while it is written."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()
        self._taken = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._held += bytes(piece)
        return len(piece)

    def tell(self) -> int:
        return self._taken + len(self._held)

    def taken(self) -> bytes:
        piece = bytes(self._held)
        self._taken += len(piece)
        self._held.clear()
        return piece


def _csv(table: pa.Table, options: arrow_csv.WriteOptions) -> bytes:
    sink = pa.BufferOutputStream()
    arrow_csv.write_csv(table, sink, options)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _guarded(table: pa.Table) -> pa.Table:
    columns: Sequence[pa.ChunkedArray] = [_guard(column) for column in table.columns]
    titles = [f"'{name}" if name[:1] in "=+-@\t\r" and name else name for name in table.column_names]
    return pa.table(list(columns), names=titles)


def _guard(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column
    dangerous = pc.match_substring_regex(column, FORMULA)
    return pc.if_else(dangerous, pc.binary_join_element_wise("'", column, ""), column)


def guarded_text(text: str) -> str:
    """The text of a cell, which no spreadsheet runs."""
    return f"'{text}" if re.match(FORMULA, text) else text


def _title(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"feature.{name}"
    taken.add(name)
    return name


def _cursor(row: Mapping[str, Any]) -> list[str]:
    moment: datetime = row["ts"]
    return [moment.isoformat(), row["event_id"]]


def _position(cursor: list[Any]) -> tuple[datetime, str]:
    try:
        moment, event_id = cursor
        # Half of a surrogate pair is no text that a store could compare: encoding it says so.
        return datetime.fromisoformat(moment).astimezone(UTC), str(event_id).encode().decode()
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid("The cursor is not one of this list: use `next` of the page before, unchanged.") from error
