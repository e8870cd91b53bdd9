"""Moving a version: the one place where its stage changes, with the row, the audit entry and the signal of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal, Right
from modelward.audit.author import SYSTEM, Author
from modelward.audit.service import record
from modelward.errors import Conflict, FieldError, Forbidden, Invalid
from modelward.governance.lifecycle_tables import Transition
from modelward.governance.people import approver_of
from modelward.governance.sight import Sight
from modelward.registry.tables import Model
from modelward.rules.deployment_gate import Approver
from modelward.rules.governance_status import Reason
from modelward.rules.lifecycle import STEPS, WORDS, Action, Place, Stage, refusal
from modelward.signals.service import emit

SIGNAL = "deployment"
EXPIRE = "expire"
"""The end of an override: no action that anybody asks for."""
LONGEST_JUSTIFICATION = 4_000

_TOLD = {
    Action.SUBMIT.value: "submitted",
    Action.APPROVE.value: "approved",
    Action.REJECT.value: "rejected",
    Action.DEPLOY.value: "deployed",
    Action.ROLL_BACK.value: "rolled_back",
    Action.REQUEST_RETRAINING.value: "retraining_requested",
    Action.RETIRE.value: "retired",
    EXPIRE: "override_ended",
}


@dataclass(frozen=True)
class Deciding:
    """Whoever decides: for the audit chain, as a pair of eyes, and when."""

    author: Author
    approver: Approver
    at: datetime

    @property
    def wire(self) -> dict[str, Any]:
        """As JSON, as transitions and approvals keep it."""
        return {
            "title": self.author.title,
            "kind": self.author.kind,
            "id": self.author.id,
            "on_behalf_of": self.author.on_behalf_of,
            "role": self.approver.role,
            "behind": sorted(self.approver.behind),
        }


def deciding(session: Session, principal: Principal, *, now: datetime) -> Deciding:
    """The caller, as transitions keep them."""
    return Deciding(principal.author, approver_of(session, principal), now)


def by_itself(now: datetime) -> Deciding:
    """The service: nobody asked."""
    return Deciding(SYSTEM, Approver(SYSTEM.title, "system", frozenset()), now)


@dataclass(frozen=True)
class Why:
    """What a step rests on: what was said, what was seen, and what the gate said against it."""

    justification: str | None = None
    sight: Sight | None = None
    against: Sequence[Reason] = ()
    override: bool = False
    expires_at: datetime | None = None
    other: Model | None = None
    """The version that this one replaced or brought back."""


def lock_versions(session: Session, model: Model) -> list[Model]:
    """All versions of the model's name, as they are now, locked until the transaction ends: who decides takes turns."""
    same = (Model.project_id == model.project_id, Model.name == model.name)
    query = select(Model).where(*same).order_by(Model.id).with_for_update()
    return list(session.scalars(query, execution_options={"populate_existing": True}))


def champion_of(versions: Sequence[Model]) -> Model | None:
    """The version that is in production."""
    return next((version for version in versions if version.deployment_place == Place.CHAMPION), None)


def check_possible(action: Action, model: Model) -> None:
    """Raises:
    Conflict: the table of transitions does not allow this now.
    """
    said = refusal(action, Stage(model.deployment_status), place_of(model))
    if said is not None:
        raise Conflict(said)


def check_right(action: Action, principal: Principal) -> None:
    """Raises:
    Forbidden: the table asks for a right that the caller lacks.
    """
    right = Right(STEPS[action].right)
    if not principal.may(right):
        raise Forbidden(f"{principal.title} may not do this: it needs the right to {right.value}.")


def justified(action: Action, text: str | None) -> str | None:
    """The justification, tidied.

    Raises:
        Invalid: there is none, and the table asks for one.
    """
    said = said_in(text)
    if said is None and STEPS[action].justified:
        raise unjustified(f"to {action.value.replace('_', ' ')} a version")
    return said


def said_in(text: str | None) -> str | None:
    """What a justification says, tidied; None where it has no letter or digit, and so says nothing to anybody."""
    said = (text or "").strip()
    return said if any(character.isalnum() for character in said) else None


