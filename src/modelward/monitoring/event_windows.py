"""Windows of the last N events: cut by count, not by the clock, from raw rows.

Closed windows hold N events each and follow one another; the open one is the newest N events.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.monitoring.columns import scanned, with_label
from modelward.monitoring.judge import Judged, judge
from modelward.monitoring.payload import merge_profiles
from modelward.monitoring.profiling import profile_of
from modelward.monitoring.quality import with_quality
from modelward.monitoring.seasonal import Seasons
from modelward.monitoring.subject import Subject
from modelward.monitoring.tables import Evaluation
from modelward.rules.windows import Window
from modelward.stats import Profile

KIND = "events"
CLOSED_AT_ONCE = 50
_TICK = timedelta(microseconds=1)
_BEGINNING, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class EventWindows:
    """The judged windows, the starts of open ones that they replace, whether there is news, and whether more is due."""

    judged: tuple[Judged, ...]
    replaced: tuple[datetime, ...]
    notify: bool
    more: bool


def judge_event_windows(
    session: Session, store: EventStore, subject: Subject, *, touched: Collection[int]
) -> EventWindows:
    """Judge the windows that are full now, those that late events touched, and the newest events."""
    stored = session.execute(
        select(Evaluation.starts_at, Evaluation.ends_at, Evaluation.closed).where(
            Evaluation.model_id == subject.model_id, Evaluation.kind == KIND
        )
    ).all()
    closed = [Window(KIND, row.starts_at, row.ends_at) for row in stored if row.closed]
    length = subject.activity.bucket_seconds
    corrected = [window for window in closed if any(_touches(window, bucket, length) for bucket in touched)]
    new = _newly_closed(store, subject, max((window.end for window in closed), default=_BEGINNING))
    judged = [_judge(session, store, subject, window) for window in [*corrected, *new]]
    full = {window.start for window in (*closed, *new)}
    still_open = [entry for entry in _open(session, store, subject) if entry.window.start not in full]
    return EventWindows(
        judged=(*judged, *still_open),
        replaced=tuple(row.starts_at for row in stored if not row.closed),
        notify=bool(new or still_open or not judged),
        more=len(new) == CLOSED_AT_ONCE,
    )


def _touches(window: Window, bucket: int, length: int) -> bool:
    return window.start.timestamp() < bucket + length and bucket < window.end.timestamp()


def _newly_closed(store: EventStore, subject: Subject, since: datetime) -> list[Window]:
    size = subject.monitor.window_events
    if store.count(subject.model_id, since, _END) < size:
        return []
    times = store.scan(subject.model_id, since, _END, ["ts"]).read_all().column("ts")
    ordered = np.sort(pc.cast(times, pa.int64()).to_numpy())
    edges = ordered[::size]
    # The last piece is a whole window only if it holds N events; it ends with its newest one.
    ends = np.append(edges[1:], ordered[-1] + 1) if ordered.size % size == 0 else edges[1:]
    spans = zip(edges.tolist(), ends.tolist(), strict=False)
    return [Window(KIND, _moment(start), _moment(end)) for start, end in spans if end > start][:CLOSED_AT_ONCE]


def _judge(session: Session, store: EventStore, subject: Subject, window: Window) -> Judged:
    batches = store.scan(subject.model_id, window.start, window.end, scanned(subject.columns))
    profile = _profile(batches.read_all(), subject)
    held = Seasons(session, subject).subject(window.start, window.end)
    judged = judge(held, window, profile, closed=True, store=store)
    return with_quality(session, subject, judged, profile)


def _open(session: Session, store: EventStore, subject: Subject) -> list[Judged]:
    last = store.last(subject.model_id, subject.monitor.window_events)
    if not last.num_rows:
        return []
    times = last.column("ts")
    window = Window(KIND, pc.min(times).as_py().astimezone(UTC), pc.max(times).as_py().astimezone(UTC) + _TICK)
    profile = _profile(last, subject)
    held = Seasons(session, subject).subject(window.start, window.end)
    return [with_quality(session, subject, judge(held, window, profile, closed=False, store=store), profile)]


def _profile(table: pa.Table, subject: Subject) -> Profile:
    return merge_profiles([profile_of(with_label(table, subject.columns), subject.columns)])


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
