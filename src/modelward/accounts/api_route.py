"""A route of the API: the caller's right is checked before their body is read, and a POST can safely be sent twice."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from modelward.accounts.idempotency import HEADER, PARAMETER, answered_once
from modelward.accounts.permission import Needs, declared_by, needed_by, who
from modelward.kit.json_depth import check_depth

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_FORMS = ("multipart/", "application/x-www-form-urlencoded")
_AT_ONCE = 100_000  # bytes that are looked through without a thread


class ApiRoute(APIRoute):
    """Give it to a router: `APIRouter(route_class=ApiRoute)`.

    A POST that needs a right takes the header Idempotency-Key. One that anybody may use does not: what was answered to
    nobody in particular (a token, a first key) must not be had again by another who thought of the same word.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if self.takes_idempotency_key:
            described = self.openapi_extra or {}
            self.openapi_extra = {**described, "parameters": [*described.get("parameters", []), PARAMETER]}

    @property
    def takes_idempotency_key(self) -> bool:
        """Whether a request may be repeated under its key."""
        return "POST" in (self.methods or ()) and declared_by(self) is not None

    def get_route_handler(self) -> Handler:
        """FastAPI's, after what has to come before it."""
        handler = super().get_route_handler()
        needs, repeatable = needed_by(self), self.takes_idempotency_key

        async def answer(request: Request) -> Response:
            if needs is not None:
                await run_in_threadpool(_admit, request, needs)
            await _check_body(request)
            if repeatable and HEADER in request.headers:
                return await answered_once(request, handler)
            return await handler(request)

        return answer


def _admit(request: Request, needs: Needs) -> None:
    needs(who(request))


async def _check_body(request: Request) -> None:
    if request.headers.get("content-type", "").lower().startswith(_FORMS):
        return
    body = await request.body()
    if len(body) > _AT_ONCE:
        await run_in_threadpool(check_depth, body)
    elif body:
        check_depth(body)
