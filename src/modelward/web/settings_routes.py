"""The organisation, and for the operator of the machine the others beside it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from modelward.accounts.entries import about_organisation
from modelward.accounts.permission import Owner, Reader
from modelward.accounts.principal import Principal
from modelward.accounts.service import rename_organisation
from modelward.accounts.sessions import switch_organisation
from modelward.accounts.tables import Organisation
from modelward.errors import Forbidden, Invalid, NotFound, Unauthorized
from modelward.kit.clock import now
from modelward.kit.database import reading
from modelward.kit.web import Reading, Writing
from modelward.web.errors import PageRoute
from modelward.web.forms import Done, Text, done, told
from modelward.web.pages import page
from modelward.web.sign_in import HOME
from modelward.web.views.settings import ROLES, organisations

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/settings")
def settings(request: Request, reader: Reader, done: Done = None) -> Response:
    return _organisation_page(request, signed_in(reader), message=told(done))


@router.post("/settings")
def rename(request: Request, owner: Owner, session: Writing, name: Text = "") -> Response:
    try:
        rename_organisation(session, organisation_id=owner.organisation_id, name=name, author=owner.author, now=now())
    except Invalid as error:
        return _organisation_page(request, owner, failure=error.sentence, name=name, status=422)
    return done("/settings", "renamed")


@router.get("/settings/organisations")
def others(request: Request, session: Reading, reader: Reader) -> Response:
    _only_the_operator(reader)
    return page(request, "organisations.html", organisations=organisations(session))


@router.post("/settings/organisations")
def switch(session: Writing, reader: Reader, organisation: Annotated[int, Form(le=2**31 - 1)]) -> Response:
    session_id = _only_the_operator(reader)
    wanted = session.get(Organisation, organisation)
    if wanted is None:
        raise NotFound(f"There is no organisation {organisation} on this machine: choose one from the list.")
    switch_organisation(session, session_id=session_id, organisation_id=organisation)
    about_organisation(session, wanted, author=reader.author, action="operator.opened_organisation", at=now())
    return done(HOME, "switched")


def signed_in(reader: Principal) -> Principal:
    """Whoever has a name here. The public of a demo is asked to sign in.

    Raises:
        Unauthorized: it is the public.
    """
    if reader.role == "public":
        raise Unauthorized("Sign in to see the settings.")
    return reader


def _organisation_page(
    request: Request,
    reader: Principal,
    *,
    message: str | None = None,
    failure: str = "",
    name: str | None = None,
    status: int = 200,
) -> Response:
    with reading(request.app.state.database) as session:
        (organisation,) = organisations(session, only=reader.organisation_id)
    return page(
        request,
        "settings.html",
        status=status,
        organisation=organisation,
        name=organisation.name if name is None else name,
        role_told=ROLES[reader.role],
        message=message,
        failure=failure,
    )


def _only_the_operator(reader: Principal) -> int:
    if reader.role != "operator" or reader.session_id is None:
        raise Forbidden("Only the operator of this machine, by a one-time link, sees its other organisations.")
    return reader.session_id
