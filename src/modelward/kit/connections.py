"""Connections that say nothing: what neither uvicorn nor its parser bounds.

uvicorn closes a connection that is idle after an answer (5 s). It does not bound how long the first line and the
headers take, how large they are, nor how many connections there are (`limit_concurrency` refuses requests with a bare
text, and counts what is idle as if it worked). A reverse proxy does all three; without one, this does.
"""

import asyncio
import resource
from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 30.0
"""For so long a request's first line and headers may be under way."""
HEAD_BYTES = 1_200_000
"""So large they may be: a token of a megabyte is still answered with 401."""
HEADS_BYTES = 64_000_000
"""What all that are under way may hold together."""
MOST = 4_096
"""Open connections of one process; fewer where the system allows it fewer files."""
_FILES_FOR_OTHERS = 256

_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 1\r\n"
    b"content-length: 56\r\nconnection: close\r\n\r\nThere are too many open connections: try again shortly.\n"
)
_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 39\r\nconnection: close\r\n\r\nThe headers are too large: send fewer.\n"
)


@cache
def most_connections() -> int:
    """So many may be open at once: the files that the process may open, less those it needs for itself."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if files == resource.RLIM_INFINITY else max(64, min(MOST, files - _FILES_FOR_OTHERS))


class Connection(HttpToolsProtocol):
    """uvicorn's, with bounds on its number and its headers. A request whose headers came at once costs two looks."""

    heads_bytes: ClassVar[int] = 0
    most: ClassVar[int | None] = None  # None: as many as the system allows

    def connection_made(self, transport: Any) -> None:
        self._head_bytes = 0
        super().connection_made(transport)
        if len(self.connections) > (self.most or most_connections()):
            transport.write(_FULL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle: Any = self.cycle  # None until headers have come whole
        if cycle is None or cycle.scope is not self.scope:
            self._hold(len(data))
        elif self._head_bytes:
            self._release()

    def connection_lost(self, exc: Exception | None) -> None:
        self._release()
        super().connection_lost(exc)

    def is_waiting(self) -> bool:
        """Whether it is open without a request: none has come whole, and the time for idle ones does not run."""
        cycle: Any = self.cycle
        return cycle is None or (cycle.response_complete and self.timeout_keep_alive_task is None)

    def _hold(self, size: int) -> None:
        self._head_bytes += size
        Connection.heads_bytes += size
        over = self._head_bytes > HEAD_BYTES or (self._head_bytes > size and Connection.heads_bytes > HEADS_BYTES)
        if over and not self.transport.is_closing():
            self.transport.write(_LONG)
            self.transport.close()

    def _release(self) -> None:
        Connection.heads_bytes -= self._head_bytes
        self._head_bytes = 0


async def close_silent(connections: Iterable[Any], *, seconds: float = HEAD_SECONDS) -> None:
    """Close connections whose headers do not come, for as long as this runs: it looks at all, ten times in that time.

    A timer for each request would cost the ingest door a tenth of its throughput.
    """
    loop = asyncio.get_running_loop()
    since: dict[Connection, tuple[object, float]] = {}
    while True:
        now = loop.time()
        # What waits after the same request as at the last look waits since then.
        waiting = [one for one in list(connections) if isinstance(one, Connection) and one.is_waiting()]
        before, since = since, {}
        for one in waiting:
            known = before.get(one)
            since[one] = known if known is not None and known[0] is one.cycle else (one.cycle, now)
            if now - since[one][1] >= seconds:
                one.transport.abort()
        await asyncio.sleep(seconds / 10)
