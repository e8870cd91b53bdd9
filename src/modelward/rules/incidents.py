"""Incidents: the alerts of one model together, and when people are told of them. Time is an argument.

Law (Alertmanager's, with names for every decision):
- The first message waits 30 seconds, so that what one cause brings in is one message. What is over by then, and
  stays away, is no message at all.
- After that a change is told five minutes after the message before, at the earliest.
- While nothing changes, people are reminded: every four hours of an outage, every day of the rest.
- When all of it is over, that is told too. Then the incident is closed.
- An acknowledgement stops reminders and word of what got better, not of what got worse.
- What is muted (rules/muting.py) is as if it were not there; when it is no longer muted, it is news.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from modelward.rules.alert_rules import OUTAGES, Severity
from modelward.rules.alert_states import FADES_AFTER, Alert, AlertState
from modelward.rules.muting import Muted, MuteReason, Silence, muted

GROUP_WAIT: Final = timedelta(seconds=30)
CHANGES_EVERY: Final = timedelta(minutes=5)
OUTAGE_REMINDER: Final = timedelta(hours=4)
REMINDER: Final = timedelta(days=1)


class Reason(StrEnum):
    """Why a message is sent, or is not."""

    FIRST = "first"
    NEW_ALERTS = "new_alerts"
    WORSE = "worse"
    SOME_RESOLVED = "some_resolved"
    REMINDER = "reminder"
    ALL_RESOLVED = "all_resolved"

    GROUP_WAIT = "group_wait"
    RESOLVED_WITHIN_WAIT = "resolved_within_wait"
    TOO_SOON = "too_soon"
    UNCHANGED = "unchanged"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    OLD_WINDOW = "old_window"
    FADING = "fading"
    NEVER_TOLD = "never_told"


SENDS: Final[Mapping[Reason, str]] = {
    Reason.FIRST: "firing",
    Reason.NEW_ALERTS: "changed",
    Reason.WORSE: "changed",
    Reason.SOME_RESOLVED: "changed",
    Reason.REMINDER: "reminder",
    Reason.ALL_RESOLVED: "resolved",
}
"""The kind of message that each reason sends; the other reasons send none."""

MEANINGS: Final[Mapping[Reason, str]] = {
    Reason.FIRST: "it fires, and nobody was told yet",
    Reason.NEW_ALERTS: "more has come since the last message",
    Reason.WORSE: "it is graver than it was in the last message",
    Reason.SOME_RESOLVED: "a part of it is over",
    Reason.REMINDER: "it still fires",
    Reason.ALL_RESOLVED: "all of it is over",
    Reason.GROUP_WAIT: "the first message waits 30 seconds for what belongs to it",
    Reason.RESOLVED_WITHIN_WAIT: "it was over before the first message was due",
    Reason.TOO_SOON: "a message went out less than five minutes ago",
    Reason.UNCHANGED: "nothing has changed since the last message",
    Reason.ACKNOWLEDGED: "somebody has acknowledged it, and it got no worse",
    Reason.SILENCED: "it is silenced",
    Reason.INHIBITED: "another alert explains it",
    Reason.OLD_WINDOW: "it comes from windows that were past already: history is corrected without a word",
    Reason.FADING: "it is no longer seen; if it stays away for five minutes, nobody is told of it",
    Reason.NEVER_TOLD: "it is over, and nobody had been told of it",
}


@dataclass(frozen=True)
class Incident:
    """What is decided on: the alerts that belong together, and what was told of them."""

    opened_at: datetime
    alerts: Sequence[Alert]
    told_at: datetime | None = None
    acknowledged_at: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """Whether a message is sent, why, and when to look again (None: when something changes).

    `told` are the alerts that the message speaks of, `over` those that it calls over.
    """

    reason: Reason
    sentence: str
    look_again_at: datetime | None = None
    closes: bool = False
    told: tuple[Alert, ...] = ()
    over: tuple[Alert, ...] = ()

    @property
    def sends(self) -> str | None:
        """The kind of message, or None."""
        return SENDS.get(self.reason)


@dataclass(frozen=True)
class _Sight:
    """An incident with what is muted of it taken out."""

    incident: Incident
    now: datetime
    muted: Mapping[tuple[str, str], Muted]

    @property
    def audible(self) -> tuple[Alert, ...]:
        return tuple(alert for alert in self.incident.alerts if alert.key not in self.muted)

    @property
    def active(self) -> tuple[Alert, ...]:
        """What fires, or may fire again in a moment."""
        return tuple(alert for alert in self.audible if alert.state in (AlertState.FIRING, AlertState.FADING))

    @property
    def firing(self) -> tuple[Alert, ...]:
        return tuple(alert for alert in self.audible if alert.state is AlertState.FIRING)

    @property
    def over(self) -> tuple[Alert, ...]:
        """What people were told of, and not yet that it is over; what came back meanwhile is not over."""
        live = {alert.key for alert in self.incident.alerts if alert.live}
        ended = [alert for alert in self.audible if not alert.live and alert.key not in live]
        return tuple(alert for alert in ended if alert.told and not alert.told_over)

    @property
    def ongoing(self) -> bool:
        return any(alert.state in (AlertState.FIRING, AlertState.FADING) for alert in self.incident.alerts)


def decide(incident: Incident, silences: Sequence[Silence], *, now: datetime) -> Decision:
    """What to do about an incident at this moment."""
    sight = _Sight(incident, now, muted([a for a in incident.alerts if a.live or a.told], silences, now=now))
    if incident.told_at is None:
        return _first(sight)
    if not sight.ongoing:
        return _ending(sight, incident.told_at)
    return _later(sight, incident.told_at)


def _first(sight: _Sight) -> Decision:
    due = sight.incident.opened_at + GROUP_WAIT
    if sight.now < due:
        return _not(Reason.GROUP_WAIT, due)
    if sight.firing:
        return _send(sight, Reason.FIRST)
    if any(alert.state is AlertState.FIRING for alert in sight.incident.alerts):
        return _quiet(sight)
    if sight.ongoing:
        # Closed now, what comes and goes in the rhythm of the wait would never be told of.
        return _not(Reason.FADING, None, sight)
    reason = Reason.NEVER_TOLD if _long_kept_quiet(sight) else Reason.RESOLVED_WITHIN_WAIT
    return Decision(reason, MEANINGS[reason], closes=True)


def _long_kept_quiet(sight: _Sight) -> bool:
    """Whether anything of it went on beyond the first wait, so that only its being muted kept it from being told."""
    due = sight.incident.opened_at + GROUP_WAIT
    return any(alert.gone_at is not None and alert.gone_at > due for alert in sight.incident.alerts)


def _ending(sight: _Sight, told_at: datetime) -> Decision:
    if not sight.over:
        quiet = _quiet(sight)
        return Decision(quiet.reason, quiet.sentence, closes=True)
    due = told_at + CHANGES_EVERY
    if sight.now < due:
        return _not(Reason.TOO_SOON, due)
    return Decision(Reason.ALL_RESOLVED, MEANINGS[Reason.ALL_RESOLVED], closes=True, over=sight.over)


def _later(sight: _Sight, told_at: datetime) -> Decision:
    change = _change(sight)
    remind_at = told_at + _remind_every(sight.active)
    if change is not None and sight.now < told_at + CHANGES_EVERY:
        return _not(Reason.TOO_SOON, told_at + CHANGES_EVERY, sight)
    if change is not None:
        return _send(sight, change)
    if not sight.active:
        return _quiet(sight)
    if sight.incident.acknowledged_at is not None:
        return _not(Reason.ACKNOWLEDGED, None, sight)
    if sight.now >= remind_at:
        return _send(sight, Reason.REMINDER)
    return _not(Reason.UNCHANGED, remind_at, sight)


def _change(sight: _Sight) -> Reason | None:
    """What is news since the last message."""
    if any(alert.told is None for alert in sight.firing):
        return Reason.NEW_ALERTS
    if any(alert.worse for alert in sight.firing):
        return Reason.WORSE
    if sight.over and sight.active and sight.incident.acknowledged_at is None:
        return Reason.SOME_RESOLVED
    return None


def _remind_every(alerts: Sequence[Alert]) -> timedelta:
    return OUTAGE_REMINDER if any(alert.kind in OUTAGES for alert in alerts) else REMINDER


def _send(sight: _Sight, reason: Reason) -> Decision:
    again = sight.now + _remind_every(sight.active)
    return Decision(reason, MEANINGS[reason], _earliest(again, sight), told=sight.active, over=sight.over)


def _not(reason: Reason, look_again_at: datetime | None, sight: _Sight | None = None) -> Decision:
    return Decision(reason, MEANINGS[reason], _earliest(look_again_at, sight) if sight else look_again_at)


def _quiet(sight: _Sight) -> Decision:
    """Nothing of it may be told: the reason is that of the alert that will be heard first."""
    order = list(MuteReason)
    whys = sorted(sight.muted.values(), key=lambda why: order.index(why.reason))
    if not whys:
        return _not(Reason.UNCHANGED, None, sight)
    return Decision(Reason(whys[0].reason.value), whys[0].sentence, _earliest(None, sight))


def _earliest(moment: datetime | None, sight: _Sight) -> datetime | None:
    """The earliest of this, the end of a silence, and the end of something that fades."""
    ends = [why.until for why in sight.muted.values() if why.until is not None]
    fades = [a.gone_at + FADES_AFTER for a in sight.incident.alerts if a.state is AlertState.FADING and a.gone_at]
    return min([*([moment] if moment else []), *ends, *fades], default=None)


def gravest(alerts: Sequence[Alert]) -> Severity:
    """How grave they are together."""
    return max((alert.severity for alert in alerts), key=lambda severity: severity.rank, default=Severity.WARNING)
