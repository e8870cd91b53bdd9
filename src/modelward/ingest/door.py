"""The HTTP door: a bare ASGI application for events and labels. What it acknowledges is durable.

The steps of a request, in order: authenticate, admit (is there room?), read and unpack the body, cut it into items,
read each item's fields (`steps.py`), resolve the models, write the journal, answer.
"""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from urllib.parse import parse_qs

from sqlalchemy import Engine

from modelward.accounts.principal import Principal, Right
from modelward.audit.author import Author
from modelward.errors import Forbidden, ModelwardError, Unauthorized, Unavailable
from modelward.ingest.arrow_intake import ArrowIntake
from modelward.ingest.bodies import UnknownCoding, unpacked
from modelward.ingest.commit import GroupCommit
from modelward.ingest.counting import Counters
from modelward.ingest.directory import Directory
from modelward.ingest.intake import Intake, JsonIntake, LabelIntake, Taken
from modelward.ingest.journal import Journal
from modelward.ingest.refusals import Refusals
from modelward.ingest.requests import Gone, Head, Receive, Scope, Send, answer, body_of, head_of, refuse
from modelward.ingest.timestamps import Clock, times_of
from modelward.kit import clock as kit_clock
from modelward.kit.measures import RequestMeasures
from modelward.kit.observe import log as requests_log
from modelward.kit.observe import write_line
from modelward.kit.patience import PATIENCE, Patience, Readings
from modelward.kit.request_id import adopt, ensure
from modelward.kit.secrets import secret_of
from modelward.settings import Settings

log = logging.getLogger("modelward.ingest")

ARROW = b"application/vnd.apache.arrow.stream"
_LINES = (b"application/x-ndjson", b"application/jsonl", b"application/x-jsonlines")
_TYPES = (b"", b"application/json", b"text/json", b"text/plain", b"application/x-www-form-urlencoded", *_LINES, ARROW)
_ARROW_FACTOR = 10  # an Arrow stream may be this much larger than a JSON body

_PREFIX = re.compile(r"(?:/api(?:/v1)?)?(/.*)")
_ROUTES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("POST", "events", re.compile(r"/events/?")),
    ("POST", "events", re.compile(r"/models/(?P<model>[^/]+)/predictions/?")),
    ("POST", "events", re.compile(r"/logs/prediction(?:/batch)?/?")),
    ("PUT", "labels", re.compile(r"/logs/prediction/(?P<event_id>[^/]+)")),
    ("POST", "labels", re.compile(r"/labels/?")),
)
_Route = tuple[str, dict[str, str]]
# How measures and the log name a route, whichever of its spellings was used.
_TEMPLATES = {
    "events": "/api/v1/events",
    "labels": "/api/v1/labels",
    "model": "/api/v1/models/{model}/predictions",
    "event_id": "/api/v1/logs/prediction/{event_id}",
}


def route_of(method: str, path: str) -> _Route | None:
    """What a request asks of the door ("events" or "labels") and what its path names; None when it is for others."""
    matched = _PREFIX.fullmatch(path)
    for verb, what, pattern in _ROUTES if matched and method in ("POST", "PUT") else ():
        found = pattern.fullmatch(matched[1]) if matched and verb == method else None
        if found:
            return what, found.groupdict()
    return None


