"""Signing in: a one-time link, a key or a password becomes a session of the dashboard."""

import ipaddress

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from modelward.accounts.permission import session_token_of
from modelward.accounts.principal import Right
from modelward.accounts.service import authenticate
from modelward.accounts.sessions import (
    PLAIN_COOKIE,
    SECURE_COOKIE,
    SESSION_LASTS,
    begin_session,
    holder_of,
    redeem_login_link,
)
from modelward.errors import Forbidden, Unauthorized
from modelward.kit.clock import now
from modelward.web.pages import page
from modelward.web.security import refuse_other_sites

HOME = "/dashboard"


def sign_in_page(request: Request, back: str, failure: str = "", status: int = 200) -> Response:
    """The form, with what went wrong before."""
    return page(request, "login.html", status=status, failure=failure, next=own_path(back))


def sign_in_by_link(request: Request, session: Session, token: str, back: str) -> Response:
    """The link that `serve` printed. Whoever is signed in already may follow a used one."""
    try:
        begun = redeem_login_link(session, token, now=now(), agent=_agent(request))
    except Unauthorized as error:
        known = holder_of(session, session_token_of(request) or "", now=now())
        if known:
            return RedirectResponse(own_path(back), status_code=303)
        return sign_in_page(request, back, error.sentence, 401)
    return _signed_in(request, begun, back)


def sign_in_by_key(request: Request, session: Session, key: str, back: str) -> Response:
    """A key that may read: the session may do what the key may, and ends with it."""
    try:
        refuse_other_sites(request)
        principal = authenticate(session, key.strip(), now=now())
    except Forbidden as error:
        return sign_in_page(request, back, error.sentence, 401)
    if not principal.may(Right.READ):
        told = (
            f"That key is of the kind {principal.role}, which may not read: sign in with one of the kind read or admin"
        )
        return sign_in_page(request, back, told, 403)
    organisation_id, key_id = principal.organisation_id, principal.key_id
    token = begin_session(session, organisation_id=organisation_id, key_id=key_id, now=now(), agent=_agent(request))
    return _signed_in(request, token, back)


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


def _agent(request: Request) -> str:
    return request.headers.get("user-agent", "")
