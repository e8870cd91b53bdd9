"""Policies over HTTP. Reading them is everybody's; changing one is an admin's, on every level.

A model's own policy is an admin's too: it would otherwise be whoever wants to deploy a model who sets what the
deployment is held to.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Admin, Reader
from modelward.governance.change_policy import change_policy, preview_policy, title_of_place
from modelward.governance.policy_queries import place_asked, policies_page, policy_at, policy_version
from modelward.governance.policy_schemas import (
    InForceAnswer,
    PoliciesAsked,
    PolicyAnswer,
    PolicyPage,
    PolicyTried,
    PolicyWanted,
    PreviewAnswer,
    StatusChangeAnswer,
)
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading, Writing

router = APIRouter(route_class=ApiRoute, tags=["governance"])

OfProject = Annotated[str | None, Query(max_length=200, description="A project's key or id.")]
OfModel = Annotated[str | None, Query(max_length=200, description="A model's key or id.")]


@router.get("/policies")
def list_policies(
    request: Request, response: Response, session: Reading, reader: Reader, asked: Annotated[PoliciesAsked, Query()]
) -> PolicyPage:
    """Every version of every policy, newest first."""
    page = policies_page(session, reader.scope, asked)
    lead_on(request, response, page.next)
    return PolicyPage(items=[PolicyAnswer.of(version) for version in page.items], next=page.next)


@router.get("/policies/in-force")
def read_in_force(session: Reading, reader: Reader, project: OfProject = None, model: OfModel = None) -> InForceAnswer:
    """The policy that holds for a model, a project, or the organisation, and where each part of it comes from."""
    return InForceAnswer.of(policy_at(session, reader.scope, project=project, model=model))


@router.get("/policies/{policy}")
def read_policy(policy: int, session: Reading, reader: Reader) -> PolicyAnswer:
    """One version, by its id."""
    return PolicyAnswer.of(policy_version(session, reader.scope, policy))


@router.put("/policies")
def write_policy(
    body: PolicyWanted, session: Writing, admin: Admin, project: OfProject = None, model: OfModel = None
) -> PolicyAnswer:
    """Write a new version for a model, a project, or the organisation. It names what it overrides, and nothing else."""
    place = place_asked(session, admin.scope, project=project, model=model)
    version = change_policy(
        session,
        place=place,
        body=body.policy.named(),
        author=admin.author,
        now=now(),
        title=title_of_place(session, place),
        note=body.note,
        based_on=body.based_on,
    )
    return PolicyAnswer.of(version)


@router.post("/policies/preview")
def preview(
    body: PolicyTried, session: Reading, admin: Admin, project: OfProject = None, model: OfModel = None
) -> PreviewAnswer:
    """Which models would change their status today under this policy, and why. Nothing is written."""
    place = place_asked(session, admin.scope, project=project, model=model)
    changes, models = preview_policy(session, place=place, body=body.policy.named())
    return PreviewAnswer(models=models, changes=[StatusChangeAnswer.of(change) for change in changes])
