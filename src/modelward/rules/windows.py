"""Calendar windows in a time zone: where they begin and end, when they are closed, and which are due.

Law: windows of one kind cover time without gap or overlap. They begin on the clock of the model's zone, so a day has
23, 24 or 25 hours, and an hour of a half-hour zone begins at half past in UTC. Every boundary is the boundary of a
bucket, so that a window is a merge of whole buckets: an hour of UTC, or 15 minutes where the zone is not on the hour.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

WindowKind = Literal["hour", "day", "week"]

HOUR, QUARTER = 3600, 900
_QUARTER = timedelta(seconds=QUARTER)
_WHOLE_HOUR_YEARS = range(2010, 2038)  # Older clocks kept odder times; what is monitored is younger.


@dataclass(frozen=True, order=True)
class Window:
    """A span of time, from `start` up to but without `end`, both in UTC."""

    kind: str
    start: datetime
    end: datetime

    def closed(self, now: datetime) -> bool:
        """Whether time has passed it; an open window's verdict is provisional."""
        return now >= self.end

    def __contains__(self, ts: object) -> bool:
        return isinstance(ts, datetime) and self.start <= ts < self.end


def windows(kind: WindowKind, time_zone: str, start: datetime, end: datetime) -> list[Window]:
    """Every window that shares a moment with [start, end), oldest first; none when the span is empty."""
    found: list[Window] = []
    cursor = start
    while cursor < end:
        window = window_of(cursor, kind, time_zone)
        found.append(window)
        cursor = window.end
    return found


def window_of(ts: datetime, kind: WindowKind, time_zone: str) -> Window:
    """The window that holds a moment.

    Raises:
        ValueError: the kind is not a calendar period, the zone is unknown, or the moment has no zone.
    """
    if ts.tzinfo is None:
        raise ValueError("a window needs a moment with a time zone; give one in UTC")
    zone = zone_of(time_zone)
    if kind == "hour":
        return _hour_of(ts.astimezone(UTC), zone)
    if kind not in {"day", "week"}:
        raise ValueError(f"windows are by hour, day or week; {kind!r} is not a calendar period")
    first = ts.astimezone(zone).date()
    if kind == "week":
        first -= timedelta(days=first.weekday())
    days = 7 if kind == "week" else 1
    return Window(kind, _midnight(first, zone), _midnight(first + timedelta(days=days), zone))


def zone_of(name: str) -> ZoneInfo:
    """The zone of a name; ValueError for one that does not exist."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}; write it as in 'Europe/Berlin' or 'UTC'") from error


def midnight(day: date, time_zone: str) -> datetime:
    """The moment, in UTC, at which a day of the zone begins."""
    return _midnight(day, zone_of(time_zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # A midnight that the clock skips is the moment of the skip; of two midnights the first is meant. Both are fold=0.
    return bucket_of(datetime.combine(day, time(), tzinfo=zone), QUARTER)


def _hour_of(ts: datetime, zone: ZoneInfo) -> Window:
    # By quarters, not by arithmetic: Lord Howe Island moves its clock by half an hour, so that one hour has 30 minutes.
    start = bucket_of(ts, QUARTER)
    name = _hour_name(start, zone)
    end = start + _QUARTER
    while _hour_name(start - _QUARTER, zone) == name:
        start -= _QUARTER
    while _hour_name(end, zone) == name:
        end += _QUARTER
    return Window("hour", start, end)


def _hour_name(ts: datetime, zone: ZoneInfo) -> tuple[date, int, timedelta | None]:
    local = ts.astimezone(zone)
    return local.date(), local.hour, local.utcoffset()


@lru_cache(maxsize=1024)
def bucket_seconds(time_zone: str) -> int:
    """The length of a bucket for a model of this zone: an hour, or 15 minutes where its clock is off the hour."""
    zone = zone_of(time_zone)
    offsets = (
        datetime(year, month, 1, tzinfo=UTC).astimezone(zone).utcoffset()
        for year in _WHOLE_HOUR_YEARS
        for month in (1, 7)
    )
    return HOUR if all(offset is None or offset.total_seconds() % HOUR == 0 for offset in offsets) else QUARTER


def bucket_of(ts: datetime, seconds: int) -> datetime:
    """The start, in UTC, of the bucket that holds a moment."""
    since_epoch = int(ts.timestamp() // seconds)
    return datetime.fromtimestamp(since_epoch * seconds, UTC)


class DueReason(StrEnum):
    """Why a window is to be evaluated."""

    OPEN = "open"  # New rows in a window that time has not passed: provisional.
    CLOSED = "closed"  # Time has passed it since it was last looked at: this is the verdict that counts.
    CORRECTED = (
        "corrected"  # It had its verdict and its rows changed: the history is corrected, and nobody is notified.
    )


@dataclass(frozen=True)
class Due:
    """A window to evaluate, and why."""

    window: Window
    reason: DueReason

    @property
    def notifies(self) -> bool:
        """Whether its verdict may change the model's state."""
        return self.reason is not DueReason.CORRECTED


def due(
    cut: Callable[[datetime], Window],
    *,
    touched: Iterable[datetime],
    provisional: Iterable[datetime] = (),
    final: Collection[datetime] = (),
    now: datetime,
) -> list[Due]:
    """The windows that need an evaluation now, oldest first.

    Args:
        cut: The window of the model that holds a moment.
        touched: Moments (bucket starts will do) whose rows came or changed since the last evaluation.
        provisional: Starts of the windows whose last evaluation was made while they were open.
        final: Starts of the windows that were evaluated after they closed.
        now: The moment of the decision.
    """
    changed = {cut(ts) for ts in touched}
    waiting = {window for ts in provisional if (window := cut(ts)).closed(now)}
    return [Due(window, _why(window, final, now)) for window in sorted(changed | waiting)]


def _why(window: Window, final: Collection[datetime], now: datetime) -> DueReason:
    if not window.closed(now):
        return DueReason.OPEN
    return DueReason.CORRECTED if window.start in final else DueReason.CLOSED
