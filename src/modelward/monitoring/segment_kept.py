"""The parts of a declared segment as they are kept, for a span that they cover."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from modelward.monitoring.joint_store import Span
from modelward.monitoring.marks import JOINT, SEGMENT, marked
from modelward.monitoring.seasonal import season_spans
from modelward.monitoring.segment_plan import DividedBy
from modelward.monitoring.segment_store import Parts, day_around, parts_of
from modelward.monitoring.segmented import Segmented, read_segmented
from modelward.monitoring.window_profiles import seconds


@dataclass(frozen=True)
class Kept:
    """The parts of a span and of the reference, by one declared segment."""

    found: Segmented
    by: DividedBy
    current: Parts
    reference: Parts


def kept_parts(
    session: Session, model_id: int, segment: str, start: datetime, end: datetime, *, compares: bool = True
) -> Kept | None:
    """The parts of [start, end), widened to a whole bucket at its beginning, by all declared segments; None where raw
    rows are to be read.

    That is so where something is still to be built, where the span, or a season of the reference, begins or ends within
    a day that is kept as one, and where the reference is asked for and is no span of the model's events.
    """
    found = read_segmented(session, model_id)
    by = next((one for one in found.plan.by if one.name == segment), None) if found else None
    reference = found.watched.subject.reference if found else None
    if found is None or by is None or not found.current:
        return None
    if compares and (reference is None or reference.source != "window"):
        return None
    subject, recipe = found.watched.subject, found.plan.recipe
    length = subject.activity.bucket_seconds
    span = Span(seconds(start) // length * length, seconds(end))
    spans: list[Span] = []
    if compares and reference is not None:
        spans = [Span(*one) for one in season_spans(subject.monitor, reference, start, end, length)]
    if _unbuilt(session, model_id, [span, *spans]) or any(_cuts_a_day(session, found, one) for one in (span, *spans)):
        return None
    known = {"model_id": model_id, "recipe": recipe}
    current = parts_of(session, **known, spans=[span])  # type: ignore[arg-type]
    return Kept(found, by, current, parts_of(session, **known, spans=spans))  # type: ignore[arg-type]


def _unbuilt(session: Session, model_id: int, spans: list[Span]) -> bool:
    waiting = {bucket for _, bucket in marked(session, model_id=model_id, kinds=[SEGMENT, JOINT])}
    return any(span.start <= bucket < span.end for span in spans for bucket in waiting)


def _cuts_a_day(session: Session, found: Segmented, span: Span) -> bool:
    days = day_around(session, model_id=found.model_id, recipe=found.plan.recipe, buckets=[span.start, span.end - 1])
    return any(day.start < span.start or day.end > span.end for day in days)
