"""The header Idempotency-Key: the same POST sent twice has one effect and one answer, for 24 hours.

A request is first written down, in a transaction of its own, then done, then its answer is written down beside it. The
same caller's next request with the key is given that answer, if it is the same request. The answer is encrypted with a
key that follows from the service's secret and the Idempotency-Key, of which only a digest is kept: who reads the
database finds no API key that was to be shown once.

A crash between the effect and the note of its answer leaves a request of which nobody knows whether it took effect.
Such a key is refused until its 24 hours are over, with a sentence that says so: twice would be worse than a question.
Answers of the service's own failures (5xx) and 429 are not kept; the request may be sent again under the same key.
"""

import hashlib
import hmac
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from fastapi.exceptions import RequestValidationError
from sqlalchemy import Engine, delete, select, update
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from modelward.accounts.principal import Principal
from modelward.accounts.sharing import caller_of
from modelward.accounts.tables import IdempotentRequest
from modelward.errors import Conflict, Invalid, ModelwardError
from modelward.kit.clock import now
from modelward.kit.database import change, insert_into, reading, writing
from modelward.kit.problems import answer_error
from modelward.kit.sealing import seal, unseal
from modelward.kit.secrets import derived_key, secret_of

HEADER = "idempotency-key"
KEPT = timedelta(hours=24)
ANSWERED_WITHIN = timedelta(minutes=5)
"""What has no answer after this time is taken to have been cut off."""

PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any 1 to 255 printable characters, such as a UUID. The same request sent again with the same key "
    "within 24 hours has no second effect: it is given the first answer, with `Idempotency-Replayed: true`. Another "
    "request with the same key is refused (422), and one that comes while the first is still answered waits (409).",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

