"""What of the journal was moved, in a file of the mover's own: the door never waits for a lock that the mover holds.

Only exact positions are written down, kept as ranges: never "all up to".
"""

import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelward.ingest.segments import Position, Waiting

PROGRESS = "progress.db"
_ABSORBED, _FAILED = "absorbed", "failed"  # in the place of a step's name, which is a number

_TABLES = """
CREATE TABLE IF NOT EXISTS moved (
    segment INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (segment, first)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tallies (
    segment INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, events INTEGER NOT NULL, finished_at INTEGER
);
CREATE TABLE IF NOT EXISTS failures (
    segment INTEGER NOT NULL, id INTEGER NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL,
    model_id INTEGER NOT NULL, events INTEGER NOT NULL, at INTEGER NOT NULL, aside INTEGER NOT NULL,
    PRIMARY KEY (segment, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS begun (
    segment INTEGER NOT NULL, id INTEGER NOT NULL, step TEXT NOT NULL, PRIMARY KEY (segment, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Aside:
    """An entry that could not be read, kept in the journal, out of everybody's way. `at` in microseconds since 1970."""

    position: Position
    model_id: int
    events: int
    attempts: int
    reason: str
    at: int


class Progress:
    """The mover's memory. One mover writes it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(folder / PROGRESS, isolation_level=None, check_same_thread=False)
        # FULL: what was begun must be known after a power cut, or what it appended is taken for duplicates.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            self._connection.execute(f"PRAGMA {pragma}").close()
        self._connection.executescript(_TABLES).close()

    def identity(self) -> str:
        """A name that this journal keeps."""
        query = "INSERT OR IGNORE INTO identity VALUES (1, ?)"
        self._connection.execute(query, (secrets.token_hex(8),))
        return str(self._connection.execute("SELECT name FROM identity").fetchone()[0])

    def ranges(self, segment: int) -> list[tuple[int, int]]:
        """(first, last) of what was moved of the segment, ascending, never touching."""
        query = "SELECT first, last FROM moved WHERE segment = ? ORDER BY first"
        return self._connection.execute(query, (segment,)).fetchall()

    def mark(self, entries: Sequence[Waiting], counted: dict[str, int]) -> None:
        """Write down that exactly these entries need not be moved again, and add to the counters."""
        segments: defaultdict[int, list[Waiting]] = defaultdict(list)
        for entry in entries:
            segments[entry.position.segment].append(entry)
        with self._transaction():
            for segment, moved in segments.items():
                self._mark_segment(segment, moved)
            positions = [entry.position for entry in entries]
            self._connection.executemany("DELETE FROM begun WHERE segment = ? AND id = ?", positions)
            self._count(counted)

    def begun(self) -> set[Position]:
        """What was begun and never marked, whatever became of it: nothing, unless a step died or failed."""
        return {Position(*row) for row in self._connection.execute("SELECT segment, id FROM begun")}

    def begin(self, entries: Sequence[Waiting], step: str) -> None:
        """The entries are about to be appended, by the step of this name."""
        query = (
            "INSERT INTO begun VALUES (?, ?, ?) "
            "ON CONFLICT (segment, id) DO UPDATE SET step = excluded.step WHERE step <> ?"
        )
        with self._transaction():
            self._connection.executemany(query, [(*entry.position, step, _ABSORBED) for entry in entries])

    def settle(self, step: str | None) -> set[Position]:
        """The profiles have all of `step`; answers with what was begun and is in no profile, if it was appended."""
        self._connection.execute("UPDATE begun SET step = ? WHERE step = ?", (_ABSORBED, step))
        query = "SELECT segment, id FROM begun WHERE step <> ?"
        return {Position(*row) for row in self._connection.execute(query, (_ABSORBED,))}

    def fail(self, entry: Waiting, reason: str, *, at: int, limit: int) -> bool:
        """One more failure to read the entry. Set aside, and True, when it was the `limit`-th."""
        with self._transaction():
            segment, id_ = entry.position
            query = (
                "INSERT INTO failures VALUES (?, ?, 1, ?, ?, ?, ?, 0) ON CONFLICT (segment, id) DO UPDATE SET "
                "attempts = attempts + 1, reason = excluded.reason, at = excluded.at RETURNING attempts"
            )
            values = (segment, id_, reason[:1000], entry.model_id, entry.events, at)
            (attempts,) = self._connection.execute(query, values).fetchone()
            # The step goes on without it, and what it did not do it does not answer for.
            query = "UPDATE begun SET step = ? WHERE segment = ? AND id = ? AND step <> ?"
            self._connection.execute(query, (_FAILED, segment, id_, _ABSORBED))
            if attempts < limit:
                return False
            self._connection.execute("UPDATE failures SET aside = 1 WHERE segment = ? AND id = ?", (segment, id_))
            self._mark_segment(segment, [entry])
            self._count({"aside": entry.events})
            return True

    def fail_lines(self, entry: Waiting, lines: int, reason: str, *, at: int) -> bool:
        """So many lines of the entry are set aside while the others move; True when that was not known yet."""
        query = (
            "INSERT INTO failures VALUES (?, ?, 1, ?, ?, ?, ?, 1) ON CONFLICT (segment, id) DO UPDATE SET "
            "reason = excluded.reason, events = excluded.events, at = excluded.at, aside = 1 WHERE aside = 0 "
            "RETURNING 1"
        )
        with self._transaction():
            values = (*entry.position, reason[:1000], entry.model_id, lines, at)
            new = self._connection.execute(query, values).fetchone() is not None
            if new:
                self._count({"aside": lines})
        return new

    def set_aside(self) -> list[Aside]:
        """What was set aside, oldest first."""
        query = "SELECT segment, id, model_id, events, attempts, reason, at FROM failures WHERE aside = 1 ORDER BY 1, 2"
        return [Aside(Position(row[0], row[1]), *row[2:]) for row in self._connection.execute(query)]

    def retry(self, position: Position) -> bool:
        """Take an entry that was set aside back among those that wait; False when it was not set aside."""
        with self._transaction():
            query = "DELETE FROM failures WHERE segment = ? AND id = ? AND aside = 1 RETURNING events"
            row = self._connection.execute(query, position).fetchone()
            if row is None:
                return False
            kept = _without(self.ranges(position.segment), position.id)
            self._replace_ranges(position.segment, kept)
            self._count({"aside": -row[0]})
            return True

    def counters(self) -> dict[str, int]:
        """All that was ever counted."""
        return dict(self._connection.execute("SELECT name, value FROM counters").fetchall())

    def finish(self, segment: int, *, at: int) -> int:
        """Remember since when the segment is wholly moved; answers with that moment."""
        self._connection.execute(
            "INSERT INTO tallies VALUES (?, 0, 0, ?) "
            "ON CONFLICT (segment) DO UPDATE SET finished_at = coalesce(finished_at, ?)",
            (segment, at, at),
        )
        (finished,) = self._connection.execute(
            "SELECT finished_at FROM tallies WHERE segment = ?", (segment,)
        ).fetchone()
        return int(finished)

    def forget(self, segment: int) -> None:
        """The segment is gone: so is what was known of it, but for what was set aside."""
        with self._transaction():
            for table in ("moved", "tallies", "begun"):
                self._connection.execute(f"DELETE FROM {table} WHERE segment = ?", (segment,))  # noqa: S608
            self._connection.execute("DELETE FROM failures WHERE segment = ? AND aside = 0", (segment,))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection)

    def _mark_segment(self, segment: int, entries: Sequence[Waiting]) -> None:
        known = self.ranges(segment)
        grown = _with(known, (entry.position.id for entry in entries))
        if grown == known:
            return
        self._replace_ranges(segment, grown)
        stored, events = sum(len(entry.stored) for entry in entries), sum(entry.events for entry in entries)
        self._connection.execute(
            "INSERT INTO tallies VALUES (?, ?, ?, NULL) ON CONFLICT (segment) DO UPDATE SET "
            "bytes = bytes + excluded.bytes, events = events + excluded.events",
            (segment, stored, events),
        )

    def _replace_ranges(self, segment: int, ranges: list[tuple[int, int]]) -> None:
        self._connection.execute("DELETE FROM moved WHERE segment = ?", (segment,))
        rows = [(segment, first, last) for first, last in ranges]
        self._connection.executemany("INSERT INTO moved VALUES (?, ?, ?)", rows)

    def _count(self, counted: dict[str, int]) -> None:
        query = "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
        self._connection.executemany(query, [(name, n) for name, n in counted.items() if n])


class _Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when the block raises."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def moved_bytes(folder: Path) -> dict[int, int]:
    """Bytes moved by segment, for the door's limit; empty while there is no mover yet."""
    path = folder / PROGRESS
    if not path.exists():
        return {}
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0.05)
    try:
        return dict(connection.execute("SELECT segment, bytes FROM tallies").fetchall())
    finally:
        connection.close()


def _with(ranges: list[tuple[int, int]], ids: Iterable[int]) -> list[tuple[int, int]]:
    """The ranges with the ids added, merged where they touch."""
    grown: list[tuple[int, int]] = []
    for first, last in sorted([*ranges, *((id_, id_) for id_ in ids)]):
        if grown and first <= grown[-1][1] + 1:
            grown[-1] = (grown[-1][0], max(last, grown[-1][1]))
        else:
            grown.append((first, last))
    return grown


def _without(ranges: list[tuple[int, int]], id_: int) -> list[tuple[int, int]]:
    """The ranges with one id taken out."""
    cut = [part for first, last in ranges for part in ((first, min(last, id_ - 1)), (max(first, id_ + 1), last))]
    return sorted({(first, last) for first, last in cut if first <= last})
