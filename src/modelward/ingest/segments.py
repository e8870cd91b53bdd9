"""One segment of the journal: a SQLite file of entries, written by one door and then only read.

SQLite because a torn write, a lost tail and a full disk are its daily bread. Each process that writes begins a segment
of its own and holds a lock on the file beside it, so nobody drops a segment under a living writer, whoever that is.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyarrow as pa

_SUFFIX = ".segment"
_UNFINISHED = ".new"
_PACK_FROM = 1024  # bytes: below it there is nothing to win
_CODEC = pa.Codec("lz4")  # 0.3 µs an event of 266 bytes to pack, a third of the size; zstd takes twice the time

_TABLE = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, organisation_id INTEGER NOT NULL, model_id INTEGER NOT NULL,
    events INTEGER NOT NULL, received_at INTEGER NOT NULL, size INTEGER NOT NULL, packed INTEGER NOT NULL,
    body BLOB NOT NULL
)"""
_COLUMNS = "kind, organisation_id, model_id, events, received_at, size, packed, body"


class Kind(IntEnum):
    """What the bytes of an entry are."""

    EVENTS = 1  # canonical JSON lines of one model
    ARROW = 2  # an Arrow IPC stream with canonical columns, of one model
    LABELS = 3  # JSON lines of one organisation


class Entry(NamedTuple):
    """What one request leaves in the journal for one model; `received_at` in microseconds since 1970."""

    kind: Kind
    organisation_id: int
    model_id: int  # 0 for labels: each line names its model, or none
    events: int
    received_at: int
    body: bytes


class Position(NamedTuple):
    """Where an entry lies. Positions grow in the order in which entries became durable."""

    segment: int
    id: int

    @property
    def sequence(self) -> int:
        """The position as one number."""
        return (self.segment << 32) | self.id


class Waiting(NamedTuple):
    """An entry that is read back, its body still packed: most are skipped or counted before one is opened."""

    position: Position
    kind: Kind
    organisation_id: int
    model_id: int
    events: int
    received_at: int
    size: int
    packed: int
    stored: bytes
    rest: bytes | None = None  # what is left of the body, and of `events`, without the lines that cannot be read

    @property
    def body(self) -> bytes:
        """The bytes as they were given to the journal, or what is left of them."""
        if self.rest is not None:
            return self.rest
        if not self.packed:
            return self.stored
        unpacked: bytes = _CODEC.decompress(self.stored, decompressed_size=self.size, asbytes=True)
        return unpacked


class Owner(NamedTuple):
    """Of what kind an entry is, of which organisation, and since when it is there."""

    kind: Kind
    organisation_id: int
    received_at: int


def numbers_in(folder: Path) -> list[int]:
    """The numbers of the segments there are, oldest first."""
    return sorted(int(path.stem) for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())


def path_of(folder: Path, number: int) -> Path:
    """Where segment `number` lies."""
    return folder / f"{number:012d}{_SUFFIX}"


class SegmentWriter:
    """A new segment, open for appending. Not for two threads at once."""

    def __init__(self, folder: Path, number: int, lock: BinaryIO) -> None:
        self.number = number
        self.stored = 0  # bytes of bodies in it
        self._lock = lock
        _make(folder, number)
        self._connection = sqlite3.connect(path_of(folder, number), isolation_level=None, check_same_thread=False)
        for pragma in ("synchronous=FULL", "wal_autocheckpoint=256"):
            self._connection.execute(f"PRAGMA {pragma}").close()

    @classmethod
    def begin(cls, folder: Path) -> "SegmentWriter":
        """The next segment of the folder; several processes may begin one at the same time."""
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"*{_UNFINISHED}"):  # by a process that died while it began
            drop_if_unused(folder, int(left.stem))
        number = max(_numbers_of_locks(folder), default=0) + 1
        while True:
            lock = _new_lock(folder, number)
            if lock is not None:
                return cls(folder, number, lock)
            number += 1

    def append(self, entries: Sequence[Entry]) -> int:
        """Make all entries durable in one commit, and say how many bytes they take."""
        rows = [_row(entry) for entry in entries]
        values: list[object] = [value for row in rows for value in row]
        # One statement is one transaction, and asks for the interpreter's lock once.
        places = ",".join(["(?,?,?,?,?,?,?,?)"] * len(rows))
        self._connection.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES {places}", values).close()  # noqa: S608
        stored = sum(len(row[-1]) for row in rows)
        self.stored += stored
        return stored

    def close(self) -> None:
        """Write what is left of the write-ahead log back, and let go."""
        self._connection.close()
        self._lock.close()


