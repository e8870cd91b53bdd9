"""Windows whose kind changes: at midnights of the model's clock, without gap or overlap."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.rules.window_spans import WindowSpans

ZONES = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"]


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_hours_begin_at_midnight_of_a_zone_off_the_hour():
    spans = WindowSpans.of("day", "Asia/Kolkata").then("hour", date(2026, 3, 5))
    before, after = spans.window_of(utc(2026, 3, 4, 18, 29)), spans.window_of(utc(2026, 3, 4, 18, 30))
    assert (before.kind, before.start, before.end) == ("day", utc(2026, 3, 3, 18, 30), utc(2026, 3, 4, 18, 30))
    assert (after.kind, after.start, after.end) == ("hour", utc(2026, 3, 4, 18, 30), utc(2026, 3, 4, 19, 30))


@pytest.mark.parametrize("zone", ZONES)
@given(days=st.lists(st.integers(0, 400), min_size=1, max_size=6, unique=True).map(sorted))
def test_windows_of_all_spans_adjoin(zone: str, days: list[int]) -> None:
    spans = WindowSpans.of("day", zone)
    for turn, day in enumerate(days):
        spans = spans.then("hour" if turn % 2 == 0 else "day", date(2026, 1, 1) + timedelta(days=day))
    for day in days:
        at = utc(2026, 1, 1) + timedelta(days=day - 2)
        until = at + timedelta(days=4)
        window = spans.window_of(at)
        while window.start < until:
            after = spans.window_of(window.end)
            assert after.start == window.end
            window = after


def test_a_change_on_a_day_replaces_what_was_to_come_and_the_same_kind_is_no_change():
    spans = WindowSpans.of("day", "UTC").then("hour", date(2026, 3, 5))
    assert spans.then("hour", date(2026, 3, 9)) == spans
    assert spans.then("day", date(2026, 3, 5)) == WindowSpans.of("day", "UTC")
    assert spans.then("day", date(2026, 3, 9)).kinds == ("day", "hour")
    assert spans.then("day", date(2026, 3, 9)).since == date(2026, 3, 9)


def test_spans_are_kept_as_days_so_that_another_zone_begins_them_at_its_own_midnight():
    spans = WindowSpans.of("day", "UTC").then("hour", date(2026, 3, 5))
    moved = WindowSpans.from_list("Asia/Tokyo", spans.to_list())
    assert moved.spans[1].start == utc(2026, 3, 4, 15)
    assert moved.kind == "hour"
    assert moved.first_kind == "day"


def test_what_is_judged_by_the_calendar_alone_has_days_in_the_place_of_the_last_events():
    assert WindowSpans.of("events", "UTC").calendar.kind == "day"
    assert WindowSpans.of("week", "UTC").calendar.kind == "week"
