"""What the two versions of the model learn from, and what comes to each afterwards."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from modelward.demo.flights import between, read_flights
from modelward.demo.incident import as_it_arrives
from modelward.demo.model import LateArrival, fit

Days = tuple[date, date]
"""The first day, and the first that is not among them any more."""

LEARNED: Days = (date(2013, 1, 1), date(2013, 4, 1))
"""The days that the first version learns from, which are its reference."""
REPLAYED: Days = (date(2013, 4, 1), date(2014, 1, 1))
"""The days that are replayed. Three flights of the last evening left after midnight and are left out."""
LEARNED_AGAIN: Days = (date(2013, 10, 1), date(2013, 11, 1))
"""The days that the second version learns from: the first month in kilometres."""
BESIDE: Days = (date(2013, 11, 1), date(2013, 11, 15))
"""The days on which the second version scores the same flights as the first."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A trained model, the flights it learned from, and those to come."""

    model: LateArrival
    learned: pa.Table
    to_come: pa.Table


@dataclass(frozen=True, eq=False)
class Lessons:
    """The lesson of the version in production, and of the one that is to follow it."""

    first: Lesson
    second: Lesson


def learn(
    learned: Days = LEARNED, replayed: Days = REPLAYED, learned_again: Days = LEARNED_AGAIN, beside: Days = BESIDE
) -> Lessons:
    """Read the flights, as they arrive with the incident in them, and train both versions."""
    flights = as_it_arrives(read_flights())
    return Lessons(_lesson(flights, learned, replayed), _lesson(flights, learned_again, beside))


def _lesson(flights: pa.Table, learned: Days, to_come: Days) -> Lesson:
    first = between(flights, *learned)
    return Lesson(fit(first.to_pylist()), first, between(flights, *to_come))
