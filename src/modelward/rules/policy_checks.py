"""The checks of a policy, which a model passes, fails, or cannot be held to: compliance is the share that it passes.

The same list is asked by the page (how far is this model from what we ask?) and by whoever decides on a deployment
(what is missing?), so that both always say the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from modelward.rules.governance_status import Figures, below, fallen
from modelward.rules.policy import Policy
from modelward.rules.risk import Risk


@dataclass(frozen=True)
class Evidence:
    """What is there beside the figures. `approvals` is None where nobody has asked for a deployment yet."""

    reference: str | None = None
    """`provisional` or `confirmed`; None: there is none."""
    protected: bool = False
    """Whether protected attributes are declared."""
    outcomes_until: datetime | None = None
    """The end of the newest window with outcomes."""
    approvals: int | None = None


@dataclass(frozen=True)
class Check:
    """One thing that a policy asks: `holds` is None where nothing can be said, which counts neither way."""

    code: str
    title: str
    holds: bool | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The check as JSON."""
        return {"code": self.code, "title": self.title, "holds": self.holds, "sentence": self.sentence}


def policy_checks(
    policy: Policy, risk: Risk, figures: Figures, evidence: Evidence, *, now: datetime
) -> tuple[Check, ...]:
    """Every check that the policy asks for, in the order in which a person would go through them."""
    return (
        *required_evidence(policy, figures, evidence, now=now),
        _risk(policy, risk),
        *_fairness(policy, figures),
        *_performance(policy, figures),
        *_approvals(policy, evidence),
    )


def required_evidence(policy: Policy, figures: Figures, evidence: Evidence, *, now: datetime) -> tuple[Check, ...]:
    """The checks of what must be there before a model may be deployed."""
    return (
        *_reference(policy, evidence),
        *_fairness_measured(policy, figures, evidence),
        *_outcomes(policy, evidence, now),
    )


def compliance(checks: Sequence[Check]) -> float | None:
    """The share of the checks that hold, from 0 to 1, of those that something can be said of."""
    said = [check.holds for check in checks if check.holds is not None]
    return sum(said) / len(said) if said else None


def _reference(policy: Policy, evidence: Evidence) -> Iterator[Check]:
    title = "A reference"
    if policy.require_reference == "any":
        holds = evidence.reference is not None
        sentence = (
            f"the reference is {evidence.reference}" if holds else "there is no reference: give one, or send more"
        )
        yield Check("reference", title, holds, sentence)
    if policy.require_reference == "confirmed":
        holds = evidence.reference == "confirmed"
        there = f"the reference is {evidence.reference}" if evidence.reference else "there is no reference"
        yield Check("reference", f"{title} that a person confirmed", holds, there)


def _fairness_measured(policy: Policy, figures: Figures, evidence: Evidence) -> Iterator[Check]:
    asked = policy.require_fairness == "always" or (policy.require_fairness == "where_declared" and evidence.protected)
    if not asked:
        return
    worst = min(figures.fairness, key=lambda measure: measure.score, default=None)
    if worst is not None:
        sentence = f"measured on {worst.rows:,} rows, the worst of {worst.attribute}"
    elif evidence.protected:
        sentence = "no closed window has enough rows in each group yet"
    else:
        sentence = "no protected attribute is declared, so that nothing can be measured"
    yield Check("fairness_measured", "A measurement of fairness", worst is not None, sentence)


def _outcomes(policy: Policy, evidence: Evidence, now: datetime) -> Iterator[Check]:
    if policy.labels_within_days is None:
        return
    until, days = evidence.outcomes_until, policy.labels_within_days
    holds = until is not None and now - until <= timedelta(days=days)
    told = "no outcome is known" if until is None else f"the newest known outcomes are of {until:%Y-%m-%d}"
    yield Check("recent_outcomes", f"Outcomes of the last {days:g} days", holds, told)


def _risk(policy: Policy, risk: Risk) -> Check:
    title = f"Risk below {policy.at_risk:g}"
    if risk.score is None:
        return Check("risk", title, None, "the risk is not known")
    return Check("risk", title, risk.score < policy.at_risk, f"the risk is {risk.score:.1f}")


def _fairness(policy: Policy, figures: Figures) -> Iterator[Check]:
    baseline = figures.fairness_baseline if policy.hold_fairness_baseline else None
    if policy.fairness_limit is not None:
        title = f"Fairness not below {policy.fairness_limit:g}"
        yield _held_to("fairness_limit", title, figures, policy.fairness_limit)
    if baseline is not None:
        title = f"Fairness not below the {baseline:g} of its registration"
        yield _held_to("fairness_baseline", title, figures, baseline)


def _held_to(code: str, title: str, figures: Figures, limit: float) -> Check:
    worst = min(figures.fairness, key=lambda measure: measure.score, default=None)
    if worst is None:
        return Check(code, title, None, "fairness was not measured")
    holds = not any(below(measure, limit) for measure in figures.fairness)
    return Check(code, title, holds, f"{worst.attribute} has {worst.score:.3g} (at most {worst.high:.3g})")


def _performance(policy: Policy, figures: Figures) -> Iterator[Check]:
    share = policy.performance_fall
    if share is None:
        return
    title = f"Performance within {share:.0%} of its standard"
    if not figures.performance:
        yield Check("performance", title, None, "performance was not measured on outcomes yet")
        return
    bad = [found for found in figures.performance if fallen(found, share)]
    told = (bad or figures.performance)[0]
    name = told.metric.replace("_", " ")
    sentence = f"{name} is {told.value:.4g}, its standard {told.standard:.4g}"
    yield Check("performance", title, not bad, sentence)


def _approvals(policy: Policy, evidence: Evidence) -> Iterator[Check]:
    if not policy.approvals:
        return
    title = f"{policy.approvals} approval{'s' if policy.approvals > 1 else ''} by {' or '.join(policy.approver_roles)}"
    if evidence.approvals is None:
        yield Check("approvals", title, None, "nobody has asked for a deployment yet")
        return
    holds = evidence.approvals >= policy.approvals
    yield Check("approvals", title, holds, f"{evidence.approvals} of {policy.approvals} given")
