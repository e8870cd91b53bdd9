from datetime import timedelta

from tests.monitoring.world import START, World, same

from modelward.kit.database import reading
from modelward.monitoring.absorb import MANY_BUCKETS
from modelward.monitoring.marks import DIRTY, DUE, STALE, marked

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def marks(world: World, kind: str) -> int:
    with reading(world.engine) as session:
        return len(marked(session, model_id=world.model_id, kinds=[kind]))


def test_new_rows_are_in_the_profile_at_once(world: World) -> None:
    world.send(world.events(300, START, over=3 * HOUR))
    same(world.stored_profile(START, START + DAY), world.raw_profile(START, START + DAY))
    same(world.stored_profile(START + HOUR, START + 2 * HOUR), world.raw_profile(START + HOUR, START + 2 * HOUR))


def test_the_same_batch_twice_counts_once(world: World) -> None:
    moved = world.append(world.events(100, START))
    for _ in range(2):
        world.absorb(moved, now=START)
    assert world.stored_profile(START, START + DAY).rows == 100
    world.settle()
    same(world.stored_profile(START, START + DAY), world.raw_profile(START, START + DAY))


def test_a_mover_that_died_between_its_two_commits_loses_nothing(world: World) -> None:
    events = world.events(100, START)
    world.append(events)  # … and it dies before it absorbs.
    world.send(events)
    assert marks(world, DIRTY) == 1
    world.settle()
    same(world.stored_profile(START, START + DAY), world.raw_profile(START, START + DAY))


def test_a_label_makes_its_bucket_stale_and_then_counts(world: World) -> None:
    world.send(world.events(50, START, prefix="e"))
    world.label([f"e-{i}" for i in range(20)], 1.0, sequence=1)
    assert marks(world, STALE) == 1
    world.settle()
    profile = world.stored_profile(START, START + DAY)
    assert profile.columns["@label"].count == 20
    same(profile, world.raw_profile(START, START + DAY))


def test_a_batch_over_very_many_buckets_is_left_to_the_rebuild(world: World) -> None:
    span = (MANY_BUCKETS + 10) * HOUR
    world.send(world.events(500, START, over=span))
    assert world.stored_profile(START, START + span).rows == 0
    assert marks(world, DIRTY) > MANY_BUCKETS
    assert marks(world, DUE) == 0
    world.settle(kinds=["rebuild"])
    same(world.stored_profile(START, START + span), world.raw_profile(START, START + span))
    assert marks(world, DIRTY) == 0


def test_a_model_that_is_gone_does_not_stop_the_others(world: World) -> None:
    moved = world.append(world.events(10, START))
    stranger = type(moved)(9999, "x", moved.events, moved.repeated, moved.labelled)
    world.absorb(stranger, moved, now=START)
    assert world.stored_profile(START, START + DAY).rows == 10
