"""The tab of a version's life as templates take it: where it stands, what one may do now and what would happen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal, Right
from modelward.governance.approvals import transitions_page, versions_of_name, why_not
from modelward.governance.gate import Serving, may_serve
from modelward.governance.lifecycle_schemas import TransitionsAsked
from modelward.governance.lifecycle_tables import Approval, Transition
from modelward.governance.moving import champion_of, place_of, title_of, told
from modelward.governance.roll_back import replaced_by
from modelward.governance.sight import Sight, look
from modelward.registry.tables import Model
from modelward.rules.deployment_gate import Refused
from modelward.rules.governance_status import Reason
from modelward.rules.lifecycle import STEPS, WORDS, Action, Place, Stage, possible
from modelward.web.time_range import model_path

SHOWN_STEPS = 50


@dataclass(frozen=True)
class Doing:
    """One thing that may be done now. `slug` ends the address of its form."""

    slug: str
    title: str
    button: str
    happens: str
    justified: bool
    dangerous: bool = False
    against: tuple[Reason, ...] = ()
    """Reasons for which it would be refused."""
    override: bool = False
    """Whether this reader can go past them."""


@dataclass(frozen=True)
class StepRow:
    """One step of the timeline."""

    told: str
    at: datetime
    justification: str | None
    override: bool
    against: tuple[str, ...]
    expires_at: datetime | None
    ended_at: datetime | None
    policies: str
    risk: str
    behalf: str | None
    """Who made the key that took it."""
    knowing: tuple[str, ...]
    """What was known at that moment, in sentences."""


@dataclass(frozen=True)
class Sibling:
    """Another version of the name."""

    title: str
    word: str
    place: str | None
    address: str
    compare: str


@dataclass(frozen=True)
class DeploymentTab:
    """All of the tab."""

    title: str
    word: str
    place: str | None
    since: datetime | None
    serving: Serving
    overridden: bool
    """Whether it came into production against the gate."""
    against: tuple[Reason, ...]
    policy: str
    needed: int
    approvals: tuple[Approval, ...]
    submission: Transition | None
    doings: tuple[Doing, ...]
    steps: tuple[StepRow, ...]
    siblings: tuple[Sibling, ...]


def deployment_tab(session: Session, model: Model, reader: Principal, *, now: datetime) -> DeploymentTab:
    """The tab as this reader sees it at this moment."""
    sight, serving = look(session, model), may_serve(session, model, now=now)
    against = sight.against(now=now)
    versions = versions_of_name(session, reader.scope, model)
    page = transitions_page(session, model, TransitionsAsked(limit=SHOWN_STEPS))
    return DeploymentTab(
        title=title_of(model),
        word=WORDS[Stage(model.deployment_status)],
        place=model.deployment_place,
        since=model.deployment_since,
        serving=serving,
        overridden=model.deployment_place is not None
        and next((step.override for step in page.items if step.action == Action.DEPLOY), False),
        against=against,
        policy=sight.standing.policy.title,
        needed=sight.policy.approvals,
        approvals=sight.approvals,
        submission=sight.submission,
        doings=tuple(_doings(session, model, sight, reader, against=against, versions=versions, now=now)),
        steps=tuple(_row(model, step) for step in page.items),
        siblings=tuple(_sibling(model, other) for other in versions if other.id != model.id),
    )


def _doings(
    session: Session,
    model: Model,
    sight: Sight,
    reader: Principal,
    *,
    against: tuple[Reason, ...],
    versions: Sequence[Model],
    now: datetime,
) -> list[Doing]:
    if not reader.may(Right.EDIT):
        return []
    allowed = possible(Stage(model.deployment_status), place_of(model))
    if model.deployment_status == Stage.DEPLOYED and not _lacks_approval(against):
        allowed = tuple(action for action in allowed if action is not Action.SUBMIT)
    admin, champion = reader.may(Right.ADMIN), champion_of(versions)
    told_by = {
        Action.SUBMIT: lambda: Doing(
            "submit",
            "Request deployment" if model.deployment_status != Stage.DEPLOYED else "Request approval afterwards",
            "Submit",
            f"{title_of(model)} is shown to those who approve. {_approvers(sight)}",
            justified=False,
        ),
        Action.APPROVE: lambda: _approving(session, sight, reader),
        Action.REJECT: lambda: Doing(
            "reject",
            "Reject",
            "Reject",
            f"{title_of(model)} cannot be deployed until it is submitted again.{_leaves(model)}",
            justified=True,
            dangerous=True,
        ),
        Action.ROLL_BACK: lambda: _rolling_back(session, model, admin=admin, now=now),
        Action.REQUEST_RETRAINING: lambda: Doing(
            "request-retraining",
            "Request retraining",
            "Request retraining",
            "It is written down and told that this version is to be trained again. It goes on serving meanwhile.",
            justified=False,
        ),
        Action.RETIRE: lambda: Doing(
            "retire",
            "Retire",
            "Retire",
            f"{title_of(model)} is taken out of use.{_leaves(model)}",
            justified=True,
            dangerous=True,
        ),
    }
    doings = [told_by[action]() for action in allowed if action in told_by]
    return [*_deploying(model, against, champion, admin=admin), *doings]


def _lacks_approval(against: tuple[Reason, ...]) -> bool:
    return any(reason.code == Refused.APPROVAL_MISSING for reason in against)


def _approving(session: Session, sight: Sight, reader: Principal) -> Doing:
    refused = why_not(session, sight, reader)
    after = len(sight.approvals) + 1
    happens = f"This is approval {after} of {max(1, sight.policy.approvals)}; after the last one it can be deployed."
    return Doing("approve", "Approve", "Approve", happens, justified=False, against=(refused,) if refused else ())


def _deploying(model: Model, against: tuple[Reason, ...], champion: Model | None, *, admin: bool) -> list[Doing]:
    if model.deployment_status == Stage.DEPLOYED and model.deployment_place == Place.CHAMPION:
        return []
    took = f"{title_of(champion)} is retired, and comes back by a rollback." if champion else "Nothing is replaced."
    if champion is not None and champion.id == model.id:
        took = "It is in production already, and stays there as deployed."
    happens = f"{title_of(model)} goes into production. {took}"
    doings = [Doing("deploy", "Deploy", "Deploy", happens, False, against=against, override=admin and bool(against))]
    if champion is not None and champion.id != model.id and model.deployment_place is None and not against:
        beside = f"{title_of(model)} predicts in the shadow, beside {title_of(champion)}, so that both can be compared."
        doings.append(Doing("challenge", "Deploy as a challenger", "Deploy as a challenger", beside, justified=False))
    return doings


def _rolling_back(session: Session, model: Model, *, admin: bool, now: datetime) -> Doing:
    previous = replaced_by(session, model)
    against = look(session, previous).against(now=now, returning=True) if previous else ()
    back = f"{title_of(previous)} comes back in its place." if previous else "Nothing takes its place."
    return Doing(
        "rollback",
        "Roll back",
        "Roll back",
        f"{title_of(model)} leaves production. {back}",
        STEPS[Action.ROLL_BACK].justified,
        dangerous=True,
        against=against,
        override=admin and bool(against),
    )


def _approvers(sight: Sight) -> str:
    policy = sight.policy
    roles = " or ".join(policy.approver_roles)
    eyes = " Whoever submits it cannot approve it." if policy.four_eyes else ""
    if not policy.approvals:
        return f"The policy asks for no approval; one by an {roles} is kept nevertheless.{eyes}"
    word = "one approval" if policy.approvals == 1 else f"{policy.approvals} approvals"
    return f"The policy asks for {word} by {roles}.{eyes}"


def _leaves(model: Model) -> str:
    return " It leaves production, and nothing takes its place." if model.deployment_place else ""


def _row(model: Model, step: Transition) -> StepRow:
    numbers = ", ".join(f"{one['scope'].replace('_', '-')} {one['number']}" for one in step.policies)
    risk = step.evidence.get("risk_score")
    return StepRow(
        told=told(model, step),
        at=step.at,
        justification=step.justification,
        override=step.override,
        against=tuple(ground["sentence"] for ground in step.grounds),
        expires_at=step.expires_at,
        ended_at=step.ended_at,
        policies=numbers,
        risk=f"risk {risk:.1f}" if risk is not None else "risk not measured",
        behalf=step.author.get("on_behalf_of"),
        knowing=tuple(_known(step.evidence)),
    )


def _known(evidence: Mapping[str, Any]) -> Iterator[str]:
    if not evidence:
        return
    status = evidence["governance_status"]
    yield f"The status was {status}" if status else "There was no status"
    yield from (reason["sentence"] for reason in evidence["reasons"])
    yield f"The reference was {evidence['reference']}" if evidence["reference"] else "There was no reference"
    for name, what in (("labels_until", "outcomes"), ("fairness_until", "measurements of fairness")):
        until = evidence[name]
        yield f"The newest {what} were of {until[:10]}" if until else f"There were no {what}"
    for one in evidence["approvals"]:
        yield f"{one['by']} ({one['role']}) had approved it"


def _sibling(model: Model, other: Model) -> Sibling:
    own, theirs = model_path(model.key), model_path(other.key)
    word = WORDS[Stage(other.deployment_status)]
    return Sibling(
        title_of(other), word, other.deployment_place, f"{theirs}/deployment", f"{own}/compare?with={other.id}"
    )
