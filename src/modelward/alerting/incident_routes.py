"""Incidents over HTTP. That one is over follows from its alerts alone: nobody says so by hand."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Editor, Reader
from modelward.alerting import incident_queries
from modelward.alerting.acknowledge import acknowledge
from modelward.alerting.incident_schemas import Acknowledgement, IncidentDetail, IncidentPage, IncidentsAsked
from modelward.kit.clock import now
from modelward.kit.paging import LARGEST_ID, lead_on
from modelward.kit.web import Reading, Writing

router = APIRouter(route_class=ApiRoute, tags=["alerting"])

Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


@router.get("/alerts")
def list_incidents(
    request: Request, response: Response, session: Reading, reader: Reader, asked: Annotated[IncidentsAsked, Query()]
) -> IncidentPage:
    """The incidents, newest first."""
    page = incident_queries.incidents_page(session, reader.scope, asked)
    lead_on(request, response, page.next)
    return page


@router.get("/alerts/{incident}")
def read_incident(incident: Id, session: Reading, reader: Reader) -> IncidentDetail:
    """One incident with its alerts and its timeline: every decision to tell or not, with its reason."""
    found = incident_queries.find_incident(session, reader.scope, incident)
    return incident_queries.incident_detail(session, found, now=now())


@router.post("/alerts/{incident}/acknowledge")
def acknowledge_incident(
    incident: Id, session: Writing, editor: Editor, body: Acknowledgement | None = None
) -> IncidentDetail:
    """Say that one has seen it: reminders stop, and what gets worse is told all the same."""
    said, moment = body or Acknowledgement(), now()
    found = acknowledge(
        session, author=editor, incident_id=incident, acknowledged=said.acknowledged, note=said.note, now=moment
    )
    return incident_queries.incident_detail(session, found, now=moment)