def unjustified(what: str) -> Invalid:
    """The error of a justification that is missing."""
    problem = FieldError("justification", "it is missing", "say why, in a sentence that an auditor understands")
    return Invalid(f"Say why: {what} needs a justification, which is kept.", fields=(problem,))


def place_of(model: Model) -> Place | None:
    """Where the version stands in production."""
    return Place(model.deployment_place) if model.deployment_place else None


def move(
    session: Session, model: Model, action: str, *, after: Stage, place: Place | None, by: Deciding, why: Why
) -> Transition:
    """Take the step: the row, the model, the audit entry, and the signal where something changed."""
    before, place_before = model.deployment_status, model.deployment_place
    step = Transition(
        organisation_id=model.organisation_id,
        model_id=model.id,
        action=action,
        before=before,
        after=after.value,
        place_before=place_before,
        place_after=place.value if place else None,
        author=by.wire,
        at=by.at,
        justification=why.justification,
        policies=why.sight.standing.policy.cited if why.sight else [],
        evidence=why.sight.evidence if why.sight else {},
        grounds=[reason.to_dict() for reason in why.against],
        override=why.override,
        expires_at=why.expires_at,
        other_model_id=why.other.id if why.other else None,
    )
    session.add(step)
    if before != after or place_before != step.place_after:
        model.deployment_status, model.deployment_place = after.value, step.place_after
        model.deployment_since = by.at
    # Now, and not when the transaction ends: of one name there is one champion, and the old one has to go first.
    session.flush()
    _tell(session, model, step, by)
    return step


def title_of(model: Model) -> str:
    """A version as sentences name it."""
    return f"{model.name} {model.version}" if model.version else model.name


def _tell(session: Session, model: Model, step: Transition, by: Deciding) -> None:
    changed = step.before != step.after or step.place_before != step.place_after
    if changed or step.action == EXPIRE:
        emit(
            session,
            organisation_id=model.organisation_id,
            model_id=model.id,
            kind=SIGNAL,
            subject=model.key,
            before="override" if step.action == EXPIRE else step.before,
            after="override_expired" if step.action == EXPIRE else step.after,
            reason=told(model, step),
            at=by.at,
            evidence={"transition": step.id, "override": step.override, "place": step.place_after},
        )
    record(
        session,
        organisation_id=model.organisation_id,
        author=by.author,
        action=f"version.{_TOLD[step.action]}",
        object_kind="model",
        object_id=model.id,
        object_title=title_of(model),
        at=by.at,
        before={"deployment_status": step.before, "place": step.place_before},
        after=_after(step),
        reason=step.justification,
        model_id=model.id,
    )


def _after(step: Transition) -> dict[str, Any]:
    more = {"policies": step.policies, "risk_score": step.evidence.get("risk_score")} if step.evidence else {}
    if step.override:
        expires = step.expires_at.isoformat() if step.expires_at else None
        more |= {"override": True, "expires_at": expires, "against": [ground["code"] for ground in step.grounds]}
    return {"deployment_status": step.after, "place": step.place_after, "transition": step.id, **more}


def told(model: Model, step: Transition) -> str:
    """A step as a sentence."""
    name, who = title_of(model), step.author["title"]
    if step.action == EXPIRE:
        still = "the gate lets it stay" if not step.grounds else step.grounds[-1]["sentence"]
        return f"The override of {name} has run out: {still}"
    if step.action == Action.DEPLOY and step.place_after == Place.CHALLENGER:
        return f"{name} was deployed as a challenger, in the shadow, by {who}."
    against = f", against the gate: {(step.justification or '').rstrip('.')}" if step.override else ""
    if step.before == step.after:
        return f"{name} was {_TOLD[step.action].replace('_', ' ')} by {who}{against}."
    return f"{name} is {WORDS[Stage(step.after)]} now, by {who}{against or _because(step)}."


def _because(step: Transition) -> str:
    return f": {step.justification.rstrip('.')}" if step.justification else ""
