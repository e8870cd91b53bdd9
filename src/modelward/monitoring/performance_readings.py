"""What pages and the API read of performance and fairness: frozen values, no database rows.

A *state* is how far a window's figure has come: ``none``, ``estimate`` (no labels yet), ``partial`` (some, or the
window is open) or ``final``. Verdicts of performance: ``ok``, ``warning``, ``fallen``, ``estimated_fall``,
``concept_drift`` (of the model only), and where nothing can be said ``partial``, ``too_few``, ``no_labels``,
``no_baseline``. Verdicts of fairness: ``fair``, ``unfair``, ``below_baseline``, ``not_enough_rows``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class PerformancePoint:
    """One window: the metric that it is shown by, as measured and as estimated, and how much of it is known."""

    starts_at: datetime
    ends_at: datetime
    closed: bool
    state: str
    verdict: str
    reason: str
    rows: int
    labelled: int
    coverage: float
    metric: str | None
    measured: Interval | None
    estimated: Interval | None
    estimate_valid: bool
    """False from the window on in which truth and estimate began to part, and where the back-test refuses it."""
    calibrated_on: bool
    """Whether the standard and the calibration were taken from this very window."""


@dataclass(frozen=True)
class PerformanceDetail:
    """All of one window: every metric measured and estimated, confusion, delay of labels, changes inside it."""

    point: PerformancePoint
    metrics: Mapping[str, Any]
    estimates: Mapping[str, Any]
    delay: Mapping[str, float | None] | None
    changes: tuple[Mapping[str, Any], ...]
    standards: Mapping[str, Any]
    extra: Mapping[str, Any]
    """``classes`` and ``confusion``, or ``residual_quantiles``, by the task."""
    evaluated_at: datetime


@dataclass(frozen=True)
class BackTest:
    """Estimates against what became known later, over windows that the calibration was not learned on."""

    metric: str
    windows: int
    mean_absolute_error: float
    bias: float
    """Mean of estimate less truth: above 0 where the estimates promise too much."""
    intervals_met: int
    """Windows in which the intervals of truth and estimate meet."""
    error_of_no_estimate: float
    """The mean absolute error of saying the standard for every window."""
    valid: bool
    """False where the estimate was worse than that, by more than chance explains; `reason` says by how much."""
    reason: str


@dataclass(frozen=True)
class PerformanceView:
    """The performance of a model: what is said of it now, its windows oldest first, and how good the estimates were."""

    kind: str
    task: str
    verdict: str
    reason: str
    since: datetime | None
    concept_drift_since: datetime | None
    metric: str | None
    standard: float | None
    standard_source: str | None
    limit: float | None
    """How far the metric may move from its standard before it counts as a fall."""
    current: PerformanceDetail | None
    windows: tuple[PerformancePoint, ...]
    back_test: tuple[BackTest, ...]
    no_estimate: str = ""
    """Why nothing is estimated, where something could be; empty otherwise."""


@dataclass(frozen=True)
class FairnessPoint:
    """One window and one attribute: the fairness score with its interval, and the verdict."""

    starts_at: datetime
    ends_at: datetime
    closed: bool
    verdict: str
    reason: str
    rows: int
    labelled: int
    score: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class AttributeView:
    """One protected attribute, or two together (``sex & age``): what is said now, and its windows oldest first."""

    attribute: str
    verdict: str
    reason: str
    since: datetime | None
    current: FairnessPoint | None
    disparities: Mapping[str, Any]
    groups: tuple[Mapping[str, Any], ...]
    windows: tuple[FairnessPoint, ...]


@dataclass(frozen=True)
class FairnessView:
    """The fairness of a model, the worst attribute first."""

    kind: str
    verdict: str
    reason: str
    limit: float
    baseline: float | None
    minimum_group: int
    attributes: tuple[AttributeView, ...]
    not_watched: tuple[str, ...]
    """Declared attributes whose groups are not known: no such feature, or numeric without edges and reference."""
