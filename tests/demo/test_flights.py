import hashlib
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pyarrow.parquet as parquet
import pytest

from modelward.demo import incident
from modelward.demo.flights import FEATURES, PATH, between, by_day

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def flights(year):
    return year


def test_the_file_is_the_one_its_provenance_describes():
    words = (PATH.parent / "PROVENANCE.md").read_text(encoding="utf-8")
    assert hashlib.sha256(PATH.read_bytes()).hexdigest() in words
    assert f"{parquet.read_metadata(PATH).num_rows:,}" in words
    for column in parquet.read_schema(PATH).names:
        assert f"`{column}`" in words


def test_every_flight_that_left_is_an_event_and_no_cancelled_one_is(flights):
    assert flights.num_rows == 336_776 - 8_255
    assert flights["departure_delay"].null_count == 0
    assert flights["late"].null_count == 1_175


def test_a_known_flight_reads_as_the_source_has_it(flights):
    """UA1545 of 1 January: scheduled 05:15, left 05:17, to Houston, 1400 miles, arrived 11 minutes late."""
    flight = flights.filter(pc.equal(flights["event_id"], "UA1545-EWR-2013-01-01")).to_pylist()[0]
    assert flight["ts"] == datetime(2013, 1, 1, 5, 17, tzinfo=NEW_YORK)
    assert (flight["destination"], flight["distance"], flight["late"]) == ("IAH", 1400.0, False)
    # 05:15 in New York to 08:19 in Houston, an hour behind.
    assert flight["scheduled_minutes"] == 4 * 60 + 4


def test_event_ids_are_unique(flights):
    assert len(flights["event_id"].unique()) == flights.num_rows


def test_flights_come_in_order_and_their_day_is_new_yorks(flights):
    moments = flights["ts"].to_pylist()
    assert moments == sorted(moments)
    sample = flights.slice(0, flights.num_rows).take(list(range(0, flights.num_rows, 997))).to_pylist()
    assert all(flight["ts"].astimezone(NEW_YORK).date() == flight["day"] for flight in sample)


def test_days_follow_each_other_and_lose_nothing(flights):
    spring = between(flights, date(2013, 3, 1), date(2013, 4, 1))
    days = by_day(spring)
    assert [day for day, _ in days] == [date(2013, 3, 1) + timedelta(days=n) for n in range(31)]
    assert sum(table.num_rows for _, table in days) == spring.num_rows
    assert all(table["day"].unique().to_pylist() == [day] for day, table in days)


def test_the_incident_changes_one_column_from_its_first_day_on(flights):
    around = between(flights, date(2013, 9, 29), date(2013, 10, 3))
    arrived = incident.as_it_arrives(around)
    before = pc.less(around["day"], incident.SINCE)
    assert arrived.filter(before).equals(around.filter(before))
    after = pc.invert(before)
    factors = pc.divide(arrived.filter(after)["distance"], around.filter(after)["distance"]).to_numpy()
    assert factors == pytest.approx(1.609344, rel=1e-3)
    others = [name for name in FEATURES if name != "distance"]
    assert arrived.select(others).equals(around.select(others))
