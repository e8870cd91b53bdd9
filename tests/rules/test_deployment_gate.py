from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from modelward.rules.deployment_gate import Approver, Known, Refused, enough, gate, may_approve, staying
from modelward.rules.lifecycle import Stage
from modelward.rules.policy import Policy

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OPEN = Policy(require_reference="none", require_fairness="never", approvals=0)
ADA = Approver("ada@example.org", "admin", frozenset({"user:1"}))
BEN = Approver("ben@example.org", "owner", frozenset({"user:2"}))
EVE = Approver("eve@example.org", "member", frozenset({"user:3"}))
ADAS_KEY = Approver('the admin key "ci"', "admin", frozenset({"key:7", "user:1"}), nameless=True)
DRAFT = Known(Stage.DRAFT, blocked=False)
STRICT = replace(OPEN, approvals=1, require_reference="any", require_fairness="always", labels_within_days=30)
COMPLETE = Known(
    Stage.APPROVED,
    blocked=False,
    reference="confirmed",
    fairness_until=NOW,
    labels_until=NOW - timedelta(days=1),
    requester=EVE,
    approvals=(ADA,),
)


def codes(grounds):
    return [str(ground.code) for ground in grounds]


def test_without_demands_a_draft_may_be_deployed_at_once():
    assert gate(OPEN, DRAFT, now=NOW) == ()


def test_a_blocked_version_is_refused_and_says_why():
    known = replace(DRAFT, blocked=True, blocked_because=("risk 86 of 100",), risk_score=86.0)
    (ground,) = gate(OPEN, known, now=NOW)
    assert ground.code == Refused.BLOCKED
    assert "risk 86 of 100" in ground.sentence
    assert ground.evidence["risk_score"] == 86.0


def test_a_rejected_version_is_refused_until_it_is_submitted_again():
    assert codes(gate(OPEN, replace(DRAFT, stage=Stage.REJECTED), now=NOW)) == ["rejected"]
    assert gate(OPEN, replace(DRAFT, stage=Stage.SUBMITTED), now=NOW) == ()


def test_every_demand_that_is_not_met_is_named():
    wanted = ["missing_reference", "missing_fairness", "missing_labels", "approval_missing"]
    assert codes(gate(STRICT, DRAFT, now=NOW)) == wanted
    assert gate(STRICT, COMPLETE, now=NOW) == ()


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({"reference": None}, "missing_reference"),
        ({"fairness_until": None}, "missing_fairness"),
        ({"labels_until": None}, "missing_labels"),
        ({"labels_until": NOW - timedelta(days=31)}, "labels_too_old"),
        ({"approvals": ()}, "approval_missing"),
    ],
)
def test_one_thing_that_is_missing_is_one_reason(lacking, code):
    assert codes(gate(STRICT, replace(COMPLETE, **lacking), now=NOW)) == [code]


def test_a_version_that_comes_back_is_not_refused_for_what_only_time_has_made_old():
    old = replace(COMPLETE, labels_until=NOW - timedelta(days=200))
    assert gate(STRICT, old, now=NOW, returning=True) == ()
    assert codes(gate(STRICT, replace(old, blocked=True), now=NOW, returning=True)) == ["blocked"]


@pytest.mark.parametrize("requester", [ADA, ADAS_KEY])
def test_whoever_asked_cannot_approve_nor_through_a_key_of_theirs(requester):
    ground = may_approve(STRICT, ADA, requester=requester, approvals=())
    assert ground is not None
    assert ground.code == Refused.FOUR_EYES
    found = gate(STRICT, replace(COMPLETE, requester=requester), now=NOW)
    assert codes(found) == ["approval_missing", "four_eyes"]


def test_a_key_is_no_pair_of_eyes():
    ground = may_approve(STRICT, ADAS_KEY, requester=EVE, approvals=())
    assert ground is not None
    assert ground.code == Refused.FOUR_EYES
    assert "who is behind" in ground.sentence
    assert may_approve(replace(STRICT, four_eyes=False), ADAS_KEY, requester=EVE, approvals=()) is None


def test_only_the_roles_of_the_policy_approve():
    ground = may_approve(STRICT, EVE, requester=BEN, approvals=())
    assert ground is not None
    assert ground.code == Refused.NOT_AN_APPROVER
    assert "an owner or an admin" in ground.sentence
    assert "a member" in ground.sentence


def test_two_approvals_are_those_of_two_people():
    two = replace(STRICT, approvals=2)
    again = may_approve(two, ADA, requester=EVE, approvals=(ADA,))
    assert again is not None
    assert again.code == Refused.APPROVED_ALREADY
    (ground,) = gate(two, COMPLETE, now=NOW)
    assert "1 of 2 is there" in ground.sentence
    assert not enough(two, COMPLETE)
    assert enough(two, replace(COMPLETE, approvals=(ADA, BEN)))


def test_without_a_demand_one_approval_is_enough_where_somebody_asked():
    assert not enough(OPEN, replace(DRAFT, stage=Stage.SUBMITTED))
    assert enough(OPEN, replace(COMPLETE, stage=Stage.SUBMITTED))


def test_what_is_in_production_stays_there_until_it_is_blocked():
    aged = replace(COMPLETE, stage=Stage.DEPLOYED, labels_until=None, approvals=())
    assert staying(STRICT, aged, now=NOW, override_ended=False) == ()
    assert codes(staying(STRICT, replace(aged, blocked=True), now=NOW, override_ended=False)) == ["blocked"]


def test_after_an_override_the_gate_holds_again():
    blocked = Known(Stage.DEPLOYED, blocked=True)
    assert codes(staying(OPEN, blocked, now=NOW, override_ended=True)) == ["override_expired", "blocked"]
    unapproved = replace(COMPLETE, stage=Stage.DEPLOYED, approvals=())
    found = staying(STRICT, unapproved, now=NOW, override_ended=True)
    assert codes(found) == ["override_expired", "approval_missing"]
    assert staying(OPEN, Known(Stage.DEPLOYED, blocked=False), now=NOW, override_ended=True) == ()


def test_a_confirmed_reference_is_asked_for_by_name():
    confirmed = replace(OPEN, require_reference="confirmed")
    assert codes(gate(confirmed, replace(DRAFT, reference="provisional"), now=NOW)) == ["unconfirmed_reference"]
    assert gate(confirmed, replace(DRAFT, reference="confirmed"), now=NOW) == ()


def test_fairness_is_asked_for_where_somebody_declared_whom_to_protect():
    declared = replace(OPEN, require_fairness="where_declared")
    assert gate(declared, DRAFT, now=NOW) == ()
    assert codes(gate(declared, replace(DRAFT, protected=True), now=NOW)) == ["missing_fairness"]
