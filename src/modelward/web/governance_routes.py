"""The pages of governance: all models at once, and the tab of one."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session
from starlette.responses import Response

from modelward.accounts.permission import Reader
from modelward.accounts.principal import Principal
from modelward.governance.command_center import CommandCenter, command_center, measured_span
from modelward.governance.policies import policy_of
from modelward.governance.queries import risk_history, states_of, status_of
from modelward.governance.risk_tables import RiskRecord
from modelward.kit.clock import now
from modelward.kit.web import Reading
from modelward.registry.tables import Model
from modelward.web import queries
from modelward.web.errors import PageRoute
from modelward.web.model_tabs_routes import numbers_address, numbers_page
from modelward.web.pages import page
from modelward.web.routes import Asking
from modelward.web.views.command_center import command_center_view, trend_numbers
from modelward.web.views.governance import governance_tab, risk_numbers
from modelward.web.views.model_page import Asked
from modelward.web.views.tabs import head_of

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

DAYS = {"30d": 30, "90d": 90, "1y": 365}
Span = Annotated[Literal["30d", "90d", "1y", "all"], Query(alias="range")]
PAST = timedelta(days=14)
"""Where the newest window ended so long ago, the data are of another time: the days until today say nothing of them."""
MOST_STEPS = 1000
TREND = "Risk and versions by day"


@router.get("/command-center")
def center(request: Request, session: Reading, reader: Reader, chosen: Span = "90d") -> Response:
    found = _found(session, reader, chosen)
    ranges = [(name, f"/command-center?range={name}", name == chosen) for name in (*DAYS, "all")]
    numbers = f"/command-center/numbers?range={chosen}"
    view = command_center_view(found, now=now())
    return page(request, "command_center.html", center=view, ranges=ranges, numbers=numbers)


@router.get("/command-center/numbers")
def center_numbers(request: Request, session: Reading, reader: Reader, chosen: Span = "90d") -> Response:
    table = trend_numbers(_found(session, reader, chosen))
    part = request.headers.get("x-part") == "numbers"
    return page(request, "_numbers.html" if part and table else "command_center_numbers.html", table=table, title=TREND)


def _found(session: Session, reader: Principal, chosen: str) -> CommandCenter:
    start, end = _span(measured_span(session, reader.scope), chosen, now())
    return command_center(session, reader.scope, start=start, end=end)


def _span(measured: tuple[datetime, datetime] | None, chosen: str, at: datetime) -> tuple[datetime, datetime]:
    """The days of UTC that are shown: they end today, or with the newest window where that is of another time."""
    tomorrow = _midnight(at) + timedelta(days=1)
    first, last = measured or (at, at)
    if chosen == "all":
        return min(_midnight(first), tomorrow - timedelta(days=1)), tomorrow
    # A window that ends at midnight is told by its look, which is dated so: that day belongs to it.
    end = tomorrow if last > at - PAST else _midnight(last) + timedelta(days=1)
    return end - timedelta(days=DAYS[chosen]), end


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@router.get("/dashboard/models/{key}/governance")
def governance(request: Request, key: str, asking: Asking, session: Reading, reader: Reader) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    model = session.get_one(Model, facts.id)
    state = states_of(session, [facts.id]).get(facts.id)
    history = _history(session, facts.id, asked)
    tab = governance_tab(
        status_of(session, model, now=now()),
        policy=policy_of(session, model).policy,
        since=state.since if state else None,
        history=history,
        zone=facts.zone,
    )
    spans = [(history[-1].at, history[0].at)] if history else []
    head = head_of(facts, asked, "governance", spans=spans, kept={})
    return page(request, "model_governance.html", model=head, tab=tab, numbers=numbers_address(head), computed=state)


@router.get("/dashboard/models/{key}/governance/numbers")
def governance_table(request: Request, key: str, asking: Asking, session: Reading, reader: Reader) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    history = _history(session, facts.id, asked)
    head = head_of(facts, asked, "governance", spans=(), kept={})
    return numbers_page(request, head, risk_numbers(history, facts.zone), "Risk by day")


def _history(session: Session, model_id: int, asked: Asked) -> list[RiskRecord]:
    end = _until(asked.range.end)
    return risk_history(session, model_id=model_id, start=asked.range.start, end=end, limit=MOST_STEPS)


def _until(end: datetime | None) -> datetime | None:
    """A range ends with its newest window, whose look is taken after it; so the newest looks belong to it too."""
    return None if end is None else end + timedelta(days=2)
