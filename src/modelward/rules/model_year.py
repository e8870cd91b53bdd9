"""False alarms in the unit that people feel: how many a model makes in a year of windows without any drift."""

from dataclasses import dataclass

import numpy as np

from modelward.rules.alarm import NEEDED, OF


@dataclass(frozen=True)
class ModelYear:
    """`alarms` is how many alarms a model makes in a year on average, `share` the share of years with any."""

    alarms: float
    share: float
    years: int


def false_alarms(
    *,
    moderate: float,
    strong: float,
    columns: int,
    rng: np.random.Generator,
    windows: int = 365,
    years: int = 1000,
) -> ModelYear:
    """What the law of alarms (one strong window, or 2 of 3 at least moderate) makes of false verdicts, by simulation.

    Windows and columns are taken for independent, which the rows of calendar windows seldom are: replay the monitor on
    its own reference (`placebo.replay`) for what they do.

    Args:
        moderate: The chance that a column of a window without drift is called moderately drifted.
        strong: The chance that it is called strongly drifted.
        columns: How many columns the model has.
        rng: Where the chances come from.
        windows: Closed windows in a year: 365 days, 8,760 hours or 52 weeks.
        years: How many years to draw.

    Raises:
        ValueError: the chances are none, or there is nothing to draw.
    """
    if not (moderate >= 0 and strong >= 0 and moderate + strong <= 1):
        raise ValueError("the two chances are of one window, from 0 to 1 together")
    if min(columns, windows, years) < 1:
        raise ValueError("a year needs at least one column, one window, and one draw")
    begun = np.zeros(years, dtype=np.int64)
    for _ in range(columns):
        begun += _alarms_of_a_column(rng.random((years, windows)), moderate, strong)
    return ModelYear(float(begun.mean()), float((begun > 0).mean()), years)


def _alarms_of_a_column(
    chances: np.typing.NDArray[np.float64], moderate: float, strong: float
) -> np.typing.NDArray[np.int64]:
    """How many alarms begin in each year; the law of `alarm.column_alarm`, for many years at once."""
    drifted, moved = chances < strong, chances < strong + moderate
    recent = np.cumsum(np.pad(moved, ((0, 0), (OF, 0))), axis=1)
    alarm = drifted | (recent[:, OF:] - recent[:, :-OF] >= NEEDED)
    begins = alarm & ~np.pad(alarm, ((0, 0), (1, 0)))[:, :-1]
    counts: np.typing.NDArray[np.int64] = begins.sum(axis=1)
    return counts
