from datetime import UTC, datetime, timedelta

import pytest

from modelward.rules.monitor import Monitor
from modelward.rules.seasons import comparable_buckets
from modelward.rules.windows import window_of

# Four weeks of hours before Monday, 2 March 2026.
HOURS = [datetime(2026, 2, 2, tzinfo=UTC) + timedelta(hours=i) for i in range(24 * 28)]


def buckets(kind, at, reference, zone="UTC"):
    monitor = Monitor(reference=reference, time_zone=zone)
    return comparable_buckets(window_of(at, kind, zone), HOURS, monitor)


def test_the_whole_reference_is_the_usual_choice():
    assert buckets("day", datetime(2026, 3, 4, tzinfo=UTC), "whole") == HOURS


def test_a_wednesday_is_held_against_wednesdays():
    chosen = buckets("day", datetime(2026, 3, 4, 15, tzinfo=UTC), "same_weekday")
    assert len(chosen) == 4 * 24
    assert {bucket.weekday() for bucket in chosen} == {2}


def test_an_hour_is_held_against_the_same_hour_of_the_same_day():
    chosen = buckets("hour", datetime(2026, 3, 4, 15, 30, tzinfo=UTC), "same_hour_of_week")
    assert [(bucket.weekday(), bucket.hour) for bucket in chosen] == [(2, 15)] * 4


def test_a_day_has_all_its_hours_and_a_week_every_season():
    assert len(buckets("day", datetime(2026, 3, 4, tzinfo=UTC), "same_hour_of_week")) == 4 * 24
    assert buckets("week", datetime(2026, 3, 4, tzinfo=UTC), "same_weekday") == HOURS


def test_the_day_is_that_of_the_model_s_own_clock():
    chosen = buckets("day", datetime(2026, 3, 4, 15, tzinfo=UTC), "same_weekday", "America/New_York")
    assert {bucket.hour for bucket in chosen if bucket.weekday() == 3} == set(range(5))  # Thursday, before 5 in UTC.
    assert len(chosen) == 4 * 24


def test_an_unknown_season_is_refused():
    with pytest.raises(ValueError, match="reference must be one of whole, same_weekday, same_hour_of_week"):
        Monitor.from_dict({"reference": "same_moon"})
