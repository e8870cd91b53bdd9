"""Signing in: a one-time link, a key or a password becomes a session of the dashboard."""

import ipaddress
from datetime import timedelta

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from modelward.accounts.log_in import log_in
from modelward.accounts.permission import session_token_of
from modelward.accounts.principal import Principal, Right
from modelward.accounts.service import authenticate
from modelward.accounts.sessions import (
    PLAIN_COOKIE,
    SECURE_COOKIE,
    SESSION_LASTS,
    begin_session,
    holder_of,
    redeem_login_link,
)
from modelward.accounts.tables import User
from modelward.accounts.users import principal_of_user
from modelward.errors import Forbidden, TooMany, Unauthorized
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.web.forms import done
from modelward.web.pages import page
from modelward.web.security import refuse_other_sites

HOME = "/dashboard"


def sign_in_page(
    request: Request,
    back: str,
    failure: str = "",
    status: int = 200,
    *,
    email: str = "",
    by_key: bool = False,
    message: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The form, with what went wrong before. What was typed is kept, but never a secret."""
    return page(
        request,
        "login.html",
        status=status,
        headers=headers,
        failure=failure,
        message=message,
        next=own_path(back),
        email=email,
        by_key=by_key,
        elsewhere=request.app.state.settings.oidc_issuer is not None,
    )


def sign_in_by_link(request: Request, token: str, back: str) -> Response:
    """The link that `serve` or an admin made. Whoever is signed in already may follow a used one.

    A person who has no password yet is asked to choose one, because the link works once.
    """
    try:
        with writing(request.app.state.database) as session:
            begun = redeem_login_link(session, token, now=now(), agent=agent_of(request))
            holder = holder_of(session, begun, now=now())
            unfinished = holder is not None and has_to_choose_password(session, holder[0])
    except Unauthorized as error:
        with reading(request.app.state.database) as session:
            known = holder_of(session, session_token_of(request) or "", now=now())
        if known:
            return RedirectResponse(own_path(back), status_code=303)
        return sign_in_page(request, back, error.sentence, 401)
    return _signed_in(request, begun, "/account?done=choose-password" if unfinished else back)


def sign_in_by_password(request: Request, email: str, password: str, back: str) -> Response:
    """A person of any organisation."""
    database, address = request.app.state.database, request.client.host if request.client else ""
    try:
        refuse_other_sites(request)
        user_id = log_in(database, email=email, password=password, address=address, now=now())
    except TooMany as error:
        wait = {"retry-after": str(error.retry_after)}
        return sign_in_page(request, back, error.sentence, 429, email=email, headers=wait)
    except Forbidden as error:
        return sign_in_page(request, back, error.sentence, 401 if not error.authenticated else 403, email=email)
    with writing(database) as session:
        token = begin_session_of(session, user_id=user_id, agent=agent_of(request))
    return _signed_in(request, token, back)


def sign_in_by_key(request: Request, key: str, back: str) -> Response:
    """A key that may read: the session may do what the key may, and ends with it."""
    try:
        refuse_other_sites(request)
        with reading(request.app.state.database) as session:
            principal = authenticate(session, key.strip(), now=now())
    except Forbidden as error:
        return sign_in_page(request, back, error.sentence, 401, by_key=True)
    if not principal.may(Right.READ):
        told = (
            f"That key is of the kind {principal.role}, which may not read: sign in with one of the kind read or admin"
        )
        return sign_in_page(request, back, told, 403, by_key=True)
    owner, key_id = principal.organisation_id, principal.key_id
    with writing(request.app.state.database) as session:
        token = begin_session(session, organisation_id=owner, key_id=key_id, now=now(), agent=agent_of(request))
    return _signed_in(request, token, back)


def begin_session_of(session: Session, *, user_id: int, agent: str, lasts: timedelta = SESSION_LASTS) -> str:
    """The token of a new session of this person."""
    owner = principal_of_user(session, user_id).organisation_id
    return begin_session(session, organisation_id=owner, user_id=user_id, now=now(), agent=agent, lasts=lasts)


def has_to_choose_password(session: Session, principal: Principal) -> bool:
    """Whether this is a person who has no way to sign in again yet."""
    user = session.get(User, principal.user_id) if principal.user_id is not None else None
    return user is not None and user.password_hash is None and user.identity is None


def signed_out() -> Response:
    """On to the form; the browser forgets the session."""
    response = done("/login", "signed-out")
    response.delete_cookie(SECURE_COOKIE, httponly=True, samesite="lax", secure=True)
    response.delete_cookie(PLAIN_COOKIE, httponly=True, samesite="lax")
    return response


def own_path(back: str) -> str:
    """Where to go afterwards: a path of this server, never another one that somebody put into the address."""
    inside = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if inside and not back.startswith("/login") else HOME


def _signed_in(request: Request, token: str, back: str) -> Response:
    response = RedirectResponse(own_path(back), status_code=303)
    set_cookies(request, response, token)
    return response


def set_cookies(request: Request, response: Response, token: str) -> None:
    """Hand the session's token to the browser.

    Over HTTPS in the one cookie that no other host and no plain connection can set. Most browsers take it on loopback
    too; for those that do not, and over plain HTTP, there is a second one.
    """
    secure = request.url.scheme == "https"
    seconds = int(SESSION_LASTS.total_seconds())
    if secure or _on_loopback(request):
        response.set_cookie(SECURE_COOKIE, token, max_age=seconds, httponly=True, samesite="lax", secure=True)
    if not secure:
        response.set_cookie(PLAIN_COOKIE, token, max_age=seconds, httponly=True, samesite="lax")


def _on_loopback(request: Request) -> bool:
    host = request.url.hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def agent_of(request: Request) -> str:
    """What the browser says it is."""
    return request.headers.get("user-agent", "")
