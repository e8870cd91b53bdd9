"""The part of a reference that a window is held against, where only the same day or hour of the week counts.

It is merged from the profiles of the model's buckets, so the reference must be a span of the model's own events: a
file, or the first events that came, has no buckets of its own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from modelward.monitoring.payload import EMPTY
from modelward.monitoring.subject import Reference, Subject
from modelward.monitoring.window_profiles import bucket_length, moment, profile_of_spans, seconds
from modelward.rules.monitor import Monitor
from modelward.rules.seasons import comparable_buckets, none_of_season, season_key
from modelward.rules.windows import Window

NO_TIMES = (
    "windows are held against their own season of the reference, and this reference has no span of the model's events "
    "in which to look for it: name one with POST /api/v1/models/{model}/baseline/window, or set `reference` to `whole`"
)


class Seasons:
    """The parts of one subject's reference, each merged once."""

    def __init__(self, session: Session, subject: Subject) -> None:
        self._session, self.whole = session, subject
        self._known: dict[object, Reference] = {}

    def subject(self, start: datetime, end: datetime) -> Subject:
        """The subject with the part of its reference that [start, end) is held against."""
        reference, monitor = self.whole.reference, self.whole.monitor
        if reference is None or monitor.reference == "whole":
            return self.whole
        season = season_key(start, end, monitor)
        if season not in self._known:
            self._known[season] = in_season(
                self._session, self.whole.model_id, monitor, reference, start=start, end=end
            )
        return replace(self.whole, reference=self._known[season])


def in_season(
    session: Session, model_id: int, monitor: Monitor, reference: Reference, *, start: datetime, end: datetime
) -> Reference:
    """The part of the reference that [start, end) is held against: all of it unless the monitor asks for a season.

    Where there is none, its `lacking` says why.
    """
    if monitor.reference == "whole":
        return reference
    if reference.source != "window" or reference.starts_at is None or reference.ends_at is None:
        return replace(reference, rows=0, profile=EMPTY, lacking=NO_TIMES)
    spans = season_spans(monitor, reference, start, end, bucket_length(session, model_id))
    profile = profile_of_spans(session, model_id=model_id, spans=spans)
    lacking = "" if profile.rows else none_of_season(monitor)
    return replace(reference, rows=profile.rows, profile=profile, lacking=lacking)


def season_spans(
    monitor: Monitor, reference: Reference, start: datetime, end: datetime, length: int
) -> list[tuple[int, int]]:
    """The spans of a dated reference, in whole buckets of `length` seconds, that [start, end) is held against."""
    if reference.starts_at is None or reference.ends_at is None:
        return []
    first = seconds(reference.starts_at) // length * length
    buckets = map(moment, range(first, seconds(reference.ends_at), length))
    chosen = comparable_buckets(Window("span", start, end), buckets, monitor)
    return list(_spans(map(seconds, chosen), length))


def _spans(buckets: Iterable[int], length: int) -> Iterator[tuple[int, int]]:
    """Adjoining buckets as one span."""
    start = end = None
    for bucket in buckets:
        if end is not None and bucket == end:
            end = bucket + length
            continue
        if start is not None and end is not None:
            yield start, end
        start, end = bucket, bucket + length
    if start is not None and end is not None:
        yield start, end
