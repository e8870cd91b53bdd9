"""The people of the organisation: listed, invited, given another role, shut out."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from modelward.accounts.hashing import hash_password
from modelward.accounts.manage_users import (
    change_role,
    check_grant,
    create_user,
    delete_user,
    disable_user,
    enable_user,
    invite,
    managed_user,
    rename_user,
    reset_password,
    seen_user,
)
from modelward.accounts.passwords import checked_password
from modelward.accounts.permission import Admin
from modelward.accounts.principal import Principal, Role
from modelward.accounts.queries import users_page
from modelward.accounts.schemas import UsersAsked
from modelward.errors import Conflict, Invalid, TooMany
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.web import Writing
from modelward.web.errors import PageRoute
from modelward.web.forms import FOLLOW, Done, Text, done, shaped, told
from modelward.web.pages import page
from modelward.web.views.settings import grantable, person_of

router = APIRouter(
    prefix="/settings/people", route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)
_PAGE = 100
Password = Annotated[str, Form(max_length=10_000)]


@router.get("")
def people(
    request: Request, admin: Admin, cursor: Annotated[str | None, Query()] = None, done: Done = None
) -> Response:
    return _people_page(request, admin, cursor=cursor, message=told(done))


@router.post("")
def add(
    request: Request,
    *,
    admin: Admin,
    email: Text = "",
    name: Text = "",
    role: Annotated[Role, Form()] = Role.VIEWER,
    way: Annotated[str, Form()] = "link",
    password: Password = "",
) -> Response:
    kept = {"email": email, "name": name, "role": role.value, "way": way}
    try:
        return _added(
            request, admin, email=email, name=name, role=role, password=password if way == "password" else None
        )
    except TooMany as error:
        return _people_page(request, admin, failure=error.sentence, kept=kept, status=429)
    except (Invalid, Conflict) as error:
        return _people_page(request, admin, failure=error.sentence, kept=kept, status=422)


@router.get("/{user_id}")
def person(request: Request, user_id: int, admin: Admin, done: Done = None) -> Response:
    return _person_page(request, admin, user_id, message=told(done))


@router.post("/{user_id}/role")
def role(request: Request, user_id: int, admin: Admin, role: Annotated[Role, Form()]) -> Response:
    try:
        with writing(request.app.state.database) as session:
            change_role(session, by=admin, user=managed_user(session, by=admin, user_id=user_id), role=role, now=now())
    except Conflict as error:
        return _person_page(request, admin, user_id, failure=error.sentence, status=409)
    return done(f"/settings/people/{user_id}", "role-changed")


@router.post("/{user_id}/name")
def rename(request: Request, user_id: int, admin: Admin, name: Text = "") -> Response:
    try:
        with writing(request.app.state.database) as session:
            user = managed_user(session, by=admin, user_id=user_id)
            rename_user(session, by=admin, user=user, name=name, now=now())
    except Invalid as error:
        return _person_page(request, admin, user_id, failure=error.sentence, status=422)
    return done(f"/settings/people/{user_id}", "person-renamed")


@router.post("/{user_id}/link")
def new_link(request: Request, user_id: int, session: Writing, admin: Admin) -> Response:
    user = managed_user(session, by=admin, user_id=user_id)
    token = reset_password(session, user=user, author=admin.author, now=now())
    return _link_page(request, user.email, token)


@router.post("/{user_id}/disable")
def disable(request: Request, user_id: int, admin: Admin) -> Response:
    try:
        with writing(request.app.state.database) as session:
            disable_user(session, by=admin, user=managed_user(session, by=admin, user_id=user_id), now=now())
    except Conflict as error:
        return _person_page(request, admin, user_id, failure=error.sentence, status=409)
    return done(f"/settings/people/{user_id}", "person-disabled")


@router.post("/{user_id}/enable")
def enable(user_id: int, session: Writing, admin: Admin) -> Response:
    enable_user(session, by=admin, user=managed_user(session, by=admin, user_id=user_id), now=now())
    return done(f"/settings/people/{user_id}", "person-enabled")


@router.post("/{user_id}/remove")
def remove(request: Request, user_id: int, admin: Admin) -> Response:
    try:
        with writing(request.app.state.database) as session:
            delete_user(session, by=admin, user=managed_user(session, by=admin, user_id=user_id), now=now())
    except Conflict as error:
        return _person_page(request, admin, user_id, failure=error.sentence, status=409)
    return done("/settings/people", "person-removed")


def _added(request: Request, admin: Principal, *, email: str, name: str, role: Role, password: str | None) -> Response:
    check_grant(admin, role)
    hashed = hash_password(checked_password(password, email=email, name=name)) if password is not None else None
    with writing(request.app.state.database) as session:
        user = create_user(
            session,
            organisation_id=admin.organisation_id,
            email=email,
            role=role,
            now=now(),
            name=name,
            password_hash=hashed,
            author=admin.author,
        )
        if hashed is not None:
            return done("/settings/people", "person-added")
        return _link_page(request, user.email, invite(session, user=user, now=now()))


def _link_page(request: Request, email: str, token: str) -> Response:
    """The link, which stands in this answer and nowhere else."""
    base = str(request.base_url).rstrip("/")
    return page(request, "person_link.html", email=email, link=f"{base}/login?token={token}")


def _people_page(
    request: Request,
    admin: Principal,
    *,
    cursor: str | None = None,
    message: str | None = None,
    failure: str = "",
    kept: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    asked = shaped(UsersAsked, FOLLOW, limit=_PAGE, cursor=cursor)
    with reading(request.app.state.database) as session:
        found = users_page(session, organisation_id=admin.organisation_id, asked=asked)
        shown = [person_of(user, admin) for user in found.items]
    return page(
        request,
        "people.html",
        status=status,
        people=shown,
        following=found.next,
        roles=grantable(admin),
        kept=kept or {"email": "", "name": "", "role": "viewer", "way": "link"},
        message=message,
        failure=failure,
    )


def _person_page(
    request: Request,
    admin: Principal,
    user_id: int,
    *,
    message: str | None = None,
    failure: str = "",
    status: int = 200,
) -> Response:
    with reading(request.app.state.database) as session:
        shown = person_of(seen_user(session, by=admin, user_id=user_id), admin)
    return page(
        request, "person.html", status=status, person=shown, roles=grantable(admin), message=message, failure=failure
    )
