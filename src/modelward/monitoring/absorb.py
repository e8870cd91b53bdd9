"""New rows into the profiles, in the mover's transaction: after the event store has them, before the journal forgets.

Rows that came for the first time become partial profiles, keyed by their batch. Where that would be wrong (duplicates:
the rows may have been appended by a mover that died before it came here; labels that changed) or slow (a batch over
very many buckets, a back-fill) the bucket is marked instead, and rebuilt from raw rows. Doing it twice changes nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from modelward.ingest.mover import Moved
from modelward.jobs.service import enqueue
from modelward.jobs.tables import Job
from modelward.kit import clock
from modelward.kit.database import insert_into
from modelward.monitoring.columns import columns_of_models
from modelward.monitoring.marks import DIRTY, DUE, JOINT, STALE, mark_all
from modelward.monitoring.payload import pack
from modelward.monitoring.profiling import ProfiledColumn, buckets_of, profiles_by_bucket
from modelward.monitoring.tables import Absorbed, Activity, DayProfile, Partial
from modelward.monitoring.volumes import note_repeated
from modelward.registry.tables import Model
from modelward.rules.windows import bucket_seconds

MANY_BUCKETS = 48
"""A batch over more buckets than this is cheaper rebuilt, many batches at a time, than profiled by itself."""

EVALUATE_AFTER = timedelta(seconds=1)
REBUILD_AFTER = timedelta(seconds=1)
JOIN_AFTER = timedelta(seconds=2)


@dataclass
class _Touched:
    """What one model's batches amount to."""

    seconds: int
    time_zone: str
    partials: list[dict[str, object]] = field(default_factory=list)
    due: set[int] = field(default_factory=set)
    dirty: set[int] = field(default_factory=set)
    stale: set[int] = field(default_factory=set)
    newest: datetime | None = None
    repeated: Counter[int] = field(default_factory=Counter)

    @property
    def changed(self) -> set[int]:
        """Every bucket whose rows or labels are others than before."""
        return self.due | self.dirty | self.stale


def absorb(session: Session, moved: Sequence[Moved], *, now: datetime | None = None) -> None:
    """Bring the profiles up to these batches, or mark what must be rebuilt, and ask for the work that follows."""
    now = now or clock.now()
    touched = _targets(session, {batch.model_id for batch in moved})
    known = [batch for batch in moved if batch.model_id in touched]  # A model may have been deleted meanwhile.
    fresh = _enter(session, known, now)
    columns = columns_of_models(session, touched.keys())
    for batch in known:
        new = (batch.model_id, batch.batch) in fresh
        _collect(batch, touched[batch.model_id], columns[batch.model_id], new=new)
    _write(session, touched, now)


def _targets(session: Session, model_ids: Collection[int]) -> dict[int, _Touched]:
    """Every model that exists, with its bucket length: one that has profiles keeps theirs until they are rebuilt."""
    rows = session.execute(
        select(Model.id, Model.time_zone, Activity.bucket_seconds)
        .outerjoin(Activity, Activity.model_id == Model.id)
        .where(Model.id.in_(model_ids))
    )
    return {row.id: _Touched(row.bucket_seconds or bucket_seconds(row.time_zone), row.time_zone) for row in rows}


def _enter(session: Session, moved: Iterable[Moved], now: datetime) -> set[tuple[int, str]]:
    """Enter the batches into the ledger; those that were not in it before."""
    keys = {(batch.model_id, batch.batch) for batch in moved if batch.events.num_rows}
    if not keys:
        return set()
    seen = session.execute(
        select(Absorbed.model_id, Absorbed.batch).where(tuple_(Absorbed.model_id, Absorbed.batch).in_(keys))
    )
    fresh = keys - {(row.model_id, row.batch) for row in seen}
    if fresh:
        rows = [{"model_id": model_id, "batch": batch, "at": now} for model_id, batch in sorted(fresh)]
        session.execute(insert_into(session, Absorbed), rows)
    return fresh


def _collect(batch: Moved, touched: _Touched, columns: Sequence[ProfiledColumn], *, new: bool) -> None:
    touched.dirty.update(_buckets(batch.repeated, touched.seconds))
    if len(batch.repeated):
        touched.repeated.update(buckets_of(batch.repeated, touched.seconds).tolist())
    touched.stale.update(_buckets(batch.labelled, touched.seconds))
    times = batch.events.column("ts")
    for arrived in (times, batch.repeated):
        if len(arrived):  # Duplicates too: they may be rows whose first mover died before it came here.
            touched.newest = _later(touched.newest, _newest(arrived))
    if not len(times):
        return
    buckets = _buckets(times, touched.seconds)
    if not new or len(buckets) > MANY_BUCKETS:
        touched.dirty.update(buckets)
        return
    for bucket, profile in profiles_by_bucket(batch.events, columns, touched.seconds):
        row = {"model_id": batch.model_id, "bucket": bucket, "batch": batch.batch, "level": 0}
        touched.partials.append({**row, "rows": profile.rows, "payload": pack(profile)})
        touched.due.add(bucket)


