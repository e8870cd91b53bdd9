"""May this version go into production, or stay there? The decision, with a named reason for every no.

Law:
- A version whose governance status is BLOCKED, or that was rejected, is refused.
- A policy may demand evidence: a reference, a confirmed one, a measurement of fairness, outcomes that are not too old.
  What was never measured is missing, and not fine.
- A policy may demand approvals by people of certain roles. They belong to the newest submission. Four eyes: whoever
  asked, by themselves or through a key that they made, directly or through other keys, does not count, and neither does
  any key, nor a one-time link of the machine: nobody can tell who holds it.
- A version that comes back because a newer one was rolled back was out of use, so what only time has made old (its
  outcomes) is no reason against it.
- What is in production stays there while its status is not BLOCKED. Evidence that ran out meanwhile is told and stops
  nothing: it was asked for when the decision was made. What came there by an override was never let through, so when
  that has run out, everything is asked that a deployment asks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from modelward.rules.governance_status import Reason
from modelward.rules.lifecycle import Stage
from modelward.rules.policy import Policy


class Refused(StrEnum):
    """The closed set of reasons."""

    BLOCKED = "blocked"
    REJECTED = "rejected"
    MISSING_REFERENCE = "missing_reference"
    UNCONFIRMED_REFERENCE = "unconfirmed_reference"
    MISSING_FAIRNESS = "missing_fairness"
    MISSING_LABELS = "missing_labels"
    LABELS_TOO_OLD = "labels_too_old"
    APPROVAL_MISSING = "approval_missing"
    FOUR_EYES = "four_eyes"
    NOT_AN_APPROVER = "not_an_approver"
    APPROVED_ALREADY = "approved_already"
    OVERRIDE_EXPIRED = "override_expired"
    NOT_IN_PRODUCTION = "not_in_production"


@dataclass(frozen=True)
class Approver:
    """Somebody who decides: the people and keys that act through them, and the role.

    `nameless`: it is a key or a one-time link, of which nobody can tell who holds it.
    """

    title: str
    role: str
    behind: frozenset[str]
    nameless: bool = False


@dataclass(frozen=True)
class Known:
    """What is known of a version at this moment."""

    stage: Stage
    blocked: bool
    blocked_because: tuple[str, ...] = ()
    risk_score: float | None = None
    reference: str | None = None
    """The status of the reference (`confirmed`, `provisional`); None where there is none."""
    protected: bool = False
    """Whether protected attributes are declared."""
    fairness_until: datetime | None = None
    """The end of the newest window in which fairness could be told."""
    labels_until: datetime | None = None
    """The end of the newest window of which outcomes are known."""
    requester: Approver | None = None
    approvals: tuple[Approver, ...] = ()


def gate(policy: Policy, known: Known, *, now: datetime, returning: bool = False) -> tuple[Reason, ...]:
    """The reasons against deploying; none: it may. `returning`: it comes back in place of one that is rolled back."""
    grounds = [*_standing(known), *_evidence(policy, known, now=now, returning=returning)]
    return (*grounds, *_approvals(policy, known))


def may_approve(
    policy: Policy, approver: Approver, *, requester: Approver | None, approvals: Sequence[Approver]
) -> Reason | None:
    """The reason why this approval cannot be given; None where it can."""
    if approver.role not in policy.approver_roles:
        wanted = _either(policy.approver_roles)
        return Reason(
            Refused.NOT_AN_APPROVER,
            f"The policy wants the approval of {wanted}, and {approver.title} is {_a(approver.role)}: ask one of them.",
            {"roles": sorted(policy.approver_roles), "role": approver.role},
        )
    if policy.four_eyes and (found := _same_eyes(approver, requester)):
        return found
    if any(approver.behind & other.behind for other in approvals):
        return Reason(
            Refused.APPROVED_ALREADY, f"{approver.title} has approved this submission already: another person has to."
        )
    return None


def staying(policy: Policy, known: Known, *, now: datetime, override_ended: bool) -> tuple[Reason, ...]:
    """The reasons against serving with a version that is in production; none: it may.

    `override_ended`: it was deployed against the gate, and the time that an admin gave it is over.
    """
    if not override_ended:
        return tuple(_standing(known))
    grounds = gate(policy, known, now=now)
    if not grounds:
        return ()
    sentence = (
        "It was deployed by an override, which has run out: mend what stands against it, or override again and say why."
    )
    return (Reason(Refused.OVERRIDE_EXPIRED, sentence), *grounds)


def _standing(known: Known) -> list[Reason]:
    grounds = []
    if known.blocked:
        because = "; ".join(known.blocked_because) or "the policy's limits are passed"
        grounds.append(
            Reason(
                Refused.BLOCKED,
                f"Its governance status is BLOCKED: {because}.",
                {"risk_score": known.risk_score, "reasons": list(known.blocked_because)},
            )
        )
    if known.stage is Stage.REJECTED:
        grounds.append(Reason(Refused.REJECTED, "It was rejected: mend what was said, and submit it again."))
    return grounds


def _evidence(policy: Policy, known: Known, *, now: datetime, returning: bool) -> list[Reason]:
    grounds = _reference(policy.require_reference, known.reference)
    fair = policy.require_fairness == "always" or (policy.require_fairness == "where_declared" and known.protected)
    if fair and known.fairness_until is None:
        sentence = (
            "The policy asks for a measurement of fairness, and no window has one: declare the protected attributes, "
            "and send enough predictions of each group."
        )
        grounds.append(Reason(Refused.MISSING_FAIRNESS, sentence))
    if policy.labels_within_days is not None:
        grounds += _labels(policy.labels_within_days, known.labels_until, now=now, returning=returning)
    return grounds


def _reference(required: str, reference: str | None) -> list[Reason]:
    if required == "none" or reference == "confirmed":
        return []
    if reference is None:
        sentence = "The policy asks for a reference, and there is none: upload one, or name a window of the events."
        return [Reason(Refused.MISSING_REFERENCE, sentence)]
    if required == "any":
        return []
    sentence = "The policy asks for a reference that a person confirmed, and this one is provisional: confirm it."
    return [Reason(Refused.UNCONFIRMED_REFERENCE, sentence)]


def _labels(within: float, until: datetime | None, *, now: datetime, returning: bool) -> list[Reason]:
    if until is None:
        sentence = f"The policy asks for outcomes of the last {within:g} days, and none is known: send them."
        return [Reason(Refused.MISSING_LABELS, sentence)]
    if until >= now - timedelta(days=within) or returning:
        return []
    sentence = (
        f"The policy asks for outcomes of the last {within:g} days, and the newest are of {until:%Y-%m-%d %H:%M} UTC: "
        "send newer ones."
    )
    return [Reason(Refused.LABELS_TOO_OLD, sentence, {"until": until.isoformat(), "within_days": within})]


def _approvals(policy: Policy, known: Known) -> list[Reason]:
    if not policy.approvals:
        return []
    counted = _counted(policy, known)
    grounds = []
    for approver in known.approvals:
        seen = _same_eyes(approver, known.requester) if policy.four_eyes else None
        grounds += [seen] if seen else []
    missing = policy.approvals - len(counted)
    if missing <= 0:
        return []
    word = "an approval" if missing == 1 else f"{missing} approvals"
    have = f"{len(counted)} of {policy.approvals} is there" if policy.approvals > 1 else "there is none"
    first = "" if known.stage is Stage.SUBMITTED or known.requester else " Submit it, so that they can decide."
    ground = Reason(
        Refused.APPROVAL_MISSING,
        f"{word[:1].upper() + word[1:]} by {_either(policy.approver_roles)} is missing ({have}).{first}",
        {"needed": policy.approvals, "given": len(counted), "roles": sorted(policy.approver_roles)},
    )
    return [ground, *grounds]


def _counted(policy: Policy, known: Known) -> list[Approver]:
    """The approvals that count: by the right roles, by different people, and not by whoever asked."""
    counted: list[Approver] = []
    for approver in known.approvals:
        ground = may_approve(policy, approver, requester=known.requester, approvals=counted)
        if ground is None:
            counted.append(approver)
    return counted


def enough(policy: Policy, known: Known) -> bool:
    """Whether the approvals that there are suffice; one is always needed where somebody was asked to approve."""
    return len(_counted(policy, known)) >= max(1, policy.approvals)


def _same_eyes(approver: Approver, requester: Approver | None) -> Reason | None:
    if approver.nameless:
        sentence = (
            f"The policy asks for four eyes, and nobody can tell who is behind {approver.title}: a person has to sign "
            "in and approve."
        )
        return Reason(Refused.FOUR_EYES, sentence)
    if requester is not None and approver.behind & requester.behind:
        how = "through a key" if requester.nameless else "themselves"
        sentence = (
            f"The policy asks for four eyes, and {approver.title} submitted this version {how}: somebody else has to "
            "approve it."
        )
        return Reason(Refused.FOUR_EYES, sentence)
    return None


def _either(roles: Iterable[str]) -> str:
    return " or ".join(_a(role) for role in sorted(roles, reverse=True)) or "nobody"


def _a(role: str) -> str:
    return f"{'an' if role[:1] in 'aeiou' else 'a'} {role}"
