"""Incidents: those that are open, those of the reader, those that are over, and one with its timeline."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session
from starlette.responses import Response

from modelward.accounts.permission import Editor, Reader
from modelward.accounts.principal import Principal, Right
from modelward.alerting.acknowledge import acknowledge
from modelward.alerting.deliveries import of_incident
from modelward.alerting.incident_queries import find_incident, incident_detail, incidents_page
from modelward.alerting.incident_schemas import IncidentPage, IncidentsAsked
from modelward.alerting.manage_rules import titles_of
from modelward.kit.clock import now
from modelward.kit.web import Reading, Writing
from modelward.registry.queries import latest_model
from modelward.web.errors import PageRoute
from modelward.web.forms import FOLLOW, Done, done, shaped, told
from modelward.web.pages import page
from modelward.web.views.alerts import incident_view, line_of

router = APIRouter(
    prefix="/alerts", route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse
)
_PAGE = 50

Show = Literal["open", "mine", "history"]


@router.get("")
def incidents(
    request: Request,
    *,
    session: Reading,
    reader: Reader,
    show: Show = "open",
    cursor: Annotated[str | None, Query()] = None,
    done: Done = None,
) -> Response:
    found = _found(session, reader, show, cursor)
    return page(
        request,
        "_incident_list.html" if request.headers.get("x-part") == "incidents" else "alerts.html",
        lines=[line_of(one) for one in found.items],
        following=found.next,
        show=show,
        message=told(done),
        has_models=latest_model(session, reader.scope) is not None,
    )


@router.get("/{incident}")
def incident(request: Request, incident: int, session: Reading, reader: Reader, done: Done = None) -> Response:
    row, moment = find_incident(session, reader.scope, incident), now()
    detail = incident_detail(session, row, now=moment)
    view = incident_view(detail, of_incident(session, row.id), titles_of(session, reader.scope))
    part = "_incident.html" if request.headers.get("x-part") == "incident" else "incident.html"
    return page(request, part, incident=view, may_edit=reader.may(Right.EDIT), message=told(done))


@router.post("/{incident}/acknowledge")
def acknowledge_it(
    *,
    incident: int,
    session: Writing,
    editor: Editor,
    acknowledged: Annotated[bool, Form()] = True,
    note: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    said = {"acknowledged": acknowledged, "note": note.strip() or None}
    acknowledge(session, author=editor, incident_id=incident, **said, now=now())  # type: ignore[arg-type]
    return done(f"/alerts/{incident}", "acknowledged" if acknowledged else "unacknowledged")


def _found(session: Session, reader: Principal, show: Show, cursor: str | None) -> IncidentPage:
    asked = shaped(
        IncidentsAsked, FOLLOW, limit=_PAGE, cursor=cursor, state="resolved" if show == "history" else "open"
    )
    return incidents_page(session, reader.scope, asked, mine=reader if show == "mine" else None)
