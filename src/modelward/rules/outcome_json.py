"""Figures of performance and fairness as JSON holds them, the same in the library's report and in the service."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from modelward.rules.finding import number
from modelward.rules.monitor import Monitor
from modelward.stats import (
    ClassMetrics,
    Confusion,
    Disparity,
    GroupMetrics,
    GroupOutcomes,
    Metric,
    Residuals,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    fairness_score,
    group_metrics,
    per_class,
    predictive_parity_difference,
    residual_quantiles,
)
from modelward.stats.confusion import cell_intervals
from modelward.stats.fairness import equalized_odds_ratio, error_rate_difference, false_positive_rate_difference
from modelward.stats.residual_quantiles import QUANTILES

DISPARITIES: Mapping[str, Callable[..., Disparity]] = {
    "demographic_parity_difference": demographic_parity_difference,
    "demographic_parity_ratio": demographic_parity_ratio,
    "equal_opportunity_difference": equal_opportunity_difference,
    "equalized_odds_difference": equalized_odds_difference,
    "equalized_odds_ratio": equalized_odds_ratio,
    "predictive_parity_difference": predictive_parity_difference,
    "false_positive_rate_difference": false_positive_rate_difference,
    "error_rate_difference": error_rate_difference,
}
MOST_GROUPS = 30
"""So many groups, the largest, are told one by one."""
_RATES = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "precision",
    "error_rate",
    "calibration_gap",
    "calibration_error",
)
MOST_CLASSES = 30
"""Of more classes than these the table of a window would be larger than all the rest."""


def metric_json(found: Metric) -> dict[str, Any]:
    """A metric as JSON: what does not exist is null, with the reason."""
    wire = {
        "value": number(found.statistic),
        "low": number(found.low),
        "high": number(found.high),
        "rows": round(found.n),
        "method": found.interval,
        "confidence": found.confidence,
    }
    if found.error:
        wire["error"] = found.error
    return wire | ({"reason": found.reason} if math.isnan(found.statistic) else {})


def metric_from(wire: Mapping[str, Any]) -> Metric:
    """A metric from its JSON."""
    value, low, high = (math.nan if wire[name] is None else wire[name] for name in ("value", "low", "high"))
    told = (wire["method"], wire["confidence"], wire.get("error", 0.0), wire.get("reason", ""))
    return Metric(value, low, high, wire["rows"], *told)


def classes_json(counted: Confusion, areas: Mapping[str, Metric] | None = None) -> dict[str, Any]:
    """Each class, with the ROC AUC of those that have one, and the confusion counts, each with its interval; neither
    where there are too many classes.
    """
    if len(counted.classes) > MOST_CLASSES:
        return {"classes": [], "confusion": None}
    low, high = cell_intervals(counted)
    counts = {"counts": counted.counts.tolist(), "low": low.tolist(), "high": high.tolist()}
    return {
        "classes": [_class(entry, (areas or {}).get(entry.name)) for entry in per_class(counted)],
        "confusion": {"classes": list(counted.classes), **counts},
    }


def _class(entry: ClassMetrics, area: Metric | None) -> dict[str, Any]:
    rates = {name: metric_json(getattr(entry, name)) for name in ("precision", "recall", "f1")}
    told = {} if area is None else {"roc_auc": metric_json(area)}
    return {"class": entry.name, "rows": round(entry.support), **rates, **told}


def quantiles_json(residuals: Residuals) -> dict[str, Any]:
    """The quantiles of prediction less label, by their share."""
    found = residual_quantiles(residuals)
    return {f"{share:g}": metric_json(metric) for share, metric in zip(QUANTILES, found, strict=True)}


def fairness_json(outcomes: GroupOutcomes, monitor: Monitor) -> dict[str, Any]:
    """Every disparity, and the rates of the largest groups, as JSON."""
    least = monitor.minimum_group
    return {
        "score": disparity_json(fairness_score(outcomes, minimum=least)),
        "disparities": {name: disparity_json(of(outcomes, minimum=least)) for name, of in DISPARITIES.items()},
        "groups": [_group(entry) for entry in _largest(outcomes)],
        "without_group": outcomes.without_group,
        "without_prediction": outcomes.without_prediction,
    }


def disparity_json(found: Disparity) -> dict[str, Any]:
    """A disparity as JSON: what does not exist is null, with the reason."""
    wire = {
        "value": number(found.statistic),
        "low": number(found.low),
        "high": number(found.high),
        "rows": found.n,
        "rate": found.rate,
        "lowest": found.lowest,
        "highest": found.highest,
        "left_out": list(found.left_out),
        "minimum": found.minimum,
        "confidence": found.confidence,
    }
    return wire | ({"reason": found.reason} if math.isnan(found.statistic) else {})


def _largest(outcomes: GroupOutcomes) -> list[GroupMetrics]:
    return sorted(group_metrics(outcomes), key=lambda entry: (-entry.n, entry.name))[:MOST_GROUPS]


def _group(entry: GroupMetrics) -> dict[str, Any]:
    return {"group": entry.name, "rows": entry.n, **{name: metric_json(getattr(entry, name)) for name in _RATES}}
