"""Joint summaries are built from raw rows with the latest labels joined: one scan serves a run of adjoining buckets.

A bucket is marked when rows or labels of it come (absorb.py), and its mark is cleared only if it has not grown since it
was read: what came after the scan marks it again, so a summary is never older than its mark says. The summaries are
replaced whole, in the transaction that ends the job's lease; doing it twice changes nothing. When anything that decides
changes (the task, the threshold, the attributes), all buckets whose rows are still there are marked.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.jobs.service import enqueue
from modelward.kit.database import insert_into, reading
from modelward.monitoring.joint_outcome import Summary, merged, summaries_of
from modelward.monitoring.joint_plan import OUTCOME, Plan, Seen, plan_of, settings_digest, unlike_classes
from modelward.monitoring.joint_rows import seen_in
from modelward.monitoring.joint_store import Span, forget_joint, put_joint, spans_of
from modelward.monitoring.marks import JOINT, REVIEW, SEGMENT, clear, mark, marked
from modelward.monitoring.profiling import buckets_of
from modelward.monitoring.rebuild import CHUNK_ROWS, REST, RUN_BUCKETS, RUN_GAP, chunks
from modelward.monitoring.subject import Subject, read_subject
from modelward.monitoring.tables import Activity, BucketProfile, Joint, Partial, PerformanceState
from modelward.monitoring.window_profiles import moment
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.rules.window_spans import WindowSpans

REVIEW_AFTER = timedelta(seconds=1)
DIVIDE_AFTER = timedelta(seconds=1)

Write = Any


@dataclass(frozen=True)
class Watched:
    """A model, how its outcomes are summarised, and what held at the last look."""

    model: Model
    subject: Subject
    plan: Plan
    seen: Seen
    settings: str
    state: PerformanceState | None

    @property
    def model_id(self) -> int:
        return self.subject.model_id

    @property
    def mismatch(self) -> str:
        """Why outcomes and predictions cannot be held against one another; empty where they can."""
        return unlike_classes(self.plan, self.seen, named=self.subject.monitor.positive is not None)

    @property
    def windows(self) -> WindowSpans:
        """The kinds of the windows of performance and fairness over time."""
        return self.subject.windows.calendar


def read_watched(session: Session, model_id: int, *, lock: bool = False) -> Watched | None:
    """The model as its outcomes are watched; None while it has no events, or when it is gone.

    `lock` makes those that write take turns.
    """
    model, subject = session.get(Model, model_id), read_subject(session, model_id)
    if model is None or subject is None:
        return None
    state = session.get(PerformanceState, model_id, with_for_update=lock)
    seen = Seen.of(state.seen if state else None)
    digest = settings_digest(model, current_baseline(session, model_id))
    return Watched(model, subject, plan_of(model, subject, seen), seen, digest, state)


def build_joint(engine: Engine, store: EventStore, *, model_id: int, now: datetime) -> Write | None:
    """Scan the next run of marked buckets; the answer writes it. None: nothing is marked."""
    began = time.monotonic()
    with reading(engine) as session:
        watched = read_watched(session, model_id)
        if watched is None:
            return None
        state = watched.state
        # The plan follows from the columns too: a protected feature or a class may be new among them.
        if state is None or (state.settings, state.recipe) != (watched.settings, watched.plan.recipe):
            return lambda writer: adopt(writer, watched, watched.seen, now=now)
        if (rested := state.build_not_before) > now:
            return lambda writer: enqueue(writer, "joint", str(model_id), run_at=rested)
        marks = marked(session, model_id=model_id, kinds=[JOINT])
    run = _run(watched, marks)
    if not run:
        return (lambda writer: clear(writer, model_id=model_id, seen=marks)) if marks else None
    built, seen = _scan(store, watched, {bucket for _, bucket in run})
    if _known_better(watched, seen):
        return lambda writer: adopt(writer, watched, watched.seen + seen, now=now)
    took = time.monotonic() - began
    return Built(watched, run, built, watched.seen + seen, more=len(run) < len(marks), took_seconds=took, now=now)


@dataclass(frozen=True)
class Built:
    """Summaries made from raw rows, to be written in one transaction: call it with the session."""

    watched: Watched
    run: Mapping[tuple[str, int], int]
    built: Mapping[int, Mapping[str, Summary]]
    seen: Seen
    more: bool
    took_seconds: float
    now: datetime

    def __call__(self, session: Session) -> None:
        model_id, length = self.watched.model_id, self.watched.subject.activity.bucket_seconds
        present = read_watched(session, model_id, lock=True)
        if present is None or present.plan != self.watched.plan or present.state is None:
            enqueue(session, "joint", str(model_id), run_at=self.now)
            return
        buckets = {bucket for _, bucket in self.run}
        forget_joint(session, model_id=model_id, spans=spans_of(buckets, length))
        found = {Span(bucket, bucket + length): summaries for bucket, summaries in self.built.items()}
        put_joint(session, model_id=model_id, recipe=self.watched.plan.recipe, found=found, now=self.now)
        clear(session, model_id=model_id, seen=self.run)
        mark(session, model_id=model_id, kind=REVIEW, buckets=buckets, now=self.now)
        if present.subject.monitor.segments:
            mark(session, model_id=model_id, kind=SEGMENT, buckets=buckets, now=self.now)
            enqueue(session, "segments", str(model_id), run_at=self.now + DIVIDE_AFTER)
        present.state.seen = asdict(self.seen)
        present.state.build_not_before = self.now + timedelta(seconds=REST * self.took_seconds)
        enqueue(session, "performance", str(model_id), run_at=self.now + REVIEW_AFTER)
        if self.more:
            enqueue(session, "joint", str(model_id), run_at=present.state.build_not_before)


def adopt(session: Session, watched: Watched, seen: Seen, *, now: datetime) -> None:
    """Take over what decides now; where that makes other summaries, they are all to be built anew."""
    model = session.get(Model, watched.model_id)
    if model is None:
        return
    recipe = plan_of(model, watched.subject, seen).recipe
    state = session.get(PerformanceState, watched.model_id)
    if state is None or state.recipe != recipe:
        buckets = _all_buckets(session, watched)
        mark(session, model_id=model.id, kind=JOINT, buckets=buckets, now=now)
    values = {
        "settings": watched.settings,
        "recipe": recipe,
        "seen": asdict(seen),
        "basis": None,
        "calibration": None,
        "build_not_before": now,
    }
    row = {"model_id": model.id, "fairness": {}, **values}
    statement = insert_into(session, PerformanceState).values(row)
    session.execute(
        statement.on_conflict_do_update(index_elements=["model_id"], set_=values),
        execution_options={"synchronize_session": False},
    )
    _review_everything(session, watched.model_id, now)


def outdated(session: Session) -> set[int]:
    """Models of which something that decides has changed since their outcomes were looked at."""
    rows = session.execute(
        select(Model, PerformanceState.settings)
        .join(Activity, Activity.model_id == Model.id)
        .outerjoin(PerformanceState, PerformanceState.model_id == Model.id)
    ).all()
    return {
        model.id for model, settings in rows if settings != settings_digest(model, current_baseline(session, model.id))
    }


def _review_everything(session: Session, model_id: int, now: datetime) -> None:
    built = session.scalars(select(Joint.bucket).where(Joint.model_id == model_id, Joint.name == OUTCOME).distinct())
    mark(session, model_id=model_id, kind=REVIEW, buckets=built.all(), now=now)
    enqueue(session, "joint", str(model_id), run_at=now)
    enqueue(session, "performance", str(model_id), run_at=now + REVIEW_AFTER)


def _all_buckets(session: Session, watched: Watched) -> set[int]:
    """Every bucket whose raw rows are still there."""
    oldest = watched.subject.activity.forgotten_before
    found: set[int] = set()
    for table in (BucketProfile, Partial):
        found |= set(session.scalars(select(table.bucket).where(table.model_id == watched.model_id)))
    return {bucket for bucket in found if oldest is None or bucket >= oldest}


def _run(watched: Watched, marks: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
    """The newest adjoining buckets that are marked: what people look at comes before a long history."""
    oldest, length = watched.subject.activity.forgotten_before, watched.subject.activity.bucket_seconds
    waiting = sorted((bucket for _, bucket in marks if oldest is None or bucket >= oldest), reverse=True)
    chosen = waiting[:1]
    for bucket in waiting[1:RUN_BUCKETS]:
        if chosen[-1] - bucket > (RUN_GAP + 1) * length:
            break
        chosen.append(bucket)
    return {(JOINT, bucket): marks[JOINT, bucket] for bucket in chosen}


def _scan(store: EventStore, watched: Watched, buckets: set[int]) -> tuple[dict[int, dict[str, Summary]], Seen]:
    length = watched.subject.activity.bucket_seconds
    start, end = moment(min(buckets)), moment(max(buckets) + length)
    columns = ["ts", "prediction", "score", "label_number", "label_text", "labelled_at"]
    columns += dict.fromkeys(attribute.source for attribute in watched.plan.protected)
    columns += [source for _, source in watched.plan.probabilities if source not in columns]
    parts: defaultdict[int, defaultdict[str, list[Summary]]] = defaultdict(lambda: defaultdict(list))
    seen = Seen()
    for table in chunks(store.scan(watched.model_id, start, end, columns), CHUNK_ROWS):
        seen += seen_in(table)
        for bucket, rows in by_bucket(table, length):
            if bucket in buckets:
                for name, summary in summaries_of(rows, watched.plan).items():
                    parts[bucket][name].append(summary)
    return {bucket: {name: merged(some) for name, some in named.items()} for bucket, named in parts.items()}, seen


def by_bucket(table: pa.Table, length: int) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each bucket, oldest first."""
    buckets = buckets_of(table.column("ts"), length)
    order = np.argsort(buckets, kind="stable")
    table, buckets = table.take(pa.array(order)).combine_chunks(), buckets[order]
    starts = np.flatnonzero(np.r_[True, buckets[1:] != buckets[:-1]]) if buckets.size else buckets
    for start, end in zip(starts, np.r_[starts[1:], buckets.size], strict=True):
        yield int(buckets[start]), table.slice(int(start), int(end - start))


def _known_better(watched: Watched, seen: Seen) -> bool:
    """Whether these rows show that the summaries are to be of another kind."""
    return plan_of(watched.model, watched.subject, watched.seen + seen) != watched.plan
