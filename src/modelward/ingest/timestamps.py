"""When something happened, as senders write it, in microseconds since 1970."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelward.ingest.reasons import Reason, Refused
from modelward.ingest.schemas import ABSENT

DAY = 86_400_000_000
_SECONDS_BELOW = 1e11  # as seconds the year 5138, as milliseconds 1973
_MILLISECONDS_BELOW = 1e14
_AWARE, _NAIVE = pa.timestamp("us", "UTC"), pa.timestamp("us")


class Clock:
    """The moment of a request, in the units in which it is needed."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.now_us = round(now.timestamp() * 1_000_000)
        self.now_ms = self.now_us // 1_000
        self.latest_us = self.now_us + DAY


def times_of(values: Sequence[Any], clock: Clock) -> list[int] | None:
    """The times of a uniform column that are all in bounds; None when each has to be looked at."""
    if all(value is ABSENT for value in values):
        return [clock.now_us] * len(values)
    if len(values) < 4 or set(map(type, values)) != {str}:
        return None
    texts = pa.array(values, pa.string())
    try:
        times = texts.cast(_AWARE).cast(pa.int64())
    except pa.ArrowInvalid:
        try:
            times = texts.cast(_NAIVE).cast(pa.int64())
        except pa.ArrowInvalid:
            return None
    bounds = pc.min_max(times)
    if bounds["min"].as_py() < 0 or bounds["max"].as_py() > clock.latest_us:
        return None
    inside: list[int] = times.to_pylist()
    return inside


def time_of(value: Any, clock: Clock) -> int:
    """One time: ISO 8601 (UTC where it names no zone), or seconds or milliseconds since 1970; now when there is none.

    Raises:
        Refused: it cannot be read, lies before 1970, or more than a day ahead.
    """
    if value is ABSENT or value is None:
        return clock.now_us
    microseconds = _from_text(value) if isinstance(value, str) else _from_number(value)
    if microseconds < 0:
        raise Refused(Reason.BEFORE_1970, f"The timestamp {value!r} lies before 1970.")
    if microseconds > clock.latest_us:
        raise Refused(Reason.IN_FUTURE, f"The timestamp {value!r} lies more than 24 hours in the future.")
    return microseconds


def _from_text(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        raise _unreadable(text[:100]) from None


def _from_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise _unreadable(value)
    size = abs(value)
    return round(value * (1_000_000 if size < _SECONDS_BELOW else 1_000 if size < _MILLISECONDS_BELOW else 1))


def _is_finite(value: float) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # a whole number beyond a double
        return False


def _unreadable(value: Any) -> Refused:
    said = f"The timestamp {str(value)[:100]!r} is not understood: "
    return Refused(Reason.BAD_TIMESTAMP, said + "write it as 2026-01-31T12:00:00Z, or in seconds since 1970.")
