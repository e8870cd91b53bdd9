"""Performance and fairness as pages and the API read them: stored windows, and joint summaries for any span."""

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from modelward.monitoring.back_test import back_test
from modelward.monitoring.estimates import Basis, known_calibration, standards
from modelward.monitoring.joint import Watched, read_watched
from modelward.monitoring.joint_plan import protected_names
from modelward.monitoring.joint_store import Span, outcome_of
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.outcomes_unread import BEING_READ, outcomes_are_read
from modelward.monitoring.performance_readings import (
    AttributeView,
    FairnessPoint,
    FairnessView,
    Interval,
    PerformanceDetail,
    PerformancePoint,
    PerformanceView,
)
from modelward.monitoring.performance_state import drift_of_concept
from modelward.monitoring.tables import Fairness, Performance
from modelward.monitoring.window_profiles import seconds
from modelward.registry.tables import Model
from modelward.rules.fairness import FairnessVerdict
from modelward.rules.outcome_metrics import Estimate, estimated, measured, told
from modelward.rules.performance import JUDGED_BY, LOWER_IS_BETTER, PerformanceVerdict

NO_LABELS = (
    "no outcome of this model is known yet: send each one as it becomes known, with POST /api/v1/labels and the "
    "event's id, and a score with each prediction, so that performance can be estimated until then"
)
NO_EVENTS = "no predictions have come yet: send them with POST /api/v1/events"
NO_PROTECTED = (
    "no protected attribute is declared: name them as `protected_attributes` at registration, or as `protected` in "
    "`PUT /api/v1/models/{model}/monitor`"
)
NOT_TWO_CLASSES = (
    "fairness compares how often each group is predicted positive: name the positive outcome as `positive` in "
    "PUT /api/v1/models/{model}/monitor"
)
_DECIDED = [verdict.value for verdict in PerformanceVerdict if verdict.judged or verdict == "no_baseline"]
_GRAVITY = ("unfair", "below_baseline", "not_enough_rows", "fair")


def performance_view(
    session: Session, *, model_id: int, start: datetime | None = None, end: datetime | None = None, limit: int = 400
) -> PerformanceView:
    """The performance of a model, with the newest `limit` windows of the range."""
    watched = read_watched(session, model_id)
    if watched is None or watched.state is None:
        reading = watched is not None and outcomes_are_read(session, model_id)
        return _nothing(BEING_READ if reading else NO_EVENTS)
    task = watched.plan.task
    windows = _windows(session, watched, start=start, end=end, limit=limit)
    concept = drift_of_concept(windows)
    verdict, reason = _said(session, watched, windows)
    found = standards(watched.model, task, Basis.of(watched.state.basis))
    metric = next((name for name in JUDGED_BY.get(task, ()) if name in found), None)
    newest, tests = _current(windows), back_test(session, windows, {name: entry.value for name, entry in found.items()})
    refused = {test.metric for test in tests if not test.valid}
    basis = Basis.of(watched.state.basis)
    return PerformanceView(
        kind=watched.windows.kind,
        task=task,
        verdict=verdict,
        reason=reason,
        since=watched.state.since,
        concept_drift_since=concept.since,
        metric=metric or next(iter(JUDGED_BY.get(task, ())), None),
        standard=found[metric].value if metric else None,
        standard_source=found[metric].source if metric else None,
        limit=_limit(metric, found[metric].value, watched.subject.monitor.performance_fall) if metric else None,
        current=None if newest is None else _detail(session, newest, concept.since, refused),
        windows=tuple(_point(window, concept.since, refused) for window in windows),
        back_test=tests,
        no_estimate=basis.note if basis else "",
    )


def newest_performance(session: Session, *, model_id: int) -> PerformancePoint | None:
    """The newest closed window that its outcomes may judge; else the newest with an estimate, or with any figure."""
    of_model = select(Performance).options(defer(Performance.measures))
    decided = Performance.verdict.in_(_DECIDED) & Performance.value.is_not(None)
    for figure in (decided, Performance.estimate.is_not(None), Performance.value.is_not(None)):
        query = of_model.where(Performance.model_id == model_id, Performance.closed, figure)
        found = session.scalars(query.order_by(Performance.ends_at.desc()).limit(1)).first()
        if found is not None:
            return _point(found, None, frozenset())
    return None


