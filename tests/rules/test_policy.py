"""A policy, and how the more particular one overrides the more general; then the status that it makes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from modelward.rules.deployment_gate import Approver, Known
from modelward.rules.governance_status import Figures, GovernanceStatus, PerformanceMeasure, decide_status
from modelward.rules.lifecycle import Stage
from modelward.rules.policy import BUILT_IN, Policy, merged, origins
from modelward.rules.policy_checks import compliance, policy_checks
from modelward.rules.risk import Component, FairnessMeasure, Risk, Unmeasured


def test_a_policy_is_its_json() -> None:
    policy = Policy(approver_roles=("admin",), fairness_limit=None, labels_within_days=30)
    assert Policy.from_dict(policy.to_dict()) == policy
    assert Policy.from_dict({}) == BUILT_IN


def test_only_what_a_level_names_overrides_the_more_general() -> None:
    organisation = {"at_risk": 40.0, "approvals": 2}
    project = {"approvals": 1, "fairness_limit": None}
    policy = merged(organisation, project, {})
    assert (policy.at_risk, policy.approvals, policy.fairness_limit, policy.blocked) == (40.0, 1, None, 80.0)
    of = origins([("organisation", organisation), ("project", project)])
    assert (of["at_risk"], of["approvals"], of["blocked"]) == ("organisation", "project", "built_in")


@pytest.mark.parametrize(
    ("wire", "said"),
    [
        ({"at_risc": 40}, "'at_risc' is not part of a policy; there are weight_drift"),
        ({"at_risk": 90}, "at_risk (90) must be above 0, blocked (80) not below it"),
        ({"blocked": 101}, "at most 100"),
        ({"weight_drift": -1}, "a weight cannot be negative"),
        ({"weight_drift": 0, "weight_fairness": 0}, "one of the weights must be above 0"),
        ({"weight_drift": float("nan")}, "weight_drift must be a number"),
        ({"at_risk": "50"}, "at_risk must be a number"),
        ({"at_risk": True}, "at_risk must be a number"),
        ({"fairness_limit": 1.2}, "fairness_limit is above 0 and up to 1"),
        ({"performance_fall": 0}, "performance_fall is above 0 and up to 1"),
        ({"labels_within_days": -1}, "labels_within_days is a number of days above 0"),
        ({"require_reference": "yes"}, "require_reference must be one of none, any, confirmed"),
        ({"require_fairness": None}, "require_fairness must be one of never, where_declared, always"),
        ({"approvals": 1.5}, "approvals is a whole number from 0 to 10"),
        ({"approver_roles": []}, "approver_roles is a list of one or more of owner, admin, member"),
        ({"approver_roles": ["viewer"]}, "approver_roles is a list"),
        ({"four_eyes": 1}, "four_eyes must be true or false"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(wire: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace(")", r"\)")):
        Policy.from_dict(wire)


def risk(score: float | None) -> Risk:
    if score is None:
        return Risk(None, (), (Unmeasured("drift", "drift, because nothing came"),))
    return Risk(score, (Component("drift", score, "drift", weight=1.0),))


@pytest.mark.parametrize(
    ("score", "status", "code"),
    [
        (0.0, "APPROVED", "risk_low"),
        (49.99, "APPROVED", "risk_low"),
        (50.0, "AT_RISK", "risk_at_risk"),
        (79.99, "AT_RISK", "risk_at_risk"),
        (80.0, "BLOCKED", "risk_blocked"),
        (100.0, "BLOCKED", "risk_blocked"),
    ],
)
def test_the_risk_decides_by_the_thresholds(score: float, status: str, code: str) -> None:
    found = decide_status(risk(score), Figures(), BUILT_IN)
    assert (found.status, [reason.code for reason in found.reasons]) == (status, [code])


def test_nothing_measured_is_no_approval() -> None:
    found = decide_status(risk(None), Figures(), BUILT_IN)
    assert (found.status, found.reasons[0].code) == (None, "nothing_measured")


def unfair(score: float, high: float) -> Figures:
    return Figures(fairness=(FairnessMeasure("sex", score, score - 0.1, high, 900),), fairness_baseline=0.95)


def test_fairness_blocks_only_when_its_whole_interval_is_below_the_limit() -> None:
    sure = decide_status(risk(10), unfair(0.7, 0.78), BUILT_IN)
    assert (sure.status, sure.reasons[0].code) == (GovernanceStatus.BLOCKED, "fairness_below_limit")
    assert "sex is 0.7 (interval 0.6 to 0.78); the policy's limit is 0.8" in sure.reasons[0].sentence
    unsure = decide_status(risk(10), unfair(0.78, 0.97), BUILT_IN)
    assert unsure.status is GovernanceStatus.APPROVED


def test_a_model_is_held_to_the_fairness_that_it_was_registered_with() -> None:
    found = decide_status(risk(10), unfair(0.88, 0.92), BUILT_IN)
    assert (found.status, found.reasons[0].code) == (GovernanceStatus.BLOCKED, "fairness_below_baseline")
    freed = decide_status(risk(10), unfair(0.88, 0.92), Policy(hold_fairness_baseline=False))
    assert freed.status is GovernanceStatus.APPROVED


@pytest.mark.parametrize(
    ("metric", "value", "low", "high", "blocked"),
    [
        ("accuracy", 0.70, 0.68, 0.72, True),
        ("accuracy", 0.70, 0.60, 0.80, False),
        ("accuracy", 0.80, 0.79, 0.81, False),
        ("mean_absolute_error", 1.3, 1.2, 1.4, True),
        ("mean_absolute_error", 0.7, 0.6, 0.8, False),
    ],
)
def test_performance_blocks_when_it_lost_its_share_by_all_of_its_interval(
    metric: str, value: float, low: float, high: float, blocked: bool
) -> None:
    standard = 0.9 if metric == "accuracy" else 1.0
    figures = Figures(performance=(PerformanceMeasure(metric, value, low, high, standard, "at registration", 500),))
    found = decide_status(risk(10), figures, BUILT_IN)
    assert (found.status is GovernanceStatus.BLOCKED) is blocked
    assert decide_status(risk(10), figures, Policy(performance_fall=None)).status is GovernanceStatus.APPROVED


def test_a_hard_limit_blocks_without_any_risk_and_the_risk_is_told_beside_it() -> None:
    figures = unfair(0.5, 0.6)
    assert decide_status(risk(None), figures, BUILT_IN).status is GovernanceStatus.BLOCKED
    codes = [reason.code for reason in decide_status(risk(60), figures, BUILT_IN).reasons]
    assert codes == ["fairness_below_limit", "risk_at_risk"]


NOW = datetime(2026, 3, 1, tzinfo=UTC)
NO_FIGURES = Figures()
ASKED = Approver("Eve", "member", frozenset({"user:9"}))
PEOPLE = tuple(Approver(name, "admin", frozenset({f"user:{n}"})) for n, name in enumerate(("Ada", "Grace")))


def known(*approvals: Approver, reference: str | None = None, **more: Any) -> Known:
    """A version; with approvals, one that was submitted."""
    if approvals:
        more |= {"stage": Stage.SUBMITTED, "requester": ASKED, "approvals": approvals}
    return Known(**{"stage": Stage.DRAFT, "blocked": False, "reference": reference, **more})


WATCHFUL = Policy(require_reference="any", require_fairness="where_declared", approvals=1)


def checks(policy: Policy, evidence: Known, figures: Figures = NO_FIGURES, score: float | None = 10) -> dict[str, Any]:
    return {c.code: c.holds for c in policy_checks(policy, risk(score), figures, evidence, now=NOW)}


def test_the_built_in_policy_asks_for_no_evidence_and_no_approval() -> None:
    assert set(checks(BUILT_IN, known())) == {"risk", "fairness_limit", "performance"}


def test_a_policy_may_ask_for_a_reference_and_for_fairness_where_it_is_declared() -> None:
    assert checks(WATCHFUL, known()) == {
        "reference": False,
        "risk": True,
        "fairness_limit": None,
        "performance": None,
        "approvals": None,
    }
    found = checks(WATCHFUL, known(reference="provisional", protected=True, fairness_until=NOW), unfair(0.99, 1.0))
    assert (found["reference"], found["fairness_measured"], found["fairness_baseline"]) == (True, True, True)
    assert checks(WATCHFUL, known(protected=True))["fairness_measured"] is False


@pytest.mark.parametrize(
    ("policy", "evidence", "code", "holds"),
    [
        (Policy(require_reference="confirmed"), known(reference="provisional"), "reference", False),
        (Policy(require_reference="confirmed"), known(reference="confirmed"), "reference", True),
        (Policy(require_fairness="always"), known(), "fairness_measured", False),
        (Policy(labels_within_days=30), known(labels_until=NOW - timedelta(days=30)), "recent_outcomes", True),
        (Policy(labels_within_days=30), known(labels_until=NOW - timedelta(days=31)), "recent_outcomes", False),
        (Policy(labels_within_days=30), known(), "recent_outcomes", False),
        (Policy(approvals=2), known(*PEOPLE[:1]), "approvals", False),
        (Policy(approvals=2), known(*PEOPLE), "approvals", True),
    ],
)
def test_each_check_holds_or_not(policy: Policy, evidence: Known, code: str, holds: bool) -> None:
    assert checks(policy, evidence)[code] is holds


def test_what_a_policy_does_not_ask_for_is_no_check() -> None:
    nothing = Policy(
        require_reference="none", require_fairness="never", fairness_limit=None, performance_fall=None, approvals=0
    )
    assert checks(nothing, known(protected=True)) == {"risk": True}


def test_compliance_is_the_share_that_holds_of_what_can_be_said() -> None:
    found = policy_checks(WATCHFUL, risk(60), unfair(0.99, 1.0), known(reference="confirmed"), now=NOW)
    assert compliance(found) == pytest.approx(3 / 4), "reference, two of fairness, but not the risk"
    assert compliance([]) is None
