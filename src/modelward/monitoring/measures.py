"""What the charts show of a window, small enough to lie beside its evaluation as JSON."""

import math
from collections.abc import Mapping
from typing import Any

from modelward.monitoring.columns import LATENCY, PREDICTION, SCORE
from modelward.monitoring.payload import Summary
from modelward.monitoring.readings import Quantiles, Spread
from modelward.rules.finding import number
from modelward.stats import CategoricalSummary, NumericSummary, Profile

SPREAD = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_SHARES = 8


def measures(profile: Profile) -> dict[str, Any]:
    """Latency percentiles and the distributions of prediction and score; absent where nothing was seen."""
    found = {
        "latency": _latency(profile.columns.get(LATENCY)),
        "prediction": _spread(profile.columns.get(PREDICTION)),
        "score": _spread(profile.columns.get(SCORE)),
    }
    return {name: value for name, value in found.items() if value is not None}


def latency_from(stored: Mapping[str, Any]) -> Quantiles | None:
    """The latency of `measures`."""
    return Quantiles(**stored["latency"]) if "latency" in stored else None


def spread_from(stored: Mapping[str, Any], name: str) -> Spread | None:
    """The `prediction` or `score` of `measures`."""
    if (wire := stored.get(name)) is None:
        return None
    shares = tuple((label, share) for label, share in wire["shares"])
    return Spread(**{**wire, "quantiles": tuple(wire["quantiles"]), "shares": shares})


def _latency(summary: Summary | None) -> dict[str, Any] | None:
    if not isinstance(summary, NumericSummary) or not summary.count:
        return None
    p50, p95, p99 = (number(value) for value in summary.quantile([0.5, 0.95, 0.99]).tolist())
    return {"count": summary.count, "mean": number(summary.mean), "p50": p50, "p95": p95, "p99": p99}


def _spread(summary: Summary | None) -> dict[str, Any] | None:
    if isinstance(summary, CategoricalSummary) and summary.count:
        return _shares(summary)
    if not isinstance(summary, NumericSummary) or not summary.count:
        return None
    return {
        "kind": "numeric",
        "count": summary.count,
        "mean": number(summary.mean),
        "deviation": number(math.sqrt(summary.variance)),
        "quantiles": [number(value) for value in summary.quantile(list(SPREAD)).tolist()],
        "shares": [],
    }


def _shares(summary: CategoricalSummary) -> dict[str, Any]:
    counts = [(label, int(count)) for label, count in zip(summary.categories, summary.counts, strict=True)]
    shown = [[label, count / summary.count] for label, count in counts[:MOST_SHARES]]
    return {
        "kind": "categorical",
        "count": summary.count,
        "mean": None,
        "deviation": None,
        "quantiles": [],
        "shares": shown,
    }
