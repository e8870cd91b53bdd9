"""The fairness of one window, by protected attribute: rates of the groups, how far they differ, and the verdict."""

import math
from typing import Any

from modelward.monitoring.joint_outcome import counts_of
from modelward.monitoring.measures import number
from modelward.monitoring.outcome_metrics import metric_json
from modelward.rules.fairness import judge_fairness
from modelward.rules.monitor import Monitor
from modelward.rules.windows import Window
from modelward.stats import (
    Disparity,
    GroupMetrics,
    GroupOutcomes,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    fairness_score,
    group_metrics,
    predictive_parity_difference,
)
from modelward.stats.fairness import equalized_odds_ratio, error_rate_difference, false_positive_rate_difference

DISPARITIES = {
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


def fairness_of(
    window: Window,
    attribute: str,
    outcomes: GroupOutcomes,
    monitor: Monitor,
    *,
    baseline: float | None,
    closed: bool,
) -> dict[str, Any]:
    """What is written of a window and an attribute; `baseline` is the score given at registration."""
    score = fairness_score(outcomes, minimum=monitor.minimum_group)
    finding = judge_fairness(score, limit=monitor.fairness_limit, baseline=baseline)
    rows, labelled = counts_of(outcomes)
    return {
        "ends_at": window.end,
        "closed": closed,
        "attribute": attribute,
        "verdict": finding.verdict.value,
        "reason": finding.reason,
        "rows": rows,
        "labelled": labelled,
        "score": number(score.statistic),
        "low": number(score.low),
        "high": number(score.high),
        "measures": fairness_json(outcomes, monitor),
    }


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
