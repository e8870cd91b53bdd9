"""Fewer, larger profiles: partials in levels, quiet buckets settled, whole days rolled up. Each by one k-way merge.

Merging costs accuracy a little each time, so nothing is merged again and again: sixteen partials of a level make one of
the next, a bucket is settled once when it is quiet, and one that was settled too often is built anew from
raw rows instead.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from modelward.errors import Conflict
from modelward.jobs.service import enqueue
from modelward.kit.database import change, insert_into, reading
from modelward.monitoring.buckets import packed, put_buckets
from modelward.monitoring.marks import REBUILD, STALE, mark, marked
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.payload import merge_payloads, merge_profiles, pack, pack_summary
from modelward.monitoring.tables import Activity, BucketProfile, DayColumn, DayProfile, Partial
from modelward.monitoring.window_profiles import bucket_parts, moment, seconds
from modelward.registry.tables import Model
from modelward.rules.windows import Window, windows
from modelward.stats import Profile

FAN = 16
"""Partials of one level that make one of the next."""
BUCKETS_AT_ONCE = 96
DAYS_AT_ONCE = 16
MOST_MERGES = 3
"""A bucket into which partials were settled so often is rebuilt from raw rows at the next occasion."""
QUIET = timedelta(minutes=2)
"""A bucket is quiet when the model's time has passed it by so much, or when so long nothing arrived at all."""

Write = Callable[[Session], None]


@dataclass(frozen=True)
class _Group:
    """Partials that are merged into one."""

    bucket: int
    level: int
    ids: tuple[int, ...]


def tidy(engine: Engine, *, model_id: int, now: datetime) -> Write | None:
    """Do the first of these that is to be done: merge levels, settle quiet buckets, roll up days. None: all is tidy."""
    with reading(engine) as session:
        model, activity = session.get(Model, model_id), session.get(Activity, model_id)
        if model is None or activity is None:
            return None
        return (
            _merge_levels(session, model_id, now)
            or _settle_buckets(session, activity, now)
            or _roll_up_days(session, model, activity, now)
        )


def _merge_levels(session: Session, model_id: int, now: datetime) -> Write | None:
    groups = _full_levels(session, model_id)[:BUCKETS_AT_ONCE]
    if not groups:
        return None
    merged = [merge_payloads(_payloads(session, group.ids)) for group in groups]

    def write(writer: Session) -> None:
        for group, profile in zip(groups, merged, strict=True):
            _remove(writer, group.ids)
            row = {"model_id": model_id, "bucket": group.bucket, "batch": f"merged:{max(group.ids)}"}
            writer.execute(
                insert_into(writer, Partial).values(
                    **row, level=group.level + 1, rows=profile.rows, payload=pack(profile)
                )
            )
        enqueue(writer, "tidy", str(model_id), run_at=now)

    return write


def _full_levels(session: Session, model_id: int) -> list[_Group]:
    full = session.execute(
        select(Partial.bucket, Partial.level)
        .where(Partial.model_id == model_id)
        .group_by(Partial.bucket, Partial.level)
        .having(func.count() >= FAN)
    ).all()
    return [_Group(row.bucket, row.level, _oldest(session, model_id, row.bucket, row.level)) for row in full]


def _oldest(session: Session, model_id: int, bucket: int, level: int) -> tuple[int, ...]:
    query = select(Partial.id).where(Partial.model_id == model_id, Partial.bucket == bucket, Partial.level == level)
    return tuple(session.scalars(query.order_by(Partial.id).limit(4 * FAN)))


def _settle_buckets(session: Session, activity: Activity, now: datetime) -> Write | None:
    model_id = activity.model_id
    by_bucket = _quiet(session, activity, now)
    if not by_bucket:
        return None
    merges = dict(
        session.execute(
            select(BucketProfile.bucket, BucketProfile.merges).where(
                BucketProfile.model_id == model_id, BucketProfile.bucket.in_(by_bucket)
            )
        ).all()
    )
    worn = [bucket for bucket in by_bucket if merges.get(bucket, 0) >= MOST_MERGES]
    settled = {bucket: ids for bucket, ids in by_bucket.items() if bucket not in worn}
    length = activity.bucket_seconds
    profiles = {
        bucket: packed(
            merge_profiles(bucket_parts(session, model_id=model_id, start=bucket, end=bucket + length)),
            merges=merges.get(bucket, 0) + 1,
        )
        for bucket in settled
    }

    def write(writer: Session) -> None:
        _remove(writer, [partial for ids in settled.values() for partial in ids])
        put_buckets(writer, model_id, profiles, now=now)
        if worn:
            mark(writer, model_id=model_id, kind=STALE, buckets=worn, now=now)
            enqueue(writer, "rebuild", str(model_id), run_at=now)
        enqueue(writer, "tidy", str(model_id), run_at=now)

    return write


