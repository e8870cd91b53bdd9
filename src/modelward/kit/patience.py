"""How long a body may take: no server between us and the sender limits that, and one that trickles holds its memory.

One look at all open bodies every few seconds, because a timer for each request would cost a tenth of what it takes.
"""

import asyncio
from typing import NamedTuple

from modelward.errors import Invalid


class Patience(NamedTuple):
    """For how many seconds a body may stand still, and how many it may take in all."""

    still: float = 30.0
    whole: float = 120.0


PATIENCE = Patience()


class TooSlow(Invalid):
    """The body does not come."""


class Reading:
    """A body that is being read, by the task that reads it."""

    __slots__ = ("begun", "heard", "overdue", "task")

    def __init__(self, task: "asyncio.Task[object]", now: float) -> None:
        self.task = task
        self.begun = self.heard = now
        self.overdue = False


class Readings:
    """The bodies that are being read."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._open: set[Reading] = set()
        self._looking = False

    def begin(self) -> Reading:
        """A body is read from now on by the task that calls: it is cancelled, as `overdue`, when it takes too long."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        reading = Reading(task, loop.time())
        self._open.add(reading)
        if not self._looking:
            self._looking = True
            loop.call_later(min(self._patience) / 10, self._look, loop)
        return reading

    def end(self, reading: Reading) -> None:
        """It is whole, or given up."""
        self._open.discard(reading)

    def too_slow(self) -> TooSlow:
        """What its sender is told."""
        return TooSlow(
            f"The body did not come: it may stand still for {self._patience.still:g} seconds and take "
            f"{self._patience.whole:g} in all. Send it faster, or in smaller parts."
        )

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now, patience = loop.time(), self._patience
        for reading in self._open:
            late = now - reading.heard > patience.still or now - reading.begun > patience.whole
            if late and not reading.overdue:
                reading.overdue = True
                reading.task.cancel()
        self._looking = bool(self._open)
        if self._looking:
            loop.call_later(min(patience) / 10, self._look, loop)
