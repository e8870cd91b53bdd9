"""How good the estimates were: each held against what became known of its window later."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.performance_readings import BackTest
from modelward.monitoring.tables import Performance
from modelward.rules.estimate_worth import worth_of
from modelward.rules.window_spans import WindowSpans

MOST_WINDOWS = 100
"""So many of the newest windows speak for an estimate."""
_FIGURES = ("value", "low", "high")


def back_test(session: Session, windows: Sequence[Performance], standards: Mapping[str, float]) -> tuple[BackTest, ...]:
    """By metric that a window is judged by; windows that the calibration was learned on do not count."""
    known = [w.id for w in windows if w.closed and w.parted is not None and not w.calibrated_on][-MOST_WINDOWS:]
    query = select(Performance.measures).where(Performance.id.in_(known)).order_by(Performance.starts_at)
    measures = session.scalars(query).all() if known else []
    tested = [_of_metric(name, standard, measures) for name, standard in standards.items()]
    return tuple(test for test in tested if test is not None)


def refused(session: Session, model_id: int, windows: WindowSpans, standards: Mapping[str, float]) -> frozenset[str]:
    """The metrics whose estimates were worse than none in the newest windows that have both."""
    query = (
        select(Performance)
        .where(Performance.model_id == model_id, judged_by(Performance, windows), Performance.closed)
        .where(Performance.parted.is_not(None), Performance.calibrated_on.is_(False))
        .options(defer(Performance.measures))
        .order_by(Performance.starts_at.desc())
        .limit(MOST_WINDOWS)
    )
    tests = back_test(session, session.scalars(query).all()[::-1], standards)
    return frozenset(test.metric for test in tests if not test.valid)


def _of_metric(name: str, standard: float, measures: Sequence[Mapping[str, Any]]) -> BackTest | None:
    pairs = [
        (entry["metrics"][name], entry["estimates"][name])
        for entry in measures
        if _whole(entry["metrics"].get(name)) and _whole(entry["estimates"].get(name))
    ]
    if not pairs:
        return None
    gaps = [estimate["value"] - truth["value"] for truth, estimate in pairs]
    misses = [abs(standard - truth["value"]) for truth, _ in pairs]
    worth = worth_of([abs(gap) for gap in gaps], misses)
    return BackTest(
        metric=name,
        windows=len(pairs),
        mean_absolute_error=fmean(map(abs, gaps)),
        bias=fmean(gaps),
        intervals_met=sum(t["low"] <= e["high"] and e["low"] <= t["high"] for t, e in pairs),
        error_of_no_estimate=fmean(misses),
        valid=worth.valid,
        reason=worth.reason,
    )


def _whole(figure: Mapping[str, Any] | None) -> bool:
    return figure is not None and all(figure[name] is not None for name in _FIGURES)
