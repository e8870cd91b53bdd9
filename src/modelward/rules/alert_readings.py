"""What alert rules look at: what was measured of one thing, over time. Where it was measured is not their concern."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from modelward.rules.verdict import Verdict


@dataclass(frozen=True)
class Reading:
    """One window, or one moment (`end` is `start`), of one thing.

    `level` is what the room that measured it says. `value` is the figure, `best` the end of its interval that speaks
    for it, `usual` what it is held against. An open window is the last of its series.
    """

    start: datetime
    end: datetime
    level: Verdict = Verdict.TOO_FEW
    reason: str = ""
    value: float | None = None
    best: float | None = None
    usual: float | None = None
    p_value: float | None = None
    closed: bool = True


@dataclass(frozen=True)
class Series:
    """The readings of one thing, oldest first. `subject` is a column, an attribute, or "" for the model as a whole.

    `title` names it to people. Where `higher_is_worse`, a value is beyond a limit when it is above it.
    """

    subject: str
    readings: Sequence[Reading]
    title: str = ""
    higher_is_worse: bool = True
