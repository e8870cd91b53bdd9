"""Who may use a route, said in its signature: `reader: Reader`, `ingestor: Ingestor`, `editor: Editor` …

A credential is an API key or an access token (`Authorization: Bearer …`; a key also as `X-API-Key`), or the session of
the dashboard. Where the service is a public demo, reading needs none. A route that anybody may use says that too
(`_: Anybody`): what declares nothing is a mistake, and the service does not start with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends
from fastapi.routing import RouteContext
from fastapi.security import APIKeyHeader, HTTPBearer
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.routing import BaseRoute

from modelward.accounts.credentials import identify
from modelward.accounts.principal import Principal, Right, public
from modelward.accounts.service import NOTED_EVERY, first_organisation, note_use
from modelward.accounts.sessions import (
    PLAIN_COOKIE,
    SECURE_COOKIE,
    SEEN_EVERY,
    holder_of,
    is_form_token,
    note_seen,
)
from modelward.errors import Forbidden, Unauthorized
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.secrets import secret_of

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
FORM_HEADER = "x-form-token"
FORM_FIELD = "form_token"

_NEEDED = {
    Right.READ: "read",
    Right.INGEST: "send events or register models",
    Right.EDIT: "change models and how they are watched",
    Right.ADMIN: "manage people and keys",
    Right.OWN: "change the organisation itself",
}

_bearer = HTTPBearer(
    auto_error=False,
    description="An access token from `/auth/login`, or an API key. Writing `Bearer` before it once more does no harm.",
)
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key.")


def token_of(headers: Mapping[str, str]) -> str | None:
    """The credential in the headers (names in any case where the mapping allows it, as Starlette's does).

    `Authorization: Bearer Bearer KEY` is forgiven: people paste the word into fields that add it.
    """
    words = headers.get("authorization", "").split()
    if len(words) > 1 and words[0].lower() == "bearer":
        return words[-1] if all(word.lower() == "bearer" for word in words[:-1]) else None
    key = headers.get("x-api-key", "").split()
    return key[-1] if key and all(word.lower() == "bearer" for word in key[:-1]) else None


def session_token_of(request: Request) -> str | None:
    """The token of the dashboard's session. Over HTTPS only from the cookie that no other host can have set."""
    secure = request.cookies.get(SECURE_COOKIE)
    return secure or (request.cookies.get(PLAIN_COOKIE) if request.url.scheme != "https" else None)


def who(request: Request) -> Principal:
    """Who is calling. Asked once a request, and kept as `request.state.principal`.

    Raises:
        Unauthorized: nobody that is known.
        Forbidden: another site, or a form that is none of ours, sent this with the dashboard's cookie.
    """
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    found = _by_header(request) or _by_cookie(request) or _public(request)
    if found is None:
        raise Unauthorized("Send an API key or an access token in the header Authorization: Bearer.")
    principal = replace(found, address=request.client.host if request.client else None)
    request.state.principal = principal
    return principal


def _by_header(request: Request) -> Principal | None:
    token = token_of(request.headers)
    if token is None:
        return None
    database: Engine = request.app.state.database
    moment, secret = now(), secret_of(request.app.state.settings)
    with reading(database) as session:
        principal = identify(session, token, now=moment, secret=secret)
    _note(database, principal)
    return principal


def _note(database: Engine, principal: Principal) -> None:
    moment = now()
    if principal.key_id and (principal.last_used_at is None or principal.last_used_at <= moment - NOTED_EVERY):
        with writing(database) as session:
            note_use(session, key_id=principal.key_id, now=moment)


def _by_cookie(request: Request) -> Principal | None:
    token, moment = session_token_of(request), now()
    if not token:
        return None
    database: Engine = request.app.state.database
    with reading(database) as session:
        holder = holder_of(session, token, now=moment)
    if holder is None:
        return None
    principal, seen_at = holder
    if request.method not in SAFE_METHODS:
        _check_origin(request, token)
    if principal.session_id and seen_at <= moment - SEEN_EVERY:
        with writing(database) as session:
            note_seen(session, session_id=principal.session_id, now=moment)
    return principal


def _check_origin(request: Request, token: str) -> None:
    """Two locks: the browser says where the request comes from (Fetch Metadata), and the form carries our token."""
    if not from_our_pages(request):
        raise Forbidden("This request came from another site: open the dashboard and do it there.")
    given = request.headers.get(FORM_HEADER) or getattr(request.state, FORM_FIELD, None) or ""
    if not is_form_token(given, token, secret=secret_of(request.app.state.settings)):
        raise Forbidden("This form is out of date, so nothing was done: load the page again and repeat it.")


def from_our_pages(request: Request) -> bool:
    """Browsers say where a request comes from (Fetch Metadata); old ones at least send its origin."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("origin", "").partition("://")[2] == request.headers.get("host", "-")


def _public(request: Request) -> Principal | None:
    if not request.app.state.settings.public_read or request.method not in SAFE_METHODS:
        return None
    with reading(request.app.state.database) as session:
        organisation = first_organisation(session)
    return public(organisation.id) if organisation else None


def _who(
    request: Request, _bearer: Annotated[object, Depends(_bearer)], _key: Annotated[object, Depends(_header)]
) -> Principal:
    # The two schemes stand here for OpenAPI, whose page then shows where to put a credential.
    return who(request)


class Needs:
    """The declaration of a route: the caller has this right, or one of the others, or is refused."""

    def __init__(self, right: Right, *others: Right) -> None:
        self.right = right
        self._rights = (right, *others)

    def __call__(self, principal: Annotated[Principal, Depends(_who)]) -> Principal:
        """The caller.

        Raises:
            Forbidden: they may not do this.
        """
        if not any(principal.may(right) for right in self._rights):
            raise Forbidden(f"{_subject(principal)} may not {_NEEDED[self.right]}: {_way_out(principal)}.")
        return principal


class Open:
    """The declaration of a route that anybody may use, without a credential."""

    def __call__(self) -> None:
        """Nothing is asked."""


Reader = Annotated[Principal, Depends(Needs(Right.READ))]
Ingestor = Annotated[Principal, Depends(Needs(Right.INGEST))]
Editor = Annotated[Principal, Depends(Needs(Right.EDIT))]
Admin = Annotated[Principal, Depends(Needs(Right.ADMIN))]
Owner = Annotated[Principal, Depends(Needs(Right.OWN))]
Caller = Annotated[Principal, Depends(Needs(Right.READ, Right.INGEST))]
"""Whoever has a credential: each lets its holder read or send."""
Anybody = Annotated[None, Depends(Open())]


def declared_by(route: BaseRoute | RouteContext) -> Right | None:
    """The right that a route asks for; None where it says that anybody may use it.

    Raises:
        LookupError: the route declares nothing.
    """
    needs = needed_by(route)
    return needs.right if needs else None


def needed_by(route: BaseRoute | RouteContext) -> Needs | None:
    """The same, as the declaration that checks a caller. Raises as `declared_by` does."""
    dependant = getattr(route, "dependant", None)
    calls = list(_calls(dependant)) if dependant else [getattr(route, "declared", None)]
    needed = [call for call in calls if isinstance(call, Needs)]
    if needed:
        return needed[0]
    if any(isinstance(call, Open) for call in calls):
        return None
    raise LookupError(f"{getattr(route, 'path', route)} does not declare who may use it")


def _calls(dependant: Any) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def _subject(principal: Principal) -> str:
    return "You" if principal.user_id is not None else principal.title[:1].upper() + principal.title[1:]


def _way_out(principal: Principal) -> str:
    if principal.user_id is not None:
        return f"your role is {principal.role}, which an admin of your organisation can change"
    return "ask an admin for one that may"
