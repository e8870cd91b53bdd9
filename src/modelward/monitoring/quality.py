"""The quality of each evaluated window, and what many of them amount to: a state, and a signal when it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.kit.database import insert_into
from modelward.monitoring.alarms import HISTORY, silent_after
from modelward.monitoring.columns import LABEL, SPECIAL, title_of
from modelward.monitoring.judge import Judged
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.monitor_settings import judged, monitor_of, windows_of
from modelward.monitoring.payload import restricted
from modelward.monitoring.quality_tables import Constraints, QualityRecord, QualityState
from modelward.monitoring.subject import Reference, Subject
from modelward.monitoring.tables import Activity, Evaluation
from modelward.monitoring.volumes import earlier_rows, repeated_events, usual_shares
from modelward.registry.service import is_replayed
from modelward.registry.tables import Model
from modelward.rules.constraints import Constraint, violations
from modelward.rules.monitor import Monitor
from modelward.rules.quality import judge_quality
from modelward.rules.quality_finding import Check, Quality, QualityFinding, QualityVerdict
from modelward.rules.quality_state import QualityState as Decided
from modelward.rules.quality_state import QualityWindow, state_of
from modelward.rules.volume import Freshness, freshness, judge_duplicates, judge_volume
from modelward.rules.window_spans import WindowSpans
from modelward.rules.windows import Window
from modelward.signals.service import emit
from modelward.stats import Profile

MOST_FINDINGS = 50
"""So many are kept with a window; the rest are counted."""


def window_quality(
    session: Session,
    *,
    model_id: int,
    monitor: Monitor,
    reference: Reference | None,
    window: Window,
    profile: Profile,
    closed: bool,
    known: Mapping[datetime, int] | None = None,
) -> Quality:
    """The quality of one window; `known` as in `earlier_rows`."""
    windows = windows_of(session.get_one(Model, model_id))
    earlier = earlier_rows(session, model_id=model_id, window=window, windows=windows, known=known)
    repeated = repeated_events(session, model_id=model_id, start=window.start, end=window.end)
    usual = usual_shares(session, model_id=model_id, window=window, windows=windows) if repeated else []
    counted = (
        judge_volume(profile.rows, earlier, monitor, closed=closed),
        judge_duplicates(repeated, profile.rows, usual, monitor),
    )
    others = [finding for finding in counted if finding is not None]
    return span_quality(session, model_id=model_id, monitor=monitor, reference=reference, profile=profile, more=others)


def with_quality(
    session: Session, subject: Subject, found: Judged, profile: Profile, known: Mapping[datetime, int] | None = None
) -> Judged:
    """A judged window with its quality; `known` as in `earlier_rows`."""
    quality = window_quality(
        session,
        model_id=subject.model_id,
        monitor=subject.monitor,
        reference=subject.reference,
        window=found.window,
        profile=profile,
        closed=found.closed,
        known=known,
    )
    return replace(found, quality=quality)


def span_quality(
    session: Session,
    *,
    model_id: int,
    monitor: Monitor,
    reference: Reference | None,
    profile: Profile,
    more: Sequence[QualityFinding] = (),
) -> Quality:
    """The quality of any stretch of rows: the columns against the reference, and the constraints in force."""
    broken = violations(in_force(session, model_id), profile)
    before, now = _sides(reference, profile, monitor)
    return judge_quality(before, now, monitor, others=[*more, *broken])


def _sides(reference: Reference | None, profile: Profile, monitor: Monitor) -> tuple[Profile | None, Profile]:
    """Both sides with the judged columns: outcomes that one of them never had are no finding, nor are late labels."""
    held = reference.profile if reference is not None else None
    every = profile.columns.keys() | (held.columns.keys() if held else set())
    kept = {name for name in every if judged(monitor, name) and name != LABEL and name not in monitor.labels}
    if held is not None:
        kept -= {name for name in SPECIAL if not (_seen(held, name) and _seen(profile, name))}
    return (restricted(held, kept) if held is not None else None), restricted(profile, kept)


def _seen(profile: Profile, name: str) -> bool:
    summary = profile.columns.get(name)
    return summary is not None and summary.count > 0


def in_force(session: Session, model_id: int) -> tuple[Constraint, ...]:
    """The constraints that people put in force for a model."""
    found = session.get(Constraints, model_id)
    return tuple(Constraint.from_dict(wire) for wire in found.in_force) if found else ()


def store_quality(session: Session, *, evaluation_id: int, quality: Quality) -> None:
    """Write the quality of a window beside its evaluation, in the place of the one before it."""
    wire = quality.to_dict(most=MOST_FINDINGS)
    repeated = next((finding.count for finding in quality.findings if finding.check is Check.DUPLICATES), 0)
    values = {**wire, "repeated": repeated}
    statement = insert_into(session, QualityRecord).values(evaluation_id=evaluation_id, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["evaluation_id"], set_=values),
        execution_options={"synchronize_session": False},
    )


def settle_quality(session: Session, *, model: Model, monitor: Monitor, now: datetime, notify: bool) -> None:
    """Bring the model's quality up to its windows and its freshness; a change that may be told becomes a signal.

    Too few rows change nothing, but that the first events after a silence end what was said of the silence.
    """
    state = session.get(QualityState, model.id)
    fresh = freshness_of(session, model, monitor, state, now)
    decided = state_of(*quality_windows(session, model.id, windows_of(model)), fresh)
    if state is None:
        session.add(_first_state(model.id, decided, fresh, now))
        before = QualityVerdict.TOO_FEW
    else:
        before = QualityVerdict(state.verdict)
        stays = decided.verdict is QualityVerdict.TOO_FEW and not state.late
        if not stays:
            _bring_up(state, decided, now, changed=decided.verdict is not before)
        state.late, state.settled_at = bool(fresh and fresh.late), now
        if stays:
            return
    if notify and decided.verdict is not before and (before.alarming or decided.verdict.alarming):
        _tell(session, model, before, decided, now)


def _first_state(model_id: int, decided: Decided, fresh: Freshness | None, now: datetime) -> QualityState:
    return QualityState(
        model_id=model_id,
        verdict=decided.verdict.value,
        since=decided.since or now,
        reason=decided.reason,
        late=bool(fresh and fresh.late),
        watched_since=now,
        settled_at=now,
    )


def _bring_up(state: QualityState, decided: Decided, now: datetime, *, changed: bool) -> None:
    state.verdict, state.reason = decided.verdict.value, decided.reason
    if changed:
        state.since = decided.since or now


def _tell(session: Session, model: Model, before: QualityVerdict, decided: Decided, now: datetime) -> None:
    causes = [
        {
            "check": cause.finding.check.value,
            "column": title_of(cause.finding.column) if cause.finding.column else None,
            "rule": cause.finding.rule,
            "verdict": cause.verdict.value,
            "since": cause.since.isoformat() if cause.since else None,
            "reason": cause.reason,
        }
        for cause in decided.causes[:MOST_FINDINGS]
    ]
    emit(
        session,
        organisation_id=model.organisation_id,
        model_id=model.id,
        kind="quality",
        subject=model.key,
        before=before.value,
        after=decided.verdict.value,
        reason=decided.reason,
        at=now,
        evidence={"causes": causes, "since": decided.since.isoformat() if decided.since else None},
    )


def freshness_of(
    session: Session, model: Model, monitor: Monitor, state: QualityState | None, now: datetime
) -> Freshness | None:
    """Whether the model's events come as they use to; None before the first, and of a model that is replayed."""
    activity = session.get(Activity, model.id)
    if activity is None or is_replayed(model):
        return None
    return freshness(
        last_arrival_at=activity.last_arrival_at,
        longest_gap=timedelta(seconds=activity.longest_gap_seconds),
        watched_since=state.watched_since if state else None,
        silent_after=silent_after(activity, monitor.window),
        settings=monitor,
        now=now,
    )


