"""Signing in: a one-time link or a key becomes the dashboard's cookie."""

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from modelward.accounts.service import authenticate
from modelward.accounts.sessions import COOKIE, SESSION_LASTS, read_session, redeem_login_link, session_cookie
from modelward.errors import Forbidden, Unauthorized
from modelward.kit.clock import now
from modelward.kit.secrets import secret_of
from modelward.web.pages import page
from modelward.web.security import refuse_other_sites

HOME = "/dashboard"


def sign_in_page(back: str, failure: str = "", status: int = 200) -> Response:
    """The form, with what went wrong before."""
    return page("login.html", status=status, failure=failure, next=own_path(back))


def sign_in_by_link(request: Request, session: Session, token: str, back: str) -> Response:
    """The link that `serve` printed. Whoever is signed in already may follow a used one."""
    secret = secret_of(request.app.state.settings)
    try:
        cookie = redeem_login_link(session, token, now=now(), secret=secret)
    except Unauthorized as error:
        known = read_session(request.cookies.get(COOKIE, ""), now=now(), secret=secret)
        return RedirectResponse(own_path(back), status_code=303) if known else sign_in_page(back, error.sentence, 401)
    return _signed_in(request, cookie, back)


def sign_in_by_key(request: Request, session: Session, key: str, back: str) -> Response:
    """A key that may read: the cookie is of the key's kind, so that it may do what the key may and no more."""
    try:
        refuse_other_sites(request)
        principal = authenticate(session, key.strip())
    except Forbidden as error:
        return sign_in_page(back, error.sentence, 401)
    if not principal.can_read:
        told = (
            f"That key is of the kind {principal.kind}, which may not read: sign in with one of the kind read or admin"
        )
        return sign_in_page(back, told, 403)
    secret = secret_of(request.app.state.settings)
    cookie = session_cookie(principal.organisation_id, now=now(), secret=secret, kind=principal.kind)
    return _signed_in(request, cookie, back)


def own_path(back: str) -> str:
    """Where to go afterwards: a path of this server, never another one that somebody put into the address."""
    inside = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if inside and not back.startswith("/login") else HOME


def _signed_in(request: Request, cookie: str, back: str) -> Response:
    response = RedirectResponse(own_path(back), status_code=303)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response
