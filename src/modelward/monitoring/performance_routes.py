"""Performance and fairness over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Reader
from modelward.kit.web import Reading
from modelward.monitoring.performance_answers import FAIRNESS_EXAMPLE, PERFORMANCE_EXAMPLE, fairness, performance
from modelward.monitoring.schemas import Moment
from modelward.registry.service import resolve

router = APIRouter(route_class=ApiRoute, tags=["monitoring"])

Since = Annotated[Moment | None, Query(description="From this moment on.")]
Until = Annotated[Moment | None, Query(description="Up to but without this moment.")]
Answer = dict[str, Any]


def _example(value: Answer) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": value}}}}


@router.get("/models/{model}/performance", responses=_example(PERFORMANCE_EXAMPLE))
def read_performance(model: str, session: Reading, reader: Reader, start: Since = None, end: Until = None) -> Answer:
    """Whether the model is still right: measured where outcomes are known, estimated where they are not yet.

    With `start`, every metric over the whole span too, as `span`.
    """
    return performance(session, resolve(session, reader.scope, model), start=start, end=end)


@router.get("/models/{model}/fairness", responses=_example(FAIRNESS_EXAMPLE))
def read_fairness(model: str, session: Reading, reader: Reader, start: Since = None, end: Until = None) -> Answer:
    """Whether the groups of each protected attribute, and of every two together, are treated alike."""
    return fairness(session, resolve(session, reader.scope, model), start=start, end=end)
