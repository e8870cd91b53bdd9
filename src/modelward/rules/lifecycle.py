"""The life of one version of a model: one table of transitions.

Law:
- A version begins as a draft. It may be deployed at once; whether that is allowed is for the gate to say, not for this
  table (`rules/deployment_gate.py`), and policies that ask for approvals make it refuse until there are enough.
- Only what was submitted can be approved or rejected; an approval can be taken back by rejecting, until deployment.
- What was rejected, rolled back, retired, or sent to be retrained comes back by being submitted again. Approvals belong
  to one submission, so they begin anew with the next. What is deployed can be submitted too: by an override it came
  there without the approvals that it lacks.
- The stage says how far a version has come; its place says whether it is in production now. Asking for retraining and
  submitting again leave the place as it is: a model that is to be replaced goes on serving until something takes its
  place. Rejecting, rolling back and retiring take it out of production.
- Whoever ends something that others rely on says why: rejecting, rolling back and retiring need a justification.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal


class Stage(StrEnum):
    """How far a version has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    DEPLOYED = "deployed"
    RETIRED = "retired"
    RETRAINING = "retraining_requested"
    ROLLED_BACK = "rolled_back"


class Place(StrEnum):
    """Where a version stands in production. Of one name there is at most one champion."""

    CHAMPION = "champion"  # its predictions are answers
    CHALLENGER = "challenger"  # it predicts in the shadow, to be compared with the champion


class Action(StrEnum):
    """What somebody asks for."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    DEPLOY = "deploy"
    ROLL_BACK = "roll_back"
    REQUEST_RETRAINING = "request_retraining"
    RETIRE = "retire"


@dataclass(frozen=True)
class Step:
    """One line of the table: from which stages an action leads where, who may ask for it, and what it needs."""

    action: Action
    before: frozenset[Stage]
    after: Stage
    right: Literal["edit", "admin"]
    justified: bool = False
    """Whether it needs a justification."""
    leaves: bool = False
    """Whether the version leaves production."""
    from_production: bool = False
    """Whether only a version that is in production can do so."""


def _step(action: Action, before: tuple[Stage, ...], after: Stage, **more: bool) -> Step:
    return Step(action, frozenset(before), after, "edit", **more)


TABLE: Final = (
    _step(
        Action.SUBMIT,
        (Stage.DRAFT, Stage.REJECTED, Stage.DEPLOYED, Stage.RETRAINING, Stage.ROLLED_BACK, Stage.RETIRED),
        Stage.SUBMITTED,
    ),
    _step(Action.APPROVE, (Stage.SUBMITTED,), Stage.APPROVED),
    _step(Action.REJECT, (Stage.SUBMITTED, Stage.APPROVED), Stage.REJECTED, justified=True, leaves=True),
    _step(Action.DEPLOY, tuple(Stage), Stage.DEPLOYED),
    _step(
        Action.ROLL_BACK,
        (Stage.DEPLOYED, Stage.RETRAINING, Stage.SUBMITTED, Stage.APPROVED),
        Stage.ROLLED_BACK,
        justified=True,
        leaves=True,
        from_production=True,
    ),
    _step(
        Action.REQUEST_RETRAINING,
        (Stage.DRAFT, Stage.APPROVED, Stage.REJECTED, Stage.DEPLOYED, Stage.ROLLED_BACK),
        Stage.RETRAINING,
    ),
    _step(
        Action.RETIRE,
        tuple(stage for stage in Stage if stage is not Stage.RETIRED),
        Stage.RETIRED,
        justified=True,
        leaves=True,
    ),
)
STEPS: Final[Mapping[Action, Step]] = {step.action: step for step in TABLE}

WORDS: Final[Mapping[Stage, str]] = {
    Stage.DRAFT: "a draft",
    Stage.SUBMITTED: "submitted",
    Stage.APPROVED: "approved",
    Stage.REJECTED: "rejected",
    Stage.DEPLOYED: "deployed",
    Stage.RETIRED: "retired",
    Stage.RETRAINING: "to be retrained",
    Stage.ROLLED_BACK: "rolled back",
}
_VERBS: Final[Mapping[Action, str]] = {
    Action.SUBMIT: "submitted",
    Action.APPROVE: "approved",
    Action.REJECT: "rejected",
    Action.DEPLOY: "deployed",
    Action.ROLL_BACK: "rolled back",
    Action.REQUEST_RETRAINING: "sent to be retrained",
    Action.RETIRE: "retired",
}
_INSTEAD: Final[Mapping[Action, str]] = {
    Action.SUBMIT: "what it waits for is a decision, or nothing",
    Action.APPROVE: "submit it first",
    Action.REJECT: "submit it first, or retire it",
    Action.ROLL_BACK: "deploy it first, or retire it",
    Action.REQUEST_RETRAINING: "decide first whether it is approved or rejected, or register the retrained version",
    Action.RETIRE: "it is out of use already",
}


def possible(stage: Stage, place: Place | None) -> tuple[Action, ...]:
    """What the table allows now, in the order in which it stands there; the gate may still refuse a deployment."""
    return tuple(step.action for step in TABLE if _fits(step, stage, place))


def refusal(action: Action, stage: Stage, place: Place | None) -> str | None:
    """Why the table does not allow this, as a sentence that says what to do; None where it does."""
    step = STEPS[action]
    if _fits(step, stage, place):
        return None
    if stage in step.before:
        return f"This version is not in production, so it cannot be {_VERBS[action]}: {_INSTEAD[action]}."
    return f"This version is {WORDS[stage]}, so it cannot be {_VERBS[action]}: {_INSTEAD[action]}."


def _fits(step: Step, stage: Stage, place: Place | None) -> bool:
    return stage in step.before and (place is not None or not step.from_production)
