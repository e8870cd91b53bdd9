"""The windows of a reference: stretches of it that follow one another, each as long as a window of the model."""

from collections.abc import Hashable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.monitoring.columns import scanned, with_label
from modelward.monitoring.monitor_settings import judged
from modelward.monitoring.payload import merge_profiles, restricted
from modelward.monitoring.profiling import profile_of, profiles_by_bucket
from modelward.monitoring.subject import Reference, Subject
from modelward.monitoring.window_profiles import moment, window_profile
from modelward.rules.monitor import Monitor
from modelward.rules.seasons import season_key
from modelward.rules.windows import Window, WindowKind, window_of
from modelward.stats import Profile

MOST = 400
"""Windows that are made into profiles, the newest ones."""
_TICK = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def dated(reference: Reference) -> bool:
    """Whether it is of the model's own events: of a file only the profile is kept, without times."""
    return reference.source != "upload" and reference.starts_at is not None and reference.ends_at is not None


def blocks_of(session: Session, store: EventStore, subject: Subject) -> list[Profile]:
    """The profiles of the reference's whole windows, oldest first, with the judged columns; none of an undated one."""
    reference = subject.reference
    if reference is None or not dated(reference):
        return []
    found = _of_first_events(store, subject, reference) if reference.event_ids else _of_span(session, store, subject)
    return [restricted(block, [name for name in block.columns if judged(subject.monitor, name)]) for block in found]


def seasons_of(subject: Subject, blocks: Sequence[Profile]) -> list[Hashable] | None:
    """The season of each of `blocks_of`, where the monitor asks for one; windows of N events have none in common."""
    if subject.monitor.reference == "whole" or subject.reference is None:
        return None
    if subject.monitor.window == "events" or subject.reference.event_ids:
        return list(range(len(blocks)))
    whole = whole_windows(subject.reference, subject.monitor)
    return [season_key(window.start, window.end, subject.monitor) for window in whole]


def whole_windows(reference: Reference, monitor: Monitor) -> list[Window]:
    """The calendar windows that lie wholly in the reference's span, the newest 400; none for windows of N events."""
    if monitor.window == "events" or reference.starts_at is None or reference.ends_at is None:
        return []
    found: list[Window] = []
    window = window_of(reference.ends_at - _TICK, monitor.window, monitor.time_zone)
    while window.start >= reference.starts_at and len(found) < MOST:
        if window.end <= reference.ends_at:
            found.append(window)
        window = window_of(window.start - _TICK, monitor.window, monitor.time_zone)
    return found[::-1]


def _of_span(session: Session, store: EventStore, subject: Subject) -> list[Profile]:
    assert subject.reference is not None
    if subject.monitor.window == "events":
        return list(_by_count(store, subject, subject.reference))
    windows = whole_windows(subject.reference, subject.monitor)
    return [window_profile(session, model_id=subject.model_id, start=one.start, end=one.end) for one in windows]


def _by_count(store: EventStore, subject: Subject, reference: Reference) -> Iterator[Profile]:
    """Pieces of N events by their times, read one at a time."""
    assert reference.starts_at is not None
    assert reference.ends_at is not None
    times = store.scan(subject.model_id, reference.starts_at, reference.ends_at, ["ts"]).read_all().column("ts")
    edges = np.sort(pc.cast(times, pa.int64()).to_numpy())[:: subject.monitor.window_events][-MOST - 1 :]
    moments = [_EPOCH + timedelta(microseconds=edge) for edge in edges.tolist()]
    for start, end in pairwise(moments):
        rows = store.scan(subject.model_id, start, end, scanned(subject.columns)).read_all()
        yield _profile(rows, subject)


def _of_first_events(store: EventStore, subject: Subject, reference: Reference) -> list[Profile]:
    """Of the very events that were taken: others of the same hours are not of the reference."""
    rows = with_label(store.fetch(subject.model_id, sorted(reference.event_ids)), subject.columns)
    if subject.monitor.window == "events":
        size = subject.monitor.window_events
        return [profile_of(rows.slice(start, size), subject.columns) for start in range(0, len(rows) - size + 1, size)]
    kind: WindowKind = subject.monitor.window
    whole = set(whole_windows(reference, subject.monitor))
    parts: dict[Window, list[Profile]] = {}
    for bucket, profile in profiles_by_bucket(rows, subject.columns, subject.activity.bucket_seconds):
        parts.setdefault(window_of(moment(bucket), kind, subject.monitor.time_zone), []).append(profile)
    return [merge_profiles(parts[window]) for window in sorted(parts) if window in whole]


def _profile(rows: pa.Table, subject: Subject) -> Profile:
    return profile_of(with_label(rows, subject.columns), subject.columns)