_PIECE = 1 << 20

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Kept(NamedTuple):
    """An answer as it was given."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True)
class Attempt:
    """One request under its key: whose it is, what it is, and what its answer is encrypted with."""

    digest: bytes
    fingerprint: bytes
    secret: bytes


async def answered_once(request: Request, handler: Handler) -> Response:
    """The answer of `handler`, or the one that the same request had before.

    Raises:
        Invalid: the key is not one, or was used for another request.
        Conflict, HTTPException: the first request was cut off, or is not answered yet.
    """
    principal: Principal = request.state.principal
    caller = caller_of(principal)
    if caller is None:
        return await handler(request)
    try:
        attempt = await _attempt_of(request, f"{principal.organisation_id}/{caller}")
        return await _once(request, handler, attempt)
    finally:
        await request.close()  # the files of a form that nobody else has read


async def _once(request: Request, handler: Handler, attempt: Attempt) -> Response:
    database: Engine = request.app.state.database
    kept = await run_in_threadpool(begin, database, attempt, now=now())
    if kept is not None:
        return _replayed(kept)
    try:
        response = await _response_of(request, handler)
    except Exception:
        await run_in_threadpool(forget, database, attempt)
        raise
    if response.status_code == 429 or response.status_code >= 500 or not hasattr(response, "body"):
        await run_in_threadpool(forget, database, attempt)
    else:
        told = Kept(response.status_code, response.raw_headers, bytes(response.body))
        await run_in_threadpool(keep, database, attempt, told)
    return response


def begin(database: Engine, attempt: Attempt, *, now: datetime) -> Kept | None:
    """Write down that the request is being answered; gives the answer where it was answered before.

    Raises:
        Invalid: the key was used for another request.
        HTTPException: 409, the first request is being answered.
        Conflict: nobody knows what became of the first.
    """
    with writing(database) as session:
        change(session, delete(IdempotentRequest).where(IdempotentRequest.begun_at <= now - KEPT))
        row = {"digest": attempt.digest, "fingerprint": attempt.fingerprint, "begun_at": now}
        added = insert_into(session, IdempotentRequest).values(row).on_conflict_do_nothing()
        if session.execute(added.returning(IdempotentRequest.digest)).first() is not None:
            return None
    with reading(database) as session:
        found = session.scalars(select(IdempotentRequest).where(IdempotentRequest.digest == attempt.digest)).first()
    if found is None:  # it was given up at this moment
        raise _busy()
    return _kept(found, attempt, now)


def keep(database: Engine, attempt: Attempt, answer: Kept) -> None:
    """Write down the answer."""
    sealed = seal(msgspec.msgpack.encode(answer), key=attempt.secret, about=attempt.digest)
    done = update(IdempotentRequest).where(IdempotentRequest.digest == attempt.digest)
    with writing(database) as session:
        change(session, done.values(status=answer.status, answer=sealed))


def forget(database: Engine, attempt: Attempt) -> None:
    """The request had no effect that counts: it may be sent again."""
    with writing(database) as session:
        change(session, delete(IdempotentRequest).where(IdempotentRequest.digest == attempt.digest))


def _kept(found: IdempotentRequest, attempt: Attempt, now: datetime) -> Kept:
    if not hmac.compare_digest(found.fingerprint, attempt.fingerprint):
        raise Invalid("This Idempotency-Key was used for another request: send this one with a key of its own.")
    if found.answer is None:
        if now - found.begun_at < ANSWERED_WITHIN:
            raise _busy()
        raise Conflict(
            "The first request with this Idempotency-Key was cut off, and nobody knows whether it took effect: look, "
            "and then send what is missing with a new key."
        )
    plain = unseal(found.answer, key=attempt.secret, about=attempt.digest)
    if plain is None:
        raise Conflict(
            "The first request with this Idempotency-Key was answered, but its answer cannot be read any more (the "
            "service's secret was changed): send what is missing with a new key."
        )
    return msgspec.msgpack.decode(plain, type=Kept)


def _busy() -> HTTPException:
    return HTTPException(
        409,
        "The first request with this Idempotency-Key is still being answered: send it again in a moment.",
        {"Retry-After": "1"},
    )


def _replayed(kept: Kept) -> Response:
    response = Response(kept.body, kept.status)
    response.raw_headers = [*kept.headers, (b"idempotency-replayed", b"true")]
    return response


async def _response_of(request: Request, handler: Handler) -> Response:
    """The answer, also where it is an error that the application would have worded, after its transaction's end.

    FastAPI ends what has the scope "function" (`kit.web.Writing`) after its handler, in a stack that it finds here.
    Ours ends earlier: an answer is noted once its effect is kept, and not when a commit failed.
    """
    try:
        async with AsyncExitStack() as transaction:
            request.scope["fastapi_function_astack"] = transaction
            return await handler(request)
    except (ModelwardError, RequestValidationError, HTTPException) as error:
        return answer_error(request, error)


async def _attempt_of(request: Request, caller: str) -> Attempt:
    key = _checked(request.headers.getlist(HEADER))
    secret = derived_key(secret_of(request.app.state.settings), "idempotency")
    owned = hashlib.sha256(f"{caller}\0{key}".encode()).digest()
    return Attempt(
        digest=hashlib.sha256(b"idempotency\0" + owned).digest(),
        fingerprint=await _fingerprint(request),
        secret=hmac.digest(secret, f"{caller}\0{key}".encode(), hashlib.sha256),
    )


def _checked(keys: list[str]) -> str:
    if len(keys) == 1 and 0 < len(keys[0]) <= 255 and keys[0].isascii() and keys[0].isprintable():
        return keys[0]
    raise Invalid("An Idempotency-Key has 1 to 255 printable characters, and there is one of it: a UUID is a good one.")


async def _fingerprint(request: Request) -> bytes:
    """What makes it the same request: method, path, query and body. Of a form its fields, however it is cut."""
    told = hashlib.sha256()
    parts = (request.method.encode(), request.url.path.encode(), request.url.query.encode())
    for part in parts:
        _add(told, part)
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        await run_in_threadpool(_add_form, told, await request.form())
    else:
        _add(told, await request.body())
    return told.digest()


def _add(told: "hashlib._Hash", part: bytes) -> None:
    told.update(b"%d:" % len(part))
    told.update(part)


def _add_form(told: "hashlib._Hash", form: FormData) -> None:
    for name, value in form.multi_items():
        _add(told, name.encode())
        if isinstance(value, UploadFile):
            _add(told, (value.filename or "").encode())
            _add(told, _digest_of_file(value))
        else:
            _add(told, value.encode())


def _digest_of_file(file: UploadFile) -> bytes:
    told = hashlib.sha256()
    while piece := file.file.read(_PIECE):
        told.update(piece)
    file.file.seek(0)
    return told.digest()
