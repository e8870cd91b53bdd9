"""Saying that one has seen an incident: reminders stop; what gets worse is told all the same."""

from datetime import datetime

from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.alerting.groups import locked_group
from modelward.alerting.incident_queries import find_incident
from modelward.alerting.move import MOVE
from modelward.alerting.tables import IncidentEvent, IncidentRow
from modelward.audit.service import record
from modelward.errors import Conflict
from modelward.jobs.service import enqueue


def acknowledge(
    session: Session, *, author: Principal, incident_id: int, acknowledged: bool, note: str | None, now: datetime
) -> IncidentRow:
    """Acknowledge an incident, or take that back. Doing it again changes nothing.

    Raises:
        NotFound: there is none in the caller's scope.
        Conflict: it is over.
    """
    incident = find_incident(session, author.scope, incident_id)
    locked_group(session, key=incident.group_key, organisation_id=incident.organisation_id, model_id=incident.model_id)
    session.refresh(incident)
    if incident.state != "open":
        raise Conflict("This incident is over: there is nothing to acknowledge any more.")
    if acknowledged == (incident.acknowledged_at is not None):
        return incident
    incident.acknowledged_at = now if acknowledged else None
    incident.acknowledged_by = author.title if acknowledged else None
    incident.acknowledged_by_user = author.user_id if acknowledged else None
    _note(session, incident, author, acknowledged=acknowledged, note=note, now=now)
    return incident


def _note(
    session: Session, incident: IncidentRow, author: Principal, *, acknowledged: bool, note: str | None, now: datetime
) -> None:
    said = "has seen it, and sees to it" if acknowledged else "has taken the acknowledgement back"
    session.add(
        IncidentEvent(
            incident_id=incident.id,
            at=now,
            kind="acknowledged" if acknowledged else "unacknowledged",
            sentence=f"{author.title} {said}" + (f": {note}" if note else ""),
            author=author.title,
        )
    )
    record(
        session,
        organisation_id=incident.organisation_id,
        author=author.author,
        action="incident.acknowledged" if acknowledged else "incident.unacknowledged",
        object_kind="incident",
        object_id=incident.id,
        object_title=incident.title,
        at=now,
        reason=note,
        model_id=incident.model_id,
    )
    enqueue(session, MOVE, str(incident.id), run_at=now)