def _write(session: Session, touched: Mapping[int, _Touched], now: datetime) -> None:
    partials = [row for entry in touched.values() for row in entry.partials]
    if partials:
        session.execute(insert_into(session, Partial), partials)
    ready = _note_activity(session, touched, now)
    again = ((model_id, *pair) for model_id, entry in touched.items() for pair in entry.repeated.items())
    note_repeated(session, again)
    mark_all(session, _marks(touched), now=now)
    _drop_days_of(session, {model_id: entry.due for model_id, entry in touched.items() if entry.due})
    evaluate = {model_id: now + EVALUATE_AFTER for model_id, entry in touched.items() if entry.due}
    rebuild = {
        model_id: max(now + REBUILD_AFTER, ready.get(model_id, now))
        for model_id, entry in touched.items()
        if entry.dirty or entry.stale
    }
    ask_for(session, "evaluate", evaluate)
    ask_for(session, "rebuild", rebuild)
    ask_for(session, "joint", {model_id: now + JOIN_AFTER for model_id, entry in touched.items() if entry.changed})


def _marks(touched: Mapping[int, _Touched]) -> Iterator[tuple[int, str, int]]:
    for model_id, entry in touched.items():
        kinds = {DUE: entry.due, DIRTY: entry.dirty, STALE: entry.stale - entry.dirty, JOINT: entry.changed}
        yield from ((model_id, kind, bucket) for kind, buckets in kinds.items() for bucket in buckets)


def ask_for(session: Session, kind: str, times: Mapping[int, datetime]) -> None:
    """Ask for a job of many models, but for those whose job waits already and comes no later."""
    waiting = session.execute(
        select(Job.key, Job.run_at)
        .where(
            Job.kind == kind,
            Job.key.in_([str(model_id) for model_id in times]),
            Job.owner.is_(None),
            Job.state == "due",
            Job.attempts == 0,
        )
        .with_for_update()  # Nobody claims it before this transaction ends: it will see what is written here.
    )
    soon = {int(row.key) for row in waiting if row.run_at <= times[int(row.key)]}
    for model_id in sorted(times.keys() - soon):
        enqueue(session, kind, str(model_id), run_at=times[model_id])


def _drop_days_of(session: Session, buckets: Mapping[int, Collection[int]]) -> None:
    rolled_up = session.scalars(select(DayProfile.model_id).where(DayProfile.model_id.in_(buckets)).distinct()).all()
    for model_id in rolled_up:
        drop_days(session, model_id=model_id, buckets=buckets[model_id])


def drop_days(session: Session, *, model_id: int, buckets: Collection[int]) -> None:
    """Forget the roll-ups of the days that the buckets lie in (and those between): they are made anew when quiet."""
    session.execute(
        delete(DayProfile).where(
            DayProfile.model_id == model_id, DayProfile.ends_at > min(buckets), DayProfile.starts_at <= max(buckets)
        )
    )


def _note_activity(session: Session, touched: Mapping[int, _Touched], now: datetime) -> dict[int, datetime]:
    """Write down the arrival; when each model's next rebuild may begin."""
    arrived = {model_id: entry for model_id, entry in touched.items() if entry.newest is not None}
    known = {row.model_id: row for row in session.scalars(select(Activity).where(Activity.model_id.in_(touched)))}
    for model_id, entry in arrived.items():
        assert entry.newest is not None
        if (activity := known.get(model_id)) is None:
            session.add(_first_activity(model_id, entry, now))
            continue
        gap = (now - activity.last_arrival_at).total_seconds()
        activity.longest_gap_seconds = max(activity.longest_gap_seconds, gap)
        activity.last_arrival_at = max(activity.last_arrival_at, now)
        activity.newest_ts = max(activity.newest_ts, entry.newest)
    session.flush()
    return {model_id: activity.rebuild_not_before for model_id, activity in known.items()}


def _first_activity(model_id: int, entry: _Touched, now: datetime) -> Activity:
    assert entry.newest is not None
    return Activity(
        model_id=model_id,
        last_arrival_at=now,
        longest_gap_seconds=0.0,
        newest_ts=entry.newest,
        bucket_seconds=entry.seconds,
        time_zone=entry.time_zone,
        rebuild_not_before=now,
    )


def _buckets(times: pa.Array | pa.ChunkedArray, seconds: int) -> set[int]:
    return set(buckets_of(times, seconds).tolist()) if len(times) else set()


def _newest(times: pa.Array | pa.ChunkedArray) -> datetime:
    newest: datetime = pc.max(times).as_py()
    return newest.astimezone(UTC)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
