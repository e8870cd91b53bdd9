"""From the stored windows of a model to its alarms, its health, and the word that others are told."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.monitoring.columns import SPECIAL
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.monitor_settings import windows_of
from modelward.monitoring.tables import Activity, ColumnEvaluation, Evaluation
from modelward.registry.service import is_replayed
from modelward.registry.tables import Model
from modelward.rules.alarm import Alarm, WindowLevel, column_alarm
from modelward.rules.health import Evidence, Health, Transition, next_health
from modelward.rules.monitor import Monitor
from modelward.rules.verdict import Verdict
from modelward.rules.window_spans import WindowSpans
from modelward.signals.service import emit

HISTORY = 30
"""Closed windows that an alarm is judged by; they nearly always hold its beginning too."""
LONGEST = 1_000
"""Closed windows that are looked back over for the beginning of an alarm that is older than that."""

_LENGTHS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "events": timedelta(days=1),
}


def column_alarms(session: Session, *, model_id: int, windows: WindowSpans) -> dict[str, Alarm]:
    """The alarm of every judged column, from the newest closed windows and the open one, worst first."""
    closed, still_open = _windows(session, model_id, windows)
    levels = _levels(session, [*closed, *still_open])
    newest = closed[-1].starts_at if closed else None
    current = [window for window in still_open if newest is None or window.starts_at > newest]
    alarms = {
        column: column_alarm(
            [by_window[window.id] for window in closed if window.id in by_window],
            next((by_window[window.id] for window in current if window.id in by_window), None),
        )
        for column, by_window in levels.items()
    }
    if len(closed) == HISTORY:
        oldest = closed[0].starts_at
        old = [column for column, alarm in alarms.items() if alarm.since and alarm.since <= oldest]
        for column, since in alarm_beginnings(session, model_id, windows, old).items():
            alarms[column] = replace(alarms[column], since=since)
    return dict(sorted(alarms.items(), key=lambda item: _gravity(*item)))


def _gravity(column: str, alarm: Alarm) -> tuple[int, bool, str]:
    """Worst first; of what is equally bad the features first, because a prediction that moved is their consequence."""
    order = {Verdict.DRIFTED: 0, Verdict.WARNING: 1}
    return order.get(alarm.level, 2), column in SPECIAL, column


def alarm_beginnings(
    session: Session, model_id: int, windows: WindowSpans, columns: Sequence[str]
) -> dict[str, datetime]:
    """Since when these columns are in alarm, looking back far; only what the rule reads is fetched."""
    if not columns:
        return {}
    newest = (
        select(Evaluation.id, Evaluation.starts_at)
        .where(Evaluation.model_id == model_id, judged_by(Evaluation, windows), Evaluation.closed)
        .order_by(Evaluation.starts_at.desc())
        .limit(LONGEST)
        .subquery()
    )
    found = session.execute(
        select(ColumnEvaluation.column, newest.c.starts_at, ColumnEvaluation.level)
        .join(newest, newest.c.id == ColumnEvaluation.evaluation_id)
        .where(ColumnEvaluation.column.in_(columns))
        .order_by(newest.c.starts_at)
    )
    histories: defaultdict[str, list[WindowLevel]] = defaultdict(list)
    for column, starts_at, level in found:
        histories[column].append(WindowLevel(starts_at, Verdict(level)))
    alarms = {column: column_alarm(history) for column, history in histories.items()}
    return {column: alarm.since for column, alarm in alarms.items() if alarm.since}


def settle_health(
    session: Session, *, model: Model, monitor: Monitor, provisional: bool, now: datetime, notify: bool
) -> Transition:
    """Bring the model's health up to its alarms; a change that may be told becomes a signal in the same transaction."""
    alarms = column_alarms(session, model_id=model.id, windows=windows_of(model))
    transition = next_health(Health(model.health), _evidence(session, model, alarms, monitor, now))
    reason = _with_reservation(transition, provisional=provisional)
    if transition.changed:
        model.health, model.health_since = transition.after.value, transition.since or now
        if notify:
            _tell(session, model, transition, reason=reason, alarms=alarms, now=now)
    if transition.changed or transition.since:
        model.health_reason = reason
    return transition


def silent_after(activity: Activity, kind: str) -> timedelta:
    """How long a model may say nothing: two windows, and three times the longest gap that it ever made."""
    return max(2 * _LENGTHS[kind], timedelta(seconds=3 * activity.longest_gap_seconds))


def _evidence(session: Session, model: Model, alarms: Mapping[str, Alarm], monitor: Monitor, now: datetime) -> Evidence:
    activity = session.get(Activity, model.id)
    if activity is None or is_replayed(model):
        return Evidence(alarms)
    return Evidence(alarms, activity.last_arrival_at, now, silent_after(activity, monitor.window))


def _with_reservation(transition: Transition, *, provisional: bool) -> str:
    if provisional and transition.after in {Health.DRIFTED, Health.WARNING}:
        return f"{transition.reason} (the reference is provisional: confirm or replace it)"
    return transition.reason


def _tell(
    session: Session, model: Model, transition: Transition, *, reason: str, alarms: Mapping[str, Alarm], now: datetime
) -> None:
    columns = {
        column: {"level": alarm.level.value, "since": alarm.since.isoformat() if alarm.since else None}
        for column, alarm in alarms.items()
        if alarm.level.alarming
    }
    emit(
        session,
        organisation_id=model.organisation_id,
        model_id=model.id,
        kind="health",
        subject=model.key,
        before=transition.before.value,
        after=transition.after.value,
        reason=reason,
        at=now,
        evidence={"columns": columns, "since": transition.since.isoformat() if transition.since else None},
    )


def _windows(session: Session, model_id: int, windows: WindowSpans) -> tuple[list[Evaluation], list[Evaluation]]:
    """The newest closed evaluations, oldest first, and the open ones, newest first."""
    of_model = select(Evaluation.id, Evaluation.starts_at, Evaluation.closed).where(
        Evaluation.model_id == model_id, judged_by(Evaluation, windows)
    )
    newest = of_model.order_by(Evaluation.starts_at.desc())
    closed = session.execute(newest.where(Evaluation.closed).limit(HISTORY)).all()
    still_open = session.execute(newest.where(Evaluation.closed.is_(False)).limit(2)).all()
    return list(reversed(closed)), list(still_open)  # type: ignore[arg-type]


def _levels(session: Session, windows: list[Evaluation]) -> dict[str, dict[int, WindowLevel]]:
    starts = {window.id: window.starts_at for window in windows}
    levels: defaultdict[str, dict[int, WindowLevel]] = defaultdict(dict)
    rows = session.execute(
        select(
            ColumnEvaluation.evaluation_id,
            ColumnEvaluation.column,
            ColumnEvaluation.level,
            ColumnEvaluation.p_value,
            ColumnEvaluation.reason,
        ).where(ColumnEvaluation.evaluation_id.in_(starts))
    )
    for row in rows:
        levels[row.column][row.evaluation_id] = WindowLevel(
            starts[row.evaluation_id], Verdict(row.level), row.p_value, row.reason
        )
    return levels
