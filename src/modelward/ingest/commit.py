"""Group commit: what several requests wait for is made durable together, at the price of one write to the disk."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from modelward.ingest.journal import Journal
from modelward.ingest.segments import Entry


class GroupCommit:
    """Gathers entries while one commit runs, and commits them together in the next, in a thread of its own.

    A thread, so that a slow disk delays the answers that wait for it and nothing else.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._gathered: list[Entry] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._running = False

    async def durable(self, entries: Sequence[Entry]) -> None:
        """Return when the entries survive `kill -9` and a power cut.

        Raises:
            Unavailable: they could not be written.
        """
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._gathered.extend(entries)
        self._waiting.append(done)
        if not self._running:
            self._running = True
            loop.call_soon(self._commit, loop)
        await done

    def _commit(self, loop: asyncio.AbstractEventLoop) -> None:
        entries, waiting = self._gathered, self._waiting
        self._gathered, self._waiting = [], []
        work = loop.run_in_executor(self._thread, self._journal.append, entries)
        work.add_done_callback(lambda done: self._committed(loop, done, waiting))

    def _committed(
        self, loop: asyncio.AbstractEventLoop, done: asyncio.Future[None], waiting: list[asyncio.Future[None]]
    ) -> None:
        error = done.exception()
        for future in waiting:
            if future.done():  # its client went away
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
        if self._gathered:
            self._commit(loop)
        else:
            self._running = False

    def close(self) -> None:
        """Finish the commit at hand, and close the journal."""
        self._thread.shutdown(wait=True)
        self._journal.close()
