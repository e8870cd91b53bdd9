"""The life of a version over HTTP: asking, deciding, deploying, rolling back; and whether it may serve."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Editor, Reader
from modelward.governance import approvals
from modelward.governance.approvals import Waiting
from modelward.governance.decide import approve, reject
from modelward.governance.decide_deployment import Wish, deploy
from modelward.governance.gate import may_serve
from modelward.governance.lifecycle_schemas import (
    ApprovalsAsked,
    DeployBody,
    GivenAnswer,
    ReasonAnswer,
    RollBackBody,
    ServingAnswerBody,
    StepAnswer,
    StepBody,
    TransitionAnswer,
    TransitionPage,
    TransitionsAsked,
    WaitingAnswer,
    WaitingPage,
)
from modelward.governance.request_retraining import request_retraining
from modelward.governance.retire import retire
from modelward.governance.roll_back import roll_back
from modelward.governance.submit import submit
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing
from modelward.registry.service import resolve
from modelward.rules.governance_status import Reason

router = APIRouter(route_class=ApiRoute, tags=["governance"])
starred = APIRouter(route_class=ApiRoute, tags=["governance"])
"""These also answer at the root: programs in the field send them so."""

_REFUSED_EXAMPLE = {
    "type": "about:blank",
    "title": "Conflict",
    "status": 409,
    "detail": "churn 2.0 is not deployed: Its governance status is BLOCKED: the risk is 86.",
    "reasons": [{"code": "blocked", "sentence": "Its governance status is BLOCKED: the risk is 86.", "evidence": {}}],
}
_REFUSES: dict[int | str, dict[str, Any]] = {
    409: {
        "description": "The gate says no, and `reasons` says why; or the version's stage does not allow it.",
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": _REFUSED_EXAMPLE,
            }
        },
    }
}
Step = Annotated[StepBody | None, Body()]


@starred.post("/models/{model}/deploy", responses=_REFUSES)
def deploy_version(
    model: str, session: Writing, editor: Editor, body: Annotated[DeployBody | None, Body()] = None
) -> StepAnswer:
    """Deploy a version through the gate, in the place of the one that is in production."""
    found, said = resolve(session, editor.scope, model), body or DeployBody()
    wish = Wish(said.override, said.justification, said.expires_at, said.place)
    return StepAnswer.of(found, deploy(session, principal=editor, model=found, wish=wish, now=now()))


@router.post("/models/{model}/submit", responses=_REFUSES)
def submit_version(model: str, session: Writing, editor: Editor, body: Step = None) -> StepAnswer:
    """Ask that a version be approved."""
    found = resolve(session, editor.scope, model)
    return StepAnswer.of(found, submit(session, principal=editor, model=found, justification=_said(body), now=now()))


@router.post("/models/{model}/approve", responses=_REFUSES)
def approve_version(model: str, session: Writing, editor: Editor, body: Step = None) -> StepAnswer:
    """Approve what was submitted. Whom the policy lets approve stands in it."""
    found = resolve(session, editor.scope, model)
    return StepAnswer.of(found, approve(session, principal=editor, model=found, justification=_said(body), now=now()))


@router.post("/models/{model}/reject", responses=_REFUSES)
def reject_version(model: str, session: Writing, editor: Editor, body: Step = None) -> StepAnswer:
    """Reject what was submitted, or take an approval back."""
    found = resolve(session, editor.scope, model)
    return StepAnswer.of(found, reject(session, principal=editor, model=found, justification=_said(body), now=now()))


@router.post("/models/{model}/rollback", responses=_REFUSES)
def roll_version_back(
    model: str, session: Writing, editor: Editor, body: Annotated[RollBackBody | None, Body()] = None
) -> StepAnswer:
    """Take a version out of production, and bring back the one that it replaced."""
    found, said = resolve(session, editor.scope, model), body or RollBackBody()
    done = roll_back(
        session,
        principal=editor,
        model=found,
        justification=said.justification,
        override=said.override,
        expires_at=said.expires_at,
        now=now(),
    )
    return StepAnswer.of(found, done.step, restored=done.restored.key if done.restored else None)


@router.post("/models/{model}/request-retraining", responses=_REFUSES)
def request_version_retrained(model: str, session: Writing, editor: Editor, body: Step = None) -> StepAnswer:
    """Ask that a version be trained again. One in production goes on meanwhile."""
    found = resolve(session, editor.scope, model)
    step = request_retraining(session, principal=editor, model=found, justification=_said(body), now=now())
    return StepAnswer.of(found, step)


@router.post("/models/{model}/retire", responses=_REFUSES)
def retire_version(model: str, session: Writing, editor: Editor, body: Step = None) -> StepAnswer:
    """Take a version out of use."""
    found = resolve(session, editor.scope, model)
    return StepAnswer.of(found, retire(session, principal=editor, model=found, justification=_said(body), now=now()))


@router.get("/models/{model}/transitions")
def list_transitions(
    model: str,
    *,
    request: Request,
    response: Response,
    session: Reading,
    reader: Reader,
    asked: Annotated[TransitionsAsked, Query()],
) -> TransitionPage:
    """Every step of a version's life, with who decided it, knowing what."""
    found = resolve(session, reader.scope, model)
    page = approvals.transitions_page(session, found, asked)
    lead_on(request, response, page.next)
    return TransitionPage(items=[TransitionAnswer.of(step, found) for step in page.items], next=page.next)


