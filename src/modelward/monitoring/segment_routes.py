"""Segments, slices and all columns together over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Reader
from modelward.kit.database import reading
from modelward.monitoring.schemas import Moment
from modelward.monitoring.segment_queries import alarms_json, lines_json
from modelward.monitoring.segments import ask, segments_answer
from modelward.monitoring.slices import By, ask_for_slices, slices_answer
from modelward.monitoring.together import ask_together, together_answer
from modelward.registry.service import resolve

router = APIRouter(route_class=ApiRoute, tags=["monitoring"])

Start = Annotated[Moment, Query(description="From this moment on.")]
End = Annotated[Moment, Query(description="Up to but without this moment.")]


@router.get("/models/{model}/segments")
def segments(
    model: str,
    request: Request,
    reader: Reader,
    *,
    start: Start,
    end: End,
    column: Annotated[str | None, Query(max_length=200, description="By default the first one declared.")] = None,
) -> dict[str, Any]:
    """Every segment of a column over a span, held against the same one of the reference, and ranked by its loss.

    Declared segments (`segments` of the monitor's settings) have a history by window, and alarms; any other column is
    divided from raw rows, within bounds.
    """
    with reading(request.app.state.database) as session:
        found = resolve(session, reader.scope, model)
        asked = ask(session, found, column, start, end)
        lines = lines_json(session, asked, start, end)
        alarms = alarms_json(session, found.id)
    return {**segments_answer(request.app.state.events, asked), "windows": lines, "alarms": alarms}


@router.get("/models/{model}/slices")
def slices(
    model: str,
    request: Request,
    reader: Reader,
    *,
    start: Start,
    end: End,
    by: Annotated[By, Query(description="What concentrates there: drift, or the loss of known outcomes.")] = "drift",
) -> dict[str, Any]:
    """Parts of the rows where drift or loss concentrates, found automatically in a sample of a span's raw rows."""
    with reading(request.app.state.database) as session:
        asked = ask_for_slices(session, resolve(session, reader.scope, model), by, start, end)
    return slices_answer(request.app.state.events, asked)


@router.get("/models/{model}/together")
def together(model: str, request: Request, reader: Reader, *, start: Start, end: End) -> dict[str, Any]:
    """All columns of a span together, and its vectors and texts, in a sample of 10,000 of its raw rows.

    It finds what no column shows alone: a classifier tries to tell the rows from those that they are held against, and
    a principal component analysis to rebuild them. Features that are lists of numbers are judged as vectors.
    """
    with reading(request.app.state.database) as session:
        span = ask_together(session, resolve(session, reader.scope, model), start, end)
    return together_answer(request.app.state.events, span)
