"""The yardsticks of segments are made by the job that builds segments, when it has nothing else to build: one part
after the other, each from what is kept of its windows in the reference. What was made is written every few seconds, so
that a restart loses little.
"""

import time
import zlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from modelward.errors import NotFound
from modelward.events.contract import EventStore
from modelward.jobs.service import enqueue
from modelward.kit.database import change, insert_into
from modelward.monitoring.calibrations import pack
from modelward.monitoring.columns import with_label
from modelward.monitoring.joint import by_bucket
from modelward.monitoring.joint_store import Span
from modelward.monitoring.monitor_settings import judged
from modelward.monitoring.payload import merge_profiles, restricted
from modelward.monitoring.segment_parts import Key, divided
from modelward.monitoring.segment_store import profiles_of
from modelward.monitoring.segment_tables import SegmentYardstick
from modelward.monitoring.segment_yardsticks import lacking, made_by, outdated, windows_of_reference
from modelward.monitoring.segmented import Segmented, read_segmented
from modelward.monitoring.window_profiles import seconds
from modelward.rules.calibration import calibrate
from modelward.rules.seasons import season_key
from modelward.rules.segment_calibration import LEAST
from modelward.rules.windows import Window
from modelward.stats import Profile

AT_ONCE_SECONDS = 3.0
"""So long one job makes yardsticks, before it writes them and rests."""

Pieces = Iterable[tuple[Span, Profile]]


@dataclass(frozen=True)
class Calibrated:
    """Yardsticks of some parts, to be written in one transaction: call it with the session."""

    found: Segmented
    made: Mapping[tuple[str, Key], bytes | None]
    more: bool
    rest: timedelta
    now: datetime

    def __call__(self, session: Session) -> None:
        model_id, settings = self.found.model_id, made_by(self.found)
        present = read_segmented(session, model_id, lock=True)
        if present is None or present.state is None or not present.current or made_by(present) != settings:
            enqueue(session, "segments", str(model_id), run_at=self.now)
            return
        for (kind, (segment, value)), calibration in self.made.items():
            key = {"model_id": model_id, "window": kind, "segment": segment, "value": value}
            values = {"settings": settings, "outdated": False, "calibration": calibration}
            statement = insert_into(session, SegmentYardstick).values(**key, **values)
            session.execute(
                statement.on_conflict_do_update(index_elements=list(key), set_=values),
                execution_options={"synchronize_session": False},
            )
        present.state.build_not_before = self.now + self.rest
        if not self.more:
            others = (SegmentYardstick.model_id == model_id, SegmentYardstick.settings != settings)
            change(session, delete(SegmentYardstick).where(*others))
            present.state.basis = ""  # All windows are judged by it, those too that were judged by the former one.
            enqueue(session, "segment_windows", str(model_id), run_at=self.now)
        enqueue(session, "segments", str(model_id), run_at=present.state.build_not_before)


def calibrate_segments(
    session: Session, store: EventStore, found: Segmented, *, now: datetime, rest: int
) -> Calibrated | None:
    """Make the yardsticks that are missing, then those that are outdated, for a few seconds; None where there are none.

    `rest` is how many times as long the model is left alone afterwards.
    """
    began = time.monotonic()
    due = lacking(session, found) or outdated(session, found)
    if not due:
        return None
    made: dict[tuple[str, Key], bytes | None] = {}
    windows = {kind: windows_of_reference(found, kind) for kind in dict.fromkeys(kind for kind, _ in due)}
    first_events = _of_first_events(store, found)
    for kind, key in due:
        made[kind, key] = _calibration(session, found, key, windows[kind], first_events)
        if time.monotonic() - began > AT_ONCE_SECONDS:
            break
    took = time.monotonic() - began
    return Calibrated(found, made, len(made) < len(due), timedelta(seconds=rest * took), now)


def _calibration(
    session: Session,
    found: Segmented,
    key: Key,
    windows: list[Window],
    first_events: Mapping[Key, list[tuple[Span, Profile]]] | None,
) -> bytes | None:
    subject = found.watched.subject
    pieces: Pieces
    if first_events is not None:
        pieces = first_events.get(key, [])
    else:
        span = Span(seconds(windows[0].start), seconds(windows[-1].end))
        pieces = profiles_of(session, model_id=found.model_id, recipe=found.plan.recipe, key=key, span=span)
    by_window = _by_window(pieces, windows)
    dividing = next(one.cut.column for one in found.plan.by if one.name == key[0])
    blocks = [judged_columns(found, profile, dividing) for profile in by_window.values()]
    seasons = [season_key(window.start, window.end, subject.monitor) for window in by_window]
    calibration = calibrate(blocks, subject.monitor, seasons, fewest=LEAST)
    return None if calibration is None else zlib.compress(pack(calibration))


def _by_window(pieces: Pieces, windows: list[Window]) -> dict[Window, Profile]:
    """The pieces that lie wholly in a window, as one profile each."""
    starts = [seconds(window.start) for window in windows]
    found: defaultdict[Window, list[Profile]] = defaultdict(list)
    for span, profile in pieces:
        place = bisect_right(starts, span.start) - 1
        if place >= 0 and span.end <= seconds(windows[place].end):
            found[windows[place]].append(profile)
    return {window: merge_profiles(some) for window, some in found.items()}


def judged_columns(found: Segmented, profile: Profile, dividing: str) -> Profile:
    monitor = found.watched.subject.monitor
    return restricted(profile, [name for name in profile.columns if judged(monitor, name) and name != dividing])


def _of_first_events(store: EventStore, found: Segmented) -> dict[Key, list[tuple[Span, Profile]]] | None:
    """Of a reference that was made from the first events, those very events by part and bucket; None of others."""
    subject, plan = found.watched.subject, found.plan
    if subject.reference is None or not subject.reference.event_ids:
        return None
    try:
        rows = with_label(store.fetch(found.model_id, sorted(subject.reference.event_ids)), subject.columns)
    except NotFound:
        return {}
    length = subject.activity.bucket_seconds
    pieces: defaultdict[Key, list[tuple[Span, Profile]]] = defaultdict(list)
    for bucket, some in by_bucket(rows, length):
        for key, part in divided(some, plan.by, subject.columns, plan.joint):
            pieces[key].append((Span(bucket, bucket + length), part.profile))
    return pieces