def _make(folder: Path, number: int) -> None:
    """An empty segment. It appears whole under its name: whoever reads the folder never sees one without its table."""
    unfinished = path_of(folder, number).with_suffix(_UNFINISHED)
    connection = sqlite3.connect(unfinished, isolation_level=None)
    try:
        # Pages of 16 KiB take a batch with few overflow pages and a single event without writing much for nothing.
        for pragma in ("page_size=16384", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.execute(_TABLE).close()
    finally:
        connection.close()
    unfinished.rename(path_of(folder, number))
    _sync_folder(folder)  # the name of the file must survive a power cut as well as its content


def _row(entry: Entry) -> tuple[int, int, int, int, int, int, int, bytes]:
    body, packed = entry.body, 0
    if len(body) >= _PACK_FROM and entry.kind is not Kind.ARROW:
        body, packed = _CODEC.compress(body, asbytes=True), 1
    return (
        entry.kind.value,
        entry.organisation_id,
        entry.model_id,
        entry.events,
        entry.received_at,
        len(entry.body),
        packed,
        body,
    )


class SegmentReader:
    """A segment as the mover sees it. It never writes, so it never makes the door wait."""

    def __init__(self, folder: Path, number: int) -> None:
        self.number = number
        # The write-ahead log of a process that was killed is taken in by whoever opens the file next: not read-only.
        address = f"{path_of(folder, number).absolute().as_uri()}?mode=rw"
        self._connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA busy_timeout=10000").close()

    def after(self, low: int, high: int, *, max_bytes: int, max_entries: int) -> Iterator[Waiting]:
        """Entries with low < id < high, in order, until `max_bytes` of bodies (one entry at least)."""
        cursor = self._connection.execute(
            f"SELECT id, {_COLUMNS} FROM entries WHERE id > ? AND id < ? ORDER BY id LIMIT ?",  # noqa: S608
            (low, high, max_entries),
        )
        taken = 0
        with suppress(StopIteration):
            while taken < max_bytes:
                id_, kind, *rest = next(cursor)
                waiting = Waiting(Position(self.number, id_), Kind(kind), *rest)
                taken += waiting.size
                yield waiting
        cursor.close()

    def between(self, low: int, high: int) -> tuple[int, int, int | None]:
        """(events, bytes of bodies, earliest receipt) of the entries with low < id < high; reads no body."""
        query = (
            "SELECT coalesce(sum(events), 0), coalesce(sum(length(body)), 0), min(received_at) "
            "FROM entries WHERE id > ? AND id < ?"
        )
        events, stored, oldest = self._connection.execute(query, (low, high)).fetchone()
        return events, stored, oldest

    def events_of(self, model_id: int, low: int, high: int, *, received_until: int) -> int:
        """The model's events in the entries with low < id < high that came no later (µs since 1970); reads no body."""
        query = (
            "SELECT coalesce(sum(events), 0) FROM entries "
            "WHERE id > ? AND id < ? AND model_id = ? AND kind <> ? AND received_at <= ?"
        )
        values = (low, high, model_id, Kind.LABELS.value, received_until)
        return int(self._connection.execute(query, values).fetchone()[0])

    def owner(self, id_: int) -> Owner | None:
        """Whose the entry is; None when it is not there. Reads no body."""
        query = "SELECT kind, organisation_id, received_at FROM entries WHERE id = ?"
        row = self._connection.execute(query, (id_,)).fetchone()
        return None if row is None else Owner(Kind(row[0]), *row[1:])

    def highest(self) -> int:
        """The id of the last entry; 0 when there is none."""
        return int(self._connection.execute("SELECT coalesce(max(id), 0) FROM entries").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def drop_if_unused(folder: Path, number: int) -> bool:
    """Delete the segment, unless a living process still writes to it."""
    lock_path = _lock_path(folder, number)
    with lock_path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        path = path_of(folder, number)
        for file in (path, path.with_suffix(_UNFINISHED)):
            for suffix in ("", "-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
        lock_path.unlink(missing_ok=True)
    return True


def is_written(folder: Path, number: int) -> bool:
    """Whether a living process holds the segment open for appending."""
    try:
        with _lock_path(folder, number).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _lock_path(folder: Path, number: int) -> Path:
    return folder / f"{number:012d}.lock"


def _numbers_of_locks(folder: Path) -> list[int]:
    return [
        int(path.stem) for pattern in ("*.lock", f"*{_SUFFIX}") for path in folder.glob(pattern) if path.stem.isdigit()
    ]


def _new_lock(folder: Path, number: int) -> BinaryIO | None:
    """The lock of a segment that nobody has begun, held; None when somebody was first."""
    try:
        lock = _lock_path(folder, number).open("xb")
    except FileExistsError:
        return None
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
