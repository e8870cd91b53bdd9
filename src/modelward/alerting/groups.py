"""The lock of a group, and its alerts as rows and as values."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.alerting.tables import AlertRow, Group, IncidentRow
from modelward.kit.database import insert_into
from modelward.rules.alert_rules import AlertKind, Severity
from modelward.rules.alert_states import Alert, AlertState

_OF_ALERT = ("rule_key", "subject", "title", "sentence", "since", "began_at", "gone_at", "told_over", "stale")


def locked_group(session: Session, *, key: str, organisation_id: int, model_id: int | None) -> Group:
    """The group's row, made when it is not there yet, and held by this transaction until it ends."""
    values = {"key": key, "organisation_id": organisation_id, "model_id": model_id}
    session.execute(insert_into(session, Group).values(values).on_conflict_do_nothing())
    query = select(Group).where(Group.key == key).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one()


def open_incident(session: Session, group_key: str) -> IncidentRow | None:
    """The group's incident that is not over."""
    mine = (IncidentRow.group_key == group_key, IncidentRow.state == "open")
    return session.scalars(select(IncidentRow).where(*mine)).first()


def live_alerts(session: Session, group_key: str) -> list[AlertRow]:
    """The group's alerts that are not over."""
    mine = (AlertRow.group_key == group_key, AlertRow.state != AlertState.RESOLVED.value)
    return list(session.scalars(select(AlertRow).where(*mine).order_by(AlertRow.id)))


def alerts_of(session: Session, incident_id: int) -> list[AlertRow]:
    """Every alert of an incident, also those that are over, in the order in which they came."""
    return list(session.scalars(select(AlertRow).where(AlertRow.incident_id == incident_id).order_by(AlertRow.id)))


def alert_of(row: AlertRow) -> Alert:
    """A stored alert, as the rules take it."""
    return Alert(
        **{name: getattr(row, name) for name in _OF_ALERT},
        kind=AlertKind(row.kind),
        severity=Severity(row.severity),
        state=AlertState(row.state),
        told=Severity(row.told) if row.told else None,
    )


def write_alert(row: AlertRow, alert: Alert, *, now: datetime) -> None:
    """Bring the row up to the alert."""
    for name in _OF_ALERT:
        setattr(row, name, getattr(alert, name))
    row.kind, row.severity, row.state = alert.kind.value, alert.severity.value, alert.state.value
    row.told = alert.told.value if alert.told else None
    if not alert.live and row.ended_at is None:
        row.ended_at = now
