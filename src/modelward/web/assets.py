"""Static files, addressed by what is in them, so that a browser may keep them for a year."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"


@cache
def digest(name: str) -> str:
    """The first 12 characters of the file's SHA-256."""
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, with the digest of its content."""
    return f"/static/{name}?v={digest(name)}"


class Assets(StaticFiles):
    """The static folder. Mount it under /static: `app.mount("/static", Assets())`.

    What is asked for by its digest is kept for a year; anything else is asked for anew each time.
    """

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        asked = scope.get("query_string", b"").decode("latin-1")
        known = response.status_code in (200, 304) and asked.startswith("v=") and asked[2:] == digest(path)
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if known else "no-cache"
        return response
