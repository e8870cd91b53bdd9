"""Deciding about an incident whose time has come: told, kept quiet, or closed, each with its reason on the timeline.

Whoever calls this holds the lock of the group. The state, the timeline and the outbox change together, so that a
message is never written twice, nor forgotten.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from modelward.accounts.tables import Organisation
from modelward.alerting.compose import message_of, sentence_of, title_of
from modelward.alerting.deliveries import queue
from modelward.alerting.draw import picture_for
from modelward.alerting.groups import alert_of, alerts_of, locked_group, write_alert
from modelward.alerting.messages import Message
from modelward.alerting.silences_in_force import silences_of
from modelward.alerting.tables import AlertRow, IncidentEvent, IncidentRow
from modelward.alerting.timeline import note_states
from modelward.jobs.service import enqueue
from modelward.registry.tables import Model
from modelward.rules.alert_states import Alert, AlertState, after_time
from modelward.rules.incidents import Decision, Incident, decide, gravest

MOVE = "alert_group"
"""The job that comes when an incident is to be decided on again; its key is the incident's id."""


def move_due(session: Session, *, incident_id: int, now: datetime) -> None:
    """Decide about an incident, if it is still open."""
    incident = session.get(IncidentRow, incident_id)
    if incident is None:
        return
    locked_group(session, key=incident.group_key, organisation_id=incident.organisation_id, model_id=incident.model_id)
    session.refresh(incident)
    if incident.state == "open":
        move(session, incident, now=now)


def move(session: Session, incident: IncidentRow, *, now: datetime) -> Decision:
    """Decide, and write down what was decided."""
    _put_right(incident, now)
    rows = alerts_of(session, incident.id)
    pairs = [(row, after_time(alert_of(row), now=now)) for row in rows]
    over = [row for row, alert in pairs if alert.state.value != row.state]
    for row, alert in pairs:
        write_alert(row, alert, now=now)
    note_states(session, incident, over, now=now)
    silences = silences_of(session, organisation_id=incident.organisation_id, model_id=incident.model_id, now=now)
    alerts = [alert for _, alert in pairs]
    decision = decide(
        Incident(incident.opened_at, alerts, incident.told_at, incident.acknowledged_at), silences, now=now
    )
    message = _tell(session, incident, decision, rows, now) if decision.sends else None
    _note(session, incident, decision, message, now)
    _mark(pairs, decision, now)
    if decision.closes:
        _close(session, incident, now)
    _describe(session, incident)
    _again(session, incident, decision, now)
    return decision


def _put_right(incident: IncidentRow, now: datetime) -> None:
    """What a clock that ran ahead wrote down would keep the incident quiet until that moment comes."""
    incident.opened_at = min(incident.opened_at, now)
    if incident.told_at is not None:
        incident.told_at = min(incident.told_at, now)


def _describe(session: Session, incident: IncidentRow) -> None:
    """Bring the incident's title, sentence and severity up to its alerts; once all are over, they stay as they were."""
    alerts = [alert_of(row) for row in alerts_of(session, incident.id)]
    live = [alert for alert in alerts if alert.live]
    incident.alert_count = len(live)
    shown = live or alerts
    if shown:
        incident.title, incident.sentence = title_of(shown), sentence_of(shown)
        incident.severity = gravest(shown).value
        incident.since = min(alert.since for alert in shown)
    session.flush()


def _tell(
    session: Session, incident: IncidentRow, decision: Decision, rows: Sequence[AlertRow], now: datetime
) -> tuple[Message, int]:
    model = session.get(Model, incident.model_id) if incident.model_id is not None else None
    message = message_of(
        decision,
        organisation_id=incident.organisation_id,
        incident_id=incident.id,
        name=model.name if model else session.get_one(Organisation, incident.organisation_id).name,
        model_key=model.key if model else None,
        opened_at=incident.opened_at,
        now=now,
    )
    if model is not None and decision.told:
        message = replace(message, picture=picture_for(session, model, decision.told, now=now))
    channels = _channels(decision, rows)
    return message, queue(session, message=message, channel_ids=channels, now=now)


def _channels(decision: Decision, rows: Sequence[AlertRow]) -> list[int] | None:
    """Where to: what the rules of these alerts name; the organisation's default as soon as one of them names none."""
    spoken = {alert.key for alert in (*decision.told, *decision.over)}
    named = [row.channel_ids for row in rows if (row.rule_key, row.subject) in spoken]
    if any(channels is None for channels in named):
        return None
    return sorted({channel for channels in named for channel in channels or ()})


def _note(
    session: Session, incident: IncidentRow, decision: Decision, sent: tuple[Message, int] | None, now: datetime
) -> None:
    """Write the decision on the timeline; one that says again what the last one said is left out."""
    if sent is None and decision.reason.value == incident.last_reason:
        return
    incident.last_reason = decision.reason.value
    if sent is not None:
        incident.told_at, incident.messages = now, incident.messages + 1
    session.add(
        IncidentEvent(
            incident_id=incident.id,
            at=now,
            kind="decided",
            reason=decision.reason.value,
            sentence=decision.sentence,
            message=sent[0].to_dict(picture=False) if sent else None,
            deliveries=sent[1] if sent else None,
        )
    )


def _mark(pairs: Sequence[tuple[AlertRow, Alert]], decision: Decision, now: datetime) -> None:
    """Remember of each alert how grave it was when people were told, and that they were told that it is over."""
    told, over = {id(alert) for alert in decision.told}, {id(alert) for alert in decision.over}
    for row, alert in pairs:
        if id(alert) in told:
            write_alert(row, replace(alert, told=alert.severity), now=now)
        elif id(alert) in over:
            write_alert(row, replace(alert, told_over=True), now=now)


def _close(session: Session, incident: IncidentRow, now: datetime) -> None:
    incident.state, incident.resolved_at = "resolved", now
    for row in alerts_of(session, incident.id):
        if row.state != AlertState.RESOLVED.value:
            row.state, row.ended_at = AlertState.RESOLVED.value, now


def _again(session: Session, incident: IncidentRow, decision: Decision, now: datetime) -> None:
    """When to decide again, in the incident and as a job."""
    incident.due_at = None if decision.closes else decision.look_again_at
    if incident.due_at is not None:
        enqueue(session, MOVE, str(incident.id), run_at=max(now, incident.due_at))
