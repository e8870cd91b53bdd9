"""The health of a model: one table of transitions.

Law:
- A strong alarm of any column makes the model `drifted`, whatever it was; a moderate one makes it `warning`.
- No alarm, on windows with enough rows, makes it `healthy`. Recovery needs that evidence:
  too few rows never turn a drifted model healthy, nor a healthy one anything else.
- Two whole windows without an event make it `silent`: no news from a model that should speak is news.
- The first events after silence, or ever, with too few rows to judge, make it `too_few`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from modelward.rules.alarm import Alarm
from modelward.rules.verdict import Verdict


class Health(StrEnum):
    """The state of a model, as its badge shows it."""

    HEALTHY = "healthy"
    WARNING = "warning"
    DRIFTED = "drifted"
    TOO_FEW = "too_few"
    SILENT = "silent"


class Sight(StrEnum):
    """What the evidence of one moment amounts to."""

    CALM = "calm"
    MODERATE = "moderate"
    STRONG = "strong"
    TOO_FEW = "too_few"
    SILENCE = "silence"


TRANSITIONS: Mapping[Sight, Mapping[Health, Health]] = {
    Sight.STRONG: dict.fromkeys(Health, Health.DRIFTED),
    Sight.MODERATE: dict.fromkeys(Health, Health.WARNING),
    Sight.CALM: dict.fromkeys(Health, Health.HEALTHY),
    Sight.SILENCE: dict.fromkeys(Health, Health.SILENT),
    Sight.TOO_FEW: {
        Health.HEALTHY: Health.HEALTHY,
        Health.WARNING: Health.WARNING,
        Health.DRIFTED: Health.DRIFTED,
        Health.TOO_FEW: Health.TOO_FEW,
        Health.SILENT: Health.TOO_FEW,
    },
}


@dataclass(frozen=True)
class Evidence:
    """What is known of a model when its health is decided.

    `last_event_at` is when the last event reached us, not what its timestamp says: a replay of an old year is not
    silence. Without `last_event_at`, `now` and `silent_after` (two windows is the rule) silence is not judged.
    """

    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    last_event_at: datetime | None = None
    now: datetime | None = None
    silent_after: timedelta | None = None

    @property
    def silent(self) -> bool:
        if self.last_event_at is None or self.now is None or self.silent_after is None:
            return False
        return self.now - self.last_event_at > self.silent_after


@dataclass(frozen=True)
class Transition:
    """A step of a model's health, or its staying where it is, with the reason in words."""

    before: Health
    after: Health
    reason: str
    since: datetime | None = None

    @property
    def changed(self) -> bool:
        return self.before is not self.after


def next_health(current: Health, evidence: Evidence) -> Transition:
    """The model's health after this evidence."""
    sight = see(evidence)
    after = TRANSITIONS[sight][current]
    causes = _causes(evidence, sight)
    since = min((alarm.since for alarm in causes.values() if alarm.since), default=None)
    return Transition(current, after, _reason(sight, after, causes, evidence), since)


def see(evidence: Evidence) -> Sight:
    """The gravest thing that the evidence shows."""
    levels = {alarm.level for alarm in evidence.alarms.values()}
    if evidence.silent:
        return Sight.SILENCE
    if Verdict.DRIFTED in levels:
        return Sight.STRONG
    if Verdict.WARNING in levels:
        return Sight.MODERATE
    return Sight.CALM if Verdict.OK in levels else Sight.TOO_FEW


_LEVEL = {Sight.STRONG: Verdict.DRIFTED, Sight.MODERATE: Verdict.WARNING}


def _causes(evidence: Evidence, sight: Sight) -> dict[str, Alarm]:
    level = _LEVEL.get(sight)
    return {column: alarm for column, alarm in evidence.alarms.items() if alarm.level is level}


def _reason(sight: Sight, after: Health, causes: Mapping[str, Alarm], evidence: Evidence) -> str:
    if causes:
        (column, alarm), *others = causes.items()
        what = alarm.reason if alarm.reason.startswith("`") else f"`{column}` is {alarm.reason}"
        return what + (f"; {_names(others)} too" if others else "")
    if sight is Sight.SILENCE:
        assert evidence.last_event_at is not None
        return f"no event since {evidence.last_event_at:%Y-%m-%d %H:%M} UTC"
    if sight is Sight.CALM:
        return "no column is alarmed"
    stays = "" if after is Health.TOO_FEW else f"; it stays {after.value} until there are"
    return f"too few rows to judge any column{stays}"


def _names(alarms: list[tuple[str, Alarm]]) -> str:
    """As what else is in alarm: "`a` and `b` are in alarm"."""
    shown, more = [f"`{column}`" for column, _ in alarms[:4]], max(0, len(alarms) - 4)
    *most, last = [*shown, f"{more} more"] if more else shown
    listed = f"{', '.join(most)} and {last}" if most else last
    return f"{listed} {'is' if len(alarms) == 1 else 'are'} in alarm"
