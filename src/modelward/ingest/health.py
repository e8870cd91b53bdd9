"""How ingestion is: read beside the mover, in short transactions that only read, so that nobody waits for it."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from modelward.ingest.journal import Backlog, gaps_between
from modelward.ingest.progress import PROGRESS, Aside
from modelward.ingest.segments import Kind, Position, SegmentReader, numbers_in

_SECONDS = 0.5  # for a file that somebody is about to drop


@dataclass(frozen=True)
class AsideEntry:
    """An entry that was set aside, of one organisation. Labels may be of many models: `model_id` is 0."""

    aside: Aside
    kind: Kind
    received_at: int


@dataclass(frozen=True)
class Progressed:
    """What the mover has written down."""

    counters: Mapping[str, int]
    backlog: Backlog


def progressed(folder: Path) -> Progressed:
    """What was moved of the journal in `folder`, since ever, and what waits. A few milliseconds."""
    with closing(_open(folder)) as progress:
        counters = dict(progress.execute("SELECT name, value FROM counters").fetchall())
        ranges = {number: _ranges(progress, number) for number in numbers_in(folder)}
    events = size = 0
    oldest: list[int] = []
    for number, moved in ranges.items():
        for here, stored, earliest in _waiting_in(folder, number, gaps_between(moved)):
            events, size = events + here, size + stored
            oldest += [earliest] if earliest is not None else []
    return Progressed(counters, Backlog(events, size, min(oldest, default=None)))


def waiting_events(folder: Path, *, model_id: int, until: datetime) -> int:
    """How many events of the model wait that came no later than `until`. An entry that is set aside does not wait."""
    with closing(_open(folder)) as progress:
        ranges = {number: _ranges(progress, number) for number in numbers_in(folder)}
    received_until = round(until.timestamp() * 1_000_000)
    waiting = 0
    for number, moved in ranges.items():
        # A segment that cannot be opened was dropped between the listing and now: it was moved.
        with suppress(sqlite3.Error), closing(SegmentReader(folder, number)) as segment:
            for low, high in gaps_between(moved):
                waiting += segment.events_of(model_id, low, high, received_until=received_until)
    return waiting


def check_room(folder: Path, *, limit_bytes: int, min_free_disk_bytes: int) -> str | None:
    """Why the door would refuse events for want of room, as a sentence; None when there is room."""
    if shutil.disk_usage(folder).free < min_free_disk_bytes:
        return "the disk is nearly full: events are refused until there is room"
    if progressed(folder).backlog.bytes >= limit_bytes:
        return "the journal is full: events are refused until those that wait are in the event store"
    return None


def set_aside(folder: Path, *, organisation_id: int) -> list[AsideEntry]:
    """What was set aside of one organisation's, oldest first. Whose an entry is, the journal knows."""
    query = "SELECT segment, id, model_id, events, attempts, reason, at FROM failures WHERE aside = 1 ORDER BY 1, 2"
    with closing(_open(folder)) as progress:
        aside = [Aside(Position(row[0], row[1]), *row[2:]) for row in progress.execute(query)]
    return list(_of_organisation(folder, aside, organisation_id))


def _of_organisation(folder: Path, aside: Sequence[Aside], organisation_id: int) -> Iterator[AsideEntry]:
    for number in sorted({one.position.segment for one in aside} & set(numbers_in(folder))):
        with closing(SegmentReader(folder, number)) as segment:
            for one in (one for one in aside if one.position.segment == number):
                owner = segment.owner(one.position.id)
                if owner is not None and owner.organisation_id == organisation_id:
                    yield AsideEntry(one, owner.kind, owner.received_at)


def _waiting_in(folder: Path, number: int, gaps: Sequence[tuple[int, int]]) -> list[tuple[int, int, int | None]]:
    try:
        with closing(SegmentReader(folder, number)) as segment:
            return [segment.between(low, high) for low, high in gaps]
    except sqlite3.Error:
        return []  # dropped between the listing and now: it was moved


def _ranges(progress: sqlite3.Connection, number: int) -> list[tuple[int, int]]:
    query = "SELECT first, last FROM moved WHERE segment = ? ORDER BY first"
    return progress.execute(query, (number,)).fetchall()


def _open(folder: Path) -> sqlite3.Connection:
    """The mover's file; an empty one where there was no mover yet."""
    path = folder / PROGRESS
    if path.exists():
        # Not read-only: whoever opens the file after a mover was killed takes in what is left of its log.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_SECONDS)
        connection.execute("PRAGMA query_only=ON").close()
        if _has_tables(connection):
            return connection
        connection.close()
    nothing = sqlite3.connect(":memory:")
    nothing.executescript(_NOTHING).close()
    return nothing


def _has_tables(connection: sqlite3.Connection) -> bool:
    """Whether the first mover has come so far: it makes the file first, and its tables then."""
    query = "SELECT count(*) FROM sqlite_master WHERE name IN ('counters', 'moved', 'failures')"
    return bool(connection.execute(query).fetchone()[0] == 3)


_NOTHING = """
CREATE TABLE counters (name, value);
CREATE TABLE moved (segment, first, last);
CREATE TABLE failures (segment, id, model_id, events, attempts, reason, at, aside);
"""
