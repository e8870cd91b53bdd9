"""Reading incidents for pages and the API."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal, Scope
from modelward.alerting.groups import alert_of, alerts_of
from modelward.alerting.incident_schemas import (
    AlertAnswer,
    EventAnswer,
    IncidentAnswer,
    IncidentDetail,
    IncidentPage,
    IncidentsAsked,
)
from modelward.alerting.silences_in_force import silences_of
from modelward.alerting.tables import IncidentEvent, IncidentRow
from modelward.errors import NotFound
from modelward.kit.paging import LARGEST_ID, listed
from modelward.registry.queries import keys_of_models
from modelward.registry.service import resolve, within
from modelward.registry.tables import Model
from modelward.rules.muting import muted

_COLUMNS = {
    "id": IncidentRow.id,
    "opened_at": IncidentRow.opened_at,
    "state": IncidentRow.state,
    "severity": IncidentRow.severity,
}
MOST_EVENTS = 1_000


def incidents_page(
    session: Session, scope: Scope, asked: IncidentsAsked, *, mine: Principal | None = None
) -> IncidentPage:
    """The incidents that the caller sees; with `mine`, those that they acknowledged or whose model they registered."""
    query = select(IncidentRow).where(*_seen(scope))
    if asked.model is not None:
        query = query.where(IncidentRow.model_id == resolve(session, scope, asked.model).id)
    if asked.acknowledged is not None:
        known = IncidentRow.acknowledged_at.is_not(None)
        query = query.where(known if asked.acknowledged else ~known)
    if mine is not None:
        query = query.where(_of_theirs(mine))
    page = listed(session, query, asked, columns=_COLUMNS, key=IncidentRow.id)
    return IncidentPage(items=answers_of(session, page.items), next=page.next)


def find_incident(session: Session, scope: Scope, incident_id: int) -> IncidentRow:
    """The incident.

    Raises:
        NotFound: there is none in the scope.
    """
    number = incident_id if 0 < incident_id <= LARGEST_ID else 0
    row = session.scalars(select(IncidentRow).where(*_seen(scope), IncidentRow.id == number)).first()
    if row is None:
        raise NotFound(f"There is no incident {incident_id}: GET /api/v1/alerts lists those that there are.")
    return row


def incident_detail(session: Session, incident: IncidentRow, *, now: datetime) -> IncidentDetail:
    """An incident with its alerts, of each of which it is said whether people are told of it, and its timeline."""
    (answer,) = answers_of(session, [incident])
    return IncidentDetail(
        **answer.model_dump(), alerts=_alerts(session, incident, now), timeline=_timeline(session, incident.id)
    )


def answers_of(session: Session, rows: Iterable[IncidentRow]) -> list[IncidentAnswer]:
    """The incidents with the keys of their models."""
    listed_rows = list(rows)
    ids = {row.model_id for row in listed_rows if row.model_id is not None}
    keys = keys_of_models(session, ids)
    found = [(IncidentAnswer.model_validate(row), keys.get(row.model_id or 0)) for row in listed_rows]
    return [answer.model_copy(update={"model": key}) for answer, key in found]


def open_incidents(session: Session, scope: Scope, *, model_id: int) -> list[IncidentAnswer]:
    """Those of one model that are not over."""
    mine = (*_seen(scope), IncidentRow.model_id == model_id, IncidentRow.state == "open")
    return answers_of(session, session.scalars(select(IncidentRow).where(*mine)))


def _alerts(session: Session, incident: IncidentRow, now: datetime) -> list[AlertAnswer]:
    rows = alerts_of(session, incident.id)
    silences = silences_of(session, organisation_id=incident.organisation_id, model_id=incident.model_id, now=now)
    why = muted([alert_of(row) for row in rows], silences, now=now) if incident.state == "open" else {}
    answers = [(AlertAnswer.model_validate(row), why.get((row.rule_key, row.subject))) for row in rows]
    return [answer.model_copy(update={"muted": said.sentence if said else None}) for answer, said in answers]


def _timeline(session: Session, incident_id: int) -> list[EventAnswer]:
    newest = (
        select(IncidentEvent)
        .where(IncidentEvent.incident_id == incident_id)
        .order_by(IncidentEvent.id.desc())
        .limit(MOST_EVENTS)
    )
    return [EventAnswer.model_validate(row) for row in reversed(session.scalars(newest).all())]


def _seen(scope: Scope) -> list[ColumnElement[bool]]:
    """Those of the organisation; of a part of it, those of its models."""
    bounds: list[ColumnElement[bool]] = [IncidentRow.organisation_id == scope.organisation_id]
    if not scope.whole:
        bounds.append(IncidentRow.model_id.in_(select(Model.id).where(*within(scope))))
    return bounds


def _of_theirs(principal: Principal) -> ColumnElement[bool]:
    registered = select(Model.id).where(
        Model.organisation_id == principal.organisation_id, Model.created_by == principal.title
    )
    acknowledged = IncidentRow.acknowledged_by == principal.title
    return or_(acknowledged, IncidentRow.model_id.in_(registered))