@router.get("/models/{model}/may-serve")
def read_may_serve(model: str, session: Reading, reader: Reader) -> ServingAnswerBody:
    """Whether a version may serve at this moment: allowed, in the shadow only, or refused."""
    found = resolve(session, reader.scope, model)
    serving = may_serve(session, found, now=now())
    return ServingAnswerBody(
        model_id=found.id,
        model=found.key,
        answer=serving.answer.value,
        deployment_status=found.deployment_status,
        deployment_place=found.deployment_place,
        reasons=_reasons(serving.reasons),
        warnings=_reasons(serving.warnings),
        override=TransitionAnswer.of(serving.override, found) if serving.override else None,
    )


@router.get("/approvals")
def list_approvals(
    request: Request,
    response: Response,
    session: Reading,
    reader: Reader,
    asked: Annotated[ApprovalsAsked, Query()],
) -> WaitingPage:
    """What waits for the caller's approval; with `mine=false`, for anybody's."""
    page = approvals.waiting_page(session, reader, asked)
    lead_on(request, response, page.next)
    return WaitingPage(items=[_waiting(one) for one in page.items], next=page.next)


def _said(body: StepBody | None) -> str | None:
    return body.justification if body else None


def _reasons(reasons: tuple[Reason, ...]) -> list[ReasonAnswer]:
    return [ReasonAnswer(**reason.to_dict()) for reason in reasons]


def _waiting(one: Waiting) -> WaitingAnswer:
    submission, sight = one.sight.submission, one.sight
    assert submission is not None  # it waits, so it was submitted
    given = [
        GivenAnswer(by=a.author["title"], role=a.role, at=a.at, justification=a.justification) for a in sight.approvals
    ]
    return WaitingAnswer(
        model_id=one.model.id,
        model=one.model.key,
        name=one.model.name,
        version=one.model.version,
        submitted_by=submission.author["title"],
        submitted_at=submission.at,
        justification=submission.justification,
        needed=one.needed,
        given=given,
        roles=list(sight.policy.approver_roles),
        governance_status=sight.standing.status.value if sight.standing.status else None,
        risk_score=sight.standing.risk_score,
        may_approve=one.why_not is None,
        why_not=ReasonAnswer(**one.why_not.to_dict()) if one.why_not else None,
        reasons=_reasons(sight.against(now=now())),
    )
