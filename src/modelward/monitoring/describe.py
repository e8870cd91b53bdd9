"""Summaries as JSON, for `/metrics`, `/quality` and `/profiles`."""

import math
from typing import Any

from modelward.monitoring.distributions import quantiles
from modelward.monitoring.payload import Summary
from modelward.rules.finding import number
from modelward.stats import CategoricalSummary, NumericSummary

MOST_CATEGORIES = 20


def describe(summary: Summary) -> dict[str, Any]:
    """The statistics of one column: counts for all, moments and quantiles of numbers, the heaviest categories."""
    counts = {
        "rows": summary.rows,
        "count": summary.count,
        "missing": summary.missing,
        "invalid": summary.invalid,
        "missing_rate": rate(summary.missing, summary),
        "invalid_rate": rate(summary.invalid, summary),
        "exact": summary.exact,
    }
    return {**counts, **(_numbers(summary) if isinstance(summary, NumericSummary) else _categories(summary))}


def rate(part: int, summary: Summary) -> float:
    """A count as a share of all rows."""
    return part / summary.rows if summary.rows else 0.0


def _numbers(summary: NumericSummary) -> dict[str, Any]:
    return {
        "kind": "numeric",
        "mean": number(summary.mean),
        "std": number(math.sqrt(summary.variance)) if summary.count else None,
        "zeros": summary.zeros,
        "infinities": summary.positive_infinities + summary.negative_infinities,
        "quantiles": quantiles(summary),
    }


def _categories(summary: CategoricalSummary) -> dict[str, Any]:
    heaviest = list(zip(summary.categories, summary.counts.tolist(), strict=True))[:MOST_CATEGORIES]
    return {
        "kind": "categorical",
        "distinct": round(summary.distinct),
        "categories": [
            {"category": name, "count": count, "share": count / summary.count if summary.count else 0.0}
            for name, count in heaviest
        ],
    }
