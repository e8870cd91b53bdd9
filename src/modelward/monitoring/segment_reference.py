"""The parts of a model's reference: what the parts of a window are held against."""

from sqlalchemy.orm import Session

from modelward.errors import NotFound
from modelward.events.contract import EventStore
from modelward.monitoring.columns import with_label
from modelward.monitoring.joint_store import Span
from modelward.monitoring.seasonal import season_spans
from modelward.monitoring.segment_parts import Key, Part, divided, together
from modelward.monitoring.segment_store import Parts, day_around, parts_of, pieces_of
from modelward.monitoring.segmented import Segmented
from modelward.monitoring.subject import Reference
from modelward.rules.seasons import none_of_season, season_key
from modelward.rules.windows import Window

MANY_PIECES = 8
"""A reference of more spans than this is merged once, and kept."""
NO_REFERENCE = "there is no reference yet to hold this segment against"
FROM_FILE = (
    "the reference came from a file, of which only the whole is kept: name a span of the model's own events as the "
    "reference to have segments held against it"
)
NO_HOURS = (
    "the hours of this reference were put together as days, and its raw rows are gone, so that no hour of the week can "
    "be taken from it: name a later span as the reference, or set `window` to `day` or `reference` to `same_weekday`"
)


class PartsOfReference:
    """Read once for each season that is asked for; `keep` is its span, where it is worth keeping as one."""

    def __init__(self, session: Session, store: EventStore, found: Segmented) -> None:
        self._session, self._store, self._found = session, store, found
        self._known: dict[object, tuple[Parts, str]] = {}
        self.keep: Span | None = None

    def of(self, window: Window) -> tuple[Parts, str]:
        """The parts that a window's are held against; where there are none, the reason."""
        season = season_key(window.start, window.end, self._found.watched.subject.monitor)
        if season not in self._known:
            self._known[season] = self._read(window)
        return self._known[season]

    def kept(self) -> Parts:
        """The parts of the span to be kept."""
        return next(iter(self._known.values()))[0]

    def _read(self, window: Window) -> tuple[Parts, str]:
        reference = self._found.watched.subject.reference
        if reference is None:
            return {}, NO_REFERENCE
        if reference.event_ids:
            return self._of_first_events(reference), ""
        if reference.source != "window" or reference.starts_at is None or reference.ends_at is None:
            return {}, FROM_FILE
        subject = self._found.watched.subject
        length = subject.activity.bucket_seconds
        spans = [Span(*span) for span in season_spans(subject.monitor, reference, window.start, window.end, length)]
        if subject.monitor.reference == "whole":
            self.keep = self._worth_keeping(spans[0])
        parts = parts_of(self._session, model_id=subject.model_id, recipe=self._found.plan.recipe, spans=spans)
        if parts:
            return parts, ""
        folded = day_around(
            self._session,
            model_id=subject.model_id,
            recipe=self._found.plan.recipe,
            buckets=[span.start for span in spans],
        )
        return {}, NO_HOURS if folded else none_of_season(subject.monitor)

    def _worth_keeping(self, span: Span) -> Span | None:
        recipe = self._found.plan.recipe
        pieces = pieces_of(self._session, model_id=self._found.model_id, recipe=recipe, span=span)
        return span if pieces > MANY_PIECES else None

    def _of_first_events(self, reference: Reference) -> Parts:
        subject, plan = self._found.watched.subject, self._found.plan
        try:
            rows = self._store.fetch(subject.model_id, sorted(reference.event_ids))
        except NotFound:
            return {}
        parts: dict[Key, list[Part]] = {}
        for key, part in divided(with_label(rows, subject.columns), plan.by, subject.columns, plan.joint):
            parts.setdefault(key, []).append(part)
        return {key: together(some) for key, some in parts.items()}
