"""The journal: where an event is safe before its sender hears "accepted", and where it waits for the event store.

`Journal` is the door's half and only appends; `JournalReader` is the mover's half and only reads, marks what it moved
in a file of its own (`progress.py`), and drops old segments. Neither ever waits for the other.
"""

import logging
import shutil
import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from modelward.errors import Unavailable
from modelward.ingest.progress import Aside, Progress, moved_bytes
from modelward.ingest.retries import grant, wished
from modelward.ingest.segments import (
    Entry,
    Kind,
    Position,
    SegmentReader,
    SegmentWriter,
    Waiting,
    drop_if_unused,
    is_written,
    numbers_in,
)

log = logging.getLogger("modelward.ingest")

MEBIBYTE = 1024 * 1024
ALL = 1 << 62  # above every id
SEGMENT_BYTES = 64 * MEBIBYTE
_JOINED_BYTES = 1 * MEBIBYTE  # small entries of one commit become one entry of about this size at most
_ENTRIES_PER_COMMIT = 1_000  # SQLite takes 32,766 values in a statement
_LOOK_EVERY_SECONDS = 1.0
_RETRY_AFTER_SECONDS = 5
ATTEMPTS = 5
"""How often an entry is tried before it is set aside."""


class Journal:
    """The door's half. `append` may be called from one thread at a time."""

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int = 1024 * MEBIBYTE,
        min_free_disk_bytes: int = 256 * MEBIBYTE,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.folder = folder
        self._limit = limit_bytes
        self._min_free = min_free_disk_bytes
        self._segment_bytes = segment_bytes
        self._writer: SegmentWriter | None = None
        self._stored: dict[int, int] = {}
        self._waiting_before = 0
        self._free = min_free_disk_bytes
        self._looked_at = float("-inf")
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def waiting_bytes(self) -> int:
        """Bytes that are not moved yet, as of the last look (a second ago at most) and all appended since."""
        return self._waiting_before + (self._writer.stored if self._writer else 0)

    def admit(self) -> None:
        """Refuse when there is no room. Costs a comparison; looks at the disk once a second.

        Raises:
            Unavailable: the limit is reached, or the disk is nearly full.
        """
        if time.monotonic() - self._looked_at > _LOOK_EVERY_SECONDS:
            self._look()
        if self.waiting_bytes >= self._limit:
            raise Unavailable(
                f"The journal is full: {self.waiting_bytes:,} bytes wait for the event store. Send this again later.",
                retry_after=_RETRY_AFTER_SECONDS,
            )
        if self._free < self._min_free:
            raise Unavailable(
                f"The server's disk is nearly full: {self._free:,} bytes are free. Send this again later.",
                retry_after=_RETRY_AFTER_SECONDS,
            )

    def append(self, entries: Sequence[Entry]) -> None:
        """Make the entries durable: when this returns, they survive `kill -9` and a power cut.

        Raises:
            Unavailable: the disk did not take them; none of them can be said to be kept.
        """
        joined = _joined(entries)
        try:
            for start in range(0, len(joined), _ENTRIES_PER_COMMIT):
                self._open_writer().append(joined[start : start + _ENTRIES_PER_COMMIT])
        except (sqlite3.Error, OSError) as error:
            log.exception("the journal cannot be written")
            self._abandon()
            raise Unavailable(
                "The event could not be made durable: the server's disk refused it. Send it again later.",
                retry_after=_RETRY_AFTER_SECONDS,
            ) from error

    def close(self) -> None:
        """Let go of the segment. Another is begun if something is appended after all."""
        if self._writer is not None:
            self._stored[self._writer.number] = self._writer.stored
            self._waiting_before += self._writer.stored
            self._writer.close()
            self._writer = None

    def _open_writer(self) -> SegmentWriter:
        if self._writer is not None and self._writer.stored >= self._segment_bytes:
            self.close()
        if self._writer is None:
            self._writer = SegmentWriter.begin(self.folder)
        return self._writer

    def _abandon(self) -> None:
        # After a failed fsync nobody knows what the file holds, so it is never appended to again.
        try:
            self.close()
        except sqlite3.Error:
            self._writer = None

    def _look(self) -> None:
        """Count what waits: all segments but the one being written, less what was moved of any."""
        self._looked_at = time.monotonic()
        self._free = shutil.disk_usage(self.folder).free
        try:
            moved = moved_bytes(self.folder)
        except sqlite3.Error:
            return  # the mover is busy with its file: what was known a second ago will do
        numbers = numbers_in(self.folder)
        current = self._writer.number if self._writer else None
        waiting = -moved.get(current, 0) if current is not None else 0
        for number in numbers:
            if number != current:
                waiting += max(0, self._stored_in(number) - moved.get(number, 0))
        self._stored = {number: stored for number, stored in self._stored.items() if number in numbers}
        self._waiting_before = waiting

    def _stored_in(self, number: int) -> int:
        if number not in self._stored:
            try:
                reader = SegmentReader(self.folder, number)
            except sqlite3.Error:
                return 0  # dropped between the listing and now
            self._stored[number] = reader.between(0, ALL)[1]
            reader.close()
        return self._stored[number]


