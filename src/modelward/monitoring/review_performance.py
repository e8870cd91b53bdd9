"""The windows whose joint summaries changed, judged anew; then what that says of the model, all in one transaction.

Windows are calendar ones (days, where the model's drift is judged by its last events). A window that labels reach
later is judged again whenever they do: that corrects the history. Only the newest window that labels have judged, and
those after it, may change what is said of the model, and so be told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.jobs.service import enqueue
from modelward.kit.database import insert_into, reading
from modelward.monitoring.back_test import refused
from modelward.monitoring.estimates import Basis, Found, better_basis, known_calibration, standards
from modelward.monitoring.fairness import fairness_of
from modelward.monitoring.joint import Watched, read_watched
from modelward.monitoring.joint_outcome import Summary
from modelward.monitoring.joint_plan import OUTCOME
from modelward.monitoring.joint_store import Span, joint_of, pieces_of, put_joint
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.loss_estimates import estimate_window, learned_losses
from modelward.monitoring.losses import changes_in
from modelward.monitoring.marks import JOINT, REVIEW, clear, mark, marked
from modelward.monitoring.performance import Yardstick, performance_of
from modelward.monitoring.performance_state import settle
from modelward.monitoring.tables import Fairness, Joint, Performance
from modelward.monitoring.window_profiles import moment, seconds
from modelward.rules.outcome_json import metric_from
from modelward.rules.outcome_metrics import Estimate, estimated
from modelward.rules.performance import PerformanceVerdict
from modelward.rules.windows import Due, DueReason, Window, due, window_of
from modelward.stats import GroupOutcomes, Outcome
from modelward.stats.outcome import REGRESSION

WINDOWS_AT_ONCE = 24
LOOKED_INTO = 2
"""In so many of the newest windows the loss of single events is looked at."""

Write = Any


@dataclass(frozen=True)
class ReviewedWindow:
    """One window, ready to be written."""

    entry: Due
    found: Mapping[str, Summary]
    performance: Mapping[str, Any] | None
    fairness: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Reviewed:
    """Windows that were judged, to be written in one transaction: call it with the session."""

    watched: Watched
    windows: tuple[ReviewedWindow, ...]
    days: Mapping[Span, Mapping[str, Summary]]
    """Longer spans, merged while they were read, to be kept as one."""
    seen: Mapping[tuple[str, int], int]
    more: bool
    now: datetime

    def __call__(self, session: Session) -> None:
        model_id = self.watched.model_id
        present = read_watched(session, model_id, lock=True)
        if present is None or not _same_decision(present, self.watched):
            enqueue(session, "joint", str(model_id), run_at=self.now)
            return
        for window in self.windows:
            self._store(session, window)
        clear(session, model_id=model_id, seen=self.seen)
        self._roll_up(session)
        settle(session, watched=present, reviewed=[w.entry.window for w in self.windows], now=self.now)
        enqueue(session, "measured", str(model_id), run_at=self.now)
        if self.more:
            enqueue(session, "performance", str(model_id), run_at=self.now)

    def _store(self, session: Session, window: ReviewedWindow) -> None:
        own = window.entry.window
        key = {"model_id": self.watched.model_id, "kind": own.kind, "starts_at": own.start}
        if window.performance is not None:
            _upsert(session, Performance, key, {**window.performance, "evaluated_at": self.now})
        for found in window.fairness:
            its = {**key, "attribute": found["attribute"]}
            _upsert(session, Fairness, its, {**found, "evaluated_at": self.now})

    def _roll_up(self, session: Session) -> None:
        """Keep the merged days but for those of which a bucket was built anew meanwhile: its mark says so."""
        marks = [bucket for _, bucket in marked(session, model_id=self.watched.model_id, kinds=[REVIEW])]
        still = {
            span: found
            for span, found in self.days.items()
            if not any(span.start <= bucket < span.end for bucket in marks)
        }
        recipe = self.watched.plan.recipe
        put_joint(session, model_id=self.watched.model_id, recipe=recipe, found=still, now=self.now, rolled_up=True)


def review(engine: Engine, store: EventStore, *, model_id: int, now: datetime) -> Write | None:
    """Judge what is due; the answer writes it. None: there is nothing to do."""
    with reading(engine) as session:
        watched = read_watched(session, model_id)
        if watched is None or watched.state is None:
            return None
        if watched.state.settings != watched.settings or watched.state.recipe != watched.plan.recipe:
            return lambda writer: enqueue(writer, "joint", str(model_id), run_at=now)
        clock = watched.subject.clock(now)
        found = better_basis(session, store, watched, until=seconds(clock))
        if found is not None:
            return lambda writer: _take_basis(writer, watched, found, now)
        return _review(session, store, watched, clock=clock, now=now)


def _review(session: Session, store: EventStore, watched: Watched, *, clock: datetime, now: datetime) -> Reviewed:
    cut, model_id = watched.windows.window_of, watched.model_id
    seen = marked(session, model_id=model_id, kinds=[REVIEW])
    unbuilt = {cut(moment(b)).start for _, b in marked(session, model_id=model_id, kinds=[JOINT])}
    final, provisional = _known(session, watched)
    touched = [moment(bucket) for _, bucket in seen]
    found = due(cut, touched=touched, provisional=provisional, final=final, now=clock)
    ready = [e for e in found if e.reason is DueReason.OPEN or e.window.start not in unbuilt]
    chosen = ready[:WINDOWS_AT_ONCE]
    newest = {entry.window.start for entry in ready[-LOOKED_INTO:]}
    yard = _yardstick(session, watched)
    windows = tuple(_window(session, store, watched, yard, e, look=e.window.start in newest) for e in chosen)
    spans = [(entry.window.start.timestamp(), entry.window.end.timestamp()) for entry in chosen]
    inside = {key: value for key, value in seen.items() if any(start <= key[1] < end for start, end in spans)}
    days = _days(session, watched, windows, clock)
    return Reviewed(watched, windows, days, inside, more=len(ready) > len(chosen), now=now)


def _days(
    session: Session, watched: Watched, windows: Sequence[ReviewedWindow], clock: datetime
) -> dict[Span, Mapping[str, Summary]]:
    """Past days (or weeks) of these windows that are made of more than one row, merged."""
    merged = {window.entry.window.start: window.found for window in windows if window.entry.window.kind != "hour"}
    days = {_longer(window.entry.window, watched.windows.time_zone) for window in windows}
    model_id, recipe = watched.model_id, watched.plan.recipe
    found: dict[Span, Mapping[str, Summary]] = {}
    for day in days:
        span = Span(seconds(day.start), seconds(day.end))
        if day.closed(clock) and pieces_of(session, model_id=model_id, recipe=recipe, span=span) > 1:
            known = merged.get(day.start)
            found[span] = known or joint_of(session, model_id=model_id, recipe=recipe, span=span)
    return found


def _longer(window: Window, time_zone: str) -> Window:
    """The day of an hour; any other window itself."""
    return window_of(window.start, "day", time_zone) if window.kind == "hour" else window


def _yardstick(session: Session, watched: Watched) -> Yardstick:
    assert watched.state is not None
    basis = Basis.of(watched.state.basis)
    held = standards(watched.model, watched.plan.task, basis)
    return Yardstick(
        watched.plan,
        watched.subject.monitor,
        held,
        basis,
        known_calibration(watched),
        watched.state.verdict != PerformanceVerdict.CONCEPT_DRIFT.value,
        refused(session, watched.model_id, watched.windows, {name: entry.value for name, entry in held.items()}),
        mismatch=watched.mismatch,
    )


def _window(
    session: Session, store: EventStore, watched: Watched, yard: Yardstick, entry: Due, *, look: bool
) -> ReviewedWindow:
    window, closed = entry.window, entry.reason is not DueReason.OPEN
    span = Span(seconds(window.start), seconds(window.end))
    found = joint_of(session, model_id=watched.model_id, recipe=watched.plan.recipe, span=span)
    outcome = found.get(OUTCOME)
    if not isinstance(outcome, Outcome):
        return ReviewedWindow(entry, found, None, ())
    looked = look and outcome.labelled >= watched.subject.monitor.minimum_rows
    changes = changes_in(store, watched, window) if looked else []
    baseline = watched.model.attributes.get("fairness_baseline")
    fairness = tuple(
        fairness_of(window, name, summary, watched.subject.monitor, baseline=baseline, closed=closed)
        for name, summary in found.items()
        if isinstance(summary, GroupOutcomes) and not watched.mismatch
    )
    if watched.plan.task == REGRESSION:
        estimate = _of_losses(session, store, watched, yard, entry, rows=outcome.rows)
    else:
        estimate = estimated(outcome, watched.plan.task, yard.calibration)
    performance = performance_of(window, outcome, yard, estimate, closed=closed, changes=changes)
    return ReviewedWindow(entry, found, performance, fairness)


def _of_losses(
    session: Session, store: EventStore, watched: Watched, yard: Yardstick, entry: Due, *, rows: int
) -> Estimate:
    """The estimate of a regression: the one that is known of these very rows, or a new look at them."""
    if yard.basis is None:
        return Estimate()
    known = session.scalars(
        select(Performance).where(
            Performance.model_id == watched.model_id,
            Performance.kind == entry.window.kind,
            Performance.starts_at == entry.window.start,
        )
    ).first()
    if known is not None and known.rows == rows and known.measures.get("estimated_on") == yard.basis.name:
        return Estimate({name: metric_from(figure) for name, figure in known.measures["estimates"].items()})
    learned = learned_losses(store, watched, yard.basis.spans, yard.basis.labelled)
    return estimate_window(store, watched, entry.window, learned)


def _take_basis(session: Session, watched: Watched, found: Found, now: datetime) -> None:
    """Another basis is another standard and another curve: every window is judged anew."""
    present = read_watched(session, watched.model_id, lock=True)
    if present is not None and present.state is not None and _same_decision(present, watched):
        present.state.basis, present.state.calibration = found.basis.to_dict(), found.calibration
        built = select(Joint.bucket).where(Joint.model_id == watched.model_id, Joint.name == OUTCOME).distinct()
        mark(session, model_id=watched.model_id, kind=REVIEW, buckets=session.scalars(built).all(), now=now)
    enqueue(session, "performance", str(watched.model_id), run_at=now)


def _same_decision(one: Watched, other: Watched) -> bool:
    """Whether the same plan and the same basis hold."""
    if one.state is None or other.state is None:
        return False
    return (one.settings, one.windows, one.plan, one.state.basis) == (
        other.settings,
        other.windows,
        other.plan,
        other.state.basis,
    )


def _known(session: Session, watched: Watched) -> tuple[set[datetime], set[datetime]]:
    """Starts of the windows with a final, and of those with a provisional look."""
    rows = session.execute(
        select(Performance.starts_at, Performance.closed).where(
            Performance.model_id == watched.model_id, judged_by(Performance, watched.windows)
        )
    ).all()
    return {row.starts_at for row in rows if row.closed}, {row.starts_at for row in rows if not row.closed}


def _upsert(
    session: Session, table: type[Performance | Fairness], key: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    statement = insert_into(session, table).values(**{**values, **key})
    session.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_={**values, **key}),
        execution_options={"synchronize_session": False},
    )
