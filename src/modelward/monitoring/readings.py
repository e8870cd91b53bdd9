"""What pages and the API read of monitoring: frozen values, no database rows.

Times are aware UTC. A *level* is how far a column is from the reference in one window: ``ok``, ``warning`` (moderate),
``drifted`` (strong), ``too_few`` (not enough rows to say), or ``reference`` (the reference was taken from this very
window). Columns are named as in profiles: a feature under its name, and ``@prediction``, ``@score``, ``@latency_ms``,
``@label``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Quantiles:
    """Percentiles of one numeric column over one window, in the column's own unit; None where nothing was seen."""

    count: int
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True)
class Spread:
    """The distribution of predictions (or scores) in one window, small enough to draw as one point of a line.

    Numeric: mean, deviation and the quantiles 0.05, 0.25, 0.5, 0.75, 0.95. Categorical: `shares`, largest first.
    """

    kind: str
    count: int
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[float, ...] = ()
    shares: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class WindowPoint:
    """One window of a model: how much came, how fast it was answered, what was predicted, and the verdict."""

    starts_at: datetime
    ends_at: datetime
    closed: bool
    rows: int
    verdict: str
    level: str
    drifted: bool
    drifted_columns: tuple[str, ...]
    latency: Quantiles | None
    prediction: Spread | None
    score: Spread | None


@dataclass(frozen=True)
class ModelCard:
    """One model as the overview shows it."""

    id: int
    key: str
    name: str
    version: str | None
    project: str | None
    health: str
    health_since: datetime | None
    health_reason: str | None
    reference: str
    """``none``, ``provisional``, ``confirmed`` or ``building``."""
    event_count: int
    last_event_at: datetime | None
    drifted_columns: tuple[str, ...]
    """Columns in alarm now, worst first."""
    latest: WindowPoint | None
    recent: tuple[WindowPoint, ...]
    """Up to 30 windows, oldest first: the sparkline of volume and levels."""


@dataclass(frozen=True)
class HeatCell:
    """One column in one window. `psi` has its bias taken off; None where it could not be computed."""

    psi: float | None
    ks: float | None
    level: str
    drifted: bool
    p_value: float | None
    reason: str


@dataclass(frozen=True)
class HeatRow:
    """One column over all windows of the map; a cell is None where the window was not evaluated for the column."""

    column: str
    kind: str
    cells: tuple[HeatCell | None, ...]
    drifted_since: datetime | None
    worst: float


@dataclass(frozen=True)
class HeatMap:
    """Drift as column × window: windows oldest first, columns with the most drift first."""

    window_kind: str
    windows: tuple[WindowPoint, ...]
    rows: tuple[HeatRow, ...]


@dataclass(frozen=True)
class Side:
    """One side of a distribution: `shares` aligned with the labels of the whole, and what does not fit a bar."""

    rows: int
    shares: tuple[float, ...]
    missing: float
    invalid: float
    mean: float | None
    deviation: float | None
    quantiles: Mapping[str, float] = field(default_factory=dict)
    """Keys ``min, p01, p05, p25, p50, p75, p95, p99, max``; empty for categories."""


@dataclass(frozen=True)
class Distribution:
    """One column, reference against current. Numeric: `edges` has one more entry than `labels`; else it is empty."""

    column: str
    kind: str
    labels: tuple[str, ...]
    edges: tuple[float, ...]
    reference: Side | None
    current: Side
    starts_at: datetime
    ends_at: datetime
    finding: Mapping[str, Any] | None
    """The column's finding of the window's evaluation (design.md's JSON), where the window was evaluated."""


@dataclass(frozen=True)
class EvaluationView:
    """One evaluation, whole: `findings` are the columns as in design.md's JSON, worst first, each also with `level`."""

    id: int
    window_kind: str
    starts_at: datetime
    ends_at: datetime
    closed: bool
    verdict: str
    level: str
    drifted: bool
    reason: str
    rows: int
    rows_reference: int
    evaluated_at: datetime
    baseline_id: int | None
    baseline_status: str
    findings: tuple[Mapping[str, Any], ...]
    psi: float | None
    """The largest of the judged columns."""
    ks: float | None


@dataclass(frozen=True)
class ReferenceView:
    """The reference that a model is held against."""

    id: int
    status: str
    source: str
    rows: int
    starts_at: datetime | None
    ends_at: datetime | None
    note: str | None
    created_at: datetime
    confirmed_at: datetime | None
    columns: tuple[str, ...]
