"""The few figures of a column that a person reads beside a verdict."""

from typing import Any

import numpy as np

from modelward.stats import NumericSummary, Summary

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
TOP = 10


def describe(summary: Summary) -> dict[str, Any]:
    """Mean, spread and quantiles of numbers, or the most frequent categories; rates are shares of all rows."""
    rates = {
        "rows": summary.rows,
        "missing_rate": missing_rate(summary),
        "invalid_rate": rate(summary.invalid, summary),
    }
    if isinstance(summary, NumericSummary):
        return {**rates, **_numbers(summary)}
    top = zip(summary.categories[:TOP], summary.counts[:TOP].tolist(), strict=True)
    shares = [{"category": name, "share": count / max(summary.count, 1)} for name, count in top]
    return {**rates, "distinct": float(summary.distinct), "top": shares}


def _numbers(summary: NumericSummary) -> dict[str, Any]:
    quantiles = np.asarray(summary.quantile(np.array(QUANTILES))).tolist()
    return {
        "mean": summary.mean,
        "std": summary.deviation,
        "minimum": summary.minimum,
        "maximum": summary.maximum,
        "quantiles": dict(zip(map(str, QUANTILES), quantiles, strict=True)),
        "zero_rate": rate(summary.zeros, summary),
        "infinite_rate": rate(infinities(summary), summary),
    }


def infinities(summary: NumericSummary) -> int:
    """How many values are infinite."""
    return summary.positive_infinities + summary.negative_infinities


def missing_rate(summary: Summary) -> float:
    """The share of the rows without a value."""
    return rate(summary.missing, summary)


def rate(count: int, summary: Summary) -> float:
    """A count as a share of all rows, 0 when there are none."""
    return count / summary.rows if summary.rows else 0.0
