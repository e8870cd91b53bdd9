"""Parts as rows: of buckets, of days that took the place of their buckets, and of the reference's span as one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.orm import Session

from modelward.kit.database import change, insert_into
from modelward.monitoring.joint_store import Span
from modelward.monitoring.payload import EMPTY, pack, unpack
from modelward.monitoring.segment_parts import Key, Part, compacted, packed_joint, together, unpacked_joint
from modelward.monitoring.segment_tables import SegmentSummary
from modelward.stats import Profile

BUCKET, DAY, LONGER = 0, 1, 2

Parts = Mapping[Key, Part]
_AT_ONCE = 200


def put_parts(
    session: Session, *, model_id: int, recipe: str, found: Mapping[Span, Parts], level: int = BUCKET
) -> None:
    """Write the parts of spans; those that were there before must be forgotten."""
    rows = [
        {
            "model_id": model_id,
            "segment": segment,
            "value": value,
            "bucket": span.start,
            "ends_at": span.end,
            "level": level,
            "recipe": recipe,
            "rows": part.profile.rows,
            "profile": pack(small.profile),
            "joint": packed_joint(small.joint),
        }
        for span, parts in found.items()
        for (segment, value), part in parts.items()
        for small in [compacted(part)]
    ]
    for at in range(0, len(rows), _AT_ONCE):
        session.execute(insert_into(session, SegmentSummary), rows[at : at + _AT_ONCE])


def forget_parts(session: Session, *, model_id: int, spans: Collection[Span]) -> None:
    """Forget the parts of these spans, and of every longer one that shares a moment with them."""
    for some in _few(sorted(spans, key=lambda span: span.start)):
        touched = [and_(SegmentSummary.bucket < span.end, SegmentSummary.ends_at > span.start) for span in some]
        change(session, delete(SegmentSummary).where(SegmentSummary.model_id == model_id, or_(*touched)))


def parts_of(
    session: Session,
    *,
    model_id: int,
    recipe: str,
    spans: Iterable[Span],
    segments: Collection[str] | None = None,
    value: str | None = None,
    profiles: bool = True,
) -> dict[Key, Part]:
    """Every part over these spans together, each in one merge; `profiles` off reads predictions and labels alone."""
    wanted = [SegmentSummary.model_id == model_id, SegmentSummary.recipe == recipe]
    if segments is not None:
        wanted.append(SegmentSummary.segment.in_(segments))
    pieces: defaultdict[Key, list[Part]] = defaultdict(list)
    for row in _rows(session, wanted, spans, value=value, profiles=profiles):
        profile = unpack(row[2]) if profiles else EMPTY
        pieces[row[0], row[1]].append(Part(profile, unpacked_joint(row[3])))
    return {key: together(some) for key, some in pieces.items()}


def profiles_of(
    session: Session, *, model_id: int, recipe: str, key: Key, span: Span
) -> Iterator[tuple[Span, Profile]]:
    """The profiles of one part, of every bucket or day in the span, oldest first."""
    found = session.execute(
        select(SegmentSummary.bucket, SegmentSummary.ends_at, SegmentSummary.profile)
        .where(
            SegmentSummary.model_id == model_id,
            SegmentSummary.recipe == recipe,
            SegmentSummary.segment == key[0],
            SegmentSummary.value == key[1],
            SegmentSummary.level < LONGER,
            SegmentSummary.bucket >= span.start,
            SegmentSummary.ends_at <= span.end,
        )
        .order_by(SegmentSummary.bucket)
    )
    for row in found:
        yield Span(row.bucket, row.ends_at), unpack(row.profile)


def keys_in(session: Session, *, model_id: int, recipe: str, span: Span) -> set[Key]:
    """The parts that have rows in the span."""
    found = session.execute(
        select(SegmentSummary.segment, SegmentSummary.value)
        .where(
            SegmentSummary.model_id == model_id,
            SegmentSummary.recipe == recipe,
            SegmentSummary.level < LONGER,
            SegmentSummary.bucket < span.end,
            SegmentSummary.ends_at > span.start,
        )
        .distinct()
    )
    return {(row.segment, row.value) for row in found}


def pieces_of(session: Session, *, model_id: int, recipe: str, span: Span) -> int:
    """Of how many spans a longer one is made up."""
    wanted = [SegmentSummary.model_id == model_id, SegmentSummary.recipe == recipe]
    return len(_cover(session, wanted, span))


def day_around(session: Session, *, model_id: int, recipe: str, buckets: Collection[int]) -> set[Span]:
    """The days that took the place of some of these buckets."""
    if not buckets:
        return set()
    found = session.execute(
        select(SegmentSummary.bucket, SegmentSummary.ends_at)
        .where(
            SegmentSummary.model_id == model_id,
            SegmentSummary.recipe == recipe,
            SegmentSummary.level == DAY,
            SegmentSummary.bucket <= max(buckets),
            SegmentSummary.ends_at > min(buckets),
        )
        .distinct()
    )
    days = (Span(row.bucket, row.ends_at) for row in found)
    return {day for day in days if any(day.start <= bucket < day.end for bucket in buckets)}


def buckets_kept(session: Session, *, model_id: int, recipe: str) -> list[int]:
    """The buckets that no day has taken the place of, oldest first."""
    query = select(SegmentSummary.bucket).where(
        SegmentSummary.model_id == model_id, SegmentSummary.recipe == recipe, SegmentSummary.level == BUCKET
    )
    return sorted(set(session.scalars(query)))


def with_others(session: Session, *, model_id: int, recipe: str, segment: str, other: str) -> set[int]:
    """The buckets (of days, their beginnings) in which a segment has rows among its others."""
    query = select(SegmentSummary.bucket).where(
        SegmentSummary.model_id == model_id,
        SegmentSummary.recipe == recipe,
        SegmentSummary.segment == segment,
        SegmentSummary.value == other,
        SegmentSummary.level < LONGER,
    )
    return set(session.scalars(query))


def _rows(
    session: Session, wanted: list[ColumnElement[bool]], spans: Iterable[Span], *, value: str | None, profiles: bool
) -> Iterator[tuple[str, str, bytes, bytes]]:
    chosen = [piece for span in spans for piece in _cover(session, wanted, span)]
    columns = SegmentSummary.profile if profiles else SegmentSummary.rows
    query = select(SegmentSummary.segment, SegmentSummary.value, columns, SegmentSummary.joint).where(*wanted)
    if value is not None:
        query = query.where(SegmentSummary.value == value)
    for some in _few(chosen):
        inside = [and_(SegmentSummary.bucket == piece.start, SegmentSummary.ends_at == piece.end) for piece in some]
        for row in session.execute(query.where(or_(*inside))):
            yield tuple(row)  # type: ignore[misc]


def _cover(session: Session, wanted: list[ColumnElement[bool]], span: Span) -> list[Span]:
    """The fewest rows that make up the span."""
    rows = session.execute(
        select(SegmentSummary.bucket, SegmentSummary.ends_at)
        .where(*wanted, SegmentSummary.bucket >= span.start, SegmentSummary.ends_at <= span.end)
        .distinct()
        .order_by(SegmentSummary.bucket, SegmentSummary.ends_at.desc())
    )
    chosen: list[Span] = []
    for row in rows:
        if not chosen or row.bucket >= chosen[-1].end:
            chosen.append(Span(row.bucket, row.ends_at))
    return chosen


def _few(spans: list[Span]) -> Iterator[list[Span]]:
    for at in range(0, len(spans), _AT_ONCE):
        yield spans[at : at + _AT_ONCE]
