"""The owner's side: many clients at once, a thread for each, over a local socket that only this user may open."""

import contextlib
import json
import logging
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from modelward.errors import Invalid, ModelwardError, Unavailable
from modelward.events.contract import LABELLED, Appended, EventStore
from modelward.events.shapes import from_json
from modelward.events.wire import Message, error_head, from_micros, instant, receive, send

LOG = logging.getLogger(__name__)
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 bytes with the final zero; 104 elsewhere

Answer = tuple[dict[str, Any], list[pa.Table]]


def rendezvous_of(address: Path) -> Path:
    """The file beside the socket that says where it is and holds the key; only this user may read it."""
    return address.with_name(address.name + ".key")


class StoreServer:
    """Serves a store at `address` until `close`. The store stays the caller's."""

    def __init__(self, store: EventStore, address: Path) -> None:
        self._store = store
        self._rendezvous = rendezvous_of(address)
        self._key = secrets.token_bytes(32)
        self._clients: dict[threading.Thread, Connection] = {}
        self._closing = False
        address.parent.mkdir(parents=True, exist_ok=True)
        self._socket = _usable(address)
        self._socket.unlink(missing_ok=True)
        self._listener = Listener(str(self._socket), family="AF_UNIX", backlog=128)
        self._socket.chmod(0o600)
        _write_private(self._rendezvous, {"socket": str(self._socket), "key": self._key.hex()})
        self._accepting = threading.Thread(target=self._accept, name="event-store-door", daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Stop answering; clients find the store away."""
        self._closing = True
        with contextlib.suppress(OSError):
            Client(str(self._socket), family="AF_UNIX").close()  # wakes the waiting accept
        self._accepting.join(timeout=5)
        self._listener.close()
        for thread, connection in list(self._clients.items()):
            _hang_up(connection)
            thread.join(timeout=5)
        self._rendezvous.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection = self._listener.accept()
            except OSError:
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), name="event-store-client", daemon=True)
            self._clients[thread] = connection
            thread.start()

    def _serve(self, connection: Connection) -> None:
        with contextlib.suppress(EOFError, OSError, AuthenticationError), connection:
            # Here and not in accept, so that a client that says nothing keeps nobody waiting.
            deliver_challenge(connection, self._key)
            answer_challenge(connection, self._key)
            while not self._closing:
                self._answer(connection, receive(connection))
        self._clients.pop(threading.current_thread(), None)

    def _answer(self, connection: Connection, message: Message) -> None:
        try:
            if message.head.get("call") == "scan":
                _send_scan(connection, self._store, message.head)
            else:
                head, tables = _call(self._store, message)
                send(connection, head, tables)
        except ModelwardError as error:
            send(connection, error_head(error))
        except (EOFError, OSError):
            raise
        except Exception as error:
            LOG.exception("The event store failed to answer %s", message.head.get("call"))
            send(connection, error_head(Unavailable(f"The event store failed: {error}")))


def serve_store(store: EventStore, address: Path) -> StoreServer:
    """Serve the store at the local socket `address`, from threads of this process, until the server is closed."""
    return StoreServer(store, address)


def _usable(address: Path) -> Path:
    if len(os.fsencode(address)) <= LONGEST_SOCKET_PATH:
        return address
    return Path(tempfile.mkdtemp(prefix="modelward-")) / "events.sock"


def _hang_up(connection: Connection) -> None:
    """Wake the thread that reads from the connection, which then closes it itself; nobody else may."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as door:
        door.shutdown(socket.SHUT_RDWR)


def _write_private(path: Path, value: Mapping[str, str]) -> None:
    """Replaced in one step, so that a client never reads half a key."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(value, file)
    new.replace(path)


def _send_scan(connection: Connection, store: EventStore, head: Mapping[str, Any]) -> None:
    with store.scan(head["model_id"], instant(head["start"]), instant(head["end"]), head["columns"]) as reader:
        send(connection, {"more": True}, [reader.schema.empty_table()])
        for batch in reader:
            send(connection, {"more": True}, [pa.Table.from_batches([batch])])
    send(connection, {"more": False})


def _call(store: EventStore, message: Message) -> Answer:
    call = CALLS.get(message.head.get("call", ""))
    if call is None:
        msg = f"The event store knows no call {message.head.get('call')!r}."
        raise Invalid(msg)
    return call(store, message.head, message.tables)


def _ensure(store: EventStore, head: Mapping[str, Any], _: tuple[pa.Table, ...]) -> Answer:
    store.ensure([from_json(table) for table in head["definitions"]])
    return {}, []


def _append(store: EventStore, head: Mapping[str, Any], tables: tuple[pa.Table, ...]) -> Answer:
    appended = store.append(dict(zip(head["model_ids"], tables, strict=True)))
    return {"rows": [len(part.new) for part in appended.values()], "model_ids": list(appended)}, joined(appended)


def joined(appended: Mapping[int, Appended]) -> list[pa.Table]:
    """Two tables for all models, because a flush may have 500: the flags of all rows, and (model_id, event_id, ts)."""
    flags = pa.concat_tables([FLAGS.empty_table(), *(pa.table({"new": part.new}) for part in appended.values())])
    labelled = [
        part.labelled.add_column(0, "model_id", pa.array([model_id] * part.labelled.num_rows, pa.int64()))
        for model_id, part in appended.items()
        if part.labelled.num_rows
    ]
    return [flags, pa.concat_tables([LABELLED_OF.empty_table(), *labelled])]


FLAGS = pa.schema([("new", pa.bool_())])
LABELLED_OF = pa.schema([("model_id", pa.int64()), *LABELLED])


def _append_labels(store: EventStore, _: Mapping[str, Any], tables: tuple[pa.Table, ...]) -> Answer:
    applied = store.append_labels(tables[0])
    return {"waiting": applied.waiting}, [applied.touched]


def _latest(store: EventStore, head: Mapping[str, Any], _: tuple[pa.Table, ...]) -> Answer:
    before = head["before"] and (instant(head["before"][0]), str(head["before"][1]))
    return {}, [store.latest(head["model_id"], limit=head["limit"], before=before)]


def _fetch(store: EventStore, head: Mapping[str, Any], _: tuple[pa.Table, ...]) -> Answer:
    return {}, [store.fetch(head["model_id"], head["event_ids"])]


def _last(store: EventStore, head: Mapping[str, Any], _: tuple[pa.Table, ...]) -> Answer:
    return {}, [store.last(head["model_id"], head["n"])]


def _count(store: EventStore, head: Mapping[str, Any], _: tuple[pa.Table, ...]) -> Answer:
    return {"count": store.count(head["model_id"], from_micros(head["start"]), from_micros(head["end"]))}, []


def _delete_before(store: EventStore, head: Mapping[str, Any], _: tuple[pa.Table, ...]) -> Answer:
    return {"count": store.delete_before(head["model_id"], instant(head["time"]))}, []


CALLS: Mapping[str, Callable[[EventStore, Mapping[str, Any], tuple[pa.Table, ...]], Answer]] = {
    "ensure": _ensure,
    "append": _append,
    "append_labels": _append_labels,
    "latest": _latest,
    "fetch": _fetch,
    "last": _last,
    "count": _count,
    "delete_before": _delete_before,
}
