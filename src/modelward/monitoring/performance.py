"""The performance of one window: estimated, partial or final, held against what it should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelward.monitoring.estimates import Basis
from modelward.monitoring.joint_plan import Plan
from modelward.rules.concept_drift import parted
from modelward.rules.finding import number
from modelward.rules.monitor import Monitor
from modelward.rules.outcome_metrics import Curves, Estimate, measured, told
from modelward.rules.performance import (
    FINAL,
    JUDGED_BY,
    Labelled,
    PerformanceFinding,
    PerformanceVerdict,
    Standard,
    judge_performance,
)
from modelward.rules.windows import Window
from modelward.stats import Metric, Outcome


@dataclass(frozen=True)
class Yardstick:
    """What every window of a model is held against."""

    plan: Plan
    monitor: Monitor
    standards: Mapping[str, Standard]
    basis: Basis | None
    calibration: Curves | None
    estimates_hold: bool
    """False while the concept drifts: then an estimate decides nothing."""
    refused: frozenset[str] = frozenset()
    """Metrics whose estimates were worse than none, which decide nothing either."""
    unlike: frozenset[str] = frozenset()
    """Of a part, metrics whose estimate contradicted the truth on the basis already: nothing is said by them."""
    looks: int = 1
    """How many metrics of how many parts are judged together with these."""
    mismatch: str = ""
    """Why outcomes and predictions cannot be held against one another; then nothing is measured."""


def performance_of(
    window: Window,
    outcome: Outcome,
    yard: Yardstick,
    estimate: Estimate,
    *,
    closed: bool,
    changes: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """What is written of a window."""
    task = yard.plan.task
    known = Labelled(outcome.rows, outcome.labelled)
    if yard.mismatch:
        estimate = Estimate()
    real, expected = {} if yard.mismatch else measured(outcome, task), estimate.metrics
    finding = _judged(known, real, expected, yard)
    trusted = known.coverage >= yard.monitor.label_coverage and known.labelled >= yard.monitor.minimum_rows
    usual = yard.basis.gaps_of(window.kind) if yard.basis else None
    judged_by = [name for name in JUDGED_BY.get(task, ()) if name not in yard.unlike]
    shown = finding.metric or _shown(task, yard.standards)
    return {
        "ends_at": window.end,
        "closed": closed,
        "task": task,
        "state": state_of(known, bool(expected), closed=closed),
        "verdict": finding.verdict.value,
        "reason": finding.reason + _since(changes),
        "rows": outcome.rows,
        "labelled": outcome.labelled,
        "metric": shown,
        **_figures(real.get(shown or ""), ("value", "low", "high")),
        **_figures(expected.get(shown or ""), ("estimate", "estimate_low", "estimate_high")),
        "parted": parted(real, expected, judged_by, usual=usual, looks=yard.looks) if trusted else None,
        "calibrated_on": yard.basis is not None and yard.basis.holds(*_seconds(window)),
        "measures": {
            **told(outcome, real, estimate),
            "changes": list(changes),
            "standards": _standards(yard),
            **_basis(yard, estimate),
        },
    }


def _judged(
    known: Labelled, real: Mapping[str, Metric], expected: Mapping[str, Metric], yard: Yardstick
) -> PerformanceFinding:
    if yard.mismatch:
        return PerformanceFinding(PerformanceVerdict.NO_LABELS, None, yard.mismatch)
    believed = {name: found for name, found in expected.items() if name not in yard.refused | yard.unlike}
    return judge_performance(
        known,
        real,
        believed if yard.estimates_hold else {},
        yard.standards,
        fall=yard.monitor.performance_fall,
        coverage=yard.monitor.label_coverage,
        minimum=yard.monitor.minimum_rows,
        looks=yard.looks,
    )


def state_of(known: Labelled, has_estimate: bool, *, closed: bool) -> str:
    """How far a window's figure has come: ``none``, ``estimate``, ``partial`` or ``final``."""
    if not known.labelled:
        return "estimate" if has_estimate else "none"
    return "final" if closed and known.coverage >= FINAL else "partial"


def _shown(task: str, standards: Mapping[str, Standard]) -> str | None:
    names = JUDGED_BY.get(task, ())
    return next((name for name in names if name in standards), names[0] if names else None)


def _figures(found: Metric | None, names: tuple[str, str, str]) -> dict[str, float | None]:
    figures = (None, None, None) if found is None else (found.statistic, found.low, found.high)
    return {name: number(figure) for name, figure in zip(names, figures, strict=True)}


def _standards(yard: Yardstick) -> dict[str, Any]:
    return {name: {"value": entry.value, "source": entry.source} for name, entry in yard.standards.items()}


def _basis(yard: Yardstick, estimate: Estimate) -> dict[str, Any]:
    return {"estimated_on": yard.basis.name} if yard.basis and estimate.metrics else {}


def _since(changes: Sequence[Mapping[str, Any]]) -> str:
    rises = sorted(change["since"] for change in changes if change["rose"])
    return f"; the loss of labelled events rose from {rises[0]} on" if rises else ""


def _seconds(window: Window) -> tuple[int, int]:
    return int(window.start.timestamp()), int(window.end.timestamp())
