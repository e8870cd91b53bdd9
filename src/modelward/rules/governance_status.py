"""Whether a model may stay in production: its risk against the thresholds, and the hard limits, each a named reason.

Law: any hard limit of the policy that is passed makes a model BLOCKED, whatever its risk. A limit is passed only where
the whole interval of the figure is beyond it, so that no model is blocked by a handful of rows. Without any hard limit
the risk decides. Where nothing was measured there is no status: silence is not approval.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from modelward.rules.performance import LOWER_IS_BETTER
from modelward.rules.policy import Policy
from modelward.rules.risk import FairnessMeasure, Risk


class GovernanceStatus(StrEnum):
    """What is said of a model."""

    APPROVED = "APPROVED"
    AT_RISK = "AT_RISK"
    BLOCKED = "BLOCKED"


@dataclass(frozen=True)
class Reason:
    """Why: a `code` for programs, a `sentence` for people, and the figures it rests on."""

    code: str
    sentence: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The reason as JSON."""
        return {"code": self.code, "sentence": self.sentence, "evidence": dict(self.evidence)}


@dataclass(frozen=True)
class PerformanceMeasure:
    """A metric with its 95 % interval, measured on outcomes, and the standard that it is held against."""

    metric: str
    value: float
    low: float
    high: float
    standard: float
    source: str = ""
    rows: int = 0


@dataclass(frozen=True)
class Figures:
    """What was measured beside the risk."""

    fairness: tuple[FairnessMeasure, ...] = ()
    fairness_baseline: float | None = None
    performance: tuple[PerformanceMeasure, ...] = ()


@dataclass(frozen=True)
class Decision:
    """The status and its reasons, the gravest first; the status is None where nothing was measured."""

    status: GovernanceStatus | None
    reasons: tuple[Reason, ...]


def decide_status(risk: Risk, figures: Figures, policy: Policy) -> Decision:
    """The status of a model under a policy."""
    hard = tuple(broken_limits(figures, policy))
    by_risk = _of_risk(risk, policy)
    if hard:
        more = () if by_risk.status in {None, GovernanceStatus.APPROVED} else by_risk.reasons
        return Decision(GovernanceStatus.BLOCKED, (*hard, *more))
    if by_risk.status is None and (figures.fairness or figures.performance):
        return Decision(GovernanceStatus.APPROVED, (Reason("within_limits", "no hard limit of the policy is passed"),))
    return by_risk


def broken_limits(figures: Figures, policy: Policy) -> Iterator[Reason]:
    """The hard limits that are passed."""
    limit, baseline = policy.fairness_limit, figures.fairness_baseline if policy.hold_fairness_baseline else None
    for measure in sorted(figures.fairness, key=lambda entry: entry.score):
        if limit is not None and below(measure, limit):
            yield _unfair("fairness_below_limit", measure, limit, "the policy's limit is")
        elif baseline is not None and below(measure, baseline):
            yield _unfair("fairness_below_baseline", measure, baseline, "at registration it was")
    if policy.performance_fall is not None:
        for found in figures.performance:
            if fallen(found, policy.performance_fall):
                yield _fall(found, policy.performance_fall)


def below(measure: FairnessMeasure, limit: float) -> bool:
    """Whether a fairness score is below a limit, and the upper end of its interval too."""
    high = measure.high if not math.isnan(measure.high) else measure.score
    return measure.score < limit and high < limit


def fallen(found: PerformanceMeasure, share: float) -> bool:
    """Whether a metric lost this share of its standard, by all of its interval."""
    sign = -1.0 if found.metric in LOWER_IS_BETTER else 1.0
    limit = found.standard * (1 - sign * share)
    best = found.low if sign < 0 else found.high
    return sign * found.value < sign * limit and sign * best < sign * limit


def _of_risk(risk: Risk, policy: Policy) -> Decision:
    if risk.score is None:
        return Decision(None, (Reason("nothing_measured", risk.sentence.rstrip(".")),))
    evidence = {"risk_score": risk.score, "at_risk": policy.at_risk, "blocked": policy.blocked}
    if risk.score >= policy.blocked:
        sentence = f"the risk is {risk.score:.1f}; from {policy.blocked:g} on a model is blocked"
        return Decision(GovernanceStatus.BLOCKED, (Reason("risk_blocked", sentence, evidence),))
    if risk.score >= policy.at_risk:
        sentence = f"the risk is {risk.score:.1f}; from {policy.at_risk:g} on a model is at risk"
        return Decision(GovernanceStatus.AT_RISK, (Reason("risk_at_risk", sentence, evidence),))
    sentence = f"the risk is {risk.score:.1f}, below {policy.at_risk:g}, and no hard limit is passed"
    return Decision(GovernanceStatus.APPROVED, (Reason("risk_low", sentence, evidence),))


def _unfair(code: str, measure: FairnessMeasure, limit: float, told: str) -> Reason:
    sentence = (
        f"the fairness score of {measure.attribute} is {measure.score:.3g} (interval {measure.low:.3g} to "
        f"{measure.high:.3g}); {told} {limit:g}"
    )
    evidence = {"attribute": measure.attribute, "score": measure.score, "high": measure.high, "limit": limit}
    return Reason(code, sentence, evidence)


def _fall(found: PerformanceMeasure, share: float) -> Reason:
    moved = abs(found.value / found.standard - 1) if found.standard else 0.0
    way = "above" if found.value > found.standard else "below"
    sentence = (
        f"{found.metric.replace('_', ' ')} is {found.value:.4g} (interval {found.low:.4g} to {found.high:.4g}), "
        f"{moved:.1%} {way} the {found.standard:.4g} {found.source}".rstrip()
        + f"; the policy allows {share:.0%}"
    )
    evidence = {"metric": found.metric, "value": found.value, "standard": found.standard, "fall": share}
    return Reason("performance_fallen", sentence, evidence)
