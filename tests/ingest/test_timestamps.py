"""Times in every spelling, alone and in a column: both ways must say the same."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.ingest.reasons import Reason, Refused
from modelward.ingest.schemas import ABSENT
from modelward.ingest.timestamps import Clock, time_of, times_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CLOCK = Clock(NOW)
NOON = 1_780_315_200_000_000


@pytest.mark.parametrize(
    "written",
    [
        "2026-06-01T12:00:00Z", "2026-06-01T12:00:00", "2026-06-01 12:00:00", "2026-06-01T14:00:00+02:00",
        "2026-06-01T12:00", "2026-06-01T12:00:00.000000Z", "2026-06-01T12:00:00.000000000Z", "20260601T120000Z",
        1_780_315_200, 1_780_315_200.0, 1_780_315_200_000, None, ABSENT,
    ],
)  # fmt: skip
def test_spellings_of_one_moment(written):
    assert time_of(written, CLOCK) == NOON
    column = times_of([written] * 5, CLOCK)
    assert column is None or column == [NOON] * 5


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("yesterday", Reason.BAD_TIMESTAMP), ("", Reason.BAD_TIMESTAMP), (True, Reason.BAD_TIMESTAMP),
        ([], Reason.BAD_TIMESTAMP), (float("inf"), Reason.BAD_TIMESTAMP), ("1969-12-31", Reason.BEFORE_1970),
        (-5, Reason.BEFORE_1970), ("2026-06-02T12:00:00.000001Z", Reason.IN_FUTURE), (1e18, Reason.IN_FUTURE),
        (10**30, Reason.IN_FUTURE), ("9999-12-31T23:59:59Z", Reason.IN_FUTURE),
    ],
)  # fmt: skip
def test_what_is_no_time_or_out_of_bounds_is_refused_with_its_reason(written, reason):
    with pytest.raises(Refused) as refused:
        time_of(written, CLOCK)
    assert refused.value.reason is reason
    assert times_of([written] * 5, CLOCK) is None


def test_a_day_ahead_and_the_very_beginning_are_allowed():
    assert time_of("2026-06-02T12:00:00Z", CLOCK) == NOON + 86_400_000_000
    assert times_of(["1970-01-01T00:00:00Z"] * 4, CLOCK) == [0] * 4


# Naive on purpose: hypothesis wants its bounds so, and each test gives its own zone.
MOMENTS = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2026, 5, 1))  # noqa: DTZ001
ZONES = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
WRITTEN = st.builds(
    lambda moment, zone, mark: moment.replace(tzinfo=zone).isoformat(mark), MOMENTS, ZONES, st.sampled_from("T ")
)


@given(st.lists(WRITTEN, min_size=4, max_size=12))
def test_a_column_and_each_by_itself_give_the_same(texts):
    column = times_of(texts, CLOCK)
    if column is not None:
        assert column == [time_of(text, CLOCK) for text in texts]


@given(MOMENTS, ZONES.filter(bool))
def test_no_microsecond_is_lost(moment, zone):
    aware = moment.replace(tzinfo=zone)
    exact = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert time_of(aware.isoformat(), CLOCK) == exact
    assert times_of([aware.isoformat()] * 4, CLOCK) in (None, [exact] * 4)
