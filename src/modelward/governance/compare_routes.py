"""Champion and challenger, side by side, over HTTP."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Reader
from modelward.governance.compare import compared
from modelward.kit.clock import now
from modelward.kit.web import Reading
from modelward.monitoring.schemas import Moment
from modelward.registry.service import resolve

router = APIRouter(route_class=ApiRoute, tags=["governance"])

USUAL = timedelta(days=30)
_SIDE = {"model_id": 1, "model": "churn", "version": "1.0", "place": "champion", "why_not": {}}
EXAMPLE: dict[str, Any] = {
    "paired": True,
    "told": "Compared on the 4,210 events that both predicted.",
    "common_events": 4210,
    "this": {**_SIDE, "model_id": 2, "model": "churn-2.0", "version": "2.0", "place": "challenger"},
    "other": _SIDE,
    "differences": [
        {
            "metric": "accuracy",
            "this": 0.912,
            "other": 0.894,
            "difference": 0.018,
            "low": 0.009,
            "high": 0.027,
            "events": 3980,
            "better": "this",
        }
    ],
}


@router.get(
    "/models/{model}/compare",
    response_model=dict[str, Any],
    responses={200: {"content": {"application/json": {"example": EXAMPLE}}}},
)
def compare(
    model: str,
    request: Request,
    session: Reading,
    reader: Reader,
    *,
    other: Annotated[str, Query(alias="with", max_length=200, description="The other version, by its id or key.")],
    start: Annotated[Moment | None, Query(description="From this moment on; 30 days before the end.")] = None,
    end: Annotated[Moment | None, Query(description="Up to but without this moment; now.")] = None,
) -> dict[str, Any]:
    """Two versions on the same traffic, on every metric; paired by event where both predicted the same ones."""
    one, two = resolve(session, reader.scope, model), resolve(session, reader.scope, other)
    until = end or now()
    return compared(session, request.app.state.events, one, two, start=start or until - USUAL, end=until)
