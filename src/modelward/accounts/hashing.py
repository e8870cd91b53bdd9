"""Hashing passwords with Argon2id, one at a time, on a thread of the lowest priority.

A hash takes 19 MiB and some 25 ms of a processor, on purpose. Two hundred people who sign in at once must not slow the
events down that come in meanwhile, so hashes wait in one line and the system runs them when nothing else wants to. The
line has an end: who comes later, or waits too long, is asked to come again.
"""

import asyncio
import base64
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from modelward.accounts.passwords import LONGEST, normalised
from modelward.errors import TooMany

MOST_WAITING = 256
"""At 25 ms each, about six seconds for the last in line."""
LONGEST_WAIT = 30.0
"""Seconds."""
_LOWEST = 19  # of nice(2)

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's second choice for Argon2id

_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1${}${}".format(
    *(base64.b64encode(bytes(length)).decode().rstrip("=") for length in (16, 32))
)
"""The hash of no password, which costs as much to compare with as that of a person."""

_T = TypeVar("_T")


class Verdict(NamedTuple):
    """Whether the password was right, and its hash by today's parameters where the stored one has others."""

    right: bool
    new_hash: str | None


class Line:
    """Work that is done one after the other by a thread of its own, which starts with the first."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._waiting: queue.Queue[tuple[Future[Any], Callable[[], Any]]] = queue.Queue(most_waiting)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, work: Callable[[], _T]) -> "Future[_T]":
        """Put the work in line.

        Raises:
            TooMany: the line is full.
        """
        future: Future[_T] = Future()
        try:
            self._waiting.put_nowait((future, work))
        except queue.Full:
            raise crowded() from None
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="passwords", daemon=True)
                self._thread.start()
        return future

    def _run(self) -> None:
        with suppress(OSError, AttributeError):  # a system that knows no priority of a thread
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST)
        while True:
            future, work = self._waiting.get()
            if not future.set_running_or_notify_cancel():  # nobody waits for it any more
                continue
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
                future.set_exception(error)


@cache
def _line() -> Line:
    return Line()


def hash_password(password: str) -> str:
    """What is stored of a password that was checked."""
    return waited(_line().submit(partial(_hasher.hash, normalised(password))))


def verify(password: str, stored: str | None) -> "Future[Verdict]":
    """Compare with the stored hash; without one it takes as long, and the answer is no.

    Raises:
        TooMany: too many wait already.
    """
    return _line().submit(partial(_verify, password, stored))


def waited(future: "Future[_T]") -> _T:
    """The result, once its turn came.

    Raises:
        TooMany: that took too long.
    """
    try:
        return future.result(LONGEST_WAIT)
    except TimeoutError:
        future.cancel()
        raise crowded() from None


async def awaited(future: "Future[_T]") -> _T:
    """The same, without holding a thread meanwhile."""
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            return await asyncio.wrap_future(future)
    except TimeoutError:
        raise crowded() from None


def _verify(password: str, stored: str | None) -> Verdict:
    # Whatever was sent is compared, so that an impossible password takes no other time than a wrong one.
    given = normalised(password[: LONGEST + 1]).encode(errors="surrogatepass")
    try:
        _hasher.verify(stored or _NOBODY, given)
    except (VerificationError, InvalidHashError):
        return Verdict(right=False, new_hash=None)
    if stored is None or not _hasher.check_needs_rehash(stored):
        return Verdict(right=stored is not None, new_hash=None)
    return Verdict(right=True, new_hash=_hasher.hash(given))


def crowded() -> TooMany:
    """What those hear who are not let into a line any more."""
    return TooMany("Too many people are signing in just now: try again in a few seconds.", retry_after=5)