def overdue(session: Session, now: datetime) -> set[int]:
    """Models whose events have become late, and of whom that was not said yet."""
    rows = session.execute(
        select(Model, QualityState)
        .join(QualityState, QualityState.model_id == Model.id)
        .join(Activity, Activity.model_id == Model.id)
        .where(QualityState.late.is_(False), Activity.last_arrival_at < now - timedelta(hours=1))
    ).all()
    fresh = {model.id: freshness_of(session, model, monitor_of(model), state, now) for model, state in rows}
    return {model_id for model_id, one in fresh.items() if one is not None and one.late}


def records(
    session: Session, *, model_id: int, windows: WindowSpans, starts: Sequence[datetime]
) -> dict[datetime, dict[str, Any]]:
    """The stored quality of windows, by their start."""
    found = session.execute(
        select(Evaluation.starts_at, QualityRecord)
        .join(QualityRecord, QualityRecord.evaluation_id == Evaluation.id)
        .where(Evaluation.model_id == model_id, judged_by(Evaluation, windows), Evaluation.starts_at.in_(starts))
    ).all()
    return {starts_at: record_json(record) for starts_at, record in found}


def record_json(record: QualityRecord) -> dict[str, Any]:
    """A stored quality as the API shows it."""
    findings = [{**wire, "column": _titled(wire["column"])} for wire in record.findings]
    return {"verdict": record.verdict, "reason": record.reason, "findings": findings, "more": record.more}


def _titled(column: str | None) -> str | None:
    return None if column is None else title_of(column)


def quality_windows(
    session: Session, model_id: int, windows: WindowSpans, *, limit: int = HISTORY
) -> tuple[list[QualityWindow], QualityWindow | None]:
    """The newest closed windows, oldest first, and the open one after them."""
    query = (
        select(Evaluation.starts_at, QualityRecord.too_few, QualityRecord.findings)
        .join(QualityRecord, QualityRecord.evaluation_id == Evaluation.id)
        .where(Evaluation.model_id == model_id, judged_by(Evaluation, windows))
        .order_by(Evaluation.starts_at.desc())
    )
    closed = [_window(*row) for row in session.execute(query.where(Evaluation.closed).limit(limit))]
    newest = session.execute(query.where(Evaluation.closed.is_(False)).limit(1)).first()
    still_open = _window(*newest) if newest else None
    if still_open and closed and still_open.start <= closed[0].start:
        still_open = None
    return closed[::-1], still_open


def _window(start: datetime, too_few: bool, findings: Sequence[Mapping[str, Any]]) -> QualityWindow:
    return QualityWindow(start, too_few, tuple(QualityFinding.from_dict(wire) for wire in findings))
