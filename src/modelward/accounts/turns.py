"""One sign-in at a time, over HTTP: the others wait in line without a thread or a transaction of their own.

Forty threads that read the database at once would each take the interpreter's lock from the thread that takes events,
for five milliseconds a time. One after the other, two hundred sign-ins take as long, and delay nobody.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from modelward.accounts.hashing import LONGEST_WAIT, MOST_WAITING, crowded


class Turns:
    """The line of one application."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn, and have it while the block lasts.

        Raises:
            TooMany: too many wait already, or it took too long.
        """
        if self._waiting >= MOST_WAITING:
            raise crowded()
        self._waiting += 1
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await self._lock.acquire()
        except TimeoutError:
            raise crowded() from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._lock.release()


def turns_of(request: Request) -> Turns:
    """The line of the application that the request came to."""
    state = request.app.state
    if not hasattr(state, "sign_in_turns"):
        state.sign_in_turns = Turns()
    turns: Turns = state.sign_in_turns
    return turns
