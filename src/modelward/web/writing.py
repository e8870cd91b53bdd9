"""Numbers and times as a person writes them: 12.4k, 3.2 %, 41 ms, 2 minutes ago; the numbers as in a report."""

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import lru_cache

from modelward.report.writing import (
    NOTHING,
    THIN,
    count,
    exact,
    measure,
    metric,
    middle,
    number,
    percent,
    probability,
    score,
)

__all__ = [
    "NOTHING",
    "THIN",
    "ago",
    "count",
    "day",
    "exact",
    "lasting",
    "measure",
    "metric",
    "middle",
    "milliseconds",
    "milliseconds_like",
    "number",
    "percent",
    "probability",
    "score",
    "span",
    "utc",
]


def milliseconds(value: float | None) -> str:
    """A latency: 41 ms, 1.2 s, 3.5 min."""
    if value is None or math.isnan(value):
        return NOTHING
    if value < 0.1:
        return f"{number(float(f'{value * 1000:.2g}'))}{THIN}µs" if value else f"0{THIN}ms"
    if value < 1000:
        return f"{number(value) if value < 10 else f'{value:.0f}'}{THIN}ms"
    return f"{number(value / 1000)}{THIN}s" if value < 120_000 else f"{number(value / 60_000)}{THIN}min"


def milliseconds_like(values: Iterable[float | None]) -> Callable[[float], str]:
    """Writes latencies all in the unit of the largest: an axis on which 50 µs stood under 0.1 ms was hard to read."""
    largest = max((value for value in values if value is not None and not math.isnan(value)), default=0.0)
    size, unit = next((size, unit) for least, size, unit in _UNITS if largest >= least)
    return lambda value: f"{number(value / size)}{THIN}{unit}"


_UNITS = ((120_000.0, 60_000.0, "min"), (1_000.0, 1_000.0, "s"), (0.5, 1.0, "ms"), (-math.inf, 0.001, "µs"))
LONG_AGO = timedelta(days=60)  # from here on a date says more than a count


def ago(then: datetime | None, now: datetime) -> str:
    """How long ago, in one unit, or the date of what is old; "just now" also for a clock a little ahead of ours."""
    if then is None:
        return "never"
    if now - then > LONG_AGO:
        return day(then)
    seconds = (now - then).total_seconds()
    if seconds < -60:
        return f"in {_lapse(-seconds)}"
    return "just now" if seconds < 10 else f"{_lapse(seconds)} ago"


def lasting(since: datetime, now: datetime) -> str:
    """How long something has been so: "for 9 days", or since when, where that says more."""
    if now - since > LONG_AGO:
        return f"since {day(since)}"
    return f"for {_lapse(max((now - since).total_seconds(), 0))}"


def _lapse(seconds: float) -> str:
    units = (
        (86400 * 365.25, "year"),
        (86400 * 30.44, "month"),
        (86400, "day"),
        (3600, "hour"),
        (60, "minute"),
        (1, "second"),
    )
    for size, unit in units:
        if seconds >= size * (2 if unit in ("month", "year") else 1) or unit == "second":
            count = int(seconds // size)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "0 seconds"


def utc(when: datetime | None) -> str:
    """The exact time, for a hover: 2013-10-01 04:00:00 UTC."""
    return when.strftime("%Y-%m-%d %H:%M:%S UTC") if when else NOTHING


def day(when: datetime) -> str:
    """1 October 2013."""
    return f"{when.day} {when:%B %Y}"


@lru_cache(maxsize=4096)  # a page names each of its windows a dozen times
def span(start: datetime, end: datetime) -> str:
    """A window in words: one day by its name, otherwise from and to. `end` is exclusive; both are local already."""
    if end - start <= timedelta(hours=1):
        return f"{start.day} {start:%b %Y}, {start:%H:%M} to {end:%H:%M}"
    last = end - timedelta(microseconds=1)
    if start.date() == last.date():
        return f"{start:%a} {start.day} {start:%b %Y}"
    if start.year == last.year:
        return f"{start.day} {start:%b} to {last.day} {last:%b %Y}"
    return f"{start.day} {start:%b %Y} to {last.day} {last:%b %Y}"
