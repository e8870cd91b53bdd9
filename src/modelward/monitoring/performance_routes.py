"""Performance and fairness over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Reader
from modelward.kit.web import Reading
from modelward.monitoring.performance_answers import FAIRNESS_EXAMPLE, PERFORMANCE_EXAMPLE, fairness, performance
from modelward.monitoring.schemas import Moment, Part
from modelward.monitoring.segment_answers import part_fairness, part_performance
from modelward.registry.service import resolve

router = APIRouter(route_class=ApiRoute, tags=["monitoring"])

Since = Annotated[Moment | None, Query(description="From this moment on.")]
Until = Annotated[Moment | None, Query(description="Up to but without this moment.")]
Answer = dict[str, Any]


def _example(value: Answer) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": value}}}}


@router.get("/models/{model}/performance", responses=_example(PERFORMANCE_EXAMPLE))
def read_performance(
    model: str,
    request: Request,
    session: Reading,
    reader: Reader,
    *,
    part: Part,
    start: Since = None,
    end: Until = None,
) -> Answer:
    """Whether the model is still right: measured where outcomes are known, estimated where they are not yet.

    With `start`, every metric over the whole span too, as `span`.
    """
    found = resolve(session, reader.scope, model)
    if part is not None:
        return part_performance(session, request.app.state.events, found, part.over(start, end))
    return performance(session, found, start=start, end=end)


@router.get("/models/{model}/fairness", responses=_example(FAIRNESS_EXAMPLE))
def read_fairness(
    model: str,
    request: Request,
    session: Reading,
    reader: Reader,
    *,
    part: Part,
    start: Since = None,
    end: Until = None,
) -> Answer:
    """Whether the groups of each protected attribute, and of every two together, are treated alike."""
    found = resolve(session, reader.scope, model)
    if part is not None:
        return part_fairness(session, request.app.state.events, found, part.over(start, end))
    return fairness(session, found, start=start, end=end)
