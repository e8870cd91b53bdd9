"""Saying no before any route is asked, in the shape in which the application says it."""

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send


async def refuse(app: FastAPI, error: HTTPException, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request with the error, as the application's own handler words it: a problem, or a page for people."""
    handler = app.exception_handlers[HTTPException]
    response = handler(Request({**scope, "app": app}), error)
    await response(scope, receive, send)  # type: ignore[operator]  # our handlers are plain
