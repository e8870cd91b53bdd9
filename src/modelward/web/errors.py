"""What went wrong, as a page in the form of all others."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from starlette.responses import RedirectResponse

from modelward.errors import Conflict, Forbidden, Invalid, ModelwardError, NotFound, Unavailable
from modelward.web.pages import page

_STATUS: tuple[tuple[type[ModelwardError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Invalid, 422),
    (Forbidden, 403),
    (Unavailable, 503),
)
_TITLES = {
    403: "You may not do this",
    404: "There is nothing here",
    405: "That cannot be done here",
    409: "Not in the present state",
    422: "That address is not understood",
    503: "Not available just now",
}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def error_page(status: int, sentence: str, *, headers: dict[str, str] | None = None) -> Response:
    """A page that says what was wrong and what to do. Also for the application's own handlers (an unknown path)."""
    return page(
        "error.html",
        status=status,
        headers=headers,
        code=status,
        title=_TITLES.get(status, "Something went wrong"),
        sentence=sentence,
    )


def wants_page(request: Request) -> bool:
    """Whether a person with a browser asks, and not a program."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


class PageRoute(APIRoute):
    """A route whose errors are pages: whoever is not known is led to the login, and back afterwards."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except ModelwardError as error:
                return _answer_to(error, request)
            except OperationalError:
                return _answer_to(
                    Unavailable(
                        "The database does not answer. The page tries again by itself; nothing is lost.", retry_after=5
                    ),
                    request,
                )
            except RequestValidationError as error:
                wrong = ", ".join(str(e["loc"][-1]) for e in error.errors())
                return error_page(
                    422, f"Part of the address is not understood: {wrong}. Follow a link of the page instead."
                )
            except HTTPException as error:
                return error_page(error.status_code, str(error.detail))

        return answer


def _answer_to(error: ModelwardError, request: Request) -> Response:
    if isinstance(error, Forbidden) and not error.authenticated:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(back, safe='')}", status_code=303)
    status = next(code for kind, code in _STATUS if isinstance(error, kind))
    headers = {"retry-after": str(error.retry_after)} if isinstance(error, Unavailable) else None
    return error_page(status, error.sentence, headers=headers)
