"""Around every request but the door's: its id, its measures, and its one line in the log.

The ingest door does the same by itself, for a third of the cost: a wrapper around each message of 12,000 requests a
second would take 3 % of what it can do.
"""

import logging
import re
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelward.kit.measures import RequestMeasures
from modelward.kit.request_id import HEADER, begin

log = logging.getLogger("modelward.requests")

UNMATCHED = "unmatched"
_QUIET = re.compile(r"/static/\*|(?:/api(?:/v1)?)?/(?:health(?:/ready)?|metrics)|/dashboard/waiting")
_OPAQUE = re.compile(r"[A-Za-z0-9_~%+=.-]{20,}")


class Observed:
    """An application, observed."""

    def __init__(self, app: ASGIApp, measures: RequestMeasures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = perf_counter()
        header = (HEADER, begin(scope["headers"]).encode("ascii"))
        status, ended = 0, False

        async def sending(message: Message) -> None:
            nonlocal status, ended
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], header]
            else:
                ended = not message.get("more_body")
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            # Starlette raises again what its handler has logged and answered; the server would log it once more.
            if not (ended and status == 500):
                raise
        finally:
            self._note(scope, status, perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        self._measures.observe(scope["method"], route, status, seconds)
        level = logging.DEBUG if _QUIET.fullmatch(route) else logging.INFO
        principal = scope.get("state", {}).get("principal")
        role = None if principal is None else str(principal.role)
        write_line(level, scope["method"], shown_path(scope, route), status=status, seconds=seconds, principal=role)


def write_line(level: int, method: str, path: str, *, status: int, seconds: float, principal: str | None) -> None:
    """The one line of a request in the log; a status of 0: the caller went away."""
    told = {"status": status or "gone", "ms": round(seconds * 1e3, 1)} | ({"principal": principal} if principal else {})
    log.log(level, "%s %s", method, path, extra=told)


def route_of(scope: Scope) -> str:
    """The template of the route that took the request, with its prefixes; the same word for all that none took."""
    # FastAPI keeps what an included router's route amounts to here; the route itself does not know its prefix.
    effective = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    template: str | None = getattr(effective, "path_format", None)
    if template is not None:
        return template
    return f"{scope['root_path']}/*" if scope.get("root_path") else UNMATCHED


def shown_path(scope: Scope, route: str | None = None) -> str:
    """What a log may say of the path: its template, or where there is none the path without what may be a token."""
    known = route or route_of(scope)
    return known if known != UNMATCHED else _OPAQUE.sub("…", str(scope["path"]))[:200]
