"""The model that rules are asked about, and over which of its windows."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from modelward.monitoring.monitor_settings import monitor_of, windows_of
from modelward.registry.service import is_replayed
from modelward.registry.tables import Model
from modelward.rules.monitor import Monitor
from modelward.rules.window_spans import WindowSpans

LOOKS_BACK = 30
"""Closed windows that the live state is read from, as monitoring's own alarms are."""
PREVIEWS = 1_000
"""Closed windows that a preview goes through at most."""


@dataclass(frozen=True)
class Watched:
    """One model at one moment, with the newest `windows` of it."""

    session: Session
    model: Model
    monitor: Monitor
    now: datetime
    windows: int = LOOKS_BACK

    @classmethod
    def of(cls, session: Session, model: Model, *, now: datetime, windows: int = LOOKS_BACK) -> "Watched":
        return cls(session, model, monitor_of(model), now, windows)

    @property
    def spans(self) -> WindowSpans:
        """The kinds of its windows over time."""
        return windows_of(self.model)

    @property
    def replayed(self) -> bool:
        """Whether its events are of another time, as its owner marked it."""
        return is_replayed(self.model)
