"""Old raw events go; what they were like stays."""

from datetime import timedelta

import pytest
from tests.monitoring.world import START, World, same

from modelward.monitoring.retention import forget_old_events
from modelward.settings import settings_from

DAY = timedelta(days=1)
NOW = START + 4 * DAY


@pytest.fixture
def four_days(world: World) -> World:
    for day in range(4):
        world.send(world.events(100, START + day * DAY, over=DAY))
    world.settle()
    return world


def count(world: World) -> int:
    return world.store.count(world.model_id)


def forget(world: World, **asked: str) -> None:
    forget_old_events(world.engine, world.store, settings_from(asked), now=NOW)


def test_nothing_is_deleted_unless_asked_for(four_days: World) -> None:
    forget(four_days)
    assert count(four_days) == 400


def test_events_older_than_the_days_asked_for_are_deleted_and_their_profiles_stay(four_days: World) -> None:
    before = four_days.stored_profile(START, START + 4 * DAY)
    forget(four_days, MODELWARD_RETENTION_DAYS="2")
    assert count(four_days) == 200
    same(four_days.stored_profile(START, START + 4 * DAY), before)


def test_about_so_many_newest_events_are_kept_as_asked_for_and_never_fewer(four_days: World) -> None:
    forget(four_days, MODELWARD_RETENTION_ROWS="150")
    assert 150 <= count(four_days) <= 160  # whole hours are deleted


def test_a_late_label_does_not_rebuild_a_profile_from_rows_that_are_gone(four_days: World) -> None:
    before = four_days.stored_profile(START, START + DAY)
    forget(four_days, MODELWARD_RETENTION_DAYS="2")
    four_days.send(four_days.events(3, START, over=DAY))
    four_days.settle()
    assert four_days.stored_profile(START, START + DAY).rows >= before.rows


def test_a_model_that_is_being_moved_is_left_for_the_next_time(four_days: World) -> None:
    from modelward.jobs.leases import hold

    four_days.write(lambda session: hold(session, f"model:{four_days.model_id}", "the mover", NOW, 60))
    forget(four_days, MODELWARD_RETENTION_DAYS="2")
    assert count(four_days) == 400
