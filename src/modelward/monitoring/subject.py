"""All that is needed to evaluate a model, read once at the beginning of the work."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.monitoring.columns import profiled_columns
from modelward.monitoring.monitor_settings import monitor_of, windows_of
from modelward.monitoring.profiling import ProfiledColumn
from modelward.monitoring.tables import Activity, ReferenceEvent
from modelward.registry.service import current_baseline
from modelward.registry.tables import Baseline, Model
from modelward.rules.calibration import Calibration
from modelward.rules.monitor import Monitor
from modelward.rules.window_spans import WindowSpans
from modelward.stats import Profile

ARRIVING = timedelta(seconds=60)
"""While events arrive, time is where the newest of them says it is: a window is not closed amid its back-fill.
After so long without an arrival it is what the clock says."""


@dataclass(frozen=True)
class Reference:
    """The reference in use, with the ids of its events where it was made from the first ones by itself."""

    id: int
    status: str
    source: str
    rows: int
    starts_at: datetime | None
    ends_at: datetime | None
    profile: Profile = field(repr=False)
    event_ids: frozenset[str] = field(repr=False)
    lacking: str = ""
    """Why nothing can be held against it, where that is so: it has nothing of a window's season."""

    @property
    def provisional(self) -> bool:
        return self.status == "provisional"

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Whether a provisional reference was taken from events of this span."""
        if not self.provisional or self.starts_at is None or self.ends_at is None:
            return False
        return self.starts_at < end and self.ends_at >= start


@dataclass(frozen=True)
class Subject:
    """A model under evaluation."""

    model_id: int
    monitor: Monitor
    columns: tuple[ProfiledColumn, ...]
    reference: Reference | None
    activity: Activity
    windows: WindowSpans
    """The kinds of its windows over time; the monitor's own window is the kind in effect."""
    calibration: Calibration | None = None
    """How far the reference's own windows lie from one another, where that is known: read by `evaluate`."""

    def judging(self, kind: str) -> "Subject":
        """The same as its windows of one kind are judged; the yardstick of another kind is none of theirs."""
        if kind == self.monitor.window:
            return self
        return replace(self, monitor=replace(self.monitor, window=kind), calibration=None)  # type: ignore[arg-type]

    def clock(self, now: datetime) -> datetime:
        """The moment that decides which windows are closed."""
        if now - self.activity.last_arrival_at >= ARRIVING:
            return now
        return min(now, self.activity.newest_ts.astimezone(UTC))


def read_subject(session: Session, model_id: int) -> Subject | None:
    """The model and its reference; None while it has no events, or when it is gone."""
    model, activity = session.get(Model, model_id), session.get(Activity, model_id)
    if model is None or activity is None:
        return None
    reference = read_reference(session, current_baseline(session, model_id))
    columns, windows = profiled_columns(session, model_id), windows_of(model)
    return Subject(model_id, monitor_of(model), columns, reference, activity, windows)


def read_reference(session: Session, baseline: Baseline | None) -> Reference | None:
    """The stored reference, unpacked."""
    if baseline is None or baseline.profile is None:
        return None
    ids = session.scalars(select(ReferenceEvent.event_id).where(ReferenceEvent.baseline_id == baseline.id))
    return Reference(
        baseline.id,
        baseline.status,
        baseline.source,
        baseline.rows,
        baseline.starts_at,
        baseline.ends_at,
        Profile.from_bytes(baseline.profile),
        frozenset(ids),
    )
