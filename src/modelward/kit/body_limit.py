"""What a request may send to the API and the pages: so many bytes, in so much time. The ingest door bounds its own.

Nothing is read here. The bounds stand around `receive`, so a body that no route asks for is never taken.
"""

import asyncio
import shutil
import tempfile
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelward.kit.patience import PATIENCE, Patience, Reading, Readings
from modelward.kit.refusals import refuse
from modelward.settings import Settings

UPLOAD_PATIENCE = Patience(still=30.0, whole=1_800.0)
_DISK_EVERY = 64 * 1024 * 1024  # bytes between two looks at the disk
_DRAINED = 20_000_000
"""So much of a body that is too large is let pass: most senders read no answer before they have sent it all."""


class BodyLimits:
    """An application whose requests have bodies within bounds. Put it inside of FastAPI (`add_middleware`)."""

    def __init__(self, app: ASGIApp, *, settings: Settings, patience: Patience = PATIENCE) -> None:
        self._app = app
        self._settings = settings
        self._bodies = Readings(patience)
        self._uploads = Readings(UPLOAD_PATIENCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body = self._body_of(headers, receive)
        try:
            await self._check(headers, body)
        except HTTPException as error:
            await refuse(scope["app"], error, scope, receive, send)
            return
        try:
            await self._app(scope, body.receive, send)
        finally:
            body.end()

    def _body_of(self, headers: Headers, receive: Receive) -> "_Body":
        if headers.get("content-type", "").lower().startswith("multipart/"):
            spare = self._settings.min_free_disk_bytes
            return _Body(receive, self._settings.max_upload_bytes, self._uploads, spare_disk=spare)
        return _Body(receive, self._settings.max_body_bytes, self._bodies)

    @staticmethod
    async def _check(headers: Headers, body: "_Body") -> None:
        """What the headers already say.

        Raises:
            HTTPException: 413, 415 or 503.
        """
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise HTTPException(
                415, "The Content-Encoding is not understood here: send the body plain (only events may be packed)."
            )
        length = headers.get("content-length", "0")
        announced = int(length) if length.isdigit() and len(length) < 20 else 0
        if announced > body.limit:
            if headers.get("expect", "").lower() != "100-continue" and announced <= body.limit + _DRAINED:
                await body.drain(announced)
            raise body.too_large()
        body.check_disk(announced)


class _Body:
    """One body on its way, counted."""

    def __init__(self, receive: Receive, limit: int, readings: Readings, *, spare_disk: int | None = None) -> None:
        self.limit = limit
        self._receive = receive
        self._readings = readings
        self._reading: Reading | None = None
        self._spare_disk = spare_disk  # None: it stays in memory
        self._size = 0
        self._whole = False

    async def receive(self) -> Message:
        """The next part.

        Raises:
            HTTPException: it is too large (413), too slow (408), or there is no room for it (503).
        """
        if self._whole:
            return await self._receive()
        message = await self._next()
        if self._size > self.limit:
            if message.get("more_body"):
                await self.drain()
            raise self.too_large()
        return message

    async def drain(self, most: int = _DRAINED) -> None:
        """Let so many more bytes of it pass unread."""
        until = self._size + most
        with suppress(HTTPException):
            while not self._whole and self._size < until:
                await self._next()

    def end(self) -> None:
        """Nobody reads it any more."""
        if self._reading is not None:
            self._readings.end(self._reading)
            self._reading = None

    def check_disk(self, coming: int) -> None:
        """Whether what goes to the disk has room there.

        Raises:
            HTTPException: 503.
        """
        if self._spare_disk is None or shutil.disk_usage(tempfile.gettempdir()).free - coming >= self._spare_disk:
            return
        raise HTTPException(
            503, "The disk has no room for this file: free some space, or send less.", {"Retry-After": "60"}
        )

    def too_large(self) -> HTTPException:
        """What the sender of too much is told. The rest is not read, so the connection ends."""
        return HTTPException(413, f"The body has more than {self.limit:,} bytes: send less.", {"Connection": "close"})

    async def _next(self) -> Message:
        message = await self._patiently()
        if message["type"] != "http.request":
            self._done()
            return message
        before, self._size = self._size, self._size + len(message.get("body", b""))
        if before // _DISK_EVERY != self._size // _DISK_EVERY:
            self.check_disk(0)
        if not message.get("more_body"):
            self._done()
        elif self._reading is not None and self._size > before:
            self._reading.heard = asyncio.get_running_loop().time()
        return message

    async def _patiently(self) -> Message:
        reading = self._reading = self._reading or self._readings.begin()
        try:
            return await self._receive()
        except asyncio.CancelledError:
            if not reading.overdue:
                raise
            reading.task.uncancel()
            self._done()
            raise HTTPException(408, self._readings.too_slow().sentence, {"Connection": "close"}) from None

    def _done(self) -> None:
        self._whole = True
        self.end()
