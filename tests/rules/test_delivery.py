"""What follows from a try to send: when the next one is, and when it is given up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.rules.delivery import After, Decision, Outcome, Result, decide, wait

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FAILED = Outcome(Result.AGAIN, "The receiver answered 500.")


def tries(until: timedelta, *, chance: float, answering: float = 0) -> list[timedelta]:
    """When a receiver that always fails is tried, from the first time on, if each try takes `answering` seconds."""
    now, failures, at = NOON, 0, []
    while now - NOON < until:
        at.append(now - NOON)
        now += timedelta(seconds=answering)
        decision = decide(FAILED, failures=failures, failing_since=NOON if failures else None, now=now, chance=chance)
        if decision.at is None:
            break
        now, failures = decision.at, failures + 1
    return at


def gaps(moments: list[timedelta]) -> list[timedelta]:
    return [after - before for before, after in pairwise(moments)]


def test_the_first_tries_follow_after_5_and_30_seconds_and_then_ever_less_often() -> None:
    plan = gaps(tries(timedelta(days=3), chance=0))
    assert plan[:3] == [timedelta(seconds=5), timedelta(seconds=30), timedelta(seconds=40)]
    assert sorted(set(plan[1:])) == [
        timedelta(seconds=30),
        timedelta(seconds=40),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=8),
    ]
    assert plan == sorted(plan)


@given(st.floats(0, 1), st.floats(0, 10), st.floats(0, 1800))
def test_a_receiver_that_failed_for_up_to_30_minutes_is_tried_within_a_minute_of_its_recovery(
    chance: float, answering: float, recovers: float
) -> None:
    came_back = timedelta(seconds=recovers)
    moments = tries(timedelta(hours=1), chance=chance, answering=answering)
    following = next(moment for moment in moments if moment >= came_back)
    # The last try that fails may take its ten seconds, beginning just before it comes back.
    assert following - came_back <= timedelta(seconds=60)


def test_after_three_days_the_channel_is_given_up() -> None:
    before = decide(FAILED, failures=90, failing_since=NOON, now=NOON + timedelta(days=2, hours=23), chance=0)
    assert before.after is After.RETRY
    after = decide(FAILED, failures=90, failing_since=NOON, now=NOON + timedelta(days=3), chance=0)
    assert after == Decision(After.DISABLE, "The receiver answered 500. It has failed for 3 days.")


@given(st.integers(0, 1_000), st.floats(0, 80), st.floats(0, 1))
def test_chance_only_shortens_a_wait_and_never_by_more_than_a_fifth(failures: int, hours: float, chance: float) -> None:
    failing_for = timedelta(hours=hours)
    longest = wait(failures, failing_for, chance=0)
    assert longest * 0.799 <= wait(failures, failing_for, chance=chance) <= longest


@pytest.mark.parametrize(("asked", "waits"), [(None, 5), (3, 5), (90, 90), (10**6, 3_600)])
def test_what_the_receiver_asks_for_counts_up_to_an_hour(asked: float | None, waits: int) -> None:
    assert wait(0, timedelta(0), chance=0, asked=asked) == timedelta(seconds=waits)


def test_a_receiver_that_is_gone_is_disabled_at_once_and_one_that_refuses_at_the_third_time() -> None:
    def after(result: Result, failures: int, refused: int = 0) -> After:
        said = Outcome(result, "No.")
        return decide(said, failures=failures, refused=refused, failing_since=None, now=NOON, chance=0).after

    assert after(Result.GONE, 0) is After.DISABLE
    assert [after(Result.REFUSED, 0, n) for n in range(3)] == [After.FAILED, After.FAILED, After.DISABLE]
    assert after(Result.REFUSED, 40) is After.FAILED  # it was away for a while, and is back
    assert after(Result.SENT, 9) is After.DONE
    assert after(Result.NOWHERE, 9) is After.DROPPED
