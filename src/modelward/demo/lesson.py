"""What the model learns from, and what comes to it afterwards."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from modelward.demo.flights import between, read_flights
from modelward.demo.incident import as_it_arrives
from modelward.demo.model import LateArrival, fit

LEARNED = (date(2013, 1, 1), date(2013, 4, 1))
"""The days that the model learns from, which are its reference; the second is the first that is not among them."""
REPLAYED = (date(2013, 4, 1), date(2014, 1, 1))
"""The days that are replayed. Three flights of the last evening left after midnight and are left out."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A trained model, the flights it learned from, and those to come."""

    model: LateArrival
    learned: pa.Table
    to_come: pa.Table


def learn(learned: tuple[date, date] = LEARNED, replayed: tuple[date, date] = REPLAYED) -> Lesson:
    """Read the flights, as they arrive with the incident in them, and train the model."""
    flights = as_it_arrives(read_flights())
    first = between(flights, *learned)
    return Lesson(fit(first.to_pylist()), first, between(flights, *replayed))