def _quiet(session: Session, activity: Activity, now: datetime) -> dict[int, tuple[int, ...]]:
    """Quiet buckets without marks that have partials, with the partials' ids."""
    border = now if now - activity.last_arrival_at > QUIET else min(activity.newest_ts, now) - QUIET
    last = seconds(border) - activity.bucket_seconds
    marks = {bucket for _, bucket in marked(session, model_id=activity.model_id, kinds=REBUILD)}
    rows = session.execute(
        select(Partial.id, Partial.bucket)
        .where(Partial.model_id == activity.model_id, Partial.bucket <= last)
        .order_by(Partial.bucket, Partial.id)
    )
    found: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        if row.bucket not in marks:
            found[row.bucket].append(row.id)
    return {bucket: tuple(found[bucket]) for bucket in list(found)[:BUCKETS_AT_ONCE]}


def _roll_up_days(session: Session, model: Model, activity: Activity, now: datetime) -> Write | None:
    days = _missing_days(session, model, activity, now)[:DAYS_AT_ONCE]
    if not days:
        return None
    sources = {day: _generations(session, model.id, day) for day in days}
    profiles = {
        day: merge_profiles(bucket_parts(session, model_id=model.id, start=seconds(day.start), end=seconds(day.end)))
        for day in days
    }
    model_id = model.id

    def write(writer: Session) -> None:
        for day, profile in profiles.items():
            if _generations(writer, model_id, day) == sources[day]:
                _put_day(writer, model_id, day, profile)
        enqueue(writer, "tidy", str(model_id), run_at=now)

    return write


def _missing_days(session: Session, model: Model, activity: Activity, now: datetime) -> list[Window]:
    """Days of the model's zone that are past, settled, unmarked, and not rolled up."""
    of_model = BucketProfile.model_id == model.id
    buckets = sorted(session.scalars(select(BucketProfile.bucket).where(of_model)))
    if not buckets:
        return []
    border = now if now - activity.last_arrival_at > QUIET else min(activity.newest_ts, now) - QUIET
    busy = {bucket for _, bucket in marked(session, model_id=model.id, kinds=REBUILD)}
    busy |= set(session.scalars(select(Partial.bucket).where(Partial.model_id == model.id)))
    there = set(session.scalars(select(DayProfile.starts_at).where(DayProfile.model_id == model.id)))
    zone = monitor_of(model).time_zone
    days = windows("day", zone, moment(buckets[0]), min(moment(buckets[-1] + activity.bucket_seconds), border))
    return [
        day
        for day in days
        if day.end <= border
        and seconds(day.start) not in there
        and _any_inside(buckets, day)
        and not _any_inside(busy, day)
    ]


def _any_inside(buckets: Iterable[int], day: Window) -> bool:
    start, end = seconds(day.start), seconds(day.end)
    return any(start <= bucket < end for bucket in buckets)


def _generations(session: Session, model_id: int, day: Window) -> list[tuple[int, int, datetime | None]]:
    """What a day's roll-up was made from: any change to a bucket, or a new partial, shows."""
    span = (seconds(day.start), seconds(day.end))
    buckets = session.execute(
        select(BucketProfile.bucket, BucketProfile.generation, BucketProfile.built_at)
        .where(BucketProfile.model_id == model_id, BucketProfile.bucket >= span[0], BucketProfile.bucket < span[1])
        .order_by(BucketProfile.bucket)
    )
    partials = session.execute(
        select(Partial.bucket, Partial.id).where(
            Partial.model_id == model_id, Partial.bucket >= span[0], Partial.bucket < span[1]
        )
    )
    built = [(row.bucket, row.generation, row.built_at) for row in buckets]
    return [*built, *((row.bucket, row.id, None) for row in partials)]


def _put_day(session: Session, model_id: int, day: Window, profile: Profile) -> None:
    start, end = seconds(day.start), seconds(day.end)
    change(session, delete(DayProfile).where(DayProfile.model_id == model_id, DayProfile.starts_at == start))
    row = DayProfile(model_id=model_id, starts_at=start, ends_at=end, rows=profile.rows)
    session.add(row)
    session.flush()
    columns = [
        {"day_id": row.id, "column": name, "payload": pack_summary(summary)}
        for name, summary in profile.columns.items()
    ]
    session.execute(insert_into(session, DayColumn), columns)


def _payloads(session: Session, ids: Sequence[int]) -> list[bytes]:
    return list(session.scalars(select(Partial.payload).where(Partial.id.in_(ids)).order_by(Partial.id)))


def _remove(session: Session, ids: Sequence[int]) -> None:
    """Delete partials that were merged.

    Raises:
        Conflict: some are gone already, replaced by a rebuild meanwhile; nothing of this merge may be kept.
    """
    gone = sum(
        change(session, delete(Partial).where(Partial.id.in_(ids[at : at + 500]))) for at in range(0, len(ids), 500)
    )
    if gone != len(ids):
        raise Conflict("The partial profiles of this bucket were replaced meanwhile; merging them is tried again.")
