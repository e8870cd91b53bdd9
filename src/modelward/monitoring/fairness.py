"""The fairness of one window, by protected attribute: rates of the groups, how far they differ, and the verdict."""

from typing import Any

from modelward.monitoring.joint_outcome import counts_of
from modelward.rules.fairness import judge_groups
from modelward.rules.finding import number
from modelward.rules.monitor import Monitor
from modelward.rules.outcome_json import fairness_json
from modelward.rules.windows import Window
from modelward.stats import GroupOutcomes, fairness_score


def fairness_of(
    window: Window,
    attribute: str,
    outcomes: GroupOutcomes,
    monitor: Monitor,
    *,
    baseline: float | None,
    closed: bool,
    looks: int = 1,
) -> dict[str, Any]:
    """What is written of a window and an attribute; `baseline` is the score given at registration, and `looks` are the
    attributes of parts that are judged together with this one.
    """
    score = fairness_score(outcomes, minimum=monitor.minimum_group)
    finding = judge_groups(
        outcomes, minimum=monitor.minimum_group, limit=monitor.fairness_limit, baseline=baseline, looks=looks
    )
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
