"""What pages and the API read: each a few indexed look-ups, none of them touching raw events.

Windows are of the kind that the model's monitor asks for unless `kind` says otherwise; ranges are [start, end).
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from modelward.monitoring.readings import (
    Distribution,
    EvaluationView,
    HeatCell,
    HeatMap,
    HeatRow,
    ModelCard,
    Quantiles,
    ReferenceView,
    Side,
    Spread,
    WindowPoint,
)

__all__ = [
    "Distribution",
    "EvaluationView",
    "HeatCell",
    "HeatMap",
    "HeatRow",
    "ModelCard",
    "Quantiles",
    "ReferenceView",
    "Side",
    "Spread",
    "WindowPoint",
    "distribution",
    "drifted_since",
    "evaluation",
    "heat_map",
    "latest_evaluation",
    "overview",
    "reference",
    "window_history",
]


def overview(session: Session, *, organisation_id: int) -> tuple[ModelCard, ...]:
    """All models of the organisation, those in need of attention first."""
    raise NotImplementedError


def heat_map(
    session: Session, *, model_id: int, start: datetime | None = None, end: datetime | None = None, limit: int = 92
) -> HeatMap:
    """Column × window for the range, the newest `limit` windows of it."""
    raise NotImplementedError


def window_history(
    session: Session, *, model_id: int, start: datetime | None = None, end: datetime | None = None, limit: int = 400
) -> tuple[WindowPoint, ...]:
    """Volume, latency and predictions by window, oldest first, the newest `limit` of the range."""
    raise NotImplementedError


def distribution(
    session: Session, *, model_id: int, column: str, start: datetime | None = None, end: datetime | None = None
) -> Distribution | None:
    """One column of [start, end), by default the latest evaluated window, against the reference; None: nothing there."""
    raise NotImplementedError


def latest_evaluation(session: Session, *, model_id: int, closed: bool | None = None) -> EvaluationView | None:
    """The evaluation that speaks for the model now: the newest with enough rows, else the newest; None before any."""
    raise NotImplementedError


def evaluation(session: Session, *, model_id: int, starts_at: datetime) -> EvaluationView | None:
    """The evaluation of the window that starts at `starts_at`."""
    raise NotImplementedError


def drifted_since(session: Session, *, model_id: int) -> Mapping[str, datetime]:
    """Columns in alarm now, with the start of the first window of the unbroken run that led to it."""
    raise NotImplementedError


def reference(session: Session, *, model_id: int) -> ReferenceView | None:
    """The reference in use, or None."""
    raise NotImplementedError