class Door:
    """The ASGI application. `answers` says which requests are its own."""

    def __init__(
        self,
        journal: Journal,
        engine: Engine,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = kit_clock.now,
        patience: Patience = PATIENCE,
    ) -> None:
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._readings = Readings(patience)
        self._directory = Directory(engine, clock, secret_of(settings))
        self._commit = GroupCommit(journal)
        self._counters = Counters()
        self._most, self._inside = settings.max_ingest_requests, 0  # requests of known callers at once
        self.requests = RequestMeasures()
        self.refusals = Refusals()
        # Arrow loads more at its first use (pandas too, where it is installed): not while a sender waits.
        times_of(["2026-01-01T00:00:00Z"] * 4, Clock(clock()))
        # The fixed paths are looked up; only those that name a model are matched.
        self._fixed: dict[tuple[str, str], _Route] = {}

    @property
    def folder(self) -> Path:
        """Where the journal lies."""
        return self._journal.folder

    def answers(self, scope: Scope) -> bool:
        """Whether the door takes this request."""
        return self._route(scope) is not None

    def counters(self) -> dict[str, int]:
        """What was accepted, what was rejected and why, and what waits, since the process began."""
        return {**self._counters.read(), "waiting_bytes": self._journal.waiting_bytes}

    def close(self) -> None:
        """Finish what is being written. Called once no request is open."""
        self._commit.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = perf_counter()
        route = self._route(scope)
        assert route is not None, "the door was asked for a path that it does not answer"
        status = 0
        try:
            taken = await self._take(route, scope, receive)
        except Gone:
            self._counters.add("gone")
        except ModelwardError as error:
            self._counters.add(f"refused.{type(error).__name__}")
            self._remember(scope, type(error).__name__, error.sentence)
            status = await refuse(send, error)
        except Exception:
            # Nothing was acknowledged, so nothing is lost: the sender is told to try again, and the log says why.
            ensure()
            log.exception("the door failed")
            self._counters.add("failed")
            status = await refuse(send, None)
        else:
            self._count(taken)
            if taken.rejected:
                self._remember(scope, taken.rejected[0].reason, taken.rejected[0].detail)
            status = await _tell(send, taken)
        self._note(scope["method"], route, status, perf_counter() - begun)

    def _remember(self, scope: Scope, reason: str, sentence: str) -> None:
        """Keep a refusal for the page of whom it concerns. Who that is, is asked again, of memory alone."""
        caller = None
        with suppress(ModelwardError):  # a credential that is known to be none
            caller = self._directory.known_caller(head_of(scope).token)
        owner, address = caller.organisation_id if caller else None, (scope.get("client") or ("",))[0]
        self.refusals.note(organisation_id=owner, at=self._clock(), reason=reason, sentence=sentence, address=address)

    def _note(self, method: str, route: _Route, status: int, seconds: float) -> None:
        what, named = route
        template = _TEMPLATES[next(iter(named), what)]
        self.requests.observe(method, template, status, seconds)
        if requests_log.isEnabledFor(logging.DEBUG):
            write_line(logging.DEBUG, method, template, status=status, seconds=seconds, principal=None)

    def _route(self, scope: Scope) -> _Route | None:
        asked = (scope["method"], scope["path"])
        known = self._fixed.get(asked)
        if known is not None:
            return known
        route = route_of(*asked)
        if route is not None and not route[1].get("model") and not route[1].get("event_id"):
            self._fixed[asked] = route
        return route

    async def _take(self, route: _Route, scope: Scope, receive: Receive) -> Taken:
        head = head_of(scope)
        adopt(head.request_id)
        principal = await self._caller(head)
        if head.content_type not in _TYPES:
            raise UnknownCoding(
                "The Content-Type is not understood: send application/json, application/x-ndjson or Arrow."
            )
        self._journal.admit()
        if self._inside >= self._most:
            raise Unavailable(f"{self._most:,} requests are being taken at this moment: send this one again shortly.")
        self._inside += 1
        try:
            return await self._take_from(principal, head, route, scope, receive)
        finally:
            self._inside -= 1

    async def _take_from(
        self, principal: Principal, head: Head, route: _Route, scope: Scope, receive: Receive
    ) -> Taken:
        arrow = head.content_type == ARROW
        limit = self._settings.max_body_bytes * (_ARROW_FACTOR if arrow else 1)
        body = await body_of(receive, head=head, limit=limit, readings=self._readings)
        plain = unpacked(body, head.coding) if head.coding else body
        what, named = route
        intake = self._intake(what, named, scope, principal, arrow=arrow)
        taken = await intake.take(plain, lines=head.content_type in _LINES)
        if taken.entries:
            await self._commit.durable(taken.entries)
        return taken

    async def _caller(self, head: Head) -> Principal:
        if not head.token:
            raise Unauthorized("There is no credential: send an API key as `Authorization: Bearer …` or `X-API-Key`.")
        principal = self._directory.known_caller(head.token) or await self._directory.caller(head.token)
        if not principal.may(Right.INGEST):
            raise Forbidden(f"A credential of the kind {principal.role!r} may not send data: use an ingest key.")
        return principal

    def _intake(self, what: str, named: dict[str, str], scope: Scope, principal: Principal, *, arrow: bool) -> Intake:
        context = (self._directory, principal.scope, Clock(self._clock()), self._settings)
        if what == "labels":
            return LabelIntake(*context, event_id=named.get("event_id"))
        model = named.get("model") or _asked_model(scope["query_string"])
        client = scope.get("client")

        def author() -> Author:
            return replace(principal, address=client[0] if client else None).author

        return (ArrowIntake if arrow else JsonIntake)(*context, model=model, registering=author)

    def _count(self, taken: Taken) -> None:
        self._counters.add("accepted.labels" if taken.labels else "accepted.events", taken.accepted)
        for rejected in taken.rejected:
            self._counters.add(f"rejected.{rejected.reason}")


@lru_cache(maxsize=1_000)
def _asked_model(query: bytes) -> str | None:
    return parse_qs(query.decode("latin-1")).get("model", [None])[0] if query else None


async def _tell(send: Send, taken: Taken) -> int:
    if taken.accepted or not taken.rejected:
        return await answer(send, 201, taken.answer())
    detail = (
        taken.rejected[0].detail if len(taken.rejected) == 1 else "None of the items could be taken: see `rejected`."
    )
    problem = {"type": "about:blank", "title": "Nothing was accepted", "status": 422, "detail": detail}
    return await answer(send, 422, {**problem, "accepted": 0, "rejected": taken.rejected}, problem=True)
