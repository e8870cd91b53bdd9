"""Errors as answers: RFC 9457 problem details, one shape for all, with a sentence that says what to do."""

import logging
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from modelward.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    ModelwardError,
    NotFound,
    NotYet,
    Refused,
    TooMany,
    Unauthorized,
    Unavailable,
)
from modelward.kit.observe import shown_path
from modelward.kit.request_id import current

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

# The one table of kind → status. The first that fits counts, so the special kinds stand before the general ones.
STATUS: tuple[tuple[type[ModelwardError], int, str], ...] = (
    (Unauthorized, 401, "Not signed in"),
    (Forbidden, 403, "Not allowed"),
    (NotFound, 404, "Not found"),
    (Conflict, 409, "Conflict"),
    (Invalid, 422, "Not valid"),
    (TooMany, 429, "Too many requests"),
    (Unavailable, 503, "Not available now"),
)

_TITLES = {
    400: "Not understood",
    404: "Not found",
    405: "Method not allowed",
    406: "Not available in this form",
    408: "Too slow",
    413: "Too large",
    415: "Not in a form that is understood",
    429: "Too many requests",
}


def problem_of(error: ModelwardError) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and body of the answer to an error; for doors that are not FastAPI too."""
    status, title = next((status, title) for kind, status, title in STATUS if isinstance(error, kind))
    body = problem(status, error.sentence, title=title)
    headers = {}
    if isinstance(error, Invalid) and error.fields:
        body["errors"] = [_field(field) for field in error.fields]
    if isinstance(error, Refused):
        body["reasons"] = [dict(reason) for reason in error.reasons]
    if isinstance(error, Unavailable | NotYet):
        headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return status, headers, body


def problem(status: int, detail: str, *, title: str | None = None) -> dict[str, Any]:
    """The body of a problem that is none of ours. Failures name their request, as the log does."""
    body = {"type": "about:blank", "title": title or _TITLES.get(status, "Error"), "status": status, "detail": detail}
    return body | ({"request_id": current()} if status in (500, 503) and current() else {})


def install_problem_handlers(app: FastAPI) -> None:
    """Every error of this application, of whatever source, is answered in the one shape."""
    app.add_exception_handler(ModelwardError, _answer_ours)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(OperationalError, _answer_database)
    app.add_exception_handler(Exception, _answer_unexpected)


def answer_error(request: Request, error: ModelwardError | RequestValidationError | HTTPException) -> JSONResponse:
    """The answer to an error that is not a fault of the service, for those who need it before it leaves."""
    if isinstance(error, ModelwardError):
        return _answer_ours(request, error)
    return (_answer_validation if isinstance(error, RequestValidationError) else _answer_http)(request, error)


def validation_problem(errors: list[Any]) -> Invalid:
    """What Pydantic found, as one of our errors: each field, what was wrong, and what to do."""
    fields = tuple(FieldError(_place(error["loc"]), _sentence(error["msg"]), _fix(error)) for error in errors)
    named = ", ".join(field.field for field in fields[:3])
    more = f" and {len(fields) - 3} more" if len(fields) > 3 else ""
    return Invalid(f"The request is not valid: see {named}{more}.", fields=fields)


def _answer_ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ModelwardError)
    status, headers, body = problem_of(error)
    return JSONResponse(body, status, headers, media_type=CONTENT_TYPE)


def _answer_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return _answer_ours(request, validation_problem(list(error.errors())))


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    details = {
        404: f"There is nothing at {request.url.path}: the paths that there are stand in /api/v1/openapi.json.",
        405: f"{request.method} is not known at {request.url.path}: the methods that are stand in the Allow header.",
    }
    detail = error.detail if error.detail not in ("Not Found", "Method Not Allowed") else details[error.status_code]
    body = problem(error.status_code, str(detail))
    return JSONResponse(body, error.status_code, error.headers, media_type=CONTENT_TYPE)


def _answer_database(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s: the database did not answer", request.method, shown_path(request.scope), exc_info=error)
    return _answer_ours(request, Unavailable("The metadata database does not answer: try again.", retry_after=2))


def _answer_unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, shown_path(request.scope), exc_info=error)
    detail = "This is a fault of the service, not of the request. Its log says more; please report it."
    return JSONResponse(problem(500, detail, title="A fault of the service"), 500, media_type=CONTENT_TYPE)


def _field(field: FieldError) -> dict[str, str]:
    return {"field": field.field, "wrong": field.wrong, "fix": field.fix}


def _place(location: tuple[int | str, ...]) -> str:
    """Where it was: `body.features.0.name` without the word body, or `query.limit`."""
    parts = location[1:] if location and location[0] == "body" and len(location) > 1 else location
    return ".".join(str(part) for part in parts) or "body"


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _fix(error: dict[str, Any]) -> str:
    expected = (error.get("ctx") or {}).get("expected")
    fixes = {
        "missing": "add this field",
        "extra_forbidden": "remove this field, or check its spelling",
        "json_invalid": "send JSON, and say so in the header Content-Type: application/json",
        "model_attributes_type": "send a JSON object, with the header Content-Type: application/json",
    }
    return fixes.get(error["type"], f"use {expected}" if expected else "change it to what is said here")
