"""What went wrong, as a page in the form of all others."""

from collections.abc import Callable, Coroutine
from typing import Any, cast
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import RedirectResponse

from modelward.accounts.permission import FORM_FIELD, SAFE_METHODS
from modelward.errors import Conflict, Forbidden, Invalid, ModelwardError, NotFound, NotYet, TooMany, Unavailable
from modelward.web.compression import compressed
from modelward.web.pages import page

_STATUS: tuple[tuple[type[ModelwardError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Invalid, 422),
    (Forbidden, 403),
    (TooMany, 429),
    (Unavailable, 503),
)
_TITLES = {
    403: "You may not do this",
    404: "There is nothing here",
    405: "That cannot be done here",
    409: "Not in the present state",
    422: "That address is not understood",
    429: "Not so fast",
    503: "Not available just now",
}
SIGN_IN = "/login"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
FAULT = "This is a fault of the service, not of yours. Its log says more; please report it."
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def error_page(request: Request, status: int, sentence: str, *, headers: dict[str, str] | None = None) -> Response:
    """A page that says what was wrong and what to do. Also for the application's own handlers (an unknown path)."""
    return page(
        request,
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


def install_page_errors(app: FastAPI) -> None:
    """People with a browser get pages for what no route answers; programs keep what the application says already."""
    problem_of: dict[Any, Any] = dict(app.exception_handlers)

    def not_a_route(request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        if not wants_page(request):
            return cast("Response", problem_of[StarletteHTTPException](request, error))
        told = {404: f"There is no page `{request.url.path[:80]}`: choose a model from the list."}
        headers = dict(error.headers or {})
        return error_page(request, error.status_code, told.get(error.status_code, str(error.detail)), headers=headers)

    def a_fault(request: Request, error: Exception) -> Response:
        problem = cast("Response", problem_of[Exception](request, error))  # It writes the log, whoever asks.
        return error_page(request, 500, FAULT) if wants_page(request) else problem

    app.add_exception_handler(StarletteHTTPException, not_a_route)
    app.add_exception_handler(Exception, a_fault)


class PageRoute(APIRoute):
    """A route whose errors are pages: whoever is not known is led to the login, and back afterwards.

    Whoever may GET a page may ask for its HEAD.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.methods and "GET" in self.methods:
            self.methods.add("HEAD")

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await plain(request)
            if request.method not in SAFE_METHODS or request.url.path == SIGN_IN or response.status_code == 304:
                return response
            return await run_in_threadpool(compressed, request, response)

        async def plain(request: Request) -> Response:
            try:
                await _note_form_token(request)
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
                    request, 422, f"Part of the address is not understood: {wrong}. Follow a link of the page instead."
                )
            except HTTPException as error:
                return error_page(request, error.status_code, str(error.detail))

        return answer


async def _note_form_token(request: Request) -> None:
    """Where the permission looks for it: it decides before the route reads the form."""
    if request.method not in SAFE_METHODS and request.headers.get("content-type", "").startswith(_FORMS):
        given = (await request.form()).get(FORM_FIELD)
        request.state.form_token = given if isinstance(given, str) else None


def _answer_to(error: ModelwardError, request: Request) -> Response:
    if isinstance(error, Forbidden) and not error.authenticated:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(back, safe='')}", status_code=303)
    status = next(code for kind, code in _STATUS if isinstance(error, kind))
    headers = {"retry-after": str(error.retry_after)} if isinstance(error, Unavailable | NotYet) else None
    return error_page(request, status, error.sentence, headers=headers)
