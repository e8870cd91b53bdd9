"""Buckets' profiles as rows: many at once, because a back-fill writes thousands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from modelward.kit.database import change, insert_into
from modelward.monitoring.payload import pack
from modelward.monitoring.tables import BucketProfile
from modelward.stats import Profile


@dataclass(frozen=True)
class Packed:
    """A bucket's profile as it is stored; `merges` as in the table."""

    rows: int
    payload: bytes
    merges: int = 0


def packed(profile: Profile, *, merges: int = 0) -> Packed:
    """The profile ready to be stored."""
    return Packed(profile.rows, pack(profile), merges)


def put_buckets(session: Session, model_id: int, profiles: Mapping[int, Packed], *, now: datetime) -> None:
    """Write the profiles of buckets, each in the place of the one before it."""
    if not profiles:
        return
    rows = [
        {
            "model_id": model_id,
            "bucket": bucket,
            "rows": entry.rows,
            "payload": entry.payload,
            "generation": 1,
            "merges": entry.merges,
            "built_at": now,
        }
        for bucket, entry in profiles.items()
    ]
    statement = insert_into(session, BucketProfile)
    replaced = {name: statement.excluded[name] for name in ("rows", "payload", "merges", "built_at")}
    upsert = statement.on_conflict_do_update(
        index_elements=["model_id", "bucket"], set_={**replaced, "generation": BucketProfile.generation + 1}
    )
    session.execute(upsert, rows, execution_options={"synchronize_session": False})


def forget_buckets(session: Session, model_id: int, buckets: Collection[int]) -> None:
    """Forget the profiles of buckets that have no rows any more."""
    change(session, delete(BucketProfile).where(BucketProfile.model_id == model_id, BucketProfile.bucket.in_(buckets)))
