"""The kind of a model's windows where nobody asked for one: decided once on every day of its clock, by its volume.

What was decided is kept with the model, so that a restart changes nothing, and a later correction of the counts does
not either. The rows are those that the buckets have counted already; no raw event is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.jobs.service import enqueue
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.marks import DIRTY, DUE, REVIEW, SEGMENT_REVIEW, mark, marked
from modelward.monitoring.monitor_settings import (
    CHOSEN,
    IN_EFFECT,
    asked_window,
    forget_open_windows,
    settings_json,
    windows_of,
)
from modelward.monitoring.segment_tables import SegmentSummary
from modelward.monitoring.subject import Subject
from modelward.monitoring.tables import BucketProfile, Evaluation, Joint, Partial
from modelward.monitoring.volumes import rows_by_bucket
from modelward.monitoring.window_profiles import moment, seconds
from modelward.registry.tables import Model
from modelward.rules.verdict import Verdict
from modelward.rules.window_by_volume import DAYS, Choice, choose
from modelward.rules.windows import midnight, window_of
from modelward.signals.service import emit

SIGNAL = "window"
"""The kind of the signal by which a change of the windows is told."""
LATEST = timedelta(hours=1)
"""So late on a day its windows may still become others, where one of them was looked at already."""
_NOT_YET = "the volume decides on the windows once on each day of the model's clock, and has not yet"
_KEPT = ((DUE, BucketProfile), (DUE, Partial), (REVIEW, Joint), (SEGMENT_REVIEW, SegmentSummary))
"""Where the buckets of a day are found that are to be looked at anew, and what each of them is marked with."""
_FOLLOWS = ("evaluate", "placebo", "joint", "performance", "segment_windows")


@dataclass(frozen=True)
class Chosen:
    """What was decided on a day, to be written in one transaction: call it with the session."""

    subject: Subject
    today: date
    choice: Choice | None
    """None: on this day it is too late to change the windows."""
    now: datetime

    def __call__(self, session: Session) -> None:
        model = session.get(Model, self.subject.model_id)
        enqueue(session, "evaluate", str(self.subject.model_id), run_at=self.now)
        if model is None or asked_window(model) is not None or windows_of(model) != self.subject.windows:
            return
        before = self.subject.windows
        after = before if self.choice is None else before.then(self.choice.window, self.today)
        known = model.windows or {}
        choice = self.choice.to_dict() if self.choice else known.get("choice")
        model.windows = {"spans": after.to_list(), "looked_on": self.today.isoformat(), "choice": choice}
        if self.choice is not None and after.kind != before.kind:
            self._change(session, model, before.kind, self.choice)

    def _change(self, session: Session, model: Model, before: str, choice: Choice) -> None:
        """What was looked at of this day is looked at anew, by the other kind; what was before it stays as it is."""
        forget_open_windows(session, model)
        start = midnight(self.today, model.time_zone)
        for kind, table in _KEPT:
            of_day = (table.model_id == model.id, table.bucket >= seconds(start))
            buckets = session.scalars(select(table.bucket).where(*of_day).distinct()).all()
            mark(session, model_id=model.id, kind=kind, buckets=buckets, now=self.now)
        for job in _FOLLOWS:
            enqueue(session, job, str(model.id), run_at=self.now)
        emit(
            session,
            organisation_id=model.organisation_id,
            model_id=model.id,
            kind=SIGNAL,
            subject=model.key,
            before=before,
            after=choice.window,
            reason=choice.reason,
            at=self.now,
            evidence={"from": start.isoformat(), **choice.to_dict()},
        )


def choose_windows(session: Session, subject: Subject, *, now: datetime) -> Chosen | None:
    """Decide on the windows of the day that the model's events have come to; None: it is decided, or not for us to."""
    model = session.get_one(Model, subject.model_id)
    if asked_window(model) is not None:
        return None
    zone = ZoneInfo(subject.windows.time_zone)
    clock = min(subject.clock(now), subject.activity.newest_ts.astimezone(UTC))
    today = clock.astimezone(zone).date()
    looked_on = (model.windows or {}).get("looked_on")
    if looked_on is not None and today <= date.fromisoformat(looked_on):
        return None
    start = midnight(today, subject.windows.time_zone)
    if not _may_change(session, subject, start, clock):
        return Chosen(subject, today, None, now)
    if _unfinished(session, subject, start):
        return None  # Whoever builds these buckets asks again.
    present = subject.windows.kind
    assert present in CHOSEN
    choice = choose(present, _traffic(session, subject, today), subject.monitor.minimum_rows)  # type: ignore[arg-type]
    return Chosen(subject, today, choice, now)


