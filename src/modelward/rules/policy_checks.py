"""The checks of a policy, which a model passes, fails, or cannot be held to: compliance is the share that it passes.

What a deployment needs is asked of the deployment gate itself, so that the page (how far is this model from what we
ask?) and whoever decides (what is missing?) always say the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modelward.rules.deployment_gate import Known, Refused, gate
from modelward.rules.governance_status import Figures, Reason, below, fallen
from modelward.rules.lifecycle import Stage
from modelward.rules.policy import Policy
from modelward.rules.risk import Risk


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


def policy_checks(policy: Policy, risk: Risk, figures: Figures, known: Known, *, now: datetime) -> tuple[Check, ...]:
    """Every check that the policy asks for, in the order in which a person would go through them."""
    missing = {Refused(reason.code): reason for reason in gate(policy, known, now=now)}
    return (
        *_reference(policy, known, missing),
        *_fairness_measured(policy, known, missing),
        *_outcomes(policy, known, missing),
        _risk(policy, risk),
        *_fairness(policy, figures),
        *_performance(policy, figures),
        *_approvals(policy, known, missing),
    )


def compliance(checks: Sequence[Check]) -> float | None:
    """The share of the checks that hold, from 0 to 1, of those that something can be said of."""
    said = [check.holds for check in checks if check.holds is not None]
    return sum(said) / len(said) if said else None


_Missing = Mapping[Refused, Reason]


def _reference(policy: Policy, known: Known, missing: _Missing) -> Iterator[Check]:
    if policy.require_reference == "none":
        return
    title = "A reference that a person confirmed" if policy.require_reference == "confirmed" else "A reference"
    fine = f"the reference is {known.reference}"
    yield _unless("reference", title, missing, (Refused.MISSING_REFERENCE, Refused.UNCONFIRMED_REFERENCE), fine)


def _fairness_measured(policy: Policy, known: Known, missing: _Missing) -> Iterator[Check]:
    if policy.require_fairness == "always" or (policy.require_fairness == "where_declared" and known.protected):
        fine = "it was measured" + (f" until {known.fairness_until:%Y-%m-%d}" if known.fairness_until else "")
        yield _unless("fairness_measured", "A measurement of fairness", missing, (Refused.MISSING_FAIRNESS,), fine)


def _outcomes(policy: Policy, known: Known, missing: _Missing) -> Iterator[Check]:
    if policy.labels_within_days is None:
        return
    title = f"Outcomes of the last {policy.labels_within_days:g} days"
    fine = f"the newest are of {known.labels_until:%Y-%m-%d}" if known.labels_until else ""
    yield _unless("recent_outcomes", title, missing, (Refused.MISSING_LABELS, Refused.LABELS_TOO_OLD), fine)


def _unless(code: str, title: str, missing: _Missing, refusals: Sequence[Refused], fine: str) -> Check:
    """A check that holds unless the gate refuses for one of these."""
    found = next((missing[refusal] for refusal in refusals if refusal in missing), None)
    return Check(code, title, found is None, found.sentence.rstrip(".") if found else fine)


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


def _approvals(policy: Policy, known: Known, missing: _Missing) -> Iterator[Check]:
    if not policy.approvals:
        return
    title = f"{policy.approvals} approval{'s' if policy.approvals > 1 else ''} by {' or '.join(policy.approver_roles)}"
    if known.requester is None and known.stage is Stage.DRAFT:
        yield Check("approvals", title, None, "nobody has asked for a deployment yet")
        return
    yield _unless("approvals", title, missing, (Refused.APPROVAL_MISSING,), "given")
