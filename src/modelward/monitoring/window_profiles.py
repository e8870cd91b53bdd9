"""The profile of any span of time by the fewest merges: rolled-up days where there are, buckets elsewhere."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.monitoring.payload import EMPTY, merge_profiles, unpack, unpack_summary
from modelward.monitoring.tables import Activity, BucketProfile, DayColumn, DayProfile, Partial
from modelward.rules.windows import HOUR
from modelward.stats import Profile


def window_profile(
    session: Session, *, model_id: int, start: datetime, end: datetime, columns: Collection[str] | None = None
) -> Profile:
    """The profile of [start, end), in one k-way merge; `columns` reads only those.

    The span should begin and end where buckets do; a bucket belongs to the span that its beginning lies in.
    """
    return profile_of_seconds(session, model_id=model_id, start=seconds(start), end=seconds(end), columns=columns)


def profile_of_seconds(
    session: Session, *, model_id: int, start: int, end: int, columns: Collection[str] | None = None
) -> Profile:
    """As `window_profile`, in seconds of the epoch."""
    return profile_of_spans(session, model_id=model_id, spans=[(start, end)], columns=columns)


def profile_of_spans(
    session: Session, *, model_id: int, spans: Iterable[tuple[int, int]], columns: Collection[str] | None = None
) -> Profile:
    """Several spans together, in seconds of the epoch, in one k-way merge."""
    parts: list[Profile] = []
    for start, end in spans:
        days = _days(session, model_id, start, end)
        parts += _day_profiles(session, days, columns)
        for gap_start, gap_end in _between(days, start, end):
            parts += bucket_parts(session, model_id=model_id, start=gap_start, end=gap_end, columns=columns)
    return _whole(merge_profiles(parts), columns)


def bucket_parts(
    session: Session, *, model_id: int, start: int, end: int, columns: Collection[str] | None = None
) -> list[Profile]:
    """The profiles, not merged yet, of the buckets that begin in [start, end)."""
    payloads: list[bytes] = []
    for table in (BucketProfile, Partial):
        payloads += session.scalars(
            select(table.payload).where(table.model_id == model_id, table.bucket >= start, table.bucket < end)
        )
    return [unpack(payload, columns) for payload in payloads]


def seconds(moment: datetime) -> int:
    """A moment as whole seconds of the epoch."""
    return int(moment.timestamp())


def whole_buckets(session: Session, model_id: int, start: datetime) -> datetime:
    """The start of the bucket that a moment lies in: windows of the last N events begin in the middle of one."""
    length = bucket_length(session, model_id)
    return moment(seconds(start) // length * length)


def bucket_length(session: Session, model_id: int) -> int:
    """The seconds of a bucket of the model; an hour before its first event."""
    return session.scalar(select(Activity.bucket_seconds).where(Activity.model_id == model_id)) or HOUR


def moment(epoch_seconds: int) -> datetime:
    """Seconds of the epoch as an aware moment."""
    return datetime.fromtimestamp(epoch_seconds, UTC)


def _whole(profile: Profile, columns: Collection[str] | None) -> Profile:
    return profile if columns is None or profile.rows or profile.columns else EMPTY


def _days(session: Session, model_id: int, start: int, end: int) -> list[DayProfile]:
    """Rolled-up days inside the span that do not overlap, oldest first."""
    found = session.scalars(
        select(DayProfile)
        .where(DayProfile.model_id == model_id, DayProfile.starts_at >= start, DayProfile.ends_at <= end)
        .order_by(DayProfile.starts_at, DayProfile.ends_at.desc())
    )
    days: list[DayProfile] = []
    for day in found:  # Days of a former time zone may overlap those of the present one.
        if not days or day.starts_at >= days[-1].ends_at:
            days.append(day)
    return days


def _day_profiles(session: Session, days: Sequence[DayProfile], columns: Collection[str] | None) -> list[Profile]:
    if not days:
        return []
    by_day: defaultdict[int, dict[str, bytes]] = defaultdict(dict)
    query = select(DayColumn.day_id, DayColumn.column, DayColumn.payload).where(
        DayColumn.day_id.in_([day.id for day in days])
    )
    if columns is not None:
        query = query.where(DayColumn.column.in_(columns))
    for row in session.execute(query):
        by_day[row.day_id][row.column] = row.payload
    return [
        Profile(rows=day.rows, columns={name: unpack_summary(payload) for name, payload in by_day[day.id].items()})
        for day in days
    ]


def _between(days: Iterable[DayProfile], start: int, end: int) -> list[tuple[int, int]]:
    """What the days leave over of [start, end)."""
    gaps, cursor = [], start
    for day in days:
        if day.starts_at > cursor:
            gaps.append((cursor, day.starts_at))
        cursor = day.ends_at
    return [*gaps, (cursor, end)] if cursor < end else gaps
