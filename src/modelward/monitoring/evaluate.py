"""The windows that are due, held against the reference; then alarms, health and a signal, all in one transaction.

Reading and comparing happen outside any write; `Evaluated` writes. Windows with dirty buckets wait for their rebuild.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.jobs.service import enqueue
from modelward.kit.database import change, insert_into, reading
from modelward.monitoring.alarms import settle_health
from modelward.monitoring.calibrations import awaited, calibration_of
from modelward.monitoring.capture_baseline import Captured, first_events
from modelward.monitoring.event_windows import judge_event_windows
from modelward.monitoring.judge import Judged, judge
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.marks import DIRTY, DUE, clear, marked
from modelward.monitoring.quality import settle_quality, store_quality, with_quality
from modelward.monitoring.rebucket import rebucket
from modelward.monitoring.seasonal import Seasons
from modelward.monitoring.subject import Subject, read_subject
from modelward.monitoring.tables import ColumnEvaluation, Evaluation
from modelward.monitoring.window_choice import choose_windows
from modelward.monitoring.window_profiles import moment, window_profile
from modelward.registry.tables import Model
from modelward.rules.windows import Due, DueReason, due

WINDOWS_AT_ONCE = 24
"""Windows in one transaction; a long history is worked off in steps, between which others get their turn."""
TIDY_AFTER = timedelta(seconds=5)

Write = Any


@dataclass(frozen=True)
class Evaluated:
    """Windows that were judged, to be written in one transaction: call it with the session."""

    subject: Subject
    judged: tuple[Judged, ...]
    seen: Mapping[tuple[str, int], int]
    notify: bool
    more: bool
    now: datetime
    replaced: tuple[datetime, ...] = ()
    """Starts of provisional windows that these take the place of (the last N events)."""

    def __call__(self, session: Session) -> None:
        model = session.get(Model, self.subject.model_id)
        if model is None:
            return
        if self._outdated(session, model):
            enqueue(session, "evaluate", str(model.id), run_at=self.now)
            return
        corrected = self._references_before(session)
        self._forget_replaced(session)
        for judgement in self.judged:
            store_evaluation(session, model_id=model.id, judged=judgement, now=self.now)
        clear(session, model_id=model.id, seen=self.seen)
        self._settle(session, model, corrected)
        enqueue(session, "measured", str(model.id), run_at=self.now)
        if self.more:
            enqueue(session, "evaluate", str(model.id), run_at=self.now)
        if self.seen:
            enqueue(session, "tidy", str(model.id), run_at=self.now + TIDY_AFTER)

    def _settle(self, session: Session, model: Model, references_before: set[int | None]) -> None:
        """History that was corrected is no news; only another reference changes the health, and that without a word."""
        reference = self.subject.reference
        replaced = bool(references_before - {None, reference.id if reference else None})
        if self.notify or replaced:
            settle_health(
                session,
                model=model,
                monitor=self.subject.monitor,
                provisional=bool(reference and reference.provisional),
                now=self.now,
                notify=self.notify and not replaced,
            )
            settle_quality(
                session,
                model=model,
                monitor=self.subject.monitor,
                now=self.now,
                notify=self.notify and not replaced,
            )

    def _outdated(self, session: Session, model: Model) -> bool:
        """Whether the rule or the reference changed while the windows were compared with the former one."""
        present = read_subject(session, model.id)
        if present is None:
            return True
        former = self.subject
        return (present.monitor, present.windows, _id(present)) != (former.monitor, former.windows, _id(former))

    def _references_before(self, session: Session) -> set[int | None]:
        starts = [judgement.window.start for judgement in self.judged]
        return set(
            session.scalars(
                select(Evaluation.baseline_id).where(
                    Evaluation.model_id == self.subject.model_id,
                    judged_by(Evaluation, self.subject.windows),
                    Evaluation.starts_at.in_(starts),
                )
            )
        )

    def _forget_replaced(self, session: Session) -> None:
        if self.replaced:
            forget_evaluations(
                session, model_id=self.subject.model_id, kind=self.subject.monitor.window, starts=self.replaced
            )


def evaluate(engine: Engine, store: EventStore, *, model_id: int, now: datetime, auto_reference: int) -> Write | None:
    """Judge what is due; the answer writes it. None: there is nothing to do, nor to say about silence."""
    with reading(engine) as session:
        subject = read_subject(session, model_id)
        if subject is None:
            return None
        if subject.activity.time_zone != subject.monitor.time_zone:
            return lambda writer: rebucket(writer, model_id=model_id, now=now)
        if subject.reference is None and (captured := _first_reference(session, store, subject, now, auto_reference)):
            return captured
        return choose_windows(session, subject, now=now) or _judged(session, store, subject, now)


def _judged(session: Session, store: EventStore, subject: Subject, now: datetime) -> Write:
    model_id = subject.model_id
    every = {kind: subject.judging(kind) for kind in subject.windows.kinds}
    if any(awaited(session, model_id, one.monitor, one.reference) for one in every.values()):
        return lambda writer: enqueue(writer, "placebo", str(model_id), run_at=now)
    judging = {kind: _calibrated(session, one) for kind, one in every.items()}
    if subject.monitor.window == "events":
        return _of_events(session, store, judging["events"], now)
    return _of_calendar(session, store, subject, judging, now)


def _calibrated(session: Session, subject: Subject) -> Subject:
    found = calibration_of(session, subject.model_id, subject.monitor, subject.reference)
    return replace(subject, calibration=found)


def store_evaluation(session: Session, *, model_id: int, judged: Judged, now: datetime) -> None:
    """Write an evaluation in the place of the one before it."""
    key = {"model_id": model_id, "kind": judged.window.kind, "starts_at": judged.window.start}
    values = {**judged.values, "ends_at": judged.window.end, "closed": judged.closed, "evaluated_at": now}
    statement = insert_into(session, Evaluation).values(**key, **values)
    upsert = statement.on_conflict_do_update(index_elements=list(key), set_=values).returning(Evaluation.id)
    evaluation_id = session.execute(upsert, execution_options={"synchronize_session": False}).scalar_one()
    change(session, delete(ColumnEvaluation).where(ColumnEvaluation.evaluation_id == evaluation_id))
    rows = [{"evaluation_id": evaluation_id, **column} for column in judged.columns]
    if rows:
        session.execute(insert_into(session, ColumnEvaluation), rows)
    if judged.quality is not None:
        store_quality(session, evaluation_id=evaluation_id, quality=judged.quality)


def forget_evaluations(session: Session, *, model_id: int, kind: str, starts: Collection[datetime]) -> None:
    """Delete the evaluations of these windows."""
    change(
        session,
        delete(Evaluation).where(
            Evaluation.model_id == model_id, Evaluation.kind == kind, Evaluation.starts_at.in_(starts)
        ),
    )


def _id(subject: Subject) -> tuple[int, str] | None:
    return (subject.reference.id, subject.reference.status) if subject.reference else None


def _first_reference(
    session: Session, store: EventStore, subject: Subject, now: datetime, auto_reference: int
) -> Captured | None:
    if not auto_reference or store.count(subject.model_id) < auto_reference:
        return None
    return first_events(session, store, subject, count=auto_reference, now=now)


def _of_events(session: Session, store: EventStore, subject: Subject, now: datetime) -> Evaluated:
    seen = marked(session, model_id=subject.model_id, kinds=[DUE])
    found = judge_event_windows(session, store, subject, touched={bucket for _, bucket in seen})
    return Evaluated(subject, found.judged, seen, found.notify, found.more, now, found.replaced)


def _of_calendar(
    session: Session, store: EventStore, subject: Subject, judging: Mapping[str, Subject], now: datetime
) -> Evaluated:
    """`judging` is the subject as the windows of each kind are judged."""
    cut = subject.windows.window_of
    seen = marked(session, model_id=subject.model_id, kinds=[DUE])
    dirty = {bucket for _, bucket in marked(session, model_id=subject.model_id, kinds=[DIRTY])}
    waiting = {cut(moment(bucket)).start for bucket in dirty}
    final, provisional = _evaluated(session, subject)
    found = due(
        cut,
        touched=[moment(bucket) for _, bucket in seen],
        provisional=provisional,
        final=final,
        now=subject.clock(now),
    )
    ready = [entry for entry in found if entry.window.start not in waiting]
    now_due = ready[:WINDOWS_AT_ONCE]
    judged: list[Judged] = []
    seasons = {kind: Seasons(session, one) for kind, one in judging.items()}
    for entry in now_due:
        known = {earlier.window.start: earlier.values["rows"] for earlier in judged}
        judged.append(_judge(session, store, seasons[entry.window.kind], entry, known))
    return Evaluated(
        subject,
        tuple(judged),
        _inside(seen, now_due),
        notify=not judged or any(entry.notifies for entry in now_due),
        more=len(ready) > len(now_due),
        now=now,
    )


def _judge(
    session: Session,
    store: EventStore,
    seasons: Seasons,
    entry: Due,
    known: Mapping[datetime, int],
) -> Judged:
    """Its drift against the reference's own season, its quality against all of the reference."""
    window, subject = entry.window, seasons.whole
    profile = window_profile(session, model_id=subject.model_id, start=window.start, end=window.end)
    held = seasons.subject(window.start, window.end)
    judged = judge(held, window, profile, closed=entry.reason is not DueReason.OPEN, store=store)
    return with_quality(session, subject, judged, profile, known)


def _evaluated(session: Session, subject: Subject) -> tuple[set[datetime], set[datetime]]:
    """Starts of the windows with a final, and of those with a provisional evaluation."""
    rows = session.execute(
        select(Evaluation.starts_at, Evaluation.closed).where(
            Evaluation.model_id == subject.model_id, judged_by(Evaluation, subject.windows)
        )
    ).all()
    return {row.starts_at for row in rows if row.closed}, {row.starts_at for row in rows if not row.closed}


def _inside(seen: Mapping[tuple[str, int], int], entries: Sequence[Due]) -> dict[tuple[str, int], int]:
    """The marks that lie in the windows."""
    spans = [(entry.window.start.timestamp(), entry.window.end.timestamp()) for entry in entries]
    return {key: generation for key, generation in seen.items() if any(start <= key[1] < end for start, end in spans)}
