"""One HTTP request to the door and its answer: bytes in within bounds, bytes out."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

import msgspec

from modelward.errors import Conflict, Forbidden, Invalid, ModelwardError, NotFound, TooMany, Unauthorized, Unavailable
from modelward.ingest.bodies import TooLarge, UnknownCoding
from modelward.kit.patience import Reading, Readings, TooSlow
from modelward.kit.request_id import HEADER, current, ensure

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_encoder = msgspec.json.Encoder()
_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", b"application/problem+json")
_NOSNIFF = (b"x-content-type-options", b"nosniff")

# The first that fits decides.
_STATUS: tuple[tuple[type[ModelwardError], int, str], ...] = (
    (TooLarge, 413, "Too large"),
    (TooSlow, 408, "Too slow"),
    (UnknownCoding, 415, "Unsupported media type"),
    (Unauthorized, 401, "Not authenticated"),
    (Forbidden, 403, "Not allowed"),
    (NotFound, 404, "Not found"),
    (Conflict, 409, "Conflict"),
    (Invalid, 400, "Not understood"),
    (TooMany, 429, "Too many requests"),
    (Unavailable, 503, "Not available"),
)


_OURS = (500, "Failed")
_DRAINED = 2  # times the limit, over the limit


class Gone(Exception):  # noqa: N818 - nobody is left to be told
    """The client went away before its request was whole."""


class Head(NamedTuple):
    """The headers that the door reads; empty where they were not sent."""

    token: str
    content_type: bytes
    coding: bytes
    length: int
    waits: bool
    """whether the body is held back until it is asked for"""
    request_id: bytes


def head_of(scope: Scope) -> Head:
    """The headers of a request. A doubled `Bearer Bearer` is forgiven; `X-API-Key` counts where there is no token."""
    found: dict[bytes, bytes] = dict(scope["headers"])
    token = found.get(b"authorization", b"").strip()
    while token[:7].lower() == b"bearer ":
        token = token[7:].lstrip()
    token = token or found.get(b"x-api-key", b"").strip()
    length = found.get(b"content-length", b"0")
    return Head(
        token=token.decode("latin-1"),
        content_type=found.get(b"content-type", b"").partition(b";")[0].strip().lower(),
        coding=found.get(b"content-encoding", b"").strip().lower(),
        length=int(length) if length.isdigit() else 0,
        waits=found.get(b"expect", b"").strip().lower() == b"100-continue",
        request_id=found.get(HEADER, b""),
    )


async def body_of(receive: Receive, *, head: Head, limit: int, readings: Readings) -> bytes:
    """The whole body.

    Raises:
        TooLarge: it has more than `limit` bytes.
        TooSlow: it came slower than the patience of `readings` allows.
        Gone: the client went away.
    """
    if head.length > limit and (head.waits or head.length > limit * (1 + _DRAINED)):
        raise _too_large(limit)
    reading = readings.begin()
    try:
        if head.length > limit:
            await _drain(receive, limit * (1 + _DRAINED), reading)
            raise _too_large(limit)
        return await _read(receive, limit, reading)
    except asyncio.CancelledError:
        if not reading.overdue:
            raise
        reading.task.uncancel()
        raise readings.too_slow() from None
    finally:
        readings.end(reading)


async def _read(receive: Receive, limit: int, reading: Reading) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return _bounded(message.get("body", b""), limit)
    parts, size = [], 0
    while True:
        if message["type"] != "http.request":
            raise Gone
        part: bytes = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            parts.clear()
            if message.get("more_body"):
                await _drain(receive, limit * _DRAINED, reading)
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join(parts)
        if part:
            reading.heard = asyncio.get_running_loop().time()
        message = await receive()


async def _drain(receive: Receive, left: int, reading: Reading) -> None:
    """Let so much of a body pass that is too large: most senders read no answer before all of it is sent."""
    while left > 0:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        if not message.get("more_body"):
            return
        left -= len(message.get("body", b""))
        reading.heard = asyncio.get_running_loop().time()


def _bounded(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body has more than {limit:,} bytes: send fewer events at once, or as an Arrow stream.")


async def answer(send: Send, status: int, body: object, *, problem: bool = False) -> int:
    """Send `body` as JSON. Answers with the status, as `refuse` does."""
    return await _send(send, status, _encoder.encode(body), [_PROBLEM if problem else _JSON])


async def refuse(send: Send, error: ModelwardError | None) -> int:
    """Say no in the shape of RFC 9457; without an error it is the server's own."""
    status, title = next(((status, title) for kind, status, title in _STATUS if isinstance(error, kind)), _OURS)
    detail = error.sentence if error else "The server failed at this request: send it again, and see its log."
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    named = ensure()
    if status in (500, 503):
        problem["request_id"] = named
    headers = [_PROBLEM]
    if isinstance(error, Unavailable):
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status in (408, 413):
        headers.append((b"connection", b"close"))  # the rest of the body is not read
    return await _send(send, status, _encoder.encode(problem), headers)


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    headers = [*headers, _NOSNIFF, (b"content-length", b"%d" % len(body))]
    if named := current():
        headers.append((HEADER, named.encode("ascii")))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return status
