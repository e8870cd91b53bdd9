"""Batches of any number are one in the end, and only a bounded part of them waits at any time."""

from collections.abc import Iterable

from modelward.report.merging import FAN, Merging


def total(parts: Iterable[int]) -> int:
    return sum(parts)


def test_nothing_is_lost_however_many_come() -> None:
    for many in (1, 2, FAN, FAN + 1, FAN * FAN + 3):
        merging = Merging(total)
        for number in range(many):
            merging.add(number)
        assert merging.whole() == many * (many - 1) // 2
        assert all(len(level) < FAN for level in merging.levels)


def test_what_waits_never_holds_more_than_there_is_room_for() -> None:
    """Each part holds 30 values, and merged they hold no more than 100, as a sketch does."""
    merging = Merging(lambda parts: min(100, total(parts)), size=lambda part: part, room=250)
    most = 0
    for _ in range(500):
        merging.add(30)
        most = max(most, sum(map(sum, merging.levels)))
    assert len(merging.levels) < 12
    assert most <= 250 * len(merging.levels)
