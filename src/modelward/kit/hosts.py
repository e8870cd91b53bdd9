"""The names that the service answers to. A page of another site that points its own name at us gets nothing."""

from collections.abc import Iterable

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from modelward.kit.refusals import refuse

_REMEMBERED = 256  # spellings of good hosts (with their ports)


class Hosts:
    """An application that answers to `names` only: `example.org`, `*.example.org` for all below it, `*` for any.

    It stands before the ingest door too, so a host that was good before is looked up and not taken apart.
    """

    def __init__(self, app: ASGIApp, *, names: Iterable[str], api: FastAPI) -> None:
        self._app = app
        self._api = api
        self._names = {name.lower() for name in names}
        self._below = tuple(name[1:] for name in self._names if name.startswith("*."))
        self._good: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host = b""
            for name, value in scope["headers"]:  # a loop, because a generator takes five times as long
                if name == b"host":
                    host = value
                    break
            if host not in self._good and not self._is_good(host):
                error = HTTPException(
                    400,
                    "The service does not answer to the name in the header Host: use its own address, or let its "
                    "operator add the name to MODELWARD_ALLOWED_HOSTS.",
                )
                await refuse(self._api, error, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_good(self, host: bytes) -> bool:
        name = name_of(host.decode("latin-1"))
        good = "*" in self._names or name in self._names or bool(name and name.endswith(self._below))
        if good and len(self._good) < _REMEMBERED:
            self._good.add(host)
        return good


def name_of(host: str) -> str:
    """The name in a header Host, in lower case and without its port: `[::1]:8000` is `[::1]`."""
    name, colon, port = host.rpartition(":")
    without = name if colon and (port.isdigit() or not port) and (not name.count(":") or name.endswith("]")) else host
    return without.lower()
