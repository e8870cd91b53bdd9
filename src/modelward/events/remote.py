"""The event store of another process: the same contract, asked over a local socket.

A connection is used by one call at a time and kept for the next one, so that threads do not wait for each other. When
the owner is away every call says so (Unavailable), and the first one after its return finds it again by itself.
"""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelward.errors import Unavailable
from modelward.events.contract import LABELLED, Appended, EventTable, LabelsApplied
from modelward.events.remote_server import StoreServer, rendezvous_of, serve_store
from modelward.events.shapes import to_json
from modelward.events.wire import Message, raise_error, receive, send, to_micros

__all__ = ["RemoteStore", "StoreServer", "serve_store"]

AWAY = (OSError, EOFError, AuthenticationError)


class RemoteStore:
    """The store served at `address`. `patience` is how many seconds an answer may take."""

    def __init__(self, address: Path, *, patience: float = 120.0) -> None:
        self._address = address
        self._patience = patience
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    def ensure(self, tables: Sequence[EventTable]) -> None:
        self._ask({"call": "ensure", "definitions": [to_json(table) for table in tables]})

    def append(self, batches: Mapping[int, pa.Table]) -> Mapping[int, Appended]:
        answer = self._ask({"call": "append", "model_ids": list(batches)}, list(batches.values()))
        flags, labelled = answer.tables
        flags = flags["new"].combine_chunks()
        appended, start = {}, 0
        for model_id, rows in zip(answer.head["model_ids"], answer.head["rows"], strict=True):
            own = labelled.filter(pc.equal(labelled["model_id"], model_id)) if labelled.num_rows else labelled
            appended[model_id] = Appended(flags[start : start + rows], own.select(LABELLED.names))
            start += rows
        return appended

    def append_labels(self, labels: pa.Table) -> LabelsApplied:
        answer = self._ask({"call": "append_labels"}, [labels])
        return LabelsApplied(answer.tables[0], answer.head["waiting"])

    def scan(
        self, model_id: int, start: datetime, end: datetime, columns: Sequence[str] | None = None
    ) -> pa.RecordBatchReader:
        names = None if columns is None else list(columns)
        head = {
            "call": "scan",
            "model_id": model_id,
            "start": to_micros(start),
            "end": to_micros(end),
            "columns": names,
        }
        connection, first = self._begin(head, [])
        return pa.RecordBatchReader.from_batches(first.tables[0].schema, self._rest(connection))

    def latest(self, model_id: int, *, limit: int = 50, before: tuple[datetime, str] | None = None) -> pa.Table:
        place = before and [to_micros(before[0]), before[1]]
        return self._ask({"call": "latest", "model_id": model_id, "limit": limit, "before": place}).tables[0]

    def fetch(self, model_id: int, event_ids: Sequence[str]) -> pa.Table:
        return self._ask({"call": "fetch", "model_id": model_id, "event_ids": list(event_ids)}).tables[0]

    def last(self, model_id: int, n: int) -> pa.Table:
        return self._ask({"call": "last", "model_id": model_id, "n": n}).tables[0]

    def count(self, model_id: int, start: datetime | None = None, end: datetime | None = None) -> int:
        head = {"call": "count", "model_id": model_id, "start": to_micros(start), "end": to_micros(end)}
        return int(self._ask(head).head["count"])

    def delete_before(self, model_id: int, time: datetime) -> int:
        return int(self._ask({"call": "delete_before", "model_id": model_id, "time": to_micros(time)}).head["count"])

    def give_back_memory(self) -> None:
        """The owner does that."""

    def close(self) -> None:
        """Let go of the connections. The store itself stays its owner's."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(self, head: dict[str, Any], tables: Sequence[pa.Table] = ()) -> Message:
        connection, answer = self._begin(head, tables)
        self._keep(connection)
        return answer

    def _begin(self, head: dict[str, Any], tables: Sequence[pa.Table]) -> tuple[Connection, Message]:
        """Ask, and return the first answer with the connection that it came by.

        A kept connection may be one to an owner that has gone: then the call is made once more on a new one. Every
        call of the contract may be repeated.
        """
        connection = self._kept()
        if connection is not None:
            with contextlib.suppress(*AWAY):
                return self._exchange(connection, head, tables)
            self.close()
        try:
            return self._exchange(self._connect(), head, tables)
        except AWAY as error:
            msg = f"The event store is away: nothing answers at {self._address}. It is run by `modelward serve`."
            raise Unavailable(msg) from error

    def _exchange(
        self, connection: Connection, head: dict[str, Any], tables: Sequence[pa.Table]
    ) -> tuple[Connection, Message]:
        try:
            send(connection, head, tables)
            answer = self._receive(connection)
        except BaseException:
            connection.close()
            raise
        if "error" in answer.head:
            self._keep(connection)
            raise_error(answer.head)
        return connection, answer

    def _receive(self, connection: Connection) -> Message:
        if not connection.poll(self._patience):
            msg = f"The event store did not answer within {self._patience:.0f} seconds."
            raise Unavailable(msg, retry_after=5)
        return receive(connection)

    def _rest(self, connection: Connection) -> Iterator[pa.RecordBatch]:
        """The batches of a scan. A reader who stops early hangs up, which stops the scan."""
        finished = False
        try:
            while True:
                answer = self._receive(connection)
                raise_error(answer.head)
                if not answer.head["more"]:
                    break
                yield from answer.tables[0].to_batches()
            finished = True
        except AWAY as error:
            msg = f"The event store at {self._address} went away during a scan: read again."
            raise Unavailable(msg) from error
        finally:
            if finished:
                self._keep(connection)
            else:
                connection.close()

    def _connect(self) -> Connection:
        # Read anew each time: an owner that was started again has a new key.
        place = json.loads(rendezvous_of(self._address).read_bytes())
        return Client(place["socket"], family="AF_UNIX", authkey=bytes.fromhex(place["key"]))

    def _kept(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _keep(self, connection: Connection) -> None:
        with self._lock:
            self._idle.append(connection)
