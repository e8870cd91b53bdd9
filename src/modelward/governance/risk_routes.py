"""The status and the risk of a model over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Reader
from modelward.governance.queries import history_page, status_of
from modelward.governance.risk_schemas import RiskHistoryAsked, RiskStepAnswer, StatusAnswer
from modelward.kit.clock import now
from modelward.kit.paging import lead_on
from modelward.kit.web import Reading
from modelward.registry.service import resolve

starred = APIRouter(route_class=ApiRoute, tags=["governance"])
"""These also answer at the root: programs in the field send them so."""


@starred.get("/models/{model}/status")
def read_status(model: str, session: Reading, reader: Reader) -> StatusAnswer:
    """Whether the model may stay in production: its status and risk as measured now, why, and under which policy."""
    return StatusAnswer.model_validate(status_of(session, resolve(session, reader.scope, model), now=now()))


@starred.get("/models/{model}/risk-history")
def read_risk_history(
    model: str,
    request: Request,
    response: Response,
    session: Reading,
    reader: Reader,
    *,
    asked: Annotated[RiskHistoryAsked, Query()],
) -> list[RiskStepAnswer]:
    """The steps of the model's risk, newest first, each with the event behind it; further pages by the header Link."""
    found = resolve(session, reader.scope, model)
    page = history_page(session, found, asked)
    lead_on(request, response, page.next)
    return [RiskStepAnswer.of(step) for step in page.items]
