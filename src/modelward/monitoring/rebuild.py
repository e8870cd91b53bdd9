"""Dirty buckets are built anew from raw rows: one scan serves a run of adjoining buckets, in bounded memory.

The scan and the mover exclude each other only for the moment in which the scan's snapshot is taken: under the model's
lease no batch is between the event store and the profiles, so that the partials that are there then are exactly what
the snapshot holds. They are replaced in the transaction that writes the new profile; partials that come later stay on
top. Marks are cleared only where they have not grown since they were read.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from threading import Event

import pyarrow as pa
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from modelward.errors import Conflict, Unavailable
from modelward.events.contract import EventStore
from modelward.jobs.leases import hold, let_go
from modelward.jobs.service import Claim, enqueue
from modelward.kit import clock
from modelward.kit.database import change, reading, writing
from modelward.monitoring.absorb import EVALUATE_AFTER, drop_days
from modelward.monitoring.buckets import Packed, forget_buckets, packed, put_buckets
from modelward.monitoring.columns import profiled_columns, scanned, with_label
from modelward.monitoring.marks import DIRTY, DUE, REBUILD, clear, mark, marked
from modelward.monitoring.payload import merge_profiles
from modelward.monitoring.profiling import ProfiledColumn, profiles_by_bucket
from modelward.monitoring.tables import Activity, Partial
from modelward.monitoring.window_profiles import moment
from modelward.stats import Profile

RUN_BUCKETS = 192
"""Marked buckets in one scan: eight days of hours, whose profiles fit into some tens of megabytes."""
RUN_GAP = 6
"""A run goes on over so many buckets that need nothing: reading past them costs less than another scan."""
CHUNK_ROWS = 131_072
"""Rows held at once; a bucket with more is profiled in pieces that are merged once at the end."""
REST = 4
"""After a rebuild its model rests so many times as long, so that labels that trickle in do not take the whole core."""


@dataclass(frozen=True)
class _Run:
    model_id: int
    seconds: int
    seen: dict[tuple[str, int], int]
    columns: tuple[ProfiledColumn, ...]
    more: bool

    @property
    def buckets(self) -> set[int]:
        return {bucket for _, bucket in self.seen}

    @property
    def start(self) -> datetime:
        return moment(min(self.buckets))

    @property
    def end(self) -> datetime:
        return moment(max(self.buckets) + self.seconds)


def rebuild(engine: Engine, store: EventStore, claim: Claim) -> "Rebuilt | None":
    """Scan the next run of the model's marked buckets; the answer writes it. None: nothing is marked."""
    began = time.monotonic()
    with reading(engine) as session:
        run = _next_run(session, int(claim.key))
    if run is None:
        return None
    with model_lease(engine, run.model_id, claim.owner):
        with reading(engine) as session:
            partials = _partials(session, run)
        batches = _begun(store.scan(run.model_id, run.start, run.end, scanned(run.columns)))
    profiles = _profiles(batches, run)
    return Rebuilt(run, tuple(partials), profiles, time.monotonic() - began)


@dataclass(frozen=True)
class Rebuilt:
    """Profiles made from raw rows, to be written in one transaction: call it with the session."""

    run: _Run
    partials: tuple[int, ...]
    profiles: Mapping[int, Packed]
    took_seconds: float

    def __call__(self, session: Session) -> None:
        now, run = clock.now(), self.run
        _replace_partials(session, self.partials)
        forget_buckets(session, run.model_id, run.buckets - self.profiles.keys())
        put_buckets(session, run.model_id, self.profiles, now=now)
        clear(session, model_id=run.model_id, seen=run.seen)
        mark(session, model_id=run.model_id, kind=DUE, buckets=run.buckets, now=now)
        drop_days(session, model_id=run.model_id, buckets=run.buckets)
        rested = now + timedelta(seconds=REST * self.took_seconds)
        session.execute(
            update(Activity).where(Activity.model_id == run.model_id).values(rebuild_not_before=rested),
            execution_options={"synchronize_session": False},
        )
        enqueue(session, "evaluate", str(run.model_id), run_at=now + EVALUATE_AFTER)
        if run.more:
            enqueue(session, "rebuild", str(run.model_id), run_at=now)