def gaps_between(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """(low, high): what is in none of the ranges of ids lies between two of these."""
    lows = [0, *(last for _, last in ranges)]
    highs = [*(first for first, _ in ranges), ALL]
    return [(low, high) for low, high in zip(lows, highs, strict=True) if high > low + 1]


def _joined(entries: Sequence[Entry]) -> list[Entry]:
    """Lines of the same kind for the same model, put together: many small requests become one entry."""
    if len(entries) == 1:
        return [entries[0]]
    joined: list[Entry] = []
    open_groups: dict[tuple[Kind, int, int], list[Entry]] = {}
    sizes: dict[tuple[Kind, int, int], int] = {}
    for entry in entries:
        if entry.kind is Kind.ARROW or len(entry.body) >= _JOINED_BYTES:
            joined.append(entry)
            continue
        key = (entry.kind, entry.organisation_id, entry.model_id)
        group = open_groups.setdefault(key, [])
        if sizes.get(key, 0) + len(entry.body) > _JOINED_BYTES:
            joined.append(_one(group))
            group.clear()
            sizes[key] = 0
        group.append(entry)
        sizes[key] = sizes.get(key, 0) + len(entry.body)
    joined.extend(_one(group) for group in open_groups.values() if group)
    return joined


def _one(group: list[Entry]) -> Entry:
    if len(group) == 1:
        return group[0]
    return group[0]._replace(events=sum(entry.events for entry in group), body=b"".join(entry.body for entry in group))


@dataclass(frozen=True)
class Backlog:
    """What waits in the journal: entries' events, their bytes, and since when the oldest waits (µs since 1970)."""

    events: int
    bytes: int
    oldest: int | None


class JournalReader:
    """The mover's half. One at a time reads and marks."""

    def __init__(self, folder: Path, *, keep_hours: int = 24, keep_bytes: int = 1024 * MEBIBYTE) -> None:
        self.folder = folder
        self.progress = Progress(folder)
        self.identity = self.progress.identity()
        """Names this journal among others, also after a restart."""
        self._keep = timedelta(hours=keep_hours)
        self._keep_bytes = keep_bytes
        self._readers: dict[int, SegmentReader] = {}
        self._finished: set[int] = set()  # wholly moved and written by nobody: not looked at again

    def waiting(
        self, *, max_bytes: int, max_entries: int = 2_000, skip: Collection[int] = frozenset()
    ) -> list[Waiting]:
        """The oldest entries that are not moved, in order; those of the models in `skip` stay where they are."""
        found: list[Waiting] = []
        size = 0
        for number in numbers_in(self.folder):
            for entry in self._unmoved(number, max_bytes=max_bytes, max_entries=max_entries):
                if entry.model_id in skip and entry.kind is not Kind.LABELS:
                    continue
                found.append(entry)
                size += entry.size
                if size >= max_bytes or len(found) >= max_entries:
                    return found
        return found

    def mark(self, entries: Sequence[Waiting], **counted: int) -> None:
        """Exactly these entries are in the event store and in the profiles."""
        self.progress.mark(entries, counted)

    def fail(self, entry: Waiting, reason: str, *, now: datetime) -> bool:
        """The entry could not be read; True when that was once too often and it was set aside."""
        return self.progress.fail(entry, reason, at=_microseconds(now), limit=ATTEMPTS)

    def fail_lines(self, entry: Waiting, lines: int, reason: str, *, now: datetime) -> bool:
        """So many lines of the entry could not be read, and are set aside; the others move without them."""
        return self.progress.fail_lines(entry, lines, reason, at=_microseconds(now))

    def set_aside(self) -> list[Aside]:
        """What was set aside, with its reason."""
        return self.progress.set_aside()

    def grant_retries(self) -> int:
        """Take back among those that wait what somebody wished to be tried again; answers with how many those were."""
        positions = wished(self.folder)
        for position in positions:
            self.retry(position)
            grant(self.folder, position)
        return len(positions)

    def retry(self, position: Position) -> bool:
        """Let the mover try an entry that was set aside once more."""
        self._finished.discard(position.segment)
        return self.progress.retry(position)

    def backlog(self) -> Backlog:
        """What waits, counted over all segments. A few milliseconds."""
        events = size = 0
        oldest: list[int] = []
        for number in numbers_in(self.folder):
            for low, high in self._gaps(number):
                here, stored, earliest = self._reader(number).between(low, high)
                events, size = events + here, size + stored
                oldest += [earliest] if earliest is not None else []
        return Backlog(events, size, min(oldest, default=None))

    def sweep(self, *, now: datetime) -> int:
        """Drop moved segments that are old or too many, oldest first; answers with how many went.

        The newest is never dropped, so that numbers only grow, and none that is still written to.
        """
        kept_bytes = 0
        dropped = 0
        for number in reversed(numbers_in(self.folder)[:-1]):
            if number not in self._finished and not self._is_finished(number):
                continue
            self._finished.add(number)
            finished_at = self.progress.finish(number, at=_microseconds(now))
            kept_bytes += self._reader(number).between(0, ALL)[1]
            old = _microseconds(now) - finished_at >= self._keep / timedelta(microseconds=1)
            if (old or kept_bytes > self._keep_bytes) and not self._has_aside(number):
                dropped += self._drop(number)
        return dropped

    def close(self) -> None:
        """Let go of all files."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()
        self.progress.close()

    def _unmoved(self, number: int, *, max_bytes: int, max_entries: int) -> Iterator[Waiting]:
        """Entries of the segment in the gaps between its moved ranges, and after the last."""
        for low, high in self._gaps(number):
            yield from self._reader(number).after(low, high, max_bytes=max_bytes, max_entries=max_entries)

    def _gaps(self, number: int) -> list[tuple[int, int]]:
        """(low, high): what is not moved of the segment has an id between two of these."""
        if number in self._finished:
            return []
        return gaps_between(self.progress.ranges(number))

    def _reader(self, number: int) -> SegmentReader:
        if number not in self._readers:
            self._readers[number] = SegmentReader(self.folder, number)
        return self._readers[number]

    def _is_finished(self, number: int) -> bool:
        # Asked in this order: what is appended before the writer lets go is seen by the count after.
        if is_written(self.folder, number):
            return False
        highest = self._reader(number).highest()
        return highest == 0 or self.progress.ranges(number) == [(1, highest)]

    def _has_aside(self, number: int) -> bool:
        return any(aside.position.segment == number for aside in self.progress.set_aside())

    def _drop(self, number: int) -> bool:
        self._readers.pop(number).close()
        if not drop_if_unused(self.folder, number):
            return False
        self.progress.forget(number)
        self._finished.discard(number)
        return True


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
