"""The record of the monitor itself, by days: what it checked and concluded. It is no part of the audit chain."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Scope
from modelward.governance.risk_tables import RiskRecord
from modelward.monitoring.tables import BucketProfile, Evaluation, Partial
from modelward.monitoring.window_choice import SIGNAL as WINDOW_CHANGED
from modelward.registry.service import within
from modelward.registry.tables import Model
from modelward.rules.verdict import Verdict
from modelward.signals.tables import Signal

DAYS = 14
CHANGES = 10
"""So many changes of windows are told at most."""


@dataclass
class MonitorDay:
    """One day of UTC: closed windows of drift that ended on it, steps of risk, and predictions made on it."""

    day: date
    passed: int = 0
    failed: int = 0
    too_few: int = 0
    risk_changes: int = 0
    predictions: int = 0


@dataclass(frozen=True)
class WindowsChanged:
    """The volume of a model chose other windows, from a midnight of its clock on, because."""

    model: str
    since: datetime
    reason: str


@dataclass(frozen=True)
class MonitorRecord:
    """The newest days of which there is anything, newest first. Of replayed models they lie in the past."""

    days: tuple[MonitorDay, ...] = field(default=())
    windows: tuple[WindowsChanged, ...] = field(default=())


def monitor_record(session: Session, *, scope: Scope, days: int = DAYS) -> MonitorRecord:
    """What the monitor did for the models of the scope, over the last `days` until its newest prediction or window."""
    mine = select(Model.id).where(*within(scope))
    end = _newest(session, mine)
    if end is None:
        return MonitorRecord()
    start = datetime.combine(end.date(), datetime.min.time(), UTC) - timedelta(days=days - 1)
    found: defaultdict[date, MonitorDay] = defaultdict(lambda: MonitorDay(date.min))
    _count_windows(session, mine, start, found)
    _count_risk(session, mine, start, found)
    _count_predictions(session, mine, start, found)
    for day, counted in found.items():
        counted.day = day
    return MonitorRecord(tuple(found[day] for day in sorted(found, reverse=True)), _windows_changed(session, mine))


def _windows_changed(session: Session, mine: Select[int]) -> tuple[WindowsChanged, ...]:
    """The newest changes of windows, newest first."""
    query = (
        select(Signal)
        .where(Signal.kind == WINDOW_CHANGED, Signal.model_id.in_(mine))
        .order_by(Signal.id.desc())
        .limit(CHANGES)
    )
    return tuple(
        WindowsChanged(one.subject, datetime.fromisoformat((one.evidence or {})["from"]), one.reason)
        for one in session.scalars(query)
    )


def _newest(session: Session, mine: Select[int]) -> datetime | None:
    windows = select(func.max(Evaluation.ends_at)).where(Evaluation.model_id.in_(mine), Evaluation.closed)
    moments = [
        session.scalar(windows),
        session.scalar(select(func.max(RiskRecord.at)).where(RiskRecord.model_id.in_(mine))),
    ]
    for table in (BucketProfile, Partial):
        bucket = session.scalar(select(func.max(table.bucket)).where(table.model_id.in_(mine)))
        moments.append(None if bucket is None else datetime.fromtimestamp(bucket, UTC))
    return max((moment for moment in moments if moment is not None), default=None)


def _count_windows(session: Session, mine: Select[int], start: datetime, days: dict[date, MonitorDay]) -> None:
    query = (
        select(Evaluation.starts_at, Evaluation.verdict, func.count())
        .where(Evaluation.model_id.in_(mine), Evaluation.closed, Evaluation.starts_at >= start)
        .group_by(Evaluation.starts_at, Evaluation.verdict)
    )
    for starts_at, verdict, count in session.execute(query):
        day = days[starts_at.date()]
        if verdict == Verdict.TOO_FEW:
            day.too_few += count
        elif verdict == Verdict.DRIFTED:
            day.failed += count
        else:
            day.passed += count


def _count_risk(session: Session, mine: Select[int], start: datetime, days: dict[date, MonitorDay]) -> None:
    query = select(RiskRecord.at).where(
        RiskRecord.model_id.in_(mine), RiskRecord.at >= start, RiskRecord.event != "daily"
    )
    for (at,) in session.execute(query):
        days[at.date()].risk_changes += 1


def _count_predictions(session: Session, mine: Select[int], start: datetime, days: dict[date, MonitorDay]) -> None:
    for table in (BucketProfile, Partial):
        since = (table.model_id.in_(mine), table.bucket >= int(start.timestamp()))
        query = select(table.bucket, func.sum(table.rows)).where(*since).group_by(table.bucket)
        for bucket, rows in session.execute(query):
            days[datetime.fromtimestamp(bucket, UTC).date()].predictions += int(rows)
