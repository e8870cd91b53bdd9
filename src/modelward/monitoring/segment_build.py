"""The summaries of declared segments are built from raw rows in the background, by the buckets that the joint
summaries were just built for.

Nothing of it happens in the mover's step. A bucket's mark is cleared only if it has not grown since it was read, and
its parts are replaced whole, in the transaction that ends the job's lease: doing it twice changes nothing. When a day
is past, its buckets become one row a value; a late row of it lets the whole day be built anew, from the raw rows too.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.jobs.service import enqueue
from modelward.kit.database import change, insert_into, reading
from modelward.monitoring.columns import with_label
from modelward.monitoring.joint import Watched, by_bucket
from modelward.monitoring.joint_plan import settings_digest
from modelward.monitoring.joint_store import Span, spans_of
from modelward.monitoring.marks import SEGMENT, SEGMENT_REVIEW, clear, mark, marked
from modelward.monitoring.rebuild import CHUNK_ROWS, chunks
from modelward.monitoring.segment_calibrate import calibrate_segments
from modelward.monitoring.segment_parts import Key, Part, columns_scanned, divided, together, unknown_values
from modelward.monitoring.segment_plan import SegmentPlan
from modelward.monitoring.segment_store import (
    DAY,
    Parts,
    buckets_kept,
    day_around,
    forget_parts,
    parts_of,
    put_parts,
    with_others,
)
from modelward.monitoring.segment_tables import SegmentState, SegmentSummary, SegmentWindow, SegmentYardstick
from modelward.monitoring.segment_yardsticks import outdate
from modelward.monitoring.segmented import Segmented, read_segmented, span_by_hour, span_of_reference, standing
from modelward.monitoring.tables import Activity, BucketProfile, Partial
from modelward.monitoring.window_profiles import moment, seconds
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.rules.segments import OTHER
from modelward.rules.windows import Window, window_of

RUN_BUCKETS = 48
"""Marked buckets in one scan: each is as many profiles as there are values."""
REST = 9
"""After a build its model rests so many times as long: at most a tenth of a core goes into segments."""
DAYS_AT_ONCE = 4
REVIEW_AFTER = timedelta(seconds=1)

Write = Any


def build_segments(engine: Engine, store: EventStore, *, model_id: int, now: datetime) -> Write | None:
    """Scan the next run of marked buckets, else make yardsticks of the reference's windows, else roll up days that are
    past; the answer writes it. None: all is done.
    """
    began = time.monotonic()
    with reading(engine) as session:
        found = read_segmented(session, model_id)
        if found is None:
            return None
        if not found.current or found.state is None:
            return lambda writer: adopt(writer, found, found.plan, now=now)
        if (rested := found.state.build_not_before) > now:
            return lambda writer: enqueue(writer, "segments", str(model_id), run_at=rested)
        marks = marked(session, model_id=model_id, kinds=[SEGMENT])
        run = _run(session, found, marks)
        if not run:
            return _when_built(session, store, found, marks, now)
    length = found.watched.subject.activity.bucket_seconds
    built, unknown = _scan(store, found, run)
    if unknown:
        return lambda writer: _widen(writer, found, unknown, now)
    seen = {key: generation for key, generation in marks.items() if key[1] in run}
    spans = tuple(spans_of(run, length))
    took = time.monotonic() - began
    return BuiltSegments(found, spans, built, seen, len(seen) < len(marks), took, now)


def _when_built(
    session: Session, store: EventStore, found: Segmented, marks: Mapping[tuple[str, int], int], now: datetime
) -> Write | None:
    """What is to be done where no bucket can be built, one thing at a time."""
    model_id = found.model_id
    if marks:
        return lambda writer: _clear_lost(writer, model_id, marks, now)
    if folded := _folded(session, found):
        return lambda writer: _unfold(writer, model_id, folded, now)
    return calibrate_segments(session, store, found, now=now, rest=REST) or _days_past(session, found, now)


@dataclass(frozen=True)
class BuiltSegments:
    """Parts made from raw rows, to be written in one transaction: call it with the session."""

    found: Segmented
    spans: tuple[Span, ...]
    built: Mapping[int, Parts]
    seen: Mapping[tuple[str, int], int]
    more: bool
    took_seconds: float
    now: datetime

    def __call__(self, session: Session) -> None:
        model_id = self.found.model_id
        present = read_segmented(session, model_id, lock=True)
        if present is None or present.state is None or present.plan != self.found.plan or not present.current:
            enqueue(session, "segments", str(model_id), run_at=self.now)
            return
        length = self.found.watched.subject.activity.bucket_seconds
        forget_parts(session, model_id=model_id, spans=self.spans)
        kept = {Span(bucket, bucket + length): parts for bucket, parts in self.built.items()}
        put_parts(session, model_id=model_id, recipe=self.found.plan.recipe, found=kept)
        clear(session, model_id=model_id, seen=self.seen)
        mark(session, model_id=model_id, kind=SEGMENT_REVIEW, buckets=_buckets(self.spans, length), now=self.now)
        if any(span.start < own.end and own.start < span.end for own in standing(present) for span in self.spans):
            present.state.basis = ""  # What all windows are held against is another one.
        own = span_of_reference(present)
        if own is not None and any(span.start < own.end and own.start < span.end for span in self.spans):
            outdate(session, model_id=model_id)
        present.state.generation += 1
        present.state.build_not_before = self.now + timedelta(seconds=REST * self.took_seconds)
        enqueue(session, "segment_windows", str(model_id), run_at=self.now + REVIEW_AFTER)
        if self.more:
            enqueue(session, "segments", str(model_id), run_at=present.state.build_not_before)


@dataclass(frozen=True)
class RolledUp:
    """Days whose buckets become one row a value, unless anything was built meanwhile."""

    found: Segmented
    days: Mapping[Span, Parts]
    now: datetime

    def __call__(self, session: Session) -> None:
        present, model_id = read_segmented(session, self.found.model_id, lock=True), self.found.model_id
        mine = self.found.state
        if present is None or present.state is None or mine is None or not present.current:
            return
        if (present.state.generation, present.plan) == (mine.generation, self.found.plan):
            for day in self.days:
                inside = (SegmentSummary.bucket >= day.start, SegmentSummary.ends_at <= day.end)
                change(session, delete(SegmentSummary).where(SegmentSummary.model_id == model_id, *inside))
            put_parts(session, model_id=model_id, recipe=present.plan.recipe, found=self.days, level=DAY)
            present.state.generation += 1
        enqueue(session, "segments", str(model_id), run_at=self.now)


def adopt(session: Session, found: Segmented, plan: SegmentPlan, *, now: datetime) -> None:
    """Take over what decides now; where that makes other summaries, they are all to be built anew."""
    model_id = found.model_id
    if session.get(Model, model_id) is None:
        return
    if not plan.by:
        forget_segments(session, model_id=model_id)
    state = session.get(SegmentState, model_id)
    if plan.by and (state is None or state.recipe != plan.recipe):
        _forget_all(session, model_id)
        mark(session, model_id=model_id, kind=SEGMENT, buckets=_all_buckets(session, found.watched), now=now)
    values = {
        "settings": found.watched.settings,
        "recipe": plan.recipe,
        "cuts": [one.to_dict() for one in plan.by],
        "generation": (state.generation if state else 0) + 1,
        "basis": "",
        "build_not_before": now,
    }
    said: dict[str, Any] = {"verdict": "too_few", "since": None, "reason": "", "alarms": []}
    statement = insert_into(session, SegmentState).values(model_id=model_id, **said, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["model_id"], set_=values),
        execution_options={"synchronize_session": False},
    )
    if plan.by:
        enqueue(session, "segments", str(model_id), run_at=now)
        enqueue(session, "segment_windows", str(model_id), run_at=now + REVIEW_AFTER)


def forget_segments(session: Session, *, model_id: int) -> None:
    """Forget everything that is known of a model's segments; its raw rows say it again."""
    _forget_all(session, model_id)
    for table in (SegmentWindow, SegmentYardstick):
        change(session, delete(table).where(table.model_id == model_id))


