"""The axis of time, in calendar steps."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property


@dataclass(frozen=True)
class Window:
    """A stretch of time, end exclusive, already in the time zone that is to be read; an open one is not over yet."""

    start: datetime
    end: datetime
    closed: bool = True


@dataclass(frozen=True)
class TimeAxis:
    """Where a moment lies between start and end, as a share of the width."""

    start: datetime
    end: datetime

    @classmethod
    def over(cls, windows: Sequence[Window]) -> "TimeAxis":
        return cls(windows[0].start, windows[-1].end)

    @cached_property
    def _seconds(self) -> float:
        return max((self.end - self.start).total_seconds(), 1.0)

    def at(self, when: datetime) -> float:
        return (when - self.start).total_seconds() / self._seconds

    def middle(self, window: Window) -> float:
        return (self.at(window.start) + self.at(window.end)) / 2

    def ticks(self) -> list[tuple[float, str]]:
        """About six calendar moments with their labels; the year is written where it changes."""
        moments = [m for m in _moments(self.start, self.end) if self.start <= m < self.end]
        return [(self.at(m), _label(m, self.end - self.start)) for m in moments]


def _moments(start: datetime, end: datetime) -> Iterator[datetime]:
    days = (end - start) / timedelta(days=1)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if days > 60:
        return _months(midnight, end, next(step for step in (1, 2, 3, 6, 12, 24, 60, 1200) if days / 30 / step <= 10))
    step = next((h for h in (1, 3, 6, 12, 24, 48, 96, 168) if days * 24 / h <= 8), 168)
    return (midnight + timedelta(hours=step * n) for n in range(int(days * 24 / step) + 3))


def _months(start: datetime, end: datetime, step: int) -> Iterator[datetime]:
    month = start.year * 12 + (start.month - 1) // step * step
    while True:
        moment = start.replace(year=month // 12, month=month % 12 + 1, day=1)
        if moment >= end:
            return
        yield moment
        month += step


def _label(moment: datetime, length: timedelta) -> str:
    if length > timedelta(days=60):
        return f"{moment:%b %Y}" if moment.month == 1 else f"{moment:%b}"
    return f"{moment:%H:%M}" if moment.hour else f"{moment.day} {moment:%b}"
