"""The windows of declared segments: each value's drift, quality, performance and fairness, judged and kept.

Chance is judged over all values of all declared segments of a window together. A window is judged again whenever rows
or labels reach it; only the newest window and those after it may change what is said of the model.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.jobs.service import enqueue
from modelward.kit.database import insert_into, reading
from modelward.monitoring.joint import Watched
from modelward.monitoring.joint_store import Span
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.marks import SEGMENT, SEGMENT_REVIEW, clear, mark, marked
from modelward.monitoring.segment_judge import Divided, Values, expected_of, judge_parts
from modelward.monitoring.segment_reference import PartsOfReference
from modelward.monitoring.segment_state import settle_segments
from modelward.monitoring.segment_store import LONGER, day_around, parts_of, put_parts
from modelward.monitoring.segment_tables import SegmentSummary, SegmentWindow
from modelward.monitoring.segment_yardsticks import awaited, yardsticks_of
from modelward.monitoring.segmented import Segmented, read_segmented, standing
from modelward.monitoring.window_profiles import moment, seconds
from modelward.rules.windows import Due, DueReason, due

WINDOWS_AT_ONCE = 8

Write = Any


@dataclass(frozen=True)
class ReviewedSegments:
    """Windows that were judged, to be written in one transaction: call it with the session."""

    found: Segmented
    rows: tuple[Values, ...]
    windows: tuple[Due, ...]
    reference: PartsOfReference
    seen: Mapping[tuple[str, int], int]
    more: bool
    now: datetime

    def __call__(self, session: Session) -> None:
        model_id = self.found.model_id
        present = read_segmented(session, model_id, lock=True)
        if present is None or present.state is None or not _same(present, self.found):
            enqueue(session, "segments", str(model_id), run_at=self.now)
            enqueue(session, "segment_windows", str(model_id), run_at=self.now)
            return
        self._forget_former(session)
        for row in self.rows:
            _put_window(session, {**row, "evaluated_at": self.now})
        if self.reference.keep is not None and present.state.generation == _generation(self.found):
            kept = {self.reference.keep: self.reference.kept()}
            put_parts(session, model_id=model_id, recipe=present.plan.recipe, found=kept, level=LONGER)
            present.state.generation += 1
        clear(session, model_id=model_id, seen=self.seen)
        if any(entry.notifies for entry in self.windows):
            settle_segments(session, state=present.state, windows=present.watched.windows, now=self.now)
        enqueue(session, "segment_windows" if self.more else "segments", str(model_id), run_at=self.now)

    def _forget_former(self, session: Session) -> None:
        """Values of these windows that have no rows any more, or went from the others to a part of their own."""
        starts = [entry.window.start for entry in self.windows]
        now = {(row["segment"], row["value"], row["starts_at"]) for row in self.rows}
        former = session.scalars(
            select(SegmentWindow).where(
                SegmentWindow.model_id == self.found.model_id,
                judged_by(SegmentWindow, self.found.watched.windows),
                SegmentWindow.starts_at.in_(starts),
            )
        )
        for row in former:
            if (row.segment, row.value, row.starts_at) not in now:
                session.delete(row)
        session.flush()


def review_segments(engine: Engine, store: EventStore, *, model_id: int, now: datetime) -> Write | None:
    """Judge what is due; the answer writes it. None: there is nothing to do."""
    with reading(engine) as session:
        found = read_segmented(session, model_id)
        if found is None or found.state is None or not found.plan.by:
            return None
        if not found.current:
            return lambda writer: enqueue(writer, "segments", str(model_id), run_at=now)
        basis = basis_digest(found.watched)
        if found.state.basis != basis:
            return lambda writer: _review_everything(writer, found, basis, now)
        return _review(session, store, found, now)


def basis_digest(watched: Watched) -> str:
    """By what windows are judged, as a short text."""
    reference, state = watched.subject.reference, watched.state
    known = [watched.settings, state.basis if state else None, state.verdict if state else None]
    return hashlib.sha256(json.dumps([*known, reference and reference.id], default=str).encode()).hexdigest()[:16]


def _review(session: Session, store: EventStore, found: Segmented, now: datetime) -> Write | None:
    watched, model_id = found.watched, found.model_id
    cut, clock = watched.windows.window_of, watched.subject.clock(now)
    seen = marked(session, model_id=model_id, kinds=[SEGMENT_REVIEW])
    unbuilt = {bucket for _, bucket in marked(session, model_id=model_id, kinds=[SEGMENT])}
    if any(span.start <= bucket < span.end for span in standing(found) for bucket in unbuilt):
        return None  # Whoever builds them asks again.
    if awaited(session, found):
        return lambda writer: enqueue(writer, "segments", str(model_id), run_at=now)
    building = {cut(moment(bucket)).start for bucket in unbuilt}
    final, provisional = _known(session, watched)
    touched = [moment(bucket) for _, bucket in seen]
    wanted = due(cut, touched=touched, provisional=provisional, final=final, now=clock)
    built = [entry for entry in wanted if entry.window.start not in building]
    if not built:
        return None
    past = _rolled_up(session, found, built)
    ready = [entry for entry in built if entry not in past]
    chosen = tuple(ready[:WINDOWS_AT_ONCE])
    reference, expected = PartsOfReference(session, store, found), expected_of(session, found)
    yardsticks = {kind: yardsticks_of(session, found, kind) for kind in watched.windows.kinds}
    rows: list[Values] = []
    for entry in chosen:
        span = Span(seconds(entry.window.start), seconds(entry.window.end))
        parts = parts_of(session, model_id=model_id, recipe=found.plan.recipe, spans=[span])
        closed = entry.reason is not DueReason.OPEN
        given = Divided(entry.window, closed, parts, *reference.of(entry.window), yardsticks[entry.window.kind])
        rows += judge_parts(session, found, given, expected)
    spans = [(entry.window.start.timestamp(), entry.window.end.timestamp()) for entry in (*chosen, *past)]
    inside = {key: value for key, value in seen.items() if any(start <= key[1] < end for start, end in spans)}
    return ReviewedSegments(found, tuple(rows), chosen, reference, inside, len(ready) > len(chosen), now)


def _rolled_up(session: Session, found: Segmented, some: Sequence[Due]) -> list[Due]:
    """Hours of days whose hours were merged into one: there is nothing to judge them by any more, and they stay."""
    hours = [entry for entry in some if entry.window.kind == "hour"]
    buckets = [seconds(entry.window.start) for entry in hours]
    days = day_around(session, model_id=found.model_id, recipe=found.plan.recipe, buckets=buckets) if hours else ()
    return [entry for entry in hours if any(day.start <= seconds(entry.window.start) < day.end for day in days)]


def _review_everything(session: Session, found: Segmented, basis: str, now: datetime) -> None:
    present = read_segmented(session, found.model_id, lock=True)
    if present is not None and present.state is not None:
        present.state.basis = basis
        mark(session, model_id=found.model_id, kind=SEGMENT_REVIEW, buckets=_spans_kept(session, found), now=now)
    enqueue(session, "segment_windows", str(found.model_id), run_at=now)


def _spans_kept(session: Session, found: Segmented) -> set[int]:
    query = select(SegmentSummary.bucket).where(
        SegmentSummary.model_id == found.model_id, SegmentSummary.level < LONGER
    )
    return set(session.scalars(query))


def _known(session: Session, watched: Watched) -> tuple[set[datetime], set[datetime]]:
    rows = session.execute(
        select(SegmentWindow.starts_at, SegmentWindow.closed)
        .where(SegmentWindow.model_id == watched.model_id, judged_by(SegmentWindow, watched.windows))
        .distinct()
    ).all()
    return {row.starts_at for row in rows if row.closed}, {row.starts_at for row in rows if not row.closed}


def _same(one: Segmented, other: Segmented) -> bool:
    """Whether the same plan and the same basis hold."""
    if one.state is None or other.state is None:
        return False
    return (one.plan, one.state.basis, basis_digest(one.watched), one.watched.windows) == (
        other.plan,
        other.state.basis,
        basis_digest(other.watched),
        other.watched.windows,
    )


def _generation(found: Segmented) -> int:
    return found.state.generation if found.state else -1


def _put_window(session: Session, row: Values) -> None:
    key = ["model_id", "kind", "segment", "value", "starts_at"]
    statement = insert_into(session, SegmentWindow).values(row)
    session.execute(
        statement.on_conflict_do_update(index_elements=key, set_=row), execution_options={"synchronize_session": False}
    )
