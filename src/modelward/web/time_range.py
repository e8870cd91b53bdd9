"""The stretch of time that a page shows, as its address says it: ?range=90d, or ?from=2013-10-01&to=2013-11-01."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from modelward.errors import FieldError, Invalid

PRESETS = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "1y": timedelta(days=365),
}
USUAL = {"hour": "7d", "day": "1y", "week": "all", "events": "all"}  # by the kind of the model's windows
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class TimeRange:
    """[start, end) in UTC. `name` is the preset, or "custom"; a preset ends where the model's newest window ends."""

    name: str
    start: datetime
    end: datetime

    def parameters(self, zone: ZoneInfo) -> dict[str, str]:
        """What the address says of it."""
        if self.name != "custom":
            return {"range": self.name}
        last = (self.end - timedelta(microseconds=1)).astimezone(zone).date()
        return {"from": f"{self.start.astimezone(zone).date()}", "to": f"{last}"}


def time_range(
    *, name: str | None, first: str | None, last: str | None, usual: str, newest: datetime, zone: ZoneInfo
) -> TimeRange:
    """The range that an address asks for; `first` and `last` are days of the model's zone, both included.

    Raises:
        Invalid: a range that is not known, a day that is not one, an end before its start.
    """
    if first or last:
        start = _midnight(_day(first, "from"), zone) if first else EARLIEST
        end = _midnight(_day(last, "to"), zone, days=1) if last else newest
        if end <= start:
            raise Invalid(
                "The range ends before it starts: exchange `from` and `to`.",
                fields=(FieldError("to", "before `from`"),),
            )
        return TimeRange("custom", start, end)
    name = name or usual
    if name == "all":
        return TimeRange(name, EARLIEST, newest)
    if name not in PRESETS:
        known = ", ".join([*PRESETS, "all"])
        raise Invalid(
            f"There is no range {name!r}: use one of {known}, or from and to.",
            fields=(FieldError("range", "not known"),),
        )
    return TimeRange(name, newest - PRESETS[name], newest)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Invalid(
            f"{text!r} is not a day: write it as 2013-10-01.", fields=(FieldError(name, "not a day"),)
        ) from None


def _midnight(day: date, zone: ZoneInfo, *, days: int = 0) -> datetime:
    try:
        return datetime.combine(day + timedelta(days=days), time(), tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{day} is out of reach: choose a year between 2 and 9998.") from None


WINDOW_FORM = "%Y%m%dT%H%MZ"


def window_name(start: datetime) -> str:
    """How an address names a window: by its start in UTC."""
    return start.astimezone(UTC).strftime(WINDOW_FORM)


def window_start(text: str) -> datetime:
    """The moment that `window_name` wrote. Raises Invalid."""
    try:
        return datetime.strptime(text, WINDOW_FORM).replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(
            f"{text!r} names no window: follow a link of the page.", fields=(FieldError("window", "not a window"),)
        ) from None


def address(path: str, **parameters: str | None) -> str:
    """A path with its query; parameters that are None are left out."""
    known = {name.rstrip("_"): value for name, value in parameters.items() if value is not None}
    return path + (f"?{urlencode(known)}" if known else "")


def model_path(key: str) -> str:
    """The page of a model, whatever its key holds."""
    return f"/dashboard/models/{quote(key, safe='')}"


def report_address(key: str, kept: Iterable[tuple[str, str]]) -> str:
    """The report of a model, over the range whose parameters are kept."""
    return address(f"{model_path(key)}/report", **dict(kept))
