"""Headers that keep an answer to itself: no other host, no inline script or style, no frame, no guessing of types.

Also: no copy in a cache, and where it came over https, never again without.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modelward.errors import Forbidden


def content_security_policy(frame_ancestors: Sequence[str] = ()) -> str:
    """Everything from this server only. `frame_ancestors` are origins that may show pages in a frame; usually none."""
    framed_by = " ".join(frame_ancestors) or "'none'"
    return (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {framed_by}"
    )


class SecurityHeaders:
    """Adds the headers to every answer that does not carry its own."""

    def __init__(self, app: ASGIApp, *, frame_ancestors: Sequence[str] = ()) -> None:
        self._app = app
        self._headers = {
            "content-security-policy": content_security_policy(frame_ancestors),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
            # What is answered is the caller's own. What may be kept (static files) says so itself.
            "cache-control": "no-store",
        }
        if not frame_ancestors:
            self._headers["x-frame-options"] = "DENY"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("strict-transport-security", "max-age=31536000")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def refuse_other_sites(request: Request) -> None:
    """A form of another site must not act in a reader's name: a browser says where a request comes from.

    Raises:
        Forbidden: the request was started by a page of another origin.
    """
    site = request.headers.get("sec-fetch-site")
    if site in ("same-origin", "none"):
        return
    origin = request.headers.get("origin")
    same = origin is not None and urlsplit(origin).netloc == request.headers.get("host")
    if site is not None or not same:
        raise Forbidden(
            "This action was started from another site, so nothing was done. Open the page here and try again."
        )
