"""The year as the service receives it: the flights of each day, scored as they leave, and the outcomes a day later."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from time import perf_counter_ns
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelward.demo.flights import FEATURES, by_day
from modelward.demo.model import THRESHOLD, LateArrival
from modelward.demo.tally import Tally

LABEL_DELAY = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """What reaches the service on one day, in this order: the day's flights, then the outcomes of the day before."""

    day: date
    flights: pa.Table
    outcomes: pa.Table
    tally: Tally


def days_of(model: LateArrival, flights: pa.Table) -> Iterator[Day]:
    """The days of a year that is replayed, with one more at its end for the last outcomes."""
    before = flights.slice(0, 0)
    last = None
    for last, flown in by_day(flights):
        sent = scored(model, flown)
        yield Day(last, sent, outcomes(before), Tally.of(sent["prediction"], flown["late"]))
        before = flown
    if last is not None:
        yield Day(last + LABEL_DELAY, scored(model, flights.slice(0, 0)), outcomes(before), Tally())


def scored(model: LateArrival, flights: pa.Table) -> pa.Table:
    """The flights with what the model said of each, as the service takes them.

    `latency_ms` is the time that scoring this flight took on this machine, microseconds as a rule: the model runs
    in the demo's own process, so there is no network in it.
    """
    answers = [_timed(model, flight) for flight in flights.select(list(FEATURES)).to_pylist()]
    scores = pa.array([score for score, _ in answers], pa.float64())
    columns: dict[str, Any] = {
        "event_id": flights["event_id"],
        "timestamp": flights["ts"],
        "prediction": pc.cast(pc.greater_equal(scores, THRESHOLD), pa.float64()),
        "score": scores,
        "latency_ms": pa.array([taken / 1e6 for _, taken in answers], pa.float64()),
    }
    return pa.table({**columns, **{name: flights[name] for name in FEATURES}})


def _timed(model: LateArrival, flight: dict[str, Any]) -> tuple[float, int]:
    began = perf_counter_ns()
    score = model.score(flight)
    return score, perf_counter_ns() - began


def outcomes(flights: pa.Table) -> pa.Table:
    """What became of flights, where it is known: `event_id`, `label` (1 is late), `timestamp` a day after they left."""
    known = flights.filter(pc.is_valid(flights["late"]))
    return pa.table(
        {
            "event_id": known["event_id"],
            "label": pc.cast(known["late"], pa.float64()),
            "timestamp": pc.add(known["ts"], pa.scalar(LABEL_DELAY, pa.duration("us"))),
        }
    )


def reference_of(model: LateArrival, flights: pa.Table) -> pa.Table:
    """The flights that the model was trained on, as the table that later days are compared with."""
    return scored(model, flights).drop_columns(["event_id", "timestamp", "latency_ms"])
