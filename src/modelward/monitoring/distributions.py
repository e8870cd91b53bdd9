"""One column, reference against current, as bars that a chart can draw."""

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.monitoring.measures import number
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.payload import Summary
from modelward.monitoring.readings import Distribution, Side
from modelward.monitoring.subject import read_reference
from modelward.monitoring.tables import Evaluation
from modelward.monitoring.window_profiles import whole_buckets, window_profile
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.stats import CategoricalSummary, NumericSummary

BARS = 40
MOST_CATEGORIES = 20
OTHERS = "(others)"
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
    expected = held.profile.columns.get(column) if held else None
    sides = _bars(expected if _alike(expected, current) else None, current)
    finding = _finding(found, column) if found and (found.starts_at, found.ends_at) == (begins, ends) else None
    kind = "numeric" if isinstance(current, NumericSummary) else "categorical"
    return Distribution(column, kind, *sides, begins, ends, finding)


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


Picture = tuple[tuple[str, ...], tuple[float, ...], Side | None, Side]


def _bars(reference: Summary | None, current: Summary) -> Picture:
    if isinstance(current, NumericSummary):
        assert reference is None or isinstance(reference, NumericSummary)
        return _numeric_bars(reference, current)
    assert reference is None or isinstance(reference, CategoricalSummary)
    return _category_bars(reference, current)


def _numeric_bars(reference: NumericSummary | None, current: NumericSummary) -> Picture:
    edges = _edges([summary for summary in (reference, current) if summary is not None and summary.count])
    labels = tuple(f"{low:.6g} – {high:.6g}" for low, high in pairwise(edges))
    expected = side(reference, _numeric_shares(reference, edges)) if reference else None
    return labels, tuple(edges), expected, side(current, _numeric_shares(current, edges))


def _edges(summaries: Sequence[NumericSummary]) -> list[float]:
    """Bars of equal width over the middle 99 % of both sides; whole numbers that are few get a bar each."""
    if not summaries:
        return []
    low = min(float(summary.quantile(0.005)) for summary in summaries)
    high = max(float(summary.quantile(0.995)) for summary in summaries)
    if all(_few_whole(summary) for summary in summaries) and high - low < BARS:
        return [value - 0.5 for value in range(math.floor(low), math.floor(high) + 2)]
    if not high > low:
        low, high = low - 0.5, high + 0.5
    edges: list[float] = np.linspace(low, high, BARS + 1).tolist()
    return edges


def _few_whole(summary: NumericSummary) -> bool:
    return summary.exact and bool((summary.values == np.floor(summary.values)).all())


def _numeric_shares(summary: NumericSummary, edges: Sequence[float]) -> list[float]:
    if not edges or not summary.count:
        return [0.0] * max(0, len(edges) - 1)
    below = summary.cdf(np.asarray(edges))
    below[0] = summary.cdf(np.nextafter(edges[0], -np.inf))  # A bar holds its lower edge only at the very left.
    shares: list[float] = np.diff(below).tolist()
    return shares


def _category_bars(reference: CategoricalSummary | None, current: CategoricalSummary) -> Picture:
    heaviest = sorted(
        {name for summary in (reference, current) if summary for name in summary.categories[:MOST_CATEGORIES]},
        key=lambda name: -max(_share(reference, name), _share(current, name)),
    )[:MOST_CATEGORIES]
    both = [summary for summary in (reference, current) if summary]
    rest = any(sum(_share(summary, name) for name in heaviest) < 1 - 1e-9 for summary in both if summary.count)
    labels = (*heaviest, OTHERS) if rest else tuple(heaviest)
    expected = side(reference, _category_shares(reference, heaviest, rest=rest)) if reference else None
    return labels, (), expected, side(current, _category_shares(current, heaviest, rest=rest))


def _category_shares(summary: CategoricalSummary, names: Sequence[str], *, rest: bool) -> list[float]:
    shares = [_share(summary, name) for name in names]
    return [*shares, max(0.0, 1 - sum(shares)) if summary.count else 0.0] if rest else shares


def _share(summary: CategoricalSummary | None, name: str) -> float:
    if summary is None or not summary.count or name not in summary.categories:
        return 0.0
    return int(summary.counts[summary.categories.index(name)]) / summary.count


def _alike(one: Summary | None, other: Summary) -> bool:
    return one is not None and type(one) is type(other)


def _window(session: Session, model_id: int, start: datetime | None) -> Evaluation | None:
    model = session.get(Model, model_id)
    if model is None:
        return None
    query = select(Evaluation).where(Evaluation.model_id == model_id, Evaluation.kind == monitor_of(model).window)
    if start is not None:
        query = query.where(Evaluation.starts_at == start)
    newest = query.order_by(Evaluation.starts_at.desc()).limit(1)
    enough = newest.where(Evaluation.level.not_in(["too_few", "reference"]))
    return session.scalars(enough).first() or session.scalars(newest).first()


def _finding(evaluation: Evaluation, column: str) -> dict[str, object] | None:
    return next((entry for entry in evaluation.comparison["columns"] if entry["column"] == column), None)