def outdated_segments(session: Session) -> set[int]:
    """Models whose segments are to be looked at, because their settings or the recipe of their outcomes changed."""
    rows = session.execute(
        select(Model, SegmentState.settings)
        .join(Activity, Activity.model_id == Model.id)
        .outerjoin(SegmentState, SegmentState.model_id == Model.id)
    ).all()
    declared = [(model, settings) for model, settings in rows if settings or (model.monitor or {}).get("segments")]
    return {
        model.id
        for model, settings in declared
        if settings != settings_digest(model, current_baseline(session, model.id))
    }


def _forget_all(session: Session, model_id: int) -> None:
    change(session, delete(SegmentSummary).where(SegmentSummary.model_id == model_id))


def _scan(store: EventStore, found: Segmented, run: set[int]) -> tuple[dict[int, Parts], dict[str, list[str]]]:
    """The parts of every bucket of the run, and values that should have a part and have none."""
    subject, plan = found.watched.subject, found.plan
    length = subject.activity.bucket_seconds
    columns = columns_scanned(subject.columns, plan.by, plan.joint)
    parts: defaultdict[int, defaultdict[Key, list[Part]]] = defaultdict(lambda: defaultdict(list))
    unknown: defaultdict[str, list[str]] = defaultdict(list)
    batches = store.scan(found.model_id, moment(min(run)), moment(max(run) + length), columns)
    for chunk in chunks(batches, CHUNK_ROWS):
        table = with_label(chunk, subject.columns)
        for one in plan.by:
            unknown[one.name] += unknown_values(table, one)
        for bucket, rows in by_bucket(table, length):
            if bucket in run:
                for key, part in divided(rows, plan.by, subject.columns, plan.joint):
                    parts[bucket][key].append(part)
    built: dict[int, Parts] = {
        bucket: {key: together(some) for key, some in keyed.items()} for bucket, keyed in parts.items()
    }
    return built, {name: values for name, values in unknown.items() if values}


