"""Policies as pages: what holds, the form, what it would change today, and the versions."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from modelward.accounts.permission import Admin, Reader
from modelward.accounts.principal import Principal, Right
from modelward.errors import Conflict, Invalid
from modelward.governance.change_policy import change_policy, preview_policy, title_of_place
from modelward.governance.policies import Place, newest_of
from modelward.governance.policy_queries import place_asked, policies_page, policy_above
from modelward.governance.policy_schemas import PoliciesAsked
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.web.errors import PageRoute
from modelward.web.forms import Done, told
from modelward.web.pages import page
from modelward.web.time_range import address
from modelward.web.views.policies import ChangeView, body_of, change_view, fields_of, named_in
from modelward.web.views.settings import bindings

router = APIRouter(
    prefix="/policies", route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)

Named = Annotated[str | None, Query(max_length=200)]
Short = Annotated[str, Field(max_length=40)]
VERSIONS = 20


class PolicyForm(BaseModel):
    """The form as it is sent: an empty field is inherited."""

    weight_drift: Short = ""
    weight_fairness: Short = ""
    at_risk: Short = ""
    blocked: Short = ""
    fairness_limit: Short = ""
    hold_fairness_baseline: Short = ""
    performance_fall: Short = ""
    require_reference: Short = ""
    require_fairness: Short = ""
    labels_within_days: Short = ""
    approvals: Short = ""
    approver_roles: Annotated[list[Short], Field(max_length=3)] = []
    four_eyes: Short = ""
    note: Annotated[str, Field(max_length=2_000)] = ""
    based_on: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


Filled = Annotated[PolicyForm, Form()]


@router.get("")
def policies(
    request: Request, reader: Reader, project: Named = None, model: Named = None, done: Done = None
) -> Response:
    with reading(request.app.state.database) as session:
        place = place_asked(session, reader.scope, project=project or None, model=model or None)
        newest = newest_of(session, place)
        return _page(request, session, reader, place, named=newest.body if newest else {}, message=told(done))


@router.post("")
def save(request: Request, *, admin: Admin, project: Named = None, model: Named = None, form: Filled) -> Response:
    try:
        with writing(request.app.state.database) as session:
            place = place_asked(session, admin.scope, project=project or None, model=model or None)
            change_policy(
                session,
                place=place,
                body=body_of(form.model_dump()),
                author=admin.author,
                now=now(),
                title=title_of_place(session, place),
                note=form.note.strip() or None,
                based_on=form.based_on,
            )
    except (Conflict, Invalid) as error:
        return _again(request, admin, project, model, form, failure=error)
    back = address("/policies", project=project or None, model=model or None, done="policy-changed")
    return RedirectResponse(back, status_code=303)


@router.post("/preview")
def preview(request: Request, *, admin: Admin, project: Named = None, model: Named = None, form: Filled) -> Response:
    return _again(request, admin, project, model, form)


def _again(
    request: Request,
    admin: Principal,
    project: str | None,
    model: str | None,
    form: PolicyForm,
    *,
    failure: Conflict | Invalid | None = None,
) -> Response:
    """The form as it was filled in, with what it would change today, or with why it was not taken."""
    with reading(request.app.state.database) as session:
        place = place_asked(session, admin.scope, project=project or None, model=model or None)
        tried = None
        try:
            if failure is None:
                changes, models = preview_policy(session, place=place, body=body_of(form.model_dump()))
                tried = ([change_view(change) for change in changes], models)
        except Invalid as error:
            failure = error
        return _page(request, session, admin, place, form=form, failure=failure, tried=tried)


def _page(
    request: Request,
    session: Session,
    reader: Principal,
    place: Place,
    *,
    named: Mapping[str, Any] | None = None,
    form: PolicyForm | None = None,
    tried: tuple[Sequence[ChangeView], int] | None = None,
    failure: Conflict | Invalid | None = None,
    message: str | None = None,
) -> Response:
    where = {"project": request.query_params.get("project"), "model": request.query_params.get("model")}
    kept = {name: value for name, value in where.items() if value}
    projects, models = bindings(session, reader.organisation_id)
    asked = PoliciesAsked.model_validate({"limit": VERSIONS, "scope": place.level, **kept})
    versions = policies_page(session, reader.scope, asked)
    newest = newest_of(session, place)
    status = 200 if failure is None else 409 if isinstance(failure, Conflict) else 422
    return page(
        request,
        "policies.html",
        status=status,
        title=title_of_place(session, place),
        place=place,
        where=where,
        groups=fields_of(named_in(form.model_dump()) if form else named or {}, policy_above(session, place)),
        based_on=form.based_on if form else newest.number if newest else 0,
        note=form.note if form else "",
        tried=tried,
        failure=failure.sentence if failure else "",
        message=message,
        versions=versions.items,
        projects=projects,
        models=models,
        may_change=reader.may(Right.ADMIN),
        save_address=address("/policies", **kept),
        preview_address=address("/policies/preview", **kept),
    )
