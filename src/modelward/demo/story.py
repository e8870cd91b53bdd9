"""What the year's verdicts amount to, in sentences: which columns moved, since when, by how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from modelward.demo.tally import Tally

LASTING = timedelta(days=7)


@dataclass(frozen=True)
class Judged:
    """The service's verdict on one day: the columns that drifted."""

    day: date
    rows: int
    drifted: frozenset[str] = frozenset()
    enough: bool = True
    """Whether there were enough rows to say anything: three flights after midnight are no day."""


@dataclass(frozen=True)
class Change:
    """A column that moved and stayed: drifted on every day since."""

    column: str
    since: date
    days: int


def lasting_changes(days: Sequence[Judged]) -> list[Change]:
    """Columns drifted on every day from some day on, for a week at least: features before what follows from them."""
    changes = []
    for column in sorted({column for judged in days for column in judged.drifted}, key=_features_first):
        run = _unbroken_end(column, days)
        if run and run[-1].day - run[0].day >= LASTING:
            changes.append(Change(column, run[0].day, len(run)))
    return changes


def passing_days(days: Sequence[Judged], changes: Sequence[Change]) -> list[Judged]:
    """Days on which something drifted that did not stay."""
    since = {change.column: change.since for change in changes}
    passed = []
    for judged in days:
        left = frozenset(name for name in judged.drifted if judged.day < since.get(name, date.max))
        if left:
            passed.append(Judged(judged.day, judged.rows, left))
    return passed


def change_said(change: Change, reason: str) -> str:
    """Since 1 October, on each of 92 days: `distance` moved …"""
    return f"since {said_day(change.since)}, on each of {change.days} days: {reason}"


def passing_said(days: Sequence[Judged]) -> str:
    """The days that passed, by month: 8 and 24 May; 9 August."""
    months: dict[str, list[str]] = {}
    for judged in days:
        months.setdefault(f"{judged.day:%B}", []).append(str(judged.day.day))
    return "; ".join(f"{_listed(numbers)} {month}" for month, numbers in months.items())


def consequence_said(before: Tally, after: Tally) -> str:
    """What the change did to the model's answers."""
    return (
        f"calls {after.share_called_late:.0%} of the flights late, before {before.share_called_late:.0%}; "
        f"{after.share_right:.0%} of these calls were right, before {before.share_right:.0%}."
    )


def successor_said(before: Tally, after: Tally, first: date, last: date) -> str:
    """What another version says of the same flights."""
    return (
        f"was trained again, on kilometres. Of the flights of {said_day(first)} to {said_day(last)} it calls "
        f"{after.share_called_late:.0%} late, version 1 {before.share_called_late:.0%}; {after.share_right:.0%} of "
        f"these calls were right, version 1's {before.share_right:.0%}."
    )


def month_said(tally: Tally) -> str:
    """One month of the replay in a line."""
    return f"{tally.flights:>7,} flights, {tally.share_called_late:>4.0%} called late, {tally.share_late:>4.0%} were"


def said_day(day: date) -> str:
    return f"{day.day} {day:%B}"


def _features_first(column: str) -> tuple[bool, str]:
    return column.startswith("@"), column


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _unbroken_end(column: str, days: Sequence[Judged]) -> list[Judged]:
    """The days up to the last on which the column drifted without a break."""
    run: list[Judged] = []
    for judged in reversed([judged for judged in days if judged.enough]):
        if column not in judged.drifted:
            break
        run.append(judged)
    return run[::-1]
