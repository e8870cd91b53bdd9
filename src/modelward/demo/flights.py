"""The flights that left New York in 2013, as events of a model that scores each of them when it leaves the gate.

A cancelled flight never leaves, so it is no event (8,255 of 336,776). A flight that was diverted, or whose arrival
was never recorded, is an event whose outcome never comes (1,175).
"""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

PATH = Path(__file__).parent / "flights.parquet"
TIME_ZONE = "America/New_York"
LATE_MINUTES = 15  # An arrival more than this many minutes after the schedule is late.
YEAR = 2013

READ = ("departure_delay", "distance", "scheduled_minutes", "scheduled_hour", "carrier", "origin", "seats", "plane_age")
# Recorded beside the features; the model does not read it.
CONTEXT = ("destination", "temperature", "wind_speed", "visibility")
FEATURES = READ + CONTEXT
TEXTS = frozenset({"carrier", "origin", "destination"})


def read_flights(path: Path = PATH) -> pa.Table:
    """All flights that left, in the order they did.

    Columns: `event_id`; `ts`, the moment the flight left (UTC); `day`, the date in New York then; `late`, whether it
    arrived late, missing where that is not known; and the features, numbers as doubles.
    """
    flights = pa.parquet.read_table(path)
    flights = flights.filter(pc.is_valid(flights["departure_delay"]))
    scheduled = _in_new_york(flights["scheduled"])
    left = pc.add(flights["scheduled"], _minutes(flights["departure_delay"]))
    known = {
        **{name: flights[name] for name in flights.column_names},
        "scheduled_hour": pc.hour(scheduled),
        "plane_age": pc.subtract(YEAR, flights["plane_built"]),
    }
    columns = {
        "event_id": _event_ids(flights, scheduled),
        "ts": pc.cast(left, pa.timestamp("us", "UTC")),
        "day": pc.cast(pc.floor_temporal(_in_new_york(left), unit="day"), pa.date32()),
        "late": pc.greater(flights["arrival_delay"], LATE_MINUTES),
        **{name: known[name] if name in TEXTS else _number(known[name]) for name in FEATURES},
    }
    return pa.table(columns).sort_by([("ts", "ascending"), ("event_id", "ascending")])


def between(flights: pa.Table, first: date, until: date) -> pa.Table:
    """The flights that left on the days from `first` to before `until`, as New York counts days."""
    chosen = pc.and_(pc.greater_equal(flights["day"], first), pc.less(flights["day"], until))
    return flights.filter(chosen)


def by_day(flights: pa.Table) -> list[tuple[date, pa.Table]]:
    """The flights of each day, in order."""
    runs = pc.run_end_encode(flights["day"].combine_chunks())
    ends = runs.run_ends.to_pylist()
    starts = [0, *ends[:-1]]
    days = runs.values.to_pylist()
    return [(day, flights.slice(start, end - start)) for day, start, end in zip(days, starts, ends, strict=True)]


def _number(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Doubles; the weather is kept in single precision, whose last digits are noise."""
    return pc.round(pc.cast(values, pa.float64()), ndigits=2)


def _in_new_york(moments: pa.ChunkedArray) -> pa.ChunkedArray:
    """The clocks of New York at moments of UTC."""
    return pc.local_timestamp(pc.cast(moments, pa.timestamp("s", TIME_ZONE)))


def _minutes(counts: pa.ChunkedArray) -> pa.ChunkedArray:
    seconds = pc.multiply(pc.cast(counts, pa.int64()), 60)
    return pc.cast(seconds, pa.duration("s"))


def _event_ids(flights: pa.Table, scheduled: pa.ChunkedArray) -> pa.ChunkedArray:
    """Names such as `UA1545-EWR-2013-01-01`: a flight number leaves an airport once a day."""
    parts = [flights["carrier"], pc.cast(flights["flight"], pa.string())]
    number = pc.binary_join_element_wise(*parts, "")
    return pc.binary_join_element_wise(number, flights["origin"], pc.strftime(scheduled, "%Y-%m-%d"), "-")
