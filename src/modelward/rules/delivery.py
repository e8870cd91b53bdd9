"""What follows from a try to send a message: is it done, tried again, and when, or is its receiver given up?

A receiver that fails is tried after 5 s and 30 s, and then for an hour at least every 40 s, so that one that comes back
hears what it missed within a minute. The longer it fails the less often: every 5 minutes, 30 minutes, 2 hours, 8 hours.
After three days it is given up. Times are shortened by chance, never lengthened, so that receivers that failed
together are not tried together.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Result(StrEnum):
    """What came of one try."""

    SENT = "sent"
    AGAIN = "again"  # nobody answered, or not now
    REFUSED = "refused"  # the receiver does not take this message; it may take others
    NOWHERE = "nowhere"  # the operator has not set what it needs
    GONE = "gone"  # there is no such receiver, or it does not let us in


class After(StrEnum):
    """What is done with the message and its channel."""

    DONE = "done"
    RETRY = "retry"
    FAILED = "failed"  # the message alone
    DROPPED = "dropped"  # the message alone, and the receiver is not to blame
    DISABLE = "disable"  # the message and the channel


@dataclass(frozen=True)
class Outcome:
    """One try: `reason` is a sentence, and `wait` what the receiver asked for, in seconds."""

    result: Result
    reason: str = ""
    wait: float | None = None


@dataclass(frozen=True)
class Decision:
    """What to do, when to try again (for RETRY), and why."""

    after: After
    reason: str
    at: datetime | None = None


GIVEN_UP_AFTER: Final = timedelta(days=3)
REFUSALS: Final = 3
"""A channel that refused so many messages in a row is disabled."""
JITTER: Final = 0.2
"""Waits are shortened by up to this share."""
LONGEST_ASKED: Final = timedelta(hours=1)

_AT_ONCE: Final = {Result.SENT: After.DONE, Result.NOWHERE: After.DROPPED, Result.GONE: After.DISABLE}
_FIRST: Final = (timedelta(seconds=5), timedelta(seconds=30))
_AT_MOST: Final = (  # while it has failed for less than this: at most so long
    (timedelta(hours=1), timedelta(seconds=40)),
    (timedelta(hours=3), timedelta(minutes=5)),
    (timedelta(hours=12), timedelta(minutes=30)),
    (timedelta(hours=24), timedelta(hours=2)),
)
_LONGEST: Final = timedelta(hours=8)


def decide(
    outcome: Outcome,
    *,
    failures: int,
    failing_since: datetime | None,
    now: datetime,
    chance: float,
    refused: int = 0,
) -> Decision:
    """What follows from `outcome`, when the channel had failed `failures` times in a row before, since `failing_since`.

    `refused` is how many messages in a row it has refused before; tries to which nobody answered are not among them.
    `chance` is a number from 0 to 1, drawn for this decision.
    """
    if outcome.result in _AT_ONCE:
        return Decision(_AT_ONCE[outcome.result], outcome.reason)
    if outcome.result is Result.REFUSED:
        if refused + 1 >= REFUSALS:
            return Decision(After.DISABLE, f"{outcome.reason} It refused {REFUSALS} messages in a row.")
        return Decision(After.FAILED, outcome.reason)
    failing_for = now - (failing_since or now)
    if failing_for >= GIVEN_UP_AFTER:
        return Decision(After.DISABLE, f"{outcome.reason} It has failed for {GIVEN_UP_AFTER.days} days.")
    return Decision(After.RETRY, outcome.reason, now + wait(failures, failing_for, chance=chance, asked=outcome.wait))


def wait(failures: int, failing_for: timedelta, *, chance: float, asked: float | None = None) -> timedelta:
    """How long until the next try, after `failures` failures before this one. What the receiver asked for counts."""
    if failures < len(_FIRST):
        planned = _FIRST[failures]
    else:
        planned = next((longest for limit, longest in _AT_MOST if failing_for < limit), _LONGEST)
    planned *= 1 - JITTER * chance
    return max(planned, _asked(asked))


def _asked(seconds: float | None) -> timedelta:
    """What the receiver asked for, in bounds: a receiver may write anything, also what is no number."""
    if seconds is None or math.isnan(seconds):
        return timedelta(0)
    return timedelta(seconds=min(max(seconds, 0.0), LONGEST_ASKED.total_seconds()))
