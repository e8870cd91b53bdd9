"""From what the rules see to alerts and their incident: state, timeline and messages in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from modelward.alerting.groups import alert_of, live_alerts, locked_group, open_incident, write_alert
from modelward.alerting.move import move
from modelward.alerting.tables import AlertRow, Group, IncidentRow
from modelward.alerting.timeline import note_states
from modelward.rules.alert_episodes import Episode
from modelward.rules.alert_rules import AlertRule
from modelward.rules.alert_states import AlertState, first_seen, not_seen, seen_again
from modelward.rules.muting import is_old

OVERTAKEN_BY: Final = timedelta(minutes=10)
"""Two workers are not further apart: a look from later than this was made by a clock that was wrong."""


@dataclass(frozen=True)
class Fired:
    """A rule fires; `changed_at` is since when the rule has been as it is."""

    rule: AlertRule
    changed_at: datetime
    episode: Episode


@dataclass(frozen=True)
class Look:
    """Everything that fires in a group at a moment. `known_until` is the start of its newest closed window."""

    group_key: str
    organisation_id: int
    model_id: int | None
    known_until: datetime | None
    replayed: bool
    fired: tuple[Fired, ...]
    now: datetime


def settle(session: Session, look: Look) -> None:
    """Bring the alerts of the group up to the look, open an incident if one is due, and decide about it."""
    group = locked_group(session, key=look.group_key, organisation_id=look.organisation_id, model_id=look.model_id)
    if group.looked_at is not None and look.now < group.looked_at <= look.now + OVERTAKEN_BY:
        return  # another worker has looked since
    changed = _bring_up(session, group, look)
    group.looked_at, group.known_until = look.now, look.known_until
    session.flush()
    incident = open_incident(session, look.group_key)
    if incident is None and any(row.state == AlertState.FIRING.value for row in live_alerts(session, look.group_key)):
        incident = _open(session, look)
    if incident is not None:
        _join(session, incident, changed, look.now)
        move(session, incident, now=look.now)


def _bring_up(session: Session, group: Group, look: Look) -> list[AlertRow]:
    """Write every alert anew; answers those whose state changed."""
    known = {(row.rule_key, row.subject): row for row in live_alerts(session, look.group_key)}
    before = {key: row.state for key, row in known.items()}
    for fired in look.fired:
        key = (fired.rule.key, fired.episode.subject)
        row = known.get(key)
        if row is None:
            row = known[key] = AlertRow(organisation_id=look.organisation_id, group_key=look.group_key)
            session.add(row)
            alert = first_seen(fired.rule, fired.episode, now=look.now, stale=_stale(group, look, fired))
        else:
            stale = _stale(group, look, fired)
            alert = seen_again(alert_of(row), fired.rule, fired.episode, now=look.now, stale=stale)
        write_alert(row, alert, now=look.now)
        row.channel_ids = list(fired.rule.channel_ids) if fired.rule.channel_ids is not None else None
    seen = {(fired.rule.key, fired.episode.subject) for fired in look.fired}
    for key, row in known.items():
        if key not in seen:
            write_alert(row, not_seen(alert_of(row), now=look.now), now=look.now)
    return [row for key, row in known.items() if row.state != before.get(key)]


def _stale(group: Group, look: Look, fired: Fired) -> bool:
    """Whether this is no news. A rule that is new to the group has no past in it."""
    if look.replayed:
        return False
    new_rule = group.looked_at is None or fired.changed_at >= group.looked_at
    return is_old(
        fired.rule.kind,
        fired.episode.newest,
        fired.episode.newest_end,
        known_until=None if new_rule else group.known_until,
        now=look.now,
    )


def _open(session: Session, look: Look) -> IncidentRow:
    incident = IncidentRow(
        organisation_id=look.organisation_id,
        group_key=look.group_key,
        model_id=look.model_id,
        state="open",
        severity="warning",
        title="",
        sentence="",
        alert_count=0,
        opened_at=look.now,
        since=look.now,
        messages=0,
    )
    session.add(incident)
    session.flush()
    return incident


def _join(session: Session, incident: IncidentRow, changed: Sequence[AlertRow], now: datetime) -> None:
    """Take what fires into the incident, and write on its timeline what changed."""
    for row in live_alerts(session, incident.group_key):
        if row.state == AlertState.FIRING.value:
            row.incident_id = row.incident_id or incident.id
    session.flush()
    note_states(session, incident, changed, now=now)
