"""Windows of the last N events, the sweep, and what the dashboard reads."""

from datetime import timedelta
from itertools import pairwise

import pytest
from tests.monitoring.world import START, World, same

from modelward.accounts.principal import Scope
from modelward.kit.database import reading, writing
from modelward.monitoring import queries
from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.jobs import handlers, sweep
from modelward.monitoring.monitor_settings import change_monitor
from modelward.monitoring.payload import pack, unpack
from modelward.settings import settings_from
from modelward.stats import CategoricalSummary, NumericSummary, Profile

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def by_count(world: World) -> World:
    """A model judged by every 300 events, held against its first day."""
    world.send(world.events(600, START, over=DAY), now=START + DAY)
    model = world.model()

    def configure(session) -> None:
        change_monitor(
            session, model=session.merge(model), wire={"window": "events", "window_events": 300}, now=START + DAY
        )
        window_reference(session, model=model, start=START, end=START + DAY, now=START + DAY)

    world.write(configure)
    world.settle(START + DAY)
    return world


def test_windows_by_count_hold_so_many_events_each_and_do_not_overlap(by_count: World) -> None:
    by_count.send(by_count.events(700, START + DAY, over=DAY), now=START + 2 * DAY)
    by_count.settle(START + 2 * DAY)
    found = by_count.evaluations()
    closed = [entry for entry in found if entry.closed]
    assert [entry.rows for entry in closed] == [300] * 4
    assert all(one.ends_at <= next_.starts_at for one, next_ in pairwise(closed))
    (newest,) = [entry for entry in found if not entry.closed]
    assert newest.rows == 300
    assert newest.ends_at > closed[-1].ends_at
    assert by_count.model().health == "healthy"


def test_a_broken_feed_is_seen_in_the_last_events(by_count: World) -> None:
    by_count.send(by_count.events(290, START + DAY, over=HOUR, age=90), now=START + DAY + HOUR)
    by_count.settle(START + DAY + HOUR)
    assert by_count.model().health == "drifted"
    assert not by_count.evaluations()[-1].closed


def test_the_sweep_closes_what_time_has_closed_and_finds_the_silent(world: World) -> None:
    world.send(world.events(300, START), now=START + HOUR)
    world.settle(START + HOUR)
    assert not world.evaluations()[-1].closed
    later = START + 4 * DAY
    world.write(sweep(world.engine, now=later))
    world.settle(later)
    assert world.evaluations()[-1].closed
    assert world.model().health == "silent"
    told = len(world.signals())
    world.write(sweep(world.engine, now=later + HOUR))
    world.settle(later + HOUR)
    assert len(world.signals()) == told


def test_every_kind_of_job_has_a_handler(world: World, tmp_path) -> None:
    made = handlers(world.engine, world.store, settings_from({}, data_dir=tmp_path))
    kinds = {"evaluate", "rebuild", "tidy", "sweep", "retention", "joint", "performance", "placebo"}
    assert set(made) == kinds | {"segments", "segment_windows"}


@pytest.fixture
def read(world: World):
    for day, age in enumerate((40.0, 40.0, 70.0, 70.0)):
        begin = START + day * DAY
        world.send(world.events(600, begin, over=DAY, age=age), now=begin + DAY)
        if day == 0:
            model = world.model()
            with writing(world.engine) as session:
                window_reference(session, model=model, start=begin, end=begin + DAY, now=begin + DAY)
        world.settle(begin + DAY + HOUR)
    with reading(world.engine) as session:
        yield world, session


def test_the_heat_map_shows_each_column_by_day_with_the_drifted_first(read) -> None:
    world, session = read
    heat = queries.heat_map(session, model_id=world.model_id)
    assert [point.starts_at for point in heat.windows] == [START + day * DAY for day in range(4)]
    assert heat.rows[0].column == "age"
    assert heat.rows[0].drifted_since == START + 2 * DAY
    assert [cell.level for cell in heat.rows[0].cells if cell] == ["ok", "ok", "drifted", "drifted"]
    assert [row.drifted_since for row in heat.rows[1:]] == [None] * (len(heat.rows) - 1)
    part = queries.heat_map(session, model_id=world.model_id, start=START + DAY, end=START + 2 * DAY)
    assert len(part.windows) == 1


def test_the_history_has_volume_latency_and_predictions(read) -> None:
    world, session = read
    points = queries.window_history(session, model_id=world.model_id)
    assert [point.rows for point in points] == [600] * 4
    assert [point.drifted_columns for point in points] == [(), (), ("age",), ("age",)]
    assert points[0].latency is not None
    percentiles = [points[0].latency.p50, points[0].latency.p95, points[0].latency.p99]
    assert percentiles == sorted(percentiles, key=lambda value: value or 0.0)
    assert percentiles[0] != percentiles[2]
    assert points[0].prediction is not None
    assert points[0].prediction.mean == pytest.approx(0.3, abs=0.07)


def test_the_overview_says_what_needs_attention(read) -> None:
    world, session = read
    (card,) = queries.overview(session, scope=Scope(world.organisation_id))
    assert (card.health, card.reference, card.event_count) == ("drifted", "confirmed", 2400)
    assert card.drifted_columns == ("age",)
    assert len(card.recent) == 4
    assert queries.overview(session, scope=Scope(world.organisation_id + 1)) == ()


@pytest.mark.parametrize("column", ["age", "town", "vip", "@prediction", "@score", "@latency_ms"])
def test_a_distribution_has_a_bar_for_every_share(read, column: str) -> None:
    world, session = read
    found = queries.distribution(session, model_id=world.model_id, column=column)
    assert found is not None
    assert found.reference is not None
    for side in (found.reference, found.current):
        assert len(side.shares) == len(found.labels)
        assert sum(side.shares) == pytest.approx(1.0, abs=0.02)
    assert found.starts_at == START + 3 * DAY
    assert (found.finding is not None) == (column != "@latency_ms")


def test_there_is_no_distribution_of_a_column_that_is_not_there(read) -> None:
    world, session = read
    assert queries.distribution(session, model_id=world.model_id, column="nonsense") is None


def test_the_latest_evaluation_is_the_newest_with_enough_rows(read) -> None:
    world, _session = read
    world.send(world.events(5, START + 4 * DAY), now=START + 4 * DAY + HOUR)
    world.settle(START + 4 * DAY + HOUR)
    with reading(world.engine) as session:
        latest = queries.latest_evaluation(session, model_id=world.model_id)
        newest = queries.evaluation(session, model_id=world.model_id, starts_at=START + 4 * DAY)
    assert latest is not None
    assert (latest.starts_at, latest.closed) == (START + 3 * DAY, True)
    assert latest.findings[0]["column"] == "age"
    assert newest is not None
    assert newest.level == "too_few"


def test_one_column_is_read_without_the_others() -> None:
    numbers, names = NumericSummary.of([1.0, 2.0], missing=1), CategoricalSummary.of(["x", None, "y"])
    profile = Profile.of({"a": numbers, "b": names})
    payload = pack(profile)
    same(unpack(payload), profile)
    assert list(unpack(payload, ["b"]).columns) == ["b"]
    with pytest.raises(ValueError, match="version"):
        unpack(b"XXXX" + payload[4:])
    for cut in range(0, len(payload) - 1, 7):
        with pytest.raises(ValueError, match=r"\w"):
            unpack(payload[:cut])
