"""Segments over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Reader
from modelward.kit.database import reading
from modelward.monitoring.schemas import Moment
from modelward.monitoring.segments import ask, segments_answer
from modelward.registry.service import resolve

router = APIRouter(route_class=ApiRoute, tags=["monitoring"])


@router.get("/models/{model}/segments")
def segments(
    model: str,
    request: Request,
    reader: Reader,
    *,
    start: Annotated[Moment, Query(description="From this moment on.")],
    end: Annotated[Moment, Query(description="Up to but without this moment.")],
    column: Annotated[str | None, Query(max_length=200, description="By default the first one declared.")] = None,
) -> dict[str, Any]:
    """Every segment of a column over a span, held against the same one of the reference, from raw rows."""
    with reading(request.app.state.database) as session:
        asked = ask(session, resolve(session, reader.scope, model), column, start, end)
    return segments_answer(request.app.state.events, asked)