def performance_window(session: Session, *, model_id: int, starts_at: datetime) -> PerformanceDetail | None:
    """All of the window that starts at `starts_at`, or None."""
    watched = read_watched(session, model_id)
    if watched is None:
        return None
    found = session.scalars(
        select(Performance).where(
            Performance.model_id == model_id,
            judged_by(Performance, watched.windows),
            Performance.starts_at == starts_at,
        )
    ).first()
    return None if found is None else _detail(session, found, None, frozenset())


def performance_of_span(session: Session, *, model_id: int, start: datetime, end: datetime) -> dict[str, Any] | None:
    """Every metric over a span, merged from its joint summaries; None where nothing was built."""
    watched = read_watched(session, model_id)
    if watched is None:
        return None
    length, plan = watched.subject.activity.bucket_seconds, watched.plan
    span = Span(seconds(start) // length * length, -(-seconds(end) // length) * length)
    outcome = outcome_of(session, model_id=model_id, recipe=plan.recipe, span=span)
    if outcome is None:
        return None
    estimate = Estimate() if watched.mismatch else estimated(outcome, plan.task, known_calibration(watched))
    real = {} if watched.mismatch else measured(outcome, plan.task)
    coverage = outcome.labelled / outcome.rows if outcome.rows else 0.0
    head = {"start": start, "end": end, "rows": outcome.rows, "labelled": outcome.labelled, "coverage": coverage}
    return {**head, **told(outcome, real, estimate)}


def fairness_view(
    session: Session, *, model_id: int, start: datetime | None = None, end: datetime | None = None, limit: int = 400
) -> FairnessView:
    """The fairness of a model, with the newest `limit` windows of the range for each attribute."""
    watched, model = read_watched(session, model_id), session.get_one(Model, model_id)
    if watched is None or watched.state is None:
        return _no_fairness(NO_EVENTS)
    declared = protected_names(model, watched.subject.monitor.protected)
    present = [attribute.name for attribute in watched.plan.protected]
    names = [*present, *(f"{one.name} & {other.name}" for one, other in watched.plan.pairs)]
    rows = _fairness_rows(session, watched, start=start, end=end, limit=limit * max(1, len(names)))
    views = [_attribute(watched, name, rows[name][-limit:]) for name in names if rows[name]]
    views.sort(key=lambda view: (_GRAVITY.index(view.verdict), view.attribute))
    monitor = watched.subject.monitor
    return FairnessView(
        kind=watched.windows.kind,
        verdict=views[0].verdict if views else FairnessVerdict.NOT_ENOUGH.value,
        reason=_why(declared, watched, views),
        limit=monitor.fairness_limit,
        baseline=model.attributes.get("fairness_baseline"),
        minimum_group=monitor.minimum_group,
        attributes=tuple(views),
        not_watched=tuple(name for name in declared if name not in present),
    )


def _why(declared: Sequence[str], watched: Watched, views: Sequence[AttributeView]) -> str:
    if views:
        return f"`{views[0].attribute}`: {views[0].reason}"
    if not declared:
        return NO_PROTECTED
    if watched.mismatch:
        return watched.mismatch
    if watched.plan.task != "binary":
        return NOT_TWO_CLASSES
    return "no window was looked at yet, or the declared attributes are not features of the model"


def _no_fairness(reason: str) -> FairnessView:
    return FairnessView("day", FairnessVerdict.NOT_ENOUGH.value, reason, 0.8, None, 30, (), ())


def _nothing(reason: str) -> PerformanceView:
    verdict = PerformanceVerdict.NO_LABELS.value
    return PerformanceView("day", "", verdict, reason, None, None, None, None, None, None, None, (), ())


def _limit(metric: str, standard: float, fall: float) -> float:
    return standard * (1 + fall if metric in LOWER_IS_BETTER else 1 - fall)


def _said(session: Session, watched: Watched, windows: Sequence[Performance]) -> tuple[str, str]:
    """What holds of the model; else what its newest window says, unless its first outcomes are still being read."""
    state = watched.state
    if state is not None and state.verdict is not None and state.reason is not None:
        return state.verdict, state.reason
    if not watched.seen.labels:
        reading = outcomes_are_read(session, watched.model_id)
        return PerformanceVerdict.NO_LABELS.value, BEING_READ if reading else NO_LABELS
    if watched.mismatch:
        return PerformanceVerdict.NO_LABELS.value, watched.mismatch
    newest = _current(windows)
    return (newest.verdict, newest.reason) if newest else (PerformanceVerdict.NO_LABELS.value, NO_LABELS)


def _current(windows: Sequence[Performance]) -> Performance | None:
    """The newest window that labels have judged, else the newest with a figure, else the newest."""
    judged = [window for window in windows if PerformanceVerdict(window.verdict).judged]
    figured = [window for window in windows if window.value is not None or window.estimate is not None]
    return next((some[-1] for some in (judged, figured, list(windows)) if some), None)


def _windows(
    session: Session, watched: Watched, *, start: datetime | None, end: datetime | None, limit: int
) -> list[Performance]:
    query = select(Performance).where(Performance.model_id == watched.model_id, judged_by(Performance, watched.windows))
    if start is not None:
        query = query.where(Performance.ends_at > start)
    if end is not None:
        query = query.where(Performance.starts_at < end)
    query = query.options(defer(Performance.measures)).order_by(Performance.starts_at.desc()).limit(limit)
    return list(reversed(session.scalars(query).all()))


def _point(window: Performance, drifted_since: datetime | None, refused: AbstractSet[str]) -> PerformancePoint:
    return PerformancePoint(
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        closed=window.closed,
        state=window.state,
        verdict=window.verdict,
        reason=window.reason,
        rows=window.rows,
        labelled=window.labelled,
        coverage=window.labelled / window.rows if window.rows else 0.0,
        metric=window.metric,
        measured=None if window.value is None else Interval(window.value, window.low, window.high),
        estimated=None
        if window.estimate is None
        else Interval(window.estimate, window.estimate_low, window.estimate_high),
        estimate_valid=window.metric not in refused and (drifted_since is None or window.starts_at < drifted_since),
        calibrated_on=window.calibrated_on,
    )


def _detail(
    session: Session, window: Performance, drifted_since: datetime | None, refused: AbstractSet[str]
) -> PerformanceDetail:
    measures = session.scalar(select(Performance.measures).where(Performance.id == window.id)) or {}
    named = ("metrics", "estimates", "delay", "changes", "standards", "estimated_on")
    return PerformanceDetail(
        point=_point(window, drifted_since, refused),
        metrics=measures.get("metrics", {}),
        estimates=measures.get("estimates", {}),
        delay=measures.get("delay"),
        changes=tuple(measures.get("changes", ())),
        standards=measures.get("standards", {}),
        extra={name: value for name, value in measures.items() if name not in named},
        evaluated_at=window.evaluated_at,
    )


def _fairness_rows(
    session: Session, watched: Watched, *, start: datetime | None, end: datetime | None, limit: int
) -> defaultdict[str, list[Fairness]]:
    """The windows of each attribute, oldest first."""
    query = select(Fairness).where(Fairness.model_id == watched.model_id, judged_by(Fairness, watched.windows))
    if start is not None:
        query = query.where(Fairness.ends_at > start)
    if end is not None:
        query = query.where(Fairness.starts_at < end)
    query = query.options(defer(Fairness.measures)).order_by(Fairness.starts_at.desc()).limit(limit)
    found: defaultdict[str, list[Fairness]] = defaultdict(list)
    for row in reversed(session.scalars(query).all()):
        found[row.attribute].append(row)
    return found


def _attribute(watched: Watched, name: str, rows: Sequence[Fairness]) -> AttributeView:
    said = [row for row in rows if row.verdict != FairnessVerdict.NOT_ENOUGH.value]
    newest = (said or rows)[-1]
    known = watched.state.fairness.get(name) if watched.state else None
    return AttributeView(
        attribute=name,
        verdict=known["verdict"] if known else newest.verdict,
        reason=known["reason"] if known else newest.reason,
        since=datetime.fromisoformat(known["since"]) if known else None,
        current=_fairness_point(newest),
        disparities={"fairness_score": newest.measures["score"], **newest.measures["disparities"]},
        groups=tuple(newest.measures["groups"]),
        windows=tuple(map(_fairness_point, rows)),
    )


def _fairness_point(row: Fairness) -> FairnessPoint:
    return FairnessPoint(
        row.starts_at,
        row.ends_at,
        row.closed,
        row.verdict,
        row.reason,
        row.rows,
        row.labelled,
        row.score,
        row.low,
        row.high,
    )
