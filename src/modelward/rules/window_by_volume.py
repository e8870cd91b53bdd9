"""Whether a model's windows are hours or days, by how much traffic it has: what holds where nobody asked for a kind.

A day's *busy hours* are the fewest that hold nine tenths of its rows, so that a quiet night neither speaks against the
hour nor hides that there is traffic by day. A day has traffic for hours when it has at least as many busy hours as an
alarm looks back over (3, of which 2 must agree), each of them large enough to be judged, and the middle one five times
as large: hours differ, and one with a fifth of the usual traffic is to be judged still.

Law, on whole days of the model's clock, by the time of the events and not of their arrival:

- hours are chosen when 5 of the last 7 days had traffic for them (all of them, and at least 3, while there are fewer);
- days are chosen again when the last 3 days all had less than half of that.

A week of 5 heavy days and 2 light ones stays with hours, and one of 4 heavy days never leads there: once a week is
known, repeating it does not change the kind. Between half of the traffic that is needed and all of it nothing changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any, Literal

from modelward.rules.alarm import OF

DAYS = 7
"""So many whole days are looked at: a week, so that every weekday has its say."""
NEEDED = 5
FEWEST_DAYS = 3
"""A model that is younger than a week needs so many whole days, all with traffic for hours."""
LACKING = 3
BUSY_SHARE = 0.9
ROOM = 5
"""The middle busy hour holds so many times the rows of the smallest window that is judged."""
STAYS = 0.5

Chosen = Literal["hour", "day"]


@dataclass(frozen=True)
class Choice:
    """The kind of the windows and why; `hourly` is the middle one of the busy hours, of which `needed` are asked."""

    window: Chosen
    reason: str
    hourly: int
    needed: int
    days: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "window": self.window,
            "reason": self.reason,
            "rows_an_hour": self.hourly,
            "needed": self.needed,
            "days": self.days,
        }


def choose(present: Chosen, days: Sequence[Sequence[int]], minimum_rows: int) -> Choice:
    """The kind of the windows from now on.

    Args:
        present: The kind until now; a new model begins with days.
        days: The rows of every hour of each of the last whole days, oldest first; more than seven are not looked at. A
            day without events is a day of no rows.
        minimum_rows: With fewer rows a window is not judged.
    """
    recent = list(days)[-DAYS:]
    needed, hourly = ROOM * minimum_rows, _middle([hour for day in recent for hour in busy_hours(day)])
    carrying = sum(has_traffic_for_hours(day, minimum_rows) for day in recent)
    window, why = _decided(present, recent, minimum_rows, carrying)
    figures = f"{hourly:,} rows an hour in the median over the last {_days(len(recent))}, {needed:,} are needed"
    said = f"{figures}; {why}" if recent else why
    return Choice(window, f"`{window}`: {said}", hourly, needed, len(recent))


def busy_hours(hours: Sequence[int]) -> list[int]:
    """The rows of the fewest hours that hold nine tenths of a day's rows, most first."""
    found: list[int] = []
    least = ceil(BUSY_SHARE * sum(hours))
    for rows in sorted(hours, reverse=True):
        if sum(found) >= least:
            break
        found.append(rows)
    return found


def has_traffic_for_hours(hours: Sequence[int], minimum_rows: int, share: float = 1.0) -> bool:
    """Whether a day can be judged by hours; `share` asks for that part of the traffic only."""
    busy = busy_hours(hours)
    enough = len(busy) >= OF and min(busy) >= share * minimum_rows
    return enough and median(busy) >= share * ROOM * minimum_rows


def _decided(present: Chosen, days: Sequence[Sequence[int]], minimum_rows: int, carrying: int) -> tuple[Chosen, str]:
    if present == "hour":
        lacking = [not has_traffic_for_hours(day, minimum_rows, STAYS) for day in days[-LACKING:]]
        if len(lacking) == LACKING and all(lacking):
            return "day", f"the last {LACKING} days all had less than half of that in their busy hours"
        return "hour", f"hours stay until {LACKING} days in a row have less than half of that"
    if len(days) < FEWEST_DAYS:
        return "day", f"hours need {FEWEST_DAYS} whole days of traffic first, of which {len(days)} are known"
    wanted = min(NEEDED, len(days))
    had = f"{carrying} of {_days(len(days))} had that in their busy hours"
    return ("hour", had) if carrying >= wanted else ("day", f"{had}, and hours need {wanted} such days")


def _days(many: int) -> str:
    return "1 day" if many == 1 else f"{many} days"


def _middle(busy: Sequence[int]) -> int:
    return int(median(busy)) if busy else 0
