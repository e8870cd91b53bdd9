"""Messages between the process that owns the store and those that ask it: a JSON header, then Arrow tables.

No pickles: whoever may speak to the socket can ask for what the contract offers, and nothing more.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa

from modelward import errors

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = {kind.__name__: kind for kind in (errors.NotFound, errors.Forbidden, errors.Conflict, errors.Invalid)}


@dataclass(frozen=True, eq=False)
class Message:
    """`head` is JSON; its key `tables` counts the tables that follow."""

    head: dict[str, Any]
    tables: tuple[pa.Table, ...] = ()


def send(connection: Connection, head: dict[str, Any], tables: Sequence[pa.Table] = ()) -> None:
    connection.send_bytes(json.dumps(head | {"tables": len(tables)}).encode())
    for table in tables:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        connection.send_bytes(memoryview(sink.getvalue()))


def receive(connection: Connection) -> Message:
    """The next message. Raises EOFError at the end, OSError where a message is none; either way it is over."""
    try:
        head = json.loads(connection.recv_bytes())
        tables = tuple(pa.ipc.open_stream(connection.recv_bytes()).read_all() for _ in range(head["tables"]))
    except (ValueError, TypeError, KeyError, pa.ArrowException) as error:
        msg = "what came is not a message of the event store"
        raise OSError(msg) from error
    return Message(head, tables)


def error_head(error: errors.ModelwardError) -> dict[str, Any]:
    return {"error": type(error).__name__, "sentence": error.sentence, "retry_after": getattr(error, "retry_after", 1)}


def raise_error(head: dict[str, Any]) -> None:
    """Raise what `error_head` described, if the head describes an error."""
    if "error" not in head:
        return
    if head["error"] in KINDS:
        raise KINDS[head["error"]](head["sentence"])
    raise errors.Unavailable(head["sentence"], retry_after=head["retry_after"])


def to_micros(time: datetime | None) -> int | None:
    """Microseconds since 1970, exact."""
    return None if time is None else (time - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int | None) -> datetime | None:
    return None if micros is None else EPOCH + timedelta(microseconds=micros)


def instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
