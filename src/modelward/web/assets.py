"""Static files, addressed by what is in them, so that a browser may keep them for a year."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from modelward.accounts.permission import Open
from modelward.web.compression import compressed_file, takes_gzip

FOLDER = Path(__file__).parent / "static"
TEXTS = (".css", ".js", ".svg")


@cache
def digest(name: str) -> str:
    """The first 12 characters of the file's SHA-256."""
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, with the digest of its content."""
    return f"/static/{name}?v={digest(name)}"


def static_files() -> Mount:
    """The static folder at its place; anybody may read it."""
    mount = Mount("/static", Assets(), name="static")
    mount.declared = Open()  # type: ignore[attr-defined]  # what `declared_by` reads of what is no route of FastAPI
    return mount


class Assets(StaticFiles):
    """The static folder.

    What is asked for by its digest is kept for a year; anything else is asked for anew each time.
    """

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = _smaller(await super().get_response(path, scope), scope)
        asked = scope.get("query_string", b"").decode("latin-1")
        known = response.status_code in (200, 304) and asked.startswith("v=") and asked[2:] == digest(path)
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if known else "no-cache"
        return response


def _smaller(response: Response, scope: Scope) -> Response:
    """A text compressed, where the client takes that; what it already has (304) and what is not there as they are."""
    if not isinstance(response, FileResponse) or Path(response.path).suffix not in TEXTS or "range" in _asked(scope):
        return response
    response.headers.add_vary_header("Accept-Encoding")
    if response.status_code != 200 or not takes_gzip(Request(scope)):
        return response
    body = compressed_file(str(response.path), Path(response.path).stat().st_mtime)
    kept = {name: response.headers[name] for name in ("etag", "last-modified", "vary")}
    return Response(body, media_type=response.media_type, headers={**kept, "content-encoding": "gzip"})


def _asked(scope: Scope) -> Headers:
    return Headers(scope=scope)
