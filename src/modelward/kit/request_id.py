"""The id of the request that is being answered: in its answer, in each of its log lines, in the body of a failure."""

import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar
from itertools import count

HEADER = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# Random for the process and counted within it: a fifth of the time of a random one for each request.
_process = secrets.token_hex(5)
_numbers = count(1)

_current: ContextVar[str | None] = ContextVar("request_id", default=None)  # FastAPI's threads inherit it


def current() -> str | None:
    """The id of this request; None outside of one, and in one that the door took without being given an id."""
    return _current.get()


def begin(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Give this request its id: the caller's own if that is sane, else a new one."""
    adopt(next((value for name, value in headers if name == HEADER), b""))
    return ensure()


def adopt(given: bytes) -> None:
    """Take the id that the caller gave, if it is sane; otherwise the request has none until somebody needs it."""
    _current.set(given.decode("ascii") if given and _SANE.fullmatch(given) else None)


def ensure() -> str:
    """The id of this request, made now if it has none yet."""
    named = _current.get()
    if named is None:
        named = f"{_process}-{next(_numbers):x}"
        _current.set(named)
    return named
