"""The pages. Each reads, makes a view, and renders it; a header X-Part asks for the part that refreshes in place."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.responses import Response

from modelward.accounts.permission import Anybody, Editor, Reader
from modelward.accounts.principal import Right
from modelward.alerting.incident_queries import open_incidents
from modelward.errors import NotFound
from modelward.governance.queries import states_of
from modelward.kit.clock import now
from modelward.kit.web import Reading, Writing
from modelward.monitoring.capture_baseline import confirm_reference as confirm
from modelward.monitoring.queries import overview as model_cards
from modelward.registry.service import resolve
from modelward.web import queries
from modelward.web.assets import asset
from modelward.web.errors import PageRoute
from modelward.web.forms import Done, told
from modelward.web.pages import page
from modelward.web.queries import Address
from modelward.web.snippets import base_of, first_event_examples, upload_reference
from modelward.web.time_range import address, model_path
from modelward.web.views.alerts import IncidentLine, line_of
from modelward.web.views.model_page import ModelPage, model_page, numbers_of
from modelward.web.views.numbers import TITLES
from modelward.web.views.overview import overview_of
from modelward.web.views.settings import others_with_models
from modelward.web.views.timeline import timeline
from modelward.web.waiting import Waiting, waiting_for

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)

_PARTS = {
    "status": ("_model_status.html", queries.status_readings),
    "column": ("_model_column.html", queries.column_readings),
}


def _address(
    *,
    range: Annotated[str | None, Query()] = None,  # noqa: A002 - the name that the address shows
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: Annotated[str | None, Query()] = None,
    column: Annotated[str | None, Query()] = None,
    window: Annotated[str | None, Query()] = None,
    columns: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Address:
    return Address(range or None, from_ or None, to or None, column or None, window or None, columns)


Asking = Annotated[Address, Depends(_address)]


@router.get("/")
def home(_: Anybody) -> Response:
    return RedirectResponse("/dashboard", status_code=307)


@router.get("/favicon.ico")
def favicon(_: Anybody) -> Response:
    """For those who ask without reading the page, which names the picture itself."""
    return RedirectResponse(asset("mark.svg"), status_code=308)


@router.get("/dashboard")
def dashboard(request: Request, session: Reading, reader: Reader, done: Done = None) -> Response:
    cards = model_cards(session, scope=reader.scope)
    view = overview_of(cards, states_of(session, [card.id for card in cards]))
    if request.headers.get("x-part") == "models":
        return page(request, "_overview_list.html", overview=view)
    if any(row.events for row in view.rows):
        return page(request, "overview.html", overview=view, message=told(done), waiting=None)
    return page(
        request,
        "overview.html",
        overview=view,
        message=told(done),
        waiting=waiting_for(request, session, reader, model=None, since=now(), now=now()),
        elsewhere=others_with_models(session, reader),
        examples=first_event_examples(base_of(request)),
        key_made=False,
    )


@router.get("/dashboard/models/{key}")
def model(request: Request, key: str, asking: Asking, session: Reading, reader: Reader) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    part = _PARTS.get(request.headers.get("x-part", ""))
    if part:
        template, read = part
        view = model_page(read(session, facts, asked), asked, now=now())
        return page(request, template, model=view, may_decide=reader.may(Right.EDIT))
    view = model_page(queries.readings(session, request.app.state.events, facts, asked), asked, now=now())
    empty = not (view.volume or view.heat)
    whose = resolve(session, reader.scope, key) if empty else None
    waiting = waiting_for(request, session, reader, model=whose, since=now(), now=now()) if whose else None
    firing = [line_of(one) for one in open_incidents(session, reader.scope, model_id=facts.id)]
    return _whole(request, view, waiting, firing=firing, may_decide=reader.may(Right.EDIT))


def _whole(
    request: Request, view: ModelPage, waiting: Waiting | None, *, firing: list[IncidentLine], may_decide: bool
) -> Response:
    base, key = base_of(request), view.facts.key
    return page(
        request,
        "model.html",
        model=view,
        may_decide=may_decide,
        firing=firing,
        waiting=waiting,
        examples=first_event_examples(base, key),
        key_made=False,
        upload_reference=upload_reference(base, key),
    )


@router.get("/dashboard/models/{key}/timeline.json")
def model_timeline(key: str, asking: Asking, session: Reading, reader: Reader) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    return JSONResponse(
        timeline(queries.heat_of(session, facts, asked.range), facts.zone, facts.limits),
        headers={"cache-control": "no-store"},
    )


@router.get("/dashboard/models/{key}/numbers")
def numbers(
    request: Request,
    *,
    key: str,
    part: Literal["drift", "predictions", "volume", "latency"],
    asking: Asking,
    session: Reading,
    reader: Reader,
) -> Response:
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    table = numbers_of(queries.numbers_readings(session, facts, asked, part), part)
    template = "_numbers.html" if request.headers.get("x-part") == "numbers" and table else "numbers.html"
    back = address(model_path(facts.key), **asked.range.parameters(facts.zone))
    return page(request, template, table=table, title=TITLES[part], facts=facts, back=back)


@router.post("/dashboard/models/{key}/reference/confirm")
def confirm_reference(key: str, session: Writing, editor: Editor) -> Response:
    confirm(session, model=resolve(session, editor.scope, key), now=now(), author=editor.author)
    return RedirectResponse(model_path(key), status_code=303)


@router.get("/dashboard/{rest:path}")
def nothing_there(rest: str, _: Anybody) -> Response:
    raise NotFound(f"There is no page `/dashboard/{rest[:80]}`: choose a model from the list.")
