"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from modelward.accounts.permission import Anybody, Reader
from modelward.accounts.sessions import end_session
from modelward.kit.database import writing
from modelward.web.errors import PageRoute
from modelward.web.forms import Done, Text, told
from modelward.web.sign_in import HOME, sign_in_by_key, sign_in_by_link, sign_in_by_password, sign_in_page, signed_out

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/login")
def login(
    request: Request,
    _: Anybody,
    token: str | None = None,
    next: str = HOME,  # noqa: A002 - the name that the address shows
    done: Done = None,
) -> Response:
    if token and request.method == "GET":  # whoever only looks (HEAD) does not use a link up
        return sign_in_by_link(request, token, next)
    return sign_in_page(request, next, message=told(done))


@router.post("/login")
def post_login(
    request: Request,
    _: Anybody,
    email: Text = "",
    password: Annotated[str, Form(max_length=10_000)] = "",
    key: Text = "",
    next: Text = HOME,  # noqa: A002
) -> Response:
    if key:
        return sign_in_by_key(request, key, next)
    return sign_in_by_password(request, email, password, next)


@router.post("/logout")
def logout(request: Request, reader: Reader) -> Response:
    if reader.session_id is not None:
        with writing(request.app.state.database) as session:
            end_session(session, session_id=reader.session_id)
    return signed_out()
