"""What is to be done to buckets: rows with a generation, cleared only where nobody marked them again meanwhile."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from modelward.kit.database import insert_into
from modelward.monitoring.tables import BucketMark

DIRTY, STALE, DUE = "dirty", "stale", "due"
JOINT, REVIEW = "joint", "review"
"""Joint summaries are to be built; performance over them is to be looked at."""
SEGMENT, SEGMENT_REVIEW = "segment", "segment_review"
"""The same, of the parts of declared segments."""
REBUILD = (DIRTY, STALE)
_AT_ONCE = 500


def mark(session: Session, *, model_id: int, kind: str, buckets: Iterable[int], now: datetime) -> None:
    """Mark buckets of one model; one that is marked already gets its generation raised."""
    mark_all(session, ((model_id, kind, bucket) for bucket in buckets), now=now)


def mark_all(session: Session, marks: Iterable[tuple[int, str, int]], *, now: datetime) -> None:
    """Mark (model, kind, bucket) many at once."""
    rows = [
        {"model_id": model_id, "kind": kind, "bucket": bucket, "generation": 1, "marked_at": now}
        for model_id, kind, bucket in sorted(set(marks))
    ]
    if rows:
        statement = insert_into(session, BucketMark).on_conflict_do_update(
            index_elements=["model_id", "kind", "bucket"], set_={"generation": BucketMark.generation + 1}
        )
        session.execute(statement, rows, execution_options={"synchronize_session": False})


def marked(
    session: Session, *, model_id: int, kinds: Collection[str], limit: int | None = None
) -> dict[tuple[str, int], int]:
    """The generation of every marked (kind, bucket), oldest buckets first."""
    found = session.execute(
        select(BucketMark.kind, BucketMark.bucket, BucketMark.generation)
        .where(BucketMark.model_id == model_id, BucketMark.kind.in_(kinds))
        .order_by(BucketMark.bucket)
        .limit(limit)
    )
    return {(row.kind, row.bucket): row.generation for row in found}


def clear(session: Session, *, model_id: int, seen: Mapping[tuple[str, int], int]) -> None:
    """Clear the marks that were seen and have not grown since."""
    rows = [(kind, bucket, generation) for (kind, bucket), generation in seen.items()]
    for start in range(0, len(rows), _AT_ONCE):
        session.execute(
            delete(BucketMark).where(
                BucketMark.model_id == model_id,
                tuple_(BucketMark.kind, BucketMark.bucket, BucketMark.generation).in_(rows[start : start + _AT_ONCE]),
            )
        )
