from datetime import date, timedelta
from itertools import pairwise

import pyarrow.compute as pc
import pytest

from modelward.demo.flights import FEATURES, between
from modelward.demo.incident import as_it_arrives
from modelward.demo.model import fit
from modelward.demo.replay import days_of, reference_of

FIRST, UNTIL = date(2013, 9, 28), date(2013, 10, 4)


@pytest.fixture(scope="module")
def flights(year):
    return as_it_arrives(between(year, FIRST, UNTIL))


@pytest.fixture(scope="module")
def model(flights):
    return fit(flights.to_pylist())


@pytest.fixture(scope="module")
def days(model, flights):
    return list(days_of(model, flights))


def test_each_flight_arrives_once_on_its_day(flights, days):
    assert [day.day for day in days] == [FIRST + timedelta(days=n) for n in range(7)]
    sent = [event for day in days for event in day.flights["event_id"].to_pylist()]
    assert sent == flights["event_id"].to_pylist()


def test_outcomes_come_a_day_after_the_flights_and_only_where_they_are_known(flights, days):
    assert days[0].outcomes.num_rows == 0
    for before, after in pairwise(days):
        flown = flights.filter(pc.equal(flights["day"], before.day))
        known = flown.filter(pc.is_valid(flown["late"]))
        assert after.outcomes["event_id"].to_pylist() == known["event_id"].to_pylist()
        assert after.outcomes["label"].to_pylist() == [float(late) for late in known["late"].to_pylist()]
        waits = pc.subtract(after.outcomes["timestamp"], known["ts"])
        assert set(waits.to_pylist()) == {timedelta(days=1)}


def test_the_model_scores_what_arrives(model, flights, days):
    """After the incident the model sees kilometres: its score is that of the distance that was sent."""
    last = days[-2].flights
    assert last["distance"].to_pylist() == flights.slice(flights.num_rows - last.num_rows)["distance"].to_pylist()
    assert last["score"].to_pylist() == [model.score(row) for row in last.select(list(FEATURES)).to_pylist()]
    assert last["prediction"].to_pylist() == [float(score >= 0.5) for score in last["score"].to_pylist()]


def test_two_replays_differ_in_nothing_but_the_time_that_scoring_took(model, flights, days):
    for once, again in zip(days, days_of(model, flights), strict=True):
        assert once.flights.drop_columns("latency_ms").equals(again.flights.drop_columns("latency_ms"))
        assert once.outcomes.equals(again.outcomes)


def test_the_latency_is_measured(days):
    taken = days[0].flights["latency_ms"].to_pylist()
    assert all(0 < value < 1000 for value in taken)
    assert len(set(taken)) > 1


def test_the_reference_holds_the_same_columns_as_the_events_but_their_names_and_times(model, flights, days):
    names = set(reference_of(model, flights.slice(0, 100)).column_names)
    assert set(days[0].flights.column_names) - names == {"event_id", "timestamp", "latency_ms"}
