from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from modelward.errors import Invalid
from modelward.web.time_range import EARLIEST, TimeRange, address, model_path, time_range, window_name, window_start

NEWEST = datetime(2013, 12, 31, 5, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def asked(*, name: str | None = None, first: str | None = None, last: str | None = None) -> TimeRange:
    return time_range(name=name, first=first, last=last, usual="1y", newest=NEWEST, zone=NEW_YORK)


def test_a_preset_ends_with_the_newest_window_so_that_a_replayed_year_is_seen() -> None:
    assert asked(name="90d") == TimeRange("90d", NEWEST - timedelta(days=90), NEWEST)
    assert asked() == asked(name="1y")
    assert asked(name="all").start == EARLIEST


def test_days_are_those_of_the_model_and_both_belong_to_the_range() -> None:
    found = asked(first="2013-10-01", last="2013-10-01")
    assert (found.start, found.end) == (datetime(2013, 10, 1, 4, tzinfo=UTC), datetime(2013, 10, 2, 4, tzinfo=UTC))


def test_a_day_on_which_the_clock_changes_is_whole() -> None:
    found = asked(first="2013-11-03", last="2013-11-03")
    assert found.end - found.start == timedelta(hours=25)


def test_a_range_in_an_address_is_the_same_range_again() -> None:
    for found in (asked(name="7d"), asked(first="2013-10-01", last="2013-10-08")):
        written = found.parameters(NEW_YORK)
        assert asked(name=written.get("range"), first=written.get("from"), last=written.get("to")) == found


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("5y", None, None),
        (None, "soon", None),
        (None, "2013-13-01", None),
        (None, "2013-10-02", "2013-10-01"),
        (None, None, "9999-12-31"),
    ],
)
def test_what_is_not_a_range_is_refused_with_a_sentence(name, first, last) -> None:
    with pytest.raises(Invalid, match=r"\."):
        asked(name=name, first=first, last=last)


def test_a_window_is_named_by_its_start() -> None:
    assert window_name(datetime(2013, 10, 1, tzinfo=NEW_YORK)) == "20131001T0400Z"
    assert window_start("20131001T0400Z") == datetime(2013, 10, 1, 4, tzinfo=UTC)
    with pytest.raises(Invalid):
        window_start("2013-10-01")


def test_keys_of_models_are_safe_in_a_path() -> None:
    assert model_path("a/b ?#é") == "/dashboard/models/a%2Fb%20%3F%23%C3%A9"
    assert address("", column="a&b=c", window=None) == "?column=a%26b%3Dc"
