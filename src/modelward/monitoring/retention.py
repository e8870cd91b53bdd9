"""Old raw events go, as the settings ask; profiles and evaluations, which say what they were like, stay."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select

from modelward.errors import NotFound
from modelward.events.contract import EventStore
from modelward.jobs.leases import hold, let_go
from modelward.kit.database import change, reading, writing
from modelward.monitoring.marks import REBUILD
from modelward.monitoring.tables import Activity, BucketMark
from modelward.registry.tables import Model
from modelward.rules.windows import bucket_of
from modelward.settings import Settings

log = logging.getLogger(__name__)

LEASE_SECONDS = 60


def forget_old_events(engine: Engine, store: EventStore, settings: Settings, *, now: datetime) -> None:
    """Delete what is older than `retention_days`, and all but the newest `retention_rows`, of every model."""
    if settings.retention_days is None and settings.retention_rows is None:
        return
    with reading(engine) as session:
        model_ids = session.scalars(select(Model.id).where(Model.first_event_at.is_not(None))).all()
    for model_id in model_ids:
        before = _kept_from(store, settings, model_id, now)
        if before is not None:
            _forget(engine, store, model_id, before, now)


def _kept_from(store: EventStore, settings: Settings, model_id: int, now: datetime) -> datetime | None:
    """The moment before which events go; None: all are kept."""
    bounds = []
    if settings.retention_days is not None:
        bounds.append(now - timedelta(days=settings.retention_days))
    if settings.retention_rows is not None:
        oldest_kept = _nth_newest(store, model_id, settings.retention_rows)
        bounds += [oldest_kept] if oldest_kept else []
    return max(bounds, default=None)


def _nth_newest(store: EventStore, model_id: int, rows: int) -> datetime | None:
    """When the n-th newest event happened; None: there are not more than n."""
    try:
        if store.count(model_id) <= rows:
            return None
        return min(store.last(model_id, rows)["ts"].to_pylist())  # type: ignore[no-any-return]
    except NotFound:
        return None


def _forget(engine: Engine, store: EventStore, model_id: int, before: datetime, now: datetime) -> None:
    """Delete the events of whole buckets; from then on nobody rebuilds those from the rows that are gone."""
    name, owner = f"model:{model_id}", f"retention:{now.isoformat()}"
    with writing(engine) as session:
        activity = session.get(Activity, model_id)
        if activity is None or not hold(session, name, owner, now, LEASE_SECONDS):
            return  # the next hour will do
        bucket = bucket_of(before, activity.bucket_seconds)
        start = int(bucket.timestamp())
        activity.forgotten_before = max(start, activity.forgotten_before or start)
        old = (BucketMark.model_id == model_id, BucketMark.kind.in_(REBUILD), BucketMark.bucket < start)
        change(session, delete(BucketMark).where(*old))
    try:
        gone = store.delete_before(model_id, bucket)
    except NotFound:
        gone = 0
    finally:
        with writing(engine) as session:
            let_go(session, name, owner)
    if gone:
        log.info("%d events of model %d from before %s were deleted, as the settings ask", gone, model_id, bucket)