@contextmanager
def model_lease(engine: Engine, model_id: int, owner: str, *, patience: float = 10.0) -> Iterator[None]:
    """Hold the model's lease for a moment, waiting for the mover to finish the batch it has in hand.

    Raises:
        Unavailable: the mover held it for longer than the patience.
    """
    name, me, gives_up = f"model:{model_id}", f"rebuild:{owner}", time.monotonic() + patience
    while not _take(engine, name, me):
        if time.monotonic() > gives_up:
            raise Unavailable(f"The mover holds model {model_id} for too long; its buckets are rebuilt later.")
        Event().wait(0.02)
    try:
        yield
    finally:
        with writing(engine) as session:
            let_go(session, name, me)


def _take(engine: Engine, name: str, owner: str) -> bool:
    with writing(engine) as session:
        return hold(session, name, owner, clock.now(), 30)


def _next_run(session: Session, model_id: int) -> _Run | None:
    activity = session.get(Activity, model_id)
    if activity is None:
        return None
    length, oldest = activity.bucket_seconds, activity.forgotten_before
    seen = marked(session, model_id=model_id, kinds=REBUILD)
    seen = {key: generation for key, generation in seen.items() if oldest is None or key[1] >= oldest}
    if not seen:
        return None
    ordered = sorted({bucket for _, bucket in seen})
    chosen = set(_adjoining(_first_wanted(ordered, seen), length))
    run = {key: generation for key, generation in seen.items() if key[1] in chosen}
    return _Run(model_id, length, run, profiled_columns(session, model_id), more=len(chosen) < len(ordered))


def _first_wanted(ordered: Sequence[int], seen: dict[tuple[str, int], int]) -> list[int]:
    """Buckets with rows missing come before those that only got labels."""
    first = next((bucket for bucket in ordered if (DIRTY, bucket) in seen), ordered[0])
    return [bucket for bucket in ordered if bucket >= first]


def _adjoining(ordered: Sequence[int], length: int) -> list[int]:
    run = [ordered[0]]
    for bucket in ordered[1:RUN_BUCKETS]:
        if bucket - run[-1] > (RUN_GAP + 1) * length:
            break
        run.append(bucket)
    return run


def _partials(session: Session, run: _Run) -> list[int]:
    found = session.execute(
        select(Partial.id, Partial.bucket).where(
            Partial.model_id == run.model_id,
            Partial.bucket >= min(run.buckets),
            Partial.bucket <= max(run.buckets),
        )
    )
    return [row.id for row in found if row.bucket in run.buckets]


def _begun(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The reader's batches, of which the first is read at once: an engine may take its snapshot only then."""
    batches = iter(reader)
    return chain(list(islice(batches, 1)), batches)


def _profiles(batches: Iterator[pa.RecordBatch], run: _Run) -> dict[int, Packed]:
    parts: defaultdict[int, list[Profile]] = defaultdict(list)
    for table in chunks(batches, CHUNK_ROWS):
        for bucket, profile in profiles_by_bucket(with_label(table, run.columns), run.columns, run.seconds):
            if bucket in run.buckets:
                parts[bucket].append(profile)
    return {bucket: packed(merge_profiles(some)) for bucket, some in parts.items()}


def chunks(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """The batches gathered into tables of about so many rows."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.num_rows
        if size >= rows:
            yield pa.Table.from_batches(held)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held)


def _replace_partials(session: Session, ids: Sequence[int]) -> None:
    """Forget the partials that the scan saw.

    Raises:
        Conflict: some are gone already, merged by somebody else meanwhile; the rebuild is tried again.
    """
    gone = sum(
        change(session, delete(Partial).where(Partial.id.in_(ids[at : at + 500]))) for at in range(0, len(ids), 500)
    )
    if gone != len(ids):
        raise Conflict("The partial profiles of these buckets were merged meanwhile; the rebuild is tried again.")
