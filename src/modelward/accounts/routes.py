"""Registering, signing in and out, and tokens over HTTP."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response, status
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.forms import described, read_body
from modelward.accounts.hashing import awaited, hash_password, verify
from modelward.accounts.log_in import attempts, begin_log_in, finish_log_in
from modelward.accounts.passwords import checked_password
from modelward.accounts.permission import Anybody, Caller, Reader
from modelward.accounts.refresh import Grant, exchange, grant
from modelward.accounts.register import register_organisation, register_person
from modelward.accounts.schemas import (
    Credentials,
    Me,
    OrganisationRegistered,
    Registration,
    TokenRequest,
    Tokens,
    UserRegistered,
)
from modelward.accounts.sessions import end_session
from modelward.accounts.tokens import issue_access_token
from modelward.accounts.turns import turns_of
from modelward.accounts.user_routes import router as users
from modelward.accounts.users import checked_email, end_tokens_of
from modelward.errors import Forbidden
from modelward.kit.clock import now
from modelward.kit.database import writing
from modelward.kit.secrets import secret_of
from modelward.kit.web import Writing

starred = APIRouter(route_class=ApiRoute, tags=["accounts"])
"""Also at the root and under /api: programs in the field send them there."""
router = APIRouter(route_class=ApiRoute, tags=["accounts"])


@starred.post("/auth/register", status_code=status.HTTP_201_CREATED)
def register(
    body: Registration, request: Request, response: Response, session: Writing, _: Anybody
) -> OrganisationRegistered | UserRegistered:
    """Make an organisation: with its first person, who owns it, or with a key that may register, send and read."""
    _check_open(request)
    address = _address(request)
    attempts.register(address)
    response.headers["Cache-Control"] = "no-store"
    if body.email is None or body.password is None:
        organisation, key = register_organisation(session, name=body.name or "", now=now(), address=address)
        return OrganisationRegistered(id=organisation.id, name=organisation.name, api_key=key)
    email, name = checked_email(body.email), body.name or ""
    # Hashed before the first statement begins the transaction.
    hashed = hash_password(checked_password(body.password, email=email, name=name))
    title = body.organisation or ""
    made = register_person(
        session,
        email=email,
        password_hash=hashed,
        name=name,
        organisation_name=title,
        now=now(),
        address=address,
    )
    return UserRegistered.of_both(*made)


@starred.post("/auth/login", openapi_extra=described(Credentials))
async def log_in(request: Request, response: Response, _: Anybody) -> Tokens:
    """Exchange an email and a password for an access token. By form or as JSON."""
    return await _sign_in(request, response, await read_body(request, Credentials))


@router.post("/auth/token", openapi_extra=described(TokenRequest))
async def token(request: Request, response: Response, _: Anybody) -> Tokens:
    """Exchange a password, or a refresh token, for the next tokens (OAuth 2). A refresh token can be used once."""
    body = await read_body(request, TokenRequest)
    if body.refresh_token is None or body.grant_type == "password":
        credentials = Credentials(username=body.username or "", password=body.password or "")
        return await _sign_in(request, response, credentials)
    database: Engine = request.app.state.database
    granted = await run_in_threadpool(exchange, database, body.refresh_token, now=now())
    return _tokens(request, response, granted)


@router.post("/auth/logout", status_code=status.HTTP_204_NO_CONTENT)
def log_out(session: Writing, caller: Reader) -> None:
    """End all access and refresh tokens of the person who asks, and the session if it came with one."""
    if caller.user_id is None:
        raise Forbidden("A key does not sign out: revoke it with DELETE /api/v1/api-keys/{id}.")
    end_tokens_of(session, user_id=caller.user_id)
    if caller.session_id is not None:
        end_session(session, session_id=caller.session_id)


@router.get("/auth/me")
def me(caller: Caller) -> Me:
    """Who the credential belongs to, and what they may do."""
    return Me.of(caller)


async def _sign_in(request: Request, response: Response, credentials: Credentials) -> Tokens:
    async with turns_of(request).turn():
        return _tokens(request, response, await _granted(request.app.state.database, credentials, _address(request)))


async def _granted(database: Engine, credentials: Credentials, address: str) -> Grant:
    """While the password is hashed, no thread of requests and no transaction is held."""
    attempt = await run_in_threadpool(begin_log_in, database, email=credentials.username, address=address)
    verdict = await awaited(verify(credentials.password, attempt.password_hash))
    moment = now()
    note = finish_log_in(attempt, verdict, now=moment)

    def granted() -> Grant:
        with writing(database) as session:
            return grant(session, user_id=note(session), now=moment)

    return await run_in_threadpool(granted)


def _tokens(request: Request, response: Response, granted: Grant) -> Tokens:
    settings = request.app.state.settings
    lasts = timedelta(minutes=settings.access_token_minutes)
    access = issue_access_token(
        user_id=granted.user_id, version=granted.version, now=now(), lasts=lasts, secret=secret_of(settings)
    )
    response.headers["Cache-Control"] = "no-store"
    return Tokens(access_token=access, expires_in=int(lasts.total_seconds()), refresh_token=granted.refresh_token)


def _check_open(request: Request) -> None:
    if not getattr(request.app.state, "registration_open", False):
        raise Forbidden(
            "Registration is closed here: ask an admin for an account, or set MODELWARD_OPEN_REGISTRATION=true."
        )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


router.include_router(users)