def _clear_lost(session: Session, model_id: int, marks: Mapping[tuple[str, int], int], now: datetime) -> None:
    """Buckets whose raw rows are gone stay as they are; what waited for them goes on."""
    clear(session, model_id=model_id, seen=marks)
    enqueue(session, "segments", str(model_id), run_at=now)


def _widen(session: Session, found: Segmented, unknown: Mapping[str, Iterable[str]], now: datetime) -> None:
    """Give new values a part of their own: what was counted of them among the others is built anew."""
    present = read_segmented(session, found.model_id, lock=True)
    if present is not None and present.state is not None and present.plan == found.plan and present.current:
        recipe = found.plan.recipe
        for name in unknown:
            among = with_others(session, model_id=found.model_id, recipe=recipe, segment=name, other=OTHER)
            mark(session, model_id=found.model_id, kind=SEGMENT, buckets=among, now=now)
        wider = [
            one.widened(sorted(set(unknown[one.name]))[: one.room]) if one.name in unknown else one
            for one in found.plan.by
        ]
        present.state.cuts = [one.to_dict() for one in wider]
        present.state.generation += 1
    enqueue(session, "segments", str(found.model_id), run_at=now)


def _run(session: Session, found: Segmented, marks: Mapping[tuple[str, int], int]) -> set[int]:
    """The newest adjoining marked buckets; with them the rest of every day that was rolled up."""
    activity = found.watched.subject.activity
    oldest, length = activity.forgotten_before, activity.bucket_seconds
    there = [bucket for _, bucket in marks if oldest is None or bucket >= oldest]
    days = day_around(session, model_id=found.model_id, recipe=found.plan.recipe, buckets=there)
    lost = [day for day in days if oldest is not None and day.start < oldest]  # Half of its rows are gone: it stays.
    waiting = sorted((bucket for bucket in there if not _within(bucket, lost)), reverse=True)
    chosen = {bucket for bucket in waiting if waiting[0] - bucket < RUN_BUCKETS * length}
    touched = [day for day in days if any(day.start <= bucket < day.end for bucket in chosen)]
    return chosen | set(_buckets(touched, length))


def _within(bucket: int, spans: Iterable[Span]) -> bool:
    return any(span.start <= bucket < span.end for span in spans)


def _days_past(session: Session, found: Segmented, now: datetime) -> RolledUp | None:
    """Days of the model's zone that are past, and whose windows were looked at."""
    monitor, recipe = found.watched.subject.monitor, found.plan.recipe
    clock = found.watched.subject.clock(now)
    busy = {bucket for _, bucket in marked(session, model_id=found.model_id, kinds=[SEGMENT, SEGMENT_REVIEW])}
    days: dict[Window, bool] = {}
    for bucket in buckets_kept(session, model_id=found.model_id, recipe=recipe):
        day = window_of(moment(bucket), "day", monitor.time_zone)
        days[day] = days.get(day, True) and day.closed(clock)
    waiting = {window_of(moment(bucket), "day", monitor.time_zone) for bucket in busy}
    unclosed = (SegmentWindow.model_id == found.model_id, SegmentWindow.kind == "hour", SegmentWindow.closed.is_(False))
    for start in session.scalars(select(SegmentWindow.starts_at).where(*unclosed).distinct()):
        waiting.add(window_of(start, "day", monitor.time_zone))  # Of a day that is merged no hour can be judged.
    spans = [Span(seconds(day.start), seconds(day.end)) for day, past in days.items() if past and day not in waiting]
    by_hour = span_by_hour(found)
    ready = [day for day in spans if by_hour is None or day.end <= by_hour.start or by_hour.end <= day.start]
    if not ready:
        return None
    made = {day: parts_of(session, model_id=found.model_id, recipe=recipe, spans=[day]) for day in ready[:DAYS_AT_ONCE]}
    return RolledUp(found, made, now)


def _folded(session: Session, found: Segmented) -> list[int]:
    """The buckets of days that took the place of hours which are needed now, and whose raw rows are still there."""
    activity, span = found.watched.subject.activity, span_by_hour(found)
    if span is None:
        return []
    buckets = range(span.start, span.end, activity.bucket_seconds)
    days = day_around(session, model_id=found.model_id, recipe=found.plan.recipe, buckets=buckets)
    oldest = activity.forgotten_before
    return _buckets([day for day in days if oldest is None or day.start >= oldest], activity.bucket_seconds)


def _unfold(session: Session, model_id: int, buckets: list[int], now: datetime) -> None:
    mark(session, model_id=model_id, kind=SEGMENT, buckets=buckets, now=now)
    enqueue(session, "segments", str(model_id), run_at=now)


def _buckets(spans: Iterable[Span], length: int) -> list[int]:
    return [bucket for span in spans for bucket in range(span.start, span.end, length)]


def _all_buckets(session: Session, watched: Watched) -> set[int]:
    """Every bucket whose raw rows are still there."""
    oldest = watched.subject.activity.forgotten_before
    found: set[int] = set()
    for table in (BucketProfile, Partial):
        found |= set(session.scalars(select(table.bucket).where(table.model_id == watched.model_id)))
    return {bucket for bucket in found if oldest is None or bucket >= oldest}
