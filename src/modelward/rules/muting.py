"""Why an alert is not to be told of now: somebody silenced it, another alert explains it, or it is no news."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from modelward.rules.alert_rules import JUDGED_AFTERWARDS, OF_WINDOWS, AlertKind
from modelward.rules.alert_states import Alert, AlertState

LONGEST_SILENCE: Final = timedelta(days=90)
EXPLAINED_BY_SILENCE: Final = OF_WINDOWS | {AlertKind.ESTIMATED_PERFORMANCE}
"""A model that is silent shows its last windows for ever: what they say is not the news."""
OLD_AFTER: Final = 2
"""A window that ended more than this many times its length ago (and more than a day ago) is history."""


_WHOLE: Final = {"@performance": AlertKind.PERFORMANCE}
"""What a segment's alarm is called of all rows together, where it is not of a column."""


class MuteReason(StrEnum):
    """Why not."""

    SILENCED = "silenced"
    INHIBITED = "inhibited"
    OLD_WINDOW = "old_window"


@dataclass(frozen=True)
class Muted:
    """The reason, as a sentence without its full stop, and until when it holds, where that is known."""

    reason: MuteReason
    sentence: str
    until: datetime | None = None


@dataclass(frozen=True)
class Silence:
    """Somebody's word that this need not be told for a while. What is None matches everything."""

    id: int
    author: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    kind: AlertKind | None = None
    subject: str | None = None

    def holds(self, alert: Alert, now: datetime) -> bool:
        """Whether it keeps this alert quiet at this moment."""
        return (
            self.starts_at <= now < self.ends_at
            and self.kind in (None, alert.kind)
            and (self.subject is None or column_of(alert) == self.subject)
        )


def column_of(alert: Alert) -> str:
    """The column that an alert speaks of; quality names its check after it."""
    return alert.subject.partition("|")[0]


def muted(alerts: Sequence[Alert], silences: Sequence[Silence], *, now: datetime) -> Mapping[tuple[str, str], Muted]:
    """Of the alerts of one model, those that are not told of now, and why."""
    found = {alert.key: _why(alert, alerts, silences, now) for alert in alerts}
    return {key: why for key, why in found.items() if why is not None}


def _why(alert: Alert, alerts: Sequence[Alert], silences: Sequence[Silence], now: datetime) -> Muted | None:
    holding = [silence for silence in silences if silence.holds(alert, now)]
    if holding:
        last = max(holding, key=lambda silence: silence.ends_at)
        until = f"until {last.ends_at:%Y-%m-%d %H:%M} UTC"
        return Muted(MuteReason.SILENCED, f"silenced by {last.author} {until}: {last.reason}", last.ends_at)
    if (explained := _explained(alert, alerts)) is not None:
        return explained
    if alert.stale:
        said = "it comes from windows that were past already when it was seen; history is corrected without a word"
        return Muted(MuteReason.OLD_WINDOW, said)
    return None


def _explained(alert: Alert, alerts: Sequence[Alert]) -> Muted | None:
    firing = [other for other in alerts if other.state in (AlertState.FIRING, AlertState.FADING)]
    silent = any(other.kind is AlertKind.SILENCE for other in firing)
    if silent and alert.kind in EXPLAINED_BY_SILENCE:
        return Muted(MuteReason.INHIBITED, "no events arrive, and that is told instead")
    column = column_of(alert)
    broken = any(other.kind is AlertKind.QUALITY and column_of(other) == column for other in firing)
    if column and broken and alert.kind in (AlertKind.DRIFT, AlertKind.SEGMENTS):
        return Muted(MuteReason.INHIBITED, f"the data of `{column}` is broken, and that is told instead")
    whole = _WHOLE.get(column, AlertKind.DRIFT)
    if alert.kind is AlertKind.SEGMENTS and any(
        other.kind is whole and other.subject == ("" if column in _WHOLE else column) for other in firing
    ):
        return Muted(MuteReason.INHIBITED, "it is so of all rows together, and that is told instead")
    return None


def is_old(
    kind: AlertKind, newest: datetime, newest_end: datetime, *, known_until: datetime | None, now: datetime
) -> bool:
    """Whether what begins to fire now is no news.

    That is so when the newest window that speaks for it is long past (a back-fill), or was judged before without this
    alert (late events corrected it): `known_until` is the start of the newest closed window of the look before, None
    where the rule was never asked about the model. A model that is marked as replayed is not asked.
    """
    if kind not in OF_WINDOWS:
        return False
    ages = max(OLD_AFTER * (newest_end - newest), timedelta(days=1))
    judged_before = known_until is not None and newest <= known_until and kind not in JUDGED_AFTERWARDS
    return now - newest_end > ages or judged_before
