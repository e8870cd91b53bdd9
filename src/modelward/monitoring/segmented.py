"""A model with the way in which its rows are divided by its declared segments, read once as the work begins."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from modelward.monitoring.estimates import Basis
from modelward.monitoring.joint import Watched, read_watched
from modelward.monitoring.joint_store import Span
from modelward.monitoring.segment_plan import SegmentPlan, cuts_in, plan_of_segments
from modelward.monitoring.segment_tables import SegmentState
from modelward.monitoring.window_profiles import seconds

DAYS_BY_HOUR, DAYS_BY_HOUR_OF_WEEK = 7, 35
"""So many days of a reference are kept by hour where windows are hours: as its own windows, or as seasons of them."""
DAY = 86_400  # Seconds.


@dataclass(frozen=True)
class Segmented:
    """A model with the way in which its rows are divided, and what held at the last look."""

    watched: Watched
    state: SegmentState | None
    plan: SegmentPlan

    @property
    def model_id(self) -> int:
        return self.watched.model_id

    @property
    def current(self) -> bool:
        """Whether what is kept follows from the settings that hold now."""
        state = self.state
        return state is not None and (state.settings, state.recipe) == (self.watched.settings, self.plan.recipe)


def read_segmented(session: Session, model_id: int, *, lock: bool = False) -> Segmented | None:
    """The model and its segments; None where it is gone or has no events, or declares no segment and never did."""
    watched = read_watched(session, model_id)
    if watched is None or watched.state is None:
        return None
    state = session.get(SegmentState, model_id, with_for_update=lock)
    if state is None and not watched.subject.monitor.segments:
        return None
    known = cuts_in(state)
    if state is not None and state.settings == watched.settings and len(known) == len(watched.subject.monitor.segments):
        return Segmented(watched, state, SegmentPlan(known, watched.plan))
    return Segmented(watched, state, plan_of_segments(session, watched, state))


def standing(found: Segmented) -> list[Span]:
    """The spans that all windows are held against: the reference, and the rows that are the standard of performance."""
    basis = Basis.of(found.watched.state.basis if found.watched.state else None)
    spans = list(basis.spans) if basis else []
    own = span_of_reference(found)
    return spans if own is None else [*spans, own]


def span_by_hour(found: Segmented) -> Span | None:
    """The newest days of the reference, whose hours are kept where windows are hours; None where no hour is needed.

    They are the reference's own windows, and the same hours of the week.
    """
    reference = span_of_reference(found)
    if reference is None or "hour" not in found.watched.windows.kinds:
        return None
    seasonal = found.watched.subject.monitor.reference == "same_hour_of_week"
    days = DAYS_BY_HOUR_OF_WEEK if seasonal else DAYS_BY_HOUR
    return Span(max(reference.start, reference.end - days * DAY), reference.end)


def span_of_reference(found: Segmented) -> Span | None:
    """The reference in whole buckets, where it is a span of the model's events."""
    reference, length = found.watched.subject.reference, found.watched.subject.activity.bucket_seconds
    if reference is None or reference.source != "window" or reference.starts_at is None or reference.ends_at is None:
        return None
    return Span(seconds(reference.starts_at) // length * length, seconds(reference.ends_at))
