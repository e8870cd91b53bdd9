"""Whether the profiles of a span hold all that was accepted for it: a reference of a part would be one in silence."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from modelward.errors import NotYet
from modelward.ingest.health import waiting_events
from modelward.kit.database import reading
from modelward.monitoring.capture_baseline import span_in_buckets
from modelward.monitoring.marks import DIRTY
from modelward.monitoring.tables import BucketMark
from modelward.monitoring.window_profiles import seconds

PATIENCE_SECONDS = 5.0
"""A mover that keeps up has moved what came before the request within a second; more is for bursts."""
_LOOK_EVERY_SECONDS = 0.1
_RETRY_AFTER_SECONDS = 5


def wait_until_profiled(
    engine: Engine,
    journal: Path,
    *,
    model_id: int,
    start: datetime,
    end: datetime,
    until: datetime,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when every event of the model that was accepted before `until` is in the profiles of the span.

    Not to be called within a transaction that writes: the mover could not go on. Events that come meanwhile are not
    waited for, so that a model with steady traffic has its turn.

    Raises:
        Invalid: the span ends before it begins.
        NotYet: something of it is still unread after `PATIENCE_SECONDS`; the sentence says how much.
    """
    looks_left = int(PATIENCE_SECONDS / _LOOK_EVERY_SECONDS)
    while unread := _unread(engine, journal, model_id=model_id, start=start, end=end, until=until):
        if looks_left <= 0:
            raise NotYet(
                f"{unread}, so that the reference would be of a part of the rows: ask again in "
                f"{_RETRY_AFTER_SECONDS} seconds. Nothing was changed.",
                retry_after=_RETRY_AFTER_SECONDS,
            )
        looks_left -= 1
        sleep(_LOOK_EVERY_SECONDS)


def _unread(
    engine: Engine, journal: Path, *, model_id: int, start: datetime, end: datetime, until: datetime
) -> str | None:
    """What is missing in the profiles of the span, as the beginning of a sentence; None: nothing is.

    The journal is asked first: what leaves it after that is in the profiles, or marked, before the marks are read.
    """
    waiting = waiting_events(journal, model_id=model_id, until=until)
    with reading(engine) as session:
        first, last = span_in_buckets(session, model_id=model_id, start=start, end=end)
        dirty = _dirty_buckets(session, model_id, first, last)
    if waiting:
        return f"{waiting:,} accepted {'event' if waiting == 1 else 'events'} of this model are not read yet"
    if dirty:
        stretches = "stretch" if dirty == 1 else "stretches"
        return f"The profiles of {dirty:,} {stretches} of this span are still being built"
    return None


def _dirty_buckets(session: Session, model_id: int, first: datetime, last: datetime) -> int:
    query = select(func.count()).where(
        BucketMark.model_id == model_id,
        BucketMark.kind == DIRTY,
        BucketMark.bucket >= seconds(first),
        BucketMark.bucket < seconds(last),
    )
    return session.scalar(query) or 0
