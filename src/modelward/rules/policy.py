"""What an organisation asks of its models: a policy, and how the more particular one overrides the more general.

A policy is written down by what it names: what an organisation, a project and a model name is laid over the built-in
policy, in that order. What none of them names keeps its starting value.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from modelward.rules.risk import DRIFT, FAIRNESS

REFERENCES = ("none", "any", "confirmed")
FAIRNESS_NEEDS = ("never", "where_declared", "always")
APPROVERS = ("owner", "admin", "member")
MOST_APPROVALS = 10
MOST_DAYS = 3650


@dataclass(frozen=True)
class Policy:
    """Weights, thresholds, hard limits, required evidence and approvals.

    The risk is weighed by `weight_drift` and `weight_fairness`, which need not add up to 1. From `at_risk` on a model
    is AT_RISK, from `blocked` on BLOCKED. Hard limits block whatever the risk is; None takes one out of force:
    `fairness_limit` (a fairness score below it, with the upper end of its interval), `performance_fall` (a metric
    that lost this share of its standard, with its interval), and `hold_fairness_baseline` (the score given at
    registration is kept).

    A deployment needs as evidence a reference (`require_reference`: none, any, or one that a person confirmed), a
    measurement of fairness (`require_fairness`: never, where protected attributes are declared, or always), and
    outcomes of the last `labels_within_days`; and `approvals` by people of the `approver_roles`. With `four_eyes`
    whoever asked for the deployment cannot approve it. The starting values ask for none of these: predictions come from
    a model that is deployed, so evidence could not be there before, and a team of one has nobody to approve.

    Raises:
        ValueError: a value that cannot be meant, in a sentence.
    """

    weight_drift: float = 0.6
    weight_fairness: float = 0.4
    at_risk: float = 50.0
    blocked: float = 80.0
    fairness_limit: float | None = 0.8
    hold_fairness_baseline: bool = True
    performance_fall: float | None = 0.15
    require_reference: str = "none"
    require_fairness: str = "never"
    labels_within_days: float | None = None
    approvals: int = 0
    approver_roles: tuple[str, ...] = ("owner", "admin")
    four_eyes: bool = True

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise ValueError(problem)

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each component of the risk."""
        return {DRIFT: self.weight_drift, FAIRNESS: self.weight_fairness}

    def to_dict(self) -> dict[str, Any]:
        """The policy as JSON holds it."""
        return {**asdict(self), "approver_roles": list(self.approver_roles)}

    @classmethod
    def from_dict(cls, wire: Mapping[str, Any]) -> Self:
        """The policy from its JSON; what is not named keeps its starting value.

        Raises:
            ValueError: an unknown name or an impossible value, in a sentence.
        """
        known = [entry.name for entry in fields(cls)]
        if unknown := sorted(set(wire) - set(known)):
            raise ValueError(f"{unknown[0]!r} is not part of a policy; there are {', '.join(known)}")
        roles = wire.get("approver_roles")
        return cls(**{**wire, **({"approver_roles": tuple(roles)} if isinstance(roles, list) else {})})


def merged(*named: Mapping[str, Any]) -> Policy:
    """The policy of a model, from what each level names, the most general first.

    Raises:
        ValueError: an unknown name, or values that cannot hold together, in a sentence.
    """
    together: dict[str, Any] = {}
    for level in named:
        together |= level
    return Policy.from_dict(together)


def origins(named: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Of each field the name of the level that it comes from; `built_in` where no level names it."""
    of = {entry.name: "built_in" for entry in fields(Policy)}
    for level, body in named:
        of |= dict.fromkeys(body, level)
    return of


def _problems(policy: Policy) -> list[str]:
    return _misfits(policy) or _impossible(policy)


def _misfits(policy: Policy) -> list[str]:
    """What is not of the kind that the other checks count with."""
    optional = ("fairness_limit", "performance_fall", "labels_within_days")
    given = tuple(name for name in optional if getattr(policy, name) is not None)
    numbers = ("weight_drift", "weight_fairness", "at_risk", "blocked", *given)
    truths = ("hold_fairness_baseline", "four_eyes")
    return [
        *(f"{name} must be a number" for name in numbers if not _is_number(getattr(policy, name))),
        *(f"{name} must be true or false" for name in truths if not isinstance(getattr(policy, name), bool)),
    ]


def _impossible(policy: Policy) -> list[str]:
    shares = {name: getattr(policy, name) for name in ("fairness_limit", "performance_fall")}
    days, roles = policy.labels_within_days, policy.approver_roles
    found = [
        (min(policy.weight_drift, policy.weight_fairness) < 0, "a weight cannot be negative"),
        (policy.weight_drift + policy.weight_fairness <= 0, "one of the weights must be above 0"),
        (
            not 0 < policy.at_risk <= policy.blocked <= 100,
            f"at_risk ({policy.at_risk:g}) must be above 0, blocked ({policy.blocked:g}) not below it and at most 100",
        ),
        *(
            (share is not None and not 0 < share <= 1, f"{name} is above 0 and up to 1; null takes it out of force")
            for name, share in shares.items()
        ),
        (
            days is not None and not 0 < days <= MOST_DAYS,
            f"labels_within_days is a number of days above 0 and up to {MOST_DAYS:,}; null asks for none",
        ),
        (policy.require_reference not in REFERENCES, f"require_reference must be one of {', '.join(REFERENCES)}"),
        (policy.require_fairness not in FAIRNESS_NEEDS, f"require_fairness must be one of {', '.join(FAIRNESS_NEEDS)}"),
        (
            not _is_whole(policy.approvals) or not 0 <= policy.approvals <= MOST_APPROVALS,
            f"approvals is a whole number from 0 to {MOST_APPROVALS}",
        ),
        (not _are_roles(roles), f"approver_roles is a list of one or more of {', '.join(APPROVERS)}"),
    ]
    return [sentence for wrong, sentence in found if wrong]


def _are_roles(roles: Any) -> bool:
    return isinstance(roles, tuple) and bool(roles) and all(role in APPROVERS for role in roles)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


BUILT_IN = Policy()
"""What holds where nobody wrote anything: version 0."""
