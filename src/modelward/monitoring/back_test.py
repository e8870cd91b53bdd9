"""How good the estimates were: each held against what became known of its window later."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.monitoring.performance_readings import BackTest
from modelward.monitoring.tables import Performance

_FIGURES = ("value", "low", "high")


def back_test(session: Session, windows: Sequence[Performance], standards: Mapping[str, float]) -> tuple[BackTest, ...]:
    """By metric that a window is judged by; windows that the calibration was learned on do not count."""
    known = [w.id for w in windows if w.closed and w.parted is not None and not w.calibrated_on]
    query = select(Performance.measures).where(Performance.id.in_(known)).order_by(Performance.starts_at)
    measures = session.scalars(query).all() if known else []
    tested = [_of_metric(name, standard, measures) for name, standard in standards.items()]
    return tuple(test for test in tested if test is not None)


def _of_metric(name: str, standard: float, measures: Sequence[Mapping[str, Any]]) -> BackTest | None:
    pairs = [
        (entry["metrics"][name], entry["estimates"][name])
        for entry in measures
        if _whole(entry["metrics"].get(name)) and _whole(entry["estimates"].get(name))
    ]
    if not pairs:
        return None
    gaps = [estimate["value"] - truth["value"] for truth, estimate in pairs]
    return BackTest(
        metric=name,
        windows=len(pairs),
        mean_absolute_error=fmean(map(abs, gaps)),
        bias=fmean(gaps),
        intervals_met=sum(t["low"] <= e["high"] and e["low"] <= t["high"] for t, e in pairs),
        error_of_no_estimate=fmean(abs(standard - truth["value"]) for truth, _ in pairs),
    )


def _whole(figure: Mapping[str, Any] | None) -> bool:
    return figure is not None and all(figure[name] is not None for name in _FIGURES)
