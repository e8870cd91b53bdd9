"""Which part of the reference is of the same season as a window: the same day, or hour, of the week."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from modelward.rules.finding import Comparison
from modelward.rules.monitor import Monitor
from modelward.rules.windows import Window, zone_of

_QUARTER = timedelta(minutes=15)
_LONGEST = timedelta(days=7)
_NAMES = {"same_weekday": "weekday", "same_hour_of_week": "hour of the week"}


def comparable_buckets(window: Window, buckets: Iterable[datetime], monitor: Monitor) -> list[datetime]:
    """The buckets of the reference, by their starts in UTC, that a window is held against.

    All of them where the monitor's `reference` is `whole`. With `same_weekday` those on a day of the week that the
    window touches, with `same_hour_of_week` those in an hour of the week that it touches; both on the clock of the
    model's zone. A window of a week or longer has every season in it.
    """
    if monitor.reference == "whole":
        return list(buckets)
    wanted = seasons_of(window.start, window.end, monitor)
    return [bucket for bucket in buckets if season_of(bucket, monitor) in wanted]


def seasons_of(start: datetime, end: datetime, monitor: Monitor) -> set[tuple[int, ...]]:
    """The seasons that a span of time touches."""
    steps = int(min(end - start, _LONGEST) / _QUARTER)
    moments = (start + step * _QUARTER for step in range(max(1, steps)))
    return {season_of(moment, monitor) for moment in moments}


def season_of(moment: datetime, monitor: Monitor) -> tuple[int, ...]:
    """The season of a moment: nothing, the day of the week (Monday is 0), or the day and the hour."""
    if monitor.reference == "whole":
        return ()
    local = moment.astimezone(zone_of(monitor.time_zone))
    return (local.weekday(),) if monitor.reference == "same_weekday" else (local.weekday(), local.hour)


def season_key(start: datetime, end: datetime, monitor: Monitor) -> frozenset[tuple[int, ...]]:
    """The seasons of a stretch of time as one name: stretches of the same name may be held against each other."""
    return frozenset(seasons_of(start, end, monitor))


def within_season(comparison: Comparison, monitor: Monitor) -> Comparison:
    """The comparison, whose reason says which part of the reference it was made with."""
    if monitor.reference == "whole":
        return comparison
    said = f"{comparison.reason} Held against the same {_NAMES[monitor.reference]} of the reference alone."
    return replace(comparison, reason=said)


def none_of_season(monitor: Monitor) -> str:
    """Why nothing can be said where the reference has no row of a window's season."""
    season = f" of the same {_NAMES[monitor.reference]} as this window" if monitor.reference in _NAMES else ""
    return f"the reference has no row{season}"
