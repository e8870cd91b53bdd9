"""My own account: who I am, my password, and the browsers that I am signed in with."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session
from starlette.responses import Response

from modelward.accounts.change_password import change_own_password
from modelward.accounts.manage_users import rename_user
from modelward.accounts.passwords import SHORTEST, checked_password
from modelward.accounts.permission import Reader
from modelward.accounts.principal import Principal
from modelward.accounts.sessions import end_session, sessions_of
from modelward.accounts.tables import User
from modelward.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.web import Writing
from modelward.web.errors import PageRoute
from modelward.web.forms import Done, Text, done, told
from modelward.web.pages import page
from modelward.web.settings_routes import signed_in
from modelward.web.sign_in import agent_of, begin_session_of, set_cookies
from modelward.web.views.browsers import browsers_of
from modelward.web.views.settings import ROLES, person_of

router = APIRouter(
    prefix="/account", route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)
Password = Annotated[str, Form(max_length=10_000)]


@router.get("")
def account(request: Request, reader: Reader, done: Done = None) -> Response:
    return _account_page(request, signed_in(reader), message=told(done))


@router.post("/name")
def rename(request: Request, reader: Reader, name: Text = "") -> Response:
    try:
        with writing(request.app.state.database) as session:
            rename_user(session, by=reader, user=_person(session, reader), name=name, now=now())
    except Invalid as error:
        return _account_page(request, reader, failure=error.sentence, status=422)
    return done("/account", "person-renamed")


@router.post("/password")
def change_password(
    request: Request, *, reader: Reader, current: Password = "", new: Password = "", again: Password = ""
) -> Response:
    try:
        return _password_changed(request, reader, current=current, new=new, again=again)
    except TooMany as error:
        return _account_page(request, reader, failure=error.sentence, status=429)
    except Forbidden as error:
        return _account_page(request, reader, failure=error.sentence, status=403)
    except (Invalid, Conflict) as error:
        return _account_page(request, reader, failure=error.sentence, status=422)


@router.post("/browsers/{session_id}/end")
def end_browser(session_id: int, session: Writing, reader: Reader) -> Response:
    mine = sessions_of(session, user_id=_person(session, reader).id)
    if session_id not in {one.id for one in mine}:
        raise NotFound("That browser is signed out already.")
    end_session(session, session_id=session_id)
    return done("/account", "browser-ended")


@router.post("/browsers/end")
def end_other_browsers(session: Writing, reader: Reader) -> Response:
    for other in sessions_of(session, user_id=_person(session, reader).id):
        if other.id != reader.session_id:
            end_session(session, session_id=other.id)
    return done("/account", "browsers-ended")


def _password_changed(request: Request, reader: Principal, *, current: str, new: str, again: str) -> Response:
    """Everything of that person ends; this browser goes on with a session of its own."""
    database = request.app.state.database
    with reading(database) as session:
        user = _person(session, reader)
        user_id, email, name = user.id, user.email, user.name
    if new != again:
        raise Invalid("Nothing was changed: the new password was not repeated alike.")
    checked_password(new, email=email, name=name)  # before the present one is tried, which may be done 5 times a minute
    change_own_password(database, by=reader, current=current, new=new)
    with writing(database) as session:
        token = begin_session_of(session, user_id=user_id, agent=agent_of(request))
    response = done("/account", "password-changed")
    set_cookies(request, response, token)
    return response


def _person(session: Session, reader: Principal) -> User:
    if reader.user_id is None:
        raise Forbidden("Only a person has an account: this browser is signed in by a key or a one-time link.")
    return session.get_one(User, reader.user_id)


def _account_page(
    request: Request, reader: Principal, *, message: str | None = None, failure: str = "", status: int = 200
) -> Response:
    person, browsers, has_password = None, [], False
    if reader.user_id is not None:
        with reading(request.app.state.database) as session:
            user = _person(session, reader)
            person, has_password = person_of(user, reader), user.password_hash is not None
            browsers = browsers_of(sessions_of(session, user_id=user.id), reader.session_id)
    return page(
        request,
        "account.html",
        status=status,
        person=person,
        has_password=has_password,
        browsers=browsers,
        role_told=ROLES[reader.role],
        shortest=SHORTEST,
        message=message,
        failure=failure,
    )
