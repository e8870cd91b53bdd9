"""So many a minute, in a window that slides, in memory that does not grow without end."""

from modelward.kit.rate_limit import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.5  # a minute has just begun

    def __call__(self) -> float:
        return self.now


def test_so_many_are_taken_and_no_more() -> None:
    limit = RateLimit(3, clock=Clock())
    assert [limit.take("ada").allowed for _ in range(5)] == [True, True, True, False, False]
    assert limit.take("ben").allowed


def test_what_is_left_is_counted_down() -> None:
    limit = RateLimit(3, clock=Clock())
    assert [limit.take("ada").remaining for _ in range(4)] == [2, 1, 0, 0]


def test_the_window_slides_and_does_not_jump() -> None:
    clock = Clock()
    limit = RateLimit(60, clock=clock)
    clock.now += 59
    assert all(limit.take("ada").allowed for _ in range(60))
    clock.now += 2  # a second into the next minute, where nearly all of the last still weighs
    assert sum(limit.take("ada").allowed for _ in range(60)) <= 2
    clock.now += 29  # half a minute in
    assert 25 <= sum(limit.take("ada").allowed for _ in range(60)) <= 30


def test_after_the_time_that_is_told_there_is_more() -> None:
    clock = Clock()
    limit = RateLimit(10, clock=clock)
    for _ in range(10):
        limit.take("ada")
    refused = limit.take("ada")
    assert not refused.allowed
    clock.now += refused.reset
    assert limit.take("ada").allowed


def test_a_hundred_thousand_callers_do_not_make_it_grow() -> None:
    limit = RateLimit(3, largest=1_000, clock=Clock())
    for caller in range(100_000):
        limit.take(f"10.{caller}")
    assert len(limit) <= 2_000


def test_callers_of_long_ago_make_room_before_those_of_now() -> None:
    clock = Clock()
    limit = RateLimit(1, largest=100, clock=clock)
    for caller in range(150):
        limit.take(f"old {caller}")
    clock.now += 600
    limit.take("ada")
    for caller in range(60):
        limit.take(f"new {caller}")
    assert not limit.take("ada").allowed
