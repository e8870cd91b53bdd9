"""Pages and static files, compressed for whoever takes it: a year of a model is 25 KB on the way instead of 195.

Only what is read is compressed here, never the ingest door. A compressed page tells by its length whether what an
attacker put into the address also stands in it (the attack is called BREACH), so a page that reflects input must hold
no secret that stays the same: the token of a form is another one each time, and the session is a header. A key or a
link that is shown once stands in the answer to a form, and those are left as they are, like the sign-in page.
"""

import gzip
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

LEAST = 1_000  # bytes; below that the headers cost more
LEVEL = 5  # a tenth smaller at 9, in three times the time
TEXTS = ("text/", "application/json", "application/javascript", "image/svg+xml")


def takes_gzip(request: Request) -> bool:
    """Whether the client said so. (`gzip;q=0` says the opposite.)"""
    offers = (offer.replace(" ", "").lower() for offer in request.headers.get("accept-encoding", "").split(","))
    return any(offer.partition(";")[0] == "gzip" and not offer.endswith((";q=0", ";q=0.0")) for offer in offers)


def compressed(request: Request, response: Response) -> Response:
    """The same answer, smaller where that is worth it. zlib lets other threads run meanwhile."""
    response.headers.add_vary_header("Accept-Encoding")
    kind = response.headers.get("content-type", "")
    if len(response.body) < LEAST or not kind.startswith(TEXTS) or not takes_gzip(request):
        return response
    response.body = gzip.compress(response.body, LEVEL, mtime=0)
    response.headers["content-encoding"] = "gzip"
    response.headers["content-length"] = str(len(response.body))
    return response


@cache
def compressed_file(path: str, _modified: float) -> bytes:
    """A static file, compressed once and as well as can be."""
    with open(path, "rb") as file:  # noqa: PTH123 - a path of Starlette's
        return gzip.compress(file.read(), 9, mtime=0)
