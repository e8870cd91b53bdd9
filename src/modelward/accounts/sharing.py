"""Fair shares: so many requests a minute for each caller, and a quarter of that for an address that is not known.

A caller is a key, a person (whatever they hold) or an operator's session. Who that is, is found out by the route; a
credential that was good before is remembered by its digest, so that a caller over their share costs nothing more. Any
other request, one with a wrong credential too, counts for its address: guessing is slow, and does not slow down those
behind the same address whose credential is good. Besides: the ingest door has its own bound, `/health` and static files
have none, and signing in has a stricter one of its own.
"""

import hashlib
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelward.accounts.permission import session_token_of, token_of
from modelward.accounts.principal import Principal
from modelward.kit.rate_limit import RateLimit, Share
from modelward.kit.refusals import refuse

PART_OF_AN_ADDRESS = 4
"""A share of an address is this part of a caller's."""

_FREE = re.compile(r"/static/.*|(?:/api(?:/v1)?)?/health(?:/ready)?", re.DOTALL)
_REMEMBERED = 10_000  # credentials


class Shares:
    """An application that gives each caller their share. `api` words its refusals."""

    def __init__(self, app: ASGIApp, *, per_minute: int, api: FastAPI, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._api = api
        self._callers = RateLimit(per_minute, clock=clock)
        self._addresses = RateLimit(max(1, per_minute // PART_OF_AN_ADDRESS), clock=clock)
        self._known: OrderedDict[bytes, str] = OrderedDict()  # digest of a credential → its caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _FREE.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        digest = _digest_of(Request(scope))
        share = self._take(digest, scope)
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *share.headers()]
            await send(message)

        if share.allowed:
            await self._app(scope, receive, sending)
            self._learn(digest, scope, status)
        else:
            await refuse(self._api, _over(share), scope, receive, sending)

    def _take(self, digest: bytes | None, scope: Scope) -> Share:
        caller = self._known.get(digest) if digest else None
        if caller is None or digest is None:
            return self._addresses.take(network_of((scope.get("client") or ("",))[0]))
        self._known.move_to_end(digest)
        return self._callers.take(caller)

    def _learn(self, digest: bytes | None, scope: Scope, status: int) -> None:
        """What the route found out of the credential."""
        if digest is None:
            return
        principal: Principal | None = scope.get("state", {}).get("principal")
        caller = caller_of(principal) if principal else None
        if caller:
            self._known[digest] = caller
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        elif status == 401:
            self._known.pop(digest, None)


def caller_of(principal: Principal) -> str | None:
    """Whose share a request counts for, and whose Idempotency-Key it carries; None for the public."""
    named = (("user", principal.user_id), ("key", principal.key_id), ("session", principal.session_id))
    return next((f"{kind}:{number}" for kind, number in named if number is not None), None)


@lru_cache(maxsize=4_096)
def network_of(address: str) -> str:
    """What one subscriber has: an address of IPv4, the 64 bits before it of IPv6 (where any number is theirs)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


def _digest_of(request: Request) -> bytes | None:
    token = token_of(request.headers) or session_token_of(request)
    return hashlib.sha256(token.encode()).digest() if token else None


def _over(share: Share) -> HTTPException:
    return HTTPException(
        429,
        f"There were more than {share.limit:,} requests within a minute: go on in {share.reset} seconds.",
        {"Retry-After": str(share.reset)},
    )
