"""One column, reference against current, as bars that a chart can draw."""

import math
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.monitor_settings import monitor_of, windows_of
from modelward.monitoring.payload import Summary
from modelward.monitoring.readings import Distribution, Side
from modelward.monitoring.seasonal import in_season
from modelward.monitoring.subject import read_reference
from modelward.monitoring.tables import Evaluation
from modelward.monitoring.window_profiles import whole_buckets, window_profile
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.report.bars import bars
from modelward.rules.finding import number
from modelward.stats import NumericSummary

QUANTILES = {"p01": 0.01, "p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "p99": 0.99}


def distribution(
    session: Session, *, model_id: int, column: str, start: datetime | None = None, end: datetime | None = None
) -> Distribution | None:
    """One column of [start, end), by default the latest evaluated window, against the reference; None: nothing."""
    found = _window(session, model_id, start)
    if found is None and (start is None or end is None):
        return None
    begins = start or found.starts_at  # type: ignore[union-attr]  # One of the two is there.
    ends = end or found.ends_at  # type: ignore[union-attr]
    first = whole_buckets(session, model_id, begins)
    current = window_profile(session, model_id=model_id, start=first, end=ends, columns=[column]).columns.get(column)
    if current is None:
        return None
    held = read_reference(session, current_baseline(session, model_id))
    if held is not None:
        monitor = monitor_of(session.get_one(Model, model_id))
        held = in_season(session, model_id, monitor, held, start=begins, end=ends)
    expected = held.profile.columns.get(column) if held else None
    expected = expected if _alike(expected, current) else None
    drawn = bars(expected, current)
    before = side(expected, drawn.reference) if expected and drawn.reference is not None else None
    finding = _finding(found, column) if found and (found.starts_at, found.ends_at) == (begins, ends) else None
    kind = "numeric" if isinstance(current, NumericSummary) else "categorical"
    now = side(current, drawn.current or ())
    return Distribution(column, kind, drawn.labels, drawn.edges, before, now, begins, ends, finding)


def side(summary: Summary, shares: Sequence[float]) -> Side:
    """One side of the picture."""
    rows = max(1, summary.rows)
    if not isinstance(summary, NumericSummary):
        return Side(summary.rows, tuple(shares), summary.missing / rows, summary.invalid / rows, None, None)
    return Side(
        summary.rows,
        tuple(shares),
        summary.missing / rows,
        summary.invalid / rows,
        number(summary.mean),
        number(math.sqrt(summary.variance)) if summary.count else None,
        quantiles(summary),
    )


def quantiles(summary: NumericSummary) -> dict[str, float]:
    """The usual quantiles with minimum and maximum; empty without any finite value."""
    if not summary.count:
        return {}
    values = summary.quantile(list(QUANTILES.values())).tolist()
    return {"min": summary.minimum, **dict(zip(QUANTILES, values, strict=True)), "max": summary.maximum}


def _alike(one: Summary | None, other: Summary) -> bool:
    return one is not None and type(one) is type(other)


def _window(session: Session, model_id: int, start: datetime | None) -> Evaluation | None:
    model = session.get(Model, model_id)
    if model is None:
        return None
    query = select(Evaluation).where(Evaluation.model_id == model_id, judged_by(Evaluation, windows_of(model)))
    if start is not None:
        query = query.where(Evaluation.starts_at == start)
    newest = query.order_by(Evaluation.starts_at.desc()).limit(1)
    enough = newest.where(Evaluation.level.not_in(["too_few", "reference"]))
    return session.scalars(enough).first() or session.scalars(newest).first()


def _finding(evaluation: Evaluation, column: str) -> dict[str, object] | None:
    return next((entry for entry in evaluation.comparison["columns"] if entry["column"] == column), None)
