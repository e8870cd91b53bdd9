"""Who may use a route, said in its signature: `reader: Reader`, `ingestor: Ingestor`, `admin: Admin`.

A credential is an API key (`Authorization: Bearer …` or `X-API-Key`), or the dashboard's cookie. Where the service is
a public demo, reading needs none.
"""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPBearer
from sqlalchemy import Engine
from starlette.requests import Request

from modelward.accounts.service import NOTED_EVERY, Principal, authenticate, first_organisation, note_use
from modelward.accounts.sessions import COOKIE, read_session
from modelward.errors import Forbidden, Unauthorized
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.secrets import secret_of

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

_bearer = HTTPBearer(auto_error=False, description="An API key. Writing `Bearer` before it once more does no harm.")
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


def who(request: Request) -> Principal:
    """Who is calling.

    Raises:
        Unauthorized: nobody that is known.
        Forbidden: another site sent this request with the dashboard's cookie.
    """
    principal = _by_key(request) or _by_cookie(request) or _public(request)
    if principal is None:
        raise Unauthorized("Send an API key in the header Authorization: Bearer, or X-API-Key.")
    return principal


def _by_key(request: Request) -> Principal | None:
    token = token_of(request.headers)
    if token is None:
        return None
    database: Engine = request.app.state.database
    with reading(database) as session:
        principal = authenticate(session, token)
    _note(database, principal)
    return principal


def _note(database: Engine, principal: Principal) -> None:
    moment = now()
    if principal.key_id and (principal.last_used_at is None or principal.last_used_at <= moment - NOTED_EVERY):
        with writing(database) as session:
            note_use(session, key_id=principal.key_id, now=moment)


def _by_cookie(request: Request) -> Principal | None:
    cookie = request.cookies.get(COOKIE)
    principal = read_session(cookie, now=now(), secret=secret_of(request.app.state.settings)) if cookie else None
    if principal and request.method not in SAFE_METHODS and not _from_our_pages(request):
        raise Forbidden("This request came from another site: open the dashboard and do it there.")
    return principal


def _from_our_pages(request: Request) -> bool:
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
    return Principal(organisation.id, None, "public") if organisation else None


def _who(
    request: Request, _bearer: Annotated[object, Depends(_bearer)], _key: Annotated[object, Depends(_header)]
) -> Principal:
    # The two schemes stand here for OpenAPI, whose page then shows where to put a key.
    return who(request)


def _needs(allowed: Callable[[Principal], bool], kinds: str) -> Callable[[Principal], Principal]:
    def check(principal: Annotated[Principal, Depends(_who)]) -> Principal:
        if not allowed(principal):
            raise Forbidden(f"This needs a key of the kind {kinds}; yours is of the kind {principal.kind}.")
        return principal

    return check


Reader = Annotated[Principal, Depends(_needs(lambda principal: principal.can_read, "read or admin"))]
Ingestor = Annotated[Principal, Depends(_needs(lambda principal: principal.can_ingest, "ingest or admin"))]
Admin = Annotated[Principal, Depends(_needs(lambda principal: principal.can_admin, "admin"))]
