from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.rules.window_spans import WindowSpans
from modelward.rules.windows import DueReason, Window, bucket_of, bucket_seconds, due, window_of, windows

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
    "America/Havana",
    "America/St_Johns",
]
moments = st.datetimes(datetime(2011, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (Hypothesis wants naive bounds)


def hours(window: Window) -> float:
    return (window.end - window.start) / timedelta(hours=1)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(("day", "length"), [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 6, 1), 24)])
def test_a_day_in_berlin_has_the_hours_that_its_clock_shows(day, length):
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo("Europe/Berlin"))
    assert hours(window_of(noon, "day", "Europe/Berlin")) == length


def test_a_day_begins_at_the_skip_where_the_clock_skips_midnight():
    # Cairo's clock went from 23:59:59 on 25 April 2024 straight to 01:00.
    window = window_of(utc(2024, 4, 26, 9), "day", "Africa/Cairo")
    assert window.start == utc(2024, 4, 25, 22)
    assert hours(window) == 23


def test_the_first_of_two_midnights_begins_the_day():
    window = window_of(utc(2024, 11, 3, 12), "day", "America/Havana")
    assert window.start == utc(2024, 11, 3, 4)
    assert hours(window) == 25


def test_a_week_runs_from_monday_to_monday_of_the_zone():
    window = window_of(utc(2024, 11, 20), "week", "America/New_York")
    assert (window.start, window.end) == (utc(2024, 11, 18, 5), utc(2024, 11, 25, 5))


def test_an_hour_in_india_begins_at_half_past_in_utc():
    window = window_of(utc(2024, 5, 1, 12, 10), "hour", "Asia/Kolkata")
    assert (window.start, window.end) == (utc(2024, 5, 1, 11, 30), utc(2024, 5, 1, 12, 30))


@pytest.mark.parametrize(
    ("zone", "seconds"),
    [
        ("UTC", 3600),
        ("Europe/Berlin", 3600),
        ("Asia/Kolkata", 900),
        ("Asia/Kathmandu", 900),
        ("Australia/Lord_Howe", 900),
    ],
)
def test_buckets_are_hours_unless_the_clock_is_not_on_the_hour(zone, seconds):
    assert bucket_seconds(zone) == seconds


@pytest.mark.parametrize("kind", ["hour", "day", "week"])
@pytest.mark.parametrize("zone", ZONES)
@given(ts=moments)
def test_windows_cover_time_without_gap_or_overlap_and_on_whole_buckets(kind, zone, ts):
    window = window_of(ts, kind, zone)
    assert ts in window
    assert window_of(window.start, kind, zone) == window
    assert window_of(window.end - timedelta(microseconds=1), kind, zone) == window
    assert window_of(window.end, kind, zone).start == window.end
    seconds = bucket_seconds(zone)
    assert bucket_of(window.start, seconds) == window.start
    assert bucket_of(window.end, seconds) == window.end


def test_windows_of_a_span_are_those_that_share_a_moment_with_it():
    found = windows("day", "UTC", utc(2024, 1, 1, 12), utc(2024, 1, 3))
    assert [window.start.day for window in found] == [1, 2]
    assert windows("day", "UTC", utc(2024, 1, 1), utc(2024, 1, 1)) == []


def test_a_window_is_closed_from_its_end_on():
    window = window_of(utc(2024, 1, 1), "day", "UTC")
    assert not window.closed(utc(2024, 1, 1, 23, 59))
    assert window.closed(utc(2024, 1, 2))


@pytest.mark.parametrize(("kind", "zone", "word"), [("month", "UTC", "month"), ("day", "Mars/Olympus", "Mars/Olympus")])
def test_what_cannot_be_a_window_is_said_in_a_sentence(kind, zone, word):
    with pytest.raises(ValueError, match=word):
        window_of(utc(2024, 1, 1), kind, zone)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        window_of(datetime(2024, 1, 1), "day", "UTC")  # noqa: DTZ001


def test_due_windows_say_whether_they_are_open_closed_or_corrected():
    found = due(
        WindowSpans.of("day", "UTC").window_of,
        touched=[utc(2024, 1, 1, 5), utc(2024, 1, 1, 6), utc(2024, 1, 3, 1), utc(2024, 1, 4, 1)],
        provisional=[utc(2024, 1, 2), utc(2024, 1, 4)],
        final=[utc(2024, 1, 1)],
        now=utc(2024, 1, 4, 2),
    )
    assert [(entry.window.start.day, entry.reason) for entry in found] == [
        (1, DueReason.CORRECTED),
        (2, DueReason.CLOSED),
        (3, DueReason.CLOSED),
        (4, DueReason.OPEN),
    ]
    assert [entry.notifies for entry in found] == [False, True, True, True]


def test_nothing_is_due_when_nothing_changed_and_no_window_closed():
    assert (
        due(WindowSpans.of("day", "UTC").window_of, touched=[], provisional=[utc(2024, 1, 4)], now=utc(2024, 1, 4, 23))
        == []
    )
