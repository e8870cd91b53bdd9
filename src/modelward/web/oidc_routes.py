"""Signing in at the organisation's identity provider: there, and back."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import RedirectResponse, Response

from modelward.accounts.oidc_attempt import LASTS, Attempt, new_attempt, opened, sealed
from modelward.accounts.oidc_people import admit
from modelward.accounts.permission import Anybody
from modelward.errors import Forbidden, NotFound, Unauthorized, Unavailable
from modelward.kit.clock import now
from modelward.kit.database import writing
from modelward.kit.secrets import secret_of
from modelward.web.errors import PageRoute
from modelward.web.sign_in import HOME, agent_of, begin_session_of, own_path, set_cookies, sign_in_page
from modelward.web.snippets import base_of

if TYPE_CHECKING:
    from modelward.accounts.oidc import Provider

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

SESSION_LASTS = timedelta(hours=12)
"""Shorter than after a password: whoever left the organisation, or a group, is asked at the provider every day."""

_CALLBACK = "/login/oidc/callback"
_SECURE_COOKIE = "__Host-modelward_oidc"
_PLAIN_COOKIE = "modelward_oidc"
_LONGEST_WAY_BACK = 1_000  # characters: the cookie that keeps it has 4,096
_Told = Annotated[str | None, Query(max_length=4_000)]

_STRANGER = "This sign-in was begun in another browser, more than 10 minutes ago, or finished already: start again."
_NO_ROLE = "None of your groups has a role here, so you may not sign in: ask an admin which group you need."


@router.get("/login/oidc")
def begin(request: Request, _: Anybody, next: str = HOME) -> Response:  # noqa: A002 - the name that the address shows
    back = own_path(next) if len(next) <= _LONGEST_WAY_BACK else HOME
    attempt = new_attempt(back, now=now())
    try:
        address = _provider(request).address_of(attempt, redirect_uri=base_of(request) + _CALLBACK, now=now())
    except Unavailable as error:
        return _away(request, back, error)
    response = RedirectResponse(address, status_code=303)
    _keep(request, response, sealed(attempt, secret=secret_of(request.app.state.settings)))
    return response


@router.get(_CALLBACK)
def come_back(
    request: Request,
    _: Anybody,
    state: _Told = None,
    code: _Told = None,
    error: _Told = None,
    iss: _Told = None,
) -> Response:
    provider, attempt = _provider(request), _attempt_of(request)
    if request.method != "GET":  # whoever only looks (HEAD) uses nothing up
        return sign_in_page(request, HOME)
    if attempt is None or attempt.state != state or not provider.finished.first(attempt):
        # A link that somebody else sent must not end what this browser is doing, so its own attempt stays.
        return sign_in_page(request, HOME, _STRANGER, 401)
    try:
        response = _signed_in(request, provider, attempt, code=code, error=error, iss=iss)
    except Unavailable as away:
        response = _away(request, attempt.back, away)
    except Forbidden as refused:
        response = sign_in_page(request, attempt.back, refused.sentence, 401)
    _forget(response)
    return response


def _away(request: Request, back: str, error: Unavailable) -> Response:
    return sign_in_page(request, back, error.sentence, 503, headers={"retry-after": str(error.retry_after)})


def _signed_in(
    request: Request, provider: "Provider", attempt: Attempt, *, code: str | None, error: str | None, iss: str | None
) -> Response:
    if error is not None or code is None:
        raise provider.refuse(error or "")
    moment = now()
    told = provider.person_of(attempt, code=code, iss=iss, redirect_uri=base_of(request) + _CALLBACK, now=moment)
    with writing(request.app.state.database) as session:
        address = request.client.host if request.client else None
        user_id = admit(session, told, roles=provider.roles, now=moment, address=address)
        if user_id is not None:
            token = begin_session_of(session, user_id=user_id, agent=agent_of(request), lasts=SESSION_LASTS)
    if user_id is None:  # only now: what had to end, ended
        raise Unauthorized(_NO_ROLE)
    response = RedirectResponse(own_path(attempt.back), status_code=303)
    set_cookies(request, response, token)
    return response


def _provider(request: Request) -> "Provider":
    """The provider of the settings. What it is made of is loaded when somebody asks for it: many services have none."""
    settings = request.app.state.settings
    if settings.oidc_issuer is None:
        raise NotFound("People do not sign in through an identity provider here: go to `/login`.")
    from modelward.accounts.oidc import provider_of

    return provider_of(settings)


def _keep(request: Request, response: Response, kept: str) -> None:
    """Lax, because the browser comes back by a link of another site."""
    seconds = int(LASTS.total_seconds())
    secure = request.url.scheme == "https"
    name = _SECURE_COOKIE if secure else _PLAIN_COOKIE
    response.set_cookie(name, kept, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def _attempt_of(request: Request) -> Attempt | None:
    name = _SECURE_COOKIE if request.url.scheme == "https" else _PLAIN_COOKIE
    return opened(request.cookies.get(name, ""), secret=secret_of(request.app.state.settings), now=now())


def _forget(response: Response) -> None:
    response.delete_cookie(_SECURE_COOKIE, httponly=True, samesite="lax", secure=True)
    response.delete_cookie(_PLAIN_COOKIE, httponly=True, samesite="lax")
