"""Incidents as pages show them: a sentence with a state, the alerts, and what was decided and told, when and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from modelward.alerting.channel_tables import Delivery
from modelward.alerting.incident_schemas import AlertAnswer, EventAnswer, IncidentAnswer, IncidentDetail
from modelward.rules.alert_rules import Severity
from modelward.rules.incidents import SENDS, Reason
from modelward.web.states import State
from modelward.web.time_range import model_path
from modelward.web.writing import count

CRITICAL = State("drifted", "Critical", "", "Somebody should look now.", 5)
WARNING = State("warning", "Warning", "", "Somebody should look today.", 4)
OVER = State("healthy", "Over", "", "It no longer fires.", 1)
WAITING = State("too-few", "Waiting", "", "It has not held for long enough, or is no longer seen.", 2)
QUIET = State("silent", "Kept quiet", "", "It fires, and nobody is told: the reason stands beside it.", 3)

_DELIVERIES = {"waiting": WAITING, "sent": OVER, "failed": CRITICAL, "dropped": QUIET}
_DELIVERED = {"waiting": "on its way", "sent": "sent", "failed": "failed", "dropped": "dropped"}
_SHOWN = 20
_SAME_LOOK = timedelta(seconds=1)
_KINDS = {
    "fired": "Fires",
    "fading": "No longer seen",
    "resolved": "Over",
    "acknowledged": "Acknowledged",
    "unacknowledged": "Acknowledgement taken back",
}


@dataclass(frozen=True)
class IncidentLine:
    """One incident in a list."""

    address: str
    state: State
    title: str
    sentence: str
    model: str | None
    model_address: str | None
    opened_at: datetime
    resolved_at: datetime | None
    acknowledged_by: str | None
    told: str


@dataclass(frozen=True)
class AlertLine:
    """One alert of an incident; `muted` says why nobody is told of it."""

    state: State
    word: str
    sentence: str
    rule: str
    muted: str | None
    since: datetime


@dataclass(frozen=True)
class Delivered:
    """One message to one channel."""

    channel: str
    state: State
    word: str
    error: str | None
    at: datetime | None


@dataclass(frozen=True)
class Step:
    """One line of the timeline. `code` is the name of a decision's reason."""

    at: datetime
    word: str
    sentence: str
    code: str | None
    sent: bool
    message: dict[str, Any] | None
    deliveries: tuple[Delivered, ...]
    nobody: bool


@dataclass(frozen=True)
class IncidentView:
    """One incident, whole. `shown` alerts come first, `further` are folded away."""

    line: IncidentLine
    name: str
    detail: IncidentDetail
    shown: tuple[AlertLine, ...]
    further: tuple[AlertLine, ...]
    steps: tuple[Step, ...]
    message: Step | None
    """the last one that was sent"""


def line_of(incident: IncidentAnswer) -> IncidentLine:
    """An incident as a line."""
    told = count(incident.messages, "message") if incident.messages else "nobody was told"
    return IncidentLine(
        address=f"/alerts/{incident.id}",
        state=_state(incident),
        title=incident.title,
        sentence=incident.sentence,
        model=incident.model,
        model_address=model_path(incident.model) if incident.model else None,
        opened_at=incident.opened_at,
        resolved_at=incident.resolved_at,
        acknowledged_by=incident.acknowledged_by,
        told=told,
    )


def incident_view(detail: IncidentDetail, deliveries: Sequence[Delivery], rules: dict[str, str]) -> IncidentView:
    """An incident as its page shows it; `rules` are the titles of rules by their keys."""
    live = [alert for alert in detail.alerts if alert.state != "resolved"]
    over = [alert for alert in detail.alerts if alert.state == "resolved"]
    ordered = sorted(live, key=lambda a: (-a.severity.rank, a.muted is not None, a.since))
    lines = [_alert(alert, rules) for alert in (*ordered, *reversed(over))]
    steps = tuple(_step(event, deliveries) for event in reversed(detail.timeline))
    return IncidentView(
        line=line_of(detail),
        name=detail.model or "The service",
        detail=detail,
        shown=tuple(lines[:_SHOWN]),
        further=tuple(lines[_SHOWN:]),
        steps=steps,
        message=next((step for step in steps if step.message), None),
    )


def _state(incident: IncidentAnswer) -> State:
    if incident.state == "resolved":
        return OVER
    return CRITICAL if incident.severity is Severity.CRITICAL else WARNING


def _alert(alert: AlertAnswer, rules: dict[str, str]) -> AlertLine:
    grave = CRITICAL if alert.severity is Severity.CRITICAL else WARNING
    state = OVER if alert.state == "resolved" else WAITING if alert.state in ("pending", "fading") else grave
    quiet = alert.muted is not None and alert.state == "firing"
    word = {"pending": "Waits", "fading": "No longer seen"}.get(alert.state)
    return AlertLine(
        state=QUIET if quiet else state,
        word=word or (QUIET if quiet else state).word,
        sentence=alert.sentence,
        rule=rules.get(alert.rule, alert.rule.replace("-", " ")),
        muted=alert.muted if alert.state != "resolved" else None,
        since=alert.since,
    )


def _step(event: EventAnswer, deliveries: Sequence[Delivery]) -> Step:
    sent = event.message is not None
    mine = [one for one in deliveries if sent and abs(one.created_at - event.at) < _SAME_LOOK]
    return Step(
        at=event.at,
        word=_KINDS.get(event.kind) or _decided(event),
        sentence=event.sentence,
        code=event.reason,
        sent=sent,
        message=event.message,
        deliveries=tuple(map(_delivered, mine)),
        nobody=sent and not event.deliveries,
    )


def _decided(event: EventAnswer) -> str:
    sends = event.reason is not None and event.reason in {reason.value for reason in SENDS}
    return "Message" if sends else "Not told" if event.reason != Reason.GROUP_WAIT.value else "Waits"


def _delivered(row: Delivery) -> Delivered:
    return Delivered(
        channel=row.channel_name,
        state=_DELIVERIES.get(row.state, WAITING),
        word=_DELIVERED.get(row.state, row.state),
        error=row.error if row.state != "sent" else None,
        at=row.sent_at or row.tried_at,
    )
