"""A model that moved to another time zone: its windows begin elsewhere, and its buckets may have another length."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelward.jobs.service import enqueue
from modelward.kit.database import change
from modelward.monitoring.marks import DIRTY, JOINT, mark
from modelward.monitoring.monitor_settings import evaluate_everything
from modelward.monitoring.segment_tables import SegmentState, SegmentSummary, SegmentWindow
from modelward.monitoring.tables import (
    Activity,
    BucketMark,
    BucketProfile,
    DayProfile,
    Evaluation,
    Fairness,
    Joint,
    Partial,
    Performance,
)
from modelward.registry.tables import Model
from modelward.rules.windows import bucket_seconds


def rebucket(session: Session, *, model_id: int, now: datetime) -> None:
    """Forget the calendar windows of the former zone; where buckets have another length now, build them all anew."""
    model, activity = session.get_one(Model, model_id), session.get_one(Activity, model_id)
    length = bucket_seconds(model.time_zone)
    change(session, delete(Evaluation).where(Evaluation.model_id == model_id, Evaluation.kind != "events"))
    for reviewed in (Performance, Fairness):
        change(session, delete(reviewed).where(reviewed.model_id == model_id))
    change(session, delete(Joint).where(Joint.model_id == model_id, Joint.rolled_up))
    for divided in (SegmentSummary, SegmentWindow, SegmentState):
        change(session, delete(divided).where(divided.model_id == model_id))
    if length != activity.bucket_seconds:
        _cut_anew(session, model_id, activity.bucket_seconds, length, now)
        activity.bucket_seconds = length
    activity.time_zone = model.time_zone
    evaluate_everything(session, model_id=model_id, now=now)


def _cut_anew(session: Session, model_id: int, before: int, after: int, now: datetime) -> None:
    old = set(session.scalars(select(BucketMark.bucket).where(BucketMark.model_id == model_id)))
    for table in (BucketProfile, Partial):
        old |= set(session.scalars(select(table.bucket).where(table.model_id == model_id)))
    for forgotten in (BucketProfile, Partial, DayProfile, BucketMark, Joint):
        change(session, delete(forgotten).where(forgotten.model_id == model_id))
    for kind in (DIRTY, JOINT):
        mark(session, model_id=model_id, kind=kind, buckets=_covering(old, before, after), now=now)
    enqueue(session, "rebuild", str(model_id), run_at=now)


def _covering(buckets: Iterable[int], before: int, after: int) -> set[int]:
    """The buckets of the new length that share a moment with those of the old."""
    return {
        start // after * after for bucket in buckets for start in range(bucket, bucket + before, min(before, after))
    }
