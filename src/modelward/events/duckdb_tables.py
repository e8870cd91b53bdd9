"""The tables inside the DuckDB file: how they are named, made and widened, and the readable view over each."""

# ruff: noqa: S608 - Every name in these statements is made or quoted by duckdb_tables, every value is a parameter.

import json
from collections.abc import Iterable, Mapping

import duckdb

from modelward.events.contract import ColumnType, EventTable, event_schema
from modelward.events.shapes import from_json, to_json

SQL_TYPES = {ColumnType.NUMBER: "DOUBLE", ColumnType.TEXT: "VARCHAR", ColumnType.BOOLEAN: "BOOLEAN"}

# One table of keys for all models serves the dedupe of a flush over 500 models, and labels that know only an id.
# No index: a hash join over 5 million keys takes 15–40 ms, and ids that begin with their time are found by zone maps.
OWN_TABLES = """
CREATE TABLE IF NOT EXISTS event_tables (model_id BIGINT, organisation_id BIGINT, view_name VARCHAR,
    definition VARCHAR);
CREATE TABLE IF NOT EXISTS event_keys (key UUID, model_id BIGINT, ts TIMESTAMPTZ, received_at TIMESTAMPTZ);
CREATE TABLE IF NOT EXISTS labels (model_id BIGINT, event_id VARCHAR, ts TIMESTAMPTZ, number DOUBLE, text VARCHAR,
    labelled_at TIMESTAMPTZ, sequence BIGINT, everywhere BOOLEAN);
CREATE TABLE IF NOT EXISTS labels_waiting (organisation_id BIGINT, model_id BIGINT, event_id VARCHAR, number DOUBLE,
    text VARCHAR, labelled_at TIMESTAMPTZ, sequence BIGINT);
"""

KEY = """CASE WHEN CAST(TRY_CAST(event_id AS UUID) AS VARCHAR) = event_id THEN TRY_CAST(event_id AS UUID)
    ELSE CAST(left(sha256(event_id), 32) AS UUID) END"""
"""An id in 16 bytes: a UUID is itself (UUIDv7 stay in the order of time), anything else the head of its SHA-256."""


def quoted(name: str) -> str:
    """The name as an SQL identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def events_of(model_id: int) -> str:
    return f"events_{model_id:d}"


def read_definitions(cursor: duckdb.DuckDBPyConnection) -> dict[int, EventTable]:
    rows = cursor.execute("SELECT definition FROM event_tables").fetchall()
    tables = [from_json(json.loads(definition)) for (definition,) in rows]
    return {table.model_id: table for table in tables}


def write_definition(cursor: duckdb.DuckDBPyConnection, *, stored: EventTable | None, table: EventTable) -> None:
    """Bring the table, its view and its definition from `stored` to `table`, inside the caller's transaction."""
    if stored is None:
        _create(cursor, table)
    else:
        _alter(cursor, stored, table)
    view = _write_view(cursor, table)
    cursor.execute("DELETE FROM event_tables WHERE model_id = ?", [table.model_id])
    cursor.execute(
        "INSERT INTO event_tables VALUES (?, ?, ?, ?)",
        [table.model_id, table.organisation_id, view, json.dumps(to_json(table))],
    )


def _types(table: EventTable) -> dict[str, str]:
    by_column = {feature.column: SQL_TYPES[feature.type] for feature in table.features}
    fixed = {"ts": "TIMESTAMPTZ", "received_at": "TIMESTAMPTZ", "latency_ms": "DOUBLE", "score": "DOUBLE"}
    known = by_column | fixed | {"prediction": SQL_TYPES[table.prediction]}
    return {name: known.get(name, "VARCHAR") for name in event_schema(table).names}


def _create(cursor: duckdb.DuckDBPyConnection, table: EventTable) -> None:
    columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in _types(table).items())
    cursor.execute(f"CREATE TABLE {events_of(table.model_id)} ({columns})")


def _alter(cursor: duckdb.DuckDBPyConnection, stored: EventTable, table: EventTable) -> None:
    before = _types(stored)
    alter = f"ALTER TABLE {events_of(table.model_id)}"
    for name, type_ in _types(table).items():
        if name not in before:
            cursor.execute(f"{alter} ADD COLUMN {quoted(name)} {type_}")
        elif before[name] != type_:
            cursor.execute(f"{alter} ALTER COLUMN {quoted(name)} TYPE {type_}")


def _write_view(cursor: duckdb.DuckDBPyConnection, table: EventTable) -> str:
    old = cursor.execute("SELECT view_name FROM event_tables WHERE model_id = ?", [table.model_id]).fetchall()
    for (name,) in old:
        cursor.execute(f"DROP VIEW IF EXISTS {quoted(name)}")
    taken = cursor.execute(
        "SELECT view_name FROM duckdb_views() UNION ALL SELECT table_name FROM duckdb_tables() "
        "UNION ALL SELECT view_name FROM event_tables WHERE model_id <> ?",
        [table.model_id],
    ).fetchall()
    name = free_name(table.view, suffix=str(table.model_id), taken=(row[0] for row in taken))
    names = view_names(table)
    events = ", ".join(f"e.{quoted(column)} AS {quoted(shown)}" for column, shown in names.items())
    cursor.execute(
        f"CREATE VIEW {quoted(name)} AS SELECT {events}, l.number AS label_number, l.text AS label_text, l.labelled_at "
        f"FROM {events_of(table.model_id)} e LEFT JOIN (SELECT * FROM labels WHERE model_id = {table.model_id:d}) l "
        "ON l.ts = e.ts AND l.event_id = e.event_id"
    )
    return name


def free_name(wanted: str, *, suffix: str, taken: Iterable[str]) -> str:
    """The wanted name without control characters, or with the suffix where another one reads the same.

    Names are compared without case, as SQL does.
    """
    used = {name.casefold() for name in taken}
    name = "".join(character for character in wanted if character.isprintable()).strip() or f"model_{suffix}"
    if name.casefold().startswith("events_"):
        name = f"model_{name}"  # the tables' own names stay free for models to come
    while name.casefold() in used:
        name = f"{name}_{suffix}"
    return name


def view_names(table: EventTable) -> Mapping[str, str]:
    """Which column the view shows under which name: a feature called `ts`, or `Age` beside `age`, gets its own."""
    names: dict[str, str] = {}
    features = {feature.column: feature.name for feature in table.features}
    hidden = set() if table.score else {"score"}
    fixed = [name for name in event_schema(table).names if name not in features and name not in hidden]
    taken = {*fixed, "label_number", "label_text", "labelled_at"}
    for column in event_schema(table).names:
        if column in features:
            names[column] = free_name(features[column], suffix=column, taken=taken)
            taken.add(names[column])
        elif column in fixed:
            names[column] = column
    return names
