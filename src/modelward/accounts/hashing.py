"""Hashing passwords with Argon2id, one at a time, in a process of the lowest priority.

A hash takes 19 MiB and some 25 ms of a processor, on purpose. Two hundred people who sign in at once must not slow the
events down that come in meanwhile, so hashes wait in one line and the system runs them when nothing else wants to. The
line has an end: who comes later, or waits too long, is asked to come again.
"""

import asyncio
import atexit
import base64
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

from modelward.accounts.hasher import NOBODY
from modelward.accounts.passwords import LONGEST, normalised
from modelward.errors import TooMany, Unavailable

MOST_WAITING = 256
"""At 25 ms each, about six seconds for the last in line."""
LONGEST_WAIT = 30.0
"""Seconds."""

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
        while True:
            future, work = self._waiting.get()
            if not future.set_running_or_notify_cancel():  # nobody waits for it any more
                continue
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
                future.set_exception(error)


class Hasher:
    """The process that hashes: started with the first question, and again where it was ended. Asked by one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, password: bytes, stored: str | None) -> Any:
        """What the process answers.

        Raises:
            Unavailable: it cannot be started, or ends each time.
        """
        question = json.dumps([base64.b64encode(password).decode("ascii"), stored]).encode() + b"\n"
        for _ in range(2):
            answer = self._asked(question)
            if answer:
                return json.loads(answer)
            self.end()
        raise Unavailable("Passwords cannot be checked just now: try again, and see the service's log.", retry_after=5)

    def end(self) -> None:
        """End the process; the next question starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    @property
    def pid(self) -> int | None:
        """The process, once there was a question."""
        return self._process.pid if self._process else None

    def _asked(self, question: bytes) -> bytes:
        with suppress(OSError):  # it ended meanwhile
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(question)
            process.stdin.flush()
            return process.stdout.readline()
        return b""

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            command = [sys.executable, "-m", "modelward.accounts.hasher"]
            # In a group of its own, so that Ctrl-C is its parent's alone; it ends when its input does.
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
            )
        return self._process


@cache
def _line() -> Line:
    return Line()


@cache
def _hasher() -> Hasher:
    hasher = Hasher()
    atexit.register(hasher.end)
    return hasher


def hash_password(password: str) -> str:
    """What is stored of a password that was checked."""
    hashed: str = waited(_line().submit(partial(_hasher().ask, normalised(password).encode(), None)))
    return hashed


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
    right, new_hash = _hasher().ask(given, stored or NOBODY)
    return Verdict(right and stored is not None, new_hash if stored is not None else None)


def crowded() -> TooMany:
    """What those hear who are not let into a line any more."""
    return TooMany("Too many people are signing in just now: try again in a few seconds.", retry_after=5)
