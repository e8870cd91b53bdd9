"""The life of one alert: one table of transitions.

Law:
- What a rule sees is `pending` until it has held for as long as the rule waits; then it is `firing`.
- What a rule no longer sees is `fading`: it fires on if it is seen again within five minutes, and is over when it
  stayed away for so long. So what comes and goes every half minute is one alert and not twenty.
- An alert that is over never comes back; the next one is another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from modelward.rules.alert_episodes import Episode
from modelward.rules.alert_rules import AlertKind, AlertRule, Severity

FADES_AFTER: Final = timedelta(minutes=5)


class AlertState(StrEnum):
    """Where an alert is."""

    PENDING = "pending"
    FIRING = "firing"
    FADING = "fading"
    RESOLVED = "resolved"


class Sight(StrEnum):
    """What a look at the readings amounts to, for one alert."""

    SEEN = "seen"
    HELD = "held"  # seen, and for as long as its rule waits
    GONE = "gone"
    STAYED_AWAY = "stayed_away"  # gone for as long as fading takes


_S, _V = AlertState, Sight
TRANSITIONS: Final[Mapping[Sight, Mapping[AlertState, AlertState]]] = {
    _V.SEEN: {_S.PENDING: _S.PENDING, _S.FIRING: _S.FIRING, _S.FADING: _S.FIRING, _S.RESOLVED: _S.RESOLVED},
    _V.HELD: {_S.PENDING: _S.FIRING, _S.FIRING: _S.FIRING, _S.FADING: _S.FIRING, _S.RESOLVED: _S.RESOLVED},
    _V.GONE: {_S.PENDING: _S.RESOLVED, _S.FIRING: _S.FADING, _S.FADING: _S.FADING, _S.RESOLVED: _S.RESOLVED},
    _V.STAYED_AWAY: {_S.PENDING: _S.RESOLVED, _S.FIRING: _S.FADING, _S.FADING: _S.RESOLVED, _S.RESOLVED: _S.RESOLVED},
}


@dataclass(frozen=True)
class Alert:
    """One alert. `began_at` and `gone_at` are moments of our clock; `since` is a moment of the events'.

    `told` is how grave it was when people were last told of it, `told_over` whether they were told that it is over.
    `stale` means that it began with a window that was long past, which is no news.
    """

    rule_key: str
    kind: AlertKind
    subject: str
    title: str
    severity: Severity
    state: AlertState
    sentence: str
    since: datetime
    began_at: datetime
    gone_at: datetime | None = None
    told: Severity | None = None
    told_over: bool = False
    stale: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the other alerts of its model."""
        return self.rule_key, self.subject

    @property
    def live(self) -> bool:
        """Whether it is not over."""
        return self.state is not AlertState.RESOLVED

    @property
    def worse(self) -> bool:
        """Whether people were told of something less grave, or of nothing."""
        return self.told is None or self.severity.rank > self.told.rank


def first_seen(rule: AlertRule, episode: Episode, *, now: datetime, stale: bool = False) -> Alert:
    """The alert that an episode begins."""
    return Alert(
        rule_key=rule.key,
        kind=rule.kind,
        subject=episode.subject,
        title=episode.title,
        severity=episode.severity,
        state=AlertState.PENDING if rule.wait else AlertState.FIRING,
        sentence=episode.sentence,
        since=episode.since,
        began_at=now,
        stale=stale,
    )


def seen_again(alert: Alert, rule: AlertRule, episode: Episode, *, now: datetime, stale: bool) -> Alert:
    """The alert after a look that still shows it. What was stale is news once a newer window says so too."""
    began_at = min(alert.began_at, now)  # a clock that ran ahead may have written it
    sight = Sight.HELD if now - began_at >= rule.wait else Sight.SEEN
    return replace(
        alert,
        began_at=began_at,
        state=TRANSITIONS[sight][alert.state],
        severity=episode.severity,
        title=episode.title,
        sentence=episode.sentence,
        since=min(alert.since, episode.since),
        gone_at=None,
        stale=alert.stale and stale,
    )


def not_seen(alert: Alert, *, now: datetime) -> Alert:
    """The alert after a look that does not show it, or after time has passed without one."""
    gone_at = min(alert.gone_at or now, now)
    sight = Sight.STAYED_AWAY if now - gone_at >= FADES_AFTER else Sight.GONE
    return replace(alert, state=TRANSITIONS[sight][alert.state], gone_at=gone_at)


def after_time(alert: Alert, *, now: datetime) -> Alert:
    """What fades goes on to fade without anybody looking."""
    return not_seen(alert, now=now) if alert.state is AlertState.FADING else alert