@dataclass(frozen=True)
class InEffect:
    """The kind of windows in effect, and why.

    `since` is the day of the model's clock on which it began, None where there was no other before it; `figures` are
    those of the volume that it follows from, None where it follows from none.
    """

    window: str
    by_volume: bool
    since: date | None
    reason: str
    figures: Mapping[str, int] | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "window": self.window,
            "chosen_by": "volume" if self.by_volume else "settings",
            "since": self.since.isoformat() if self.since else None,
            "reason": self.reason,
            "figures": self.figures,
        }


def in_effect(model: Model) -> InEffect:
    """Which windows a model has now."""
    windows, asked = windows_of(model), asked_window(model)
    if asked is not None:
        return InEffect(asked, by_volume=False, since=None, reason=f"`{asked}`, as set", figures=None)
    choice = (model.windows or {}).get("choice")
    if choice is None:
        return InEffect(windows.kind, True, windows.since, f"`{windows.kind}`: {_NOT_YET}", None)
    figures = {name: choice[name] for name in ("rows_an_hour", "needed", "days")}
    return InEffect(windows.kind, True, windows.since, choice["reason"], figures)


def settings_answer(model: Model) -> dict[str, Any]:
    """The settings as they were asked for, and beside them which windows are in effect."""
    return {**settings_json(model), IN_EFFECT: in_effect(model).to_dict()}


def _may_change(session: Session, subject: Subject, start: datetime, clock: datetime) -> bool:
    """Whether nothing was said of the day's windows that another kind would take back.

    Events whose clock is ahead open a day's first window moments before it begins. That is looked at anew, unless it is
    so bad that it may have raised an alarm.
    """
    of_day = (Evaluation.model_id == subject.model_id, Evaluation.starts_at >= start)
    query = select(Evaluation.closed, Evaluation.level).where(*of_day, judged_by(Evaluation, subject.windows))
    judged = session.execute(query).all()
    if any(row.closed or row.level == Verdict.DRIFTED for row in judged):
        return False
    return not judged or clock < start + LATEST


def _unfinished(session: Session, subject: Subject, start: datetime) -> bool:
    first = seconds(start - timedelta(days=DAYS + 1))
    dirty = marked(session, model_id=subject.model_id, kinds=[DIRTY])
    return any(first <= bucket < seconds(start) for _, bucket in dirty)


def _traffic(session: Session, subject: Subject, today: date) -> list[list[int]]:
    """The rows of every hour of the whole days before this one, oldest first, from the first whole day on."""
    zone, model_id = subject.windows.time_zone, subject.model_id
    first = _first_event(session, model_id)
    if first is None:
        return []
    days = [window_of(midnight(today - timedelta(days=n), zone), "day", zone) for n in range(DAYS, 0, -1)]
    whole = [day for day in days if day.start >= first]
    if not whole:
        return []
    hours: dict[datetime, dict[datetime, int]] = {day.start: {} for day in whole}
    counts = rows_by_bucket(session, model_id=model_id, start=whole[0].start, end=whole[-1].end)
    for bucket, rows in counts.items():
        day, hour = (window_of(moment(bucket), kind, zone).start for kind in ("day", "hour"))
        hours[day][hour] = hours[day].get(hour, 0) + rows
    return [list(hours[day.start].values()) for day in whole]


def _first_event(session: Session, model_id: int) -> datetime | None:
    found = [
        bucket
        for table in (BucketProfile, Partial)
        if (bucket := session.scalar(select(func.min(table.bucket)).where(table.model_id == model_id))) is not None
    ]
    return moment(min(found)) if found else None
