"""A model whose volume chooses other windows amid an alarm: it is the same alert before and after."""

from datetime import datetime

from sqlalchemy import Engine, select
from tests.monitoring.test_window_by_volume import DAY, HEAVY, HOUR, hours, kinds, watch
from tests.monitoring.world import START, World

from modelward.alerting.look import look_at_model
from modelward.alerting.tables import AlertRow, IncidentRow
from modelward.events.duckdb import DuckDBStore
from modelward.kit.database import reading
from modelward.monitoring.capture_baseline import window_reference


def look(world: World, now: datetime) -> list[AlertRow]:
    """The drift alerts after one look."""
    write = look_at_model(world.engine, model_id=world.model_id, now=now)
    assert write is not None
    world.write(write)
    with reading(world.engine) as session:
        return list(session.scalars(select(AlertRow).where(AlertRow.kind == "drift").order_by(AlertRow.id)))


def test_an_alert_stays_the_same_when_days_become_hours(database: Engine, tmp_path) -> None:
    store = DuckDBStore(tmp_path / "events.duckdb")
    world = World.make(database, store)
    watch(world)
    hours(world, START, START + DAY, HEAVY)
    model = world.model()
    world.write(lambda s: window_reference(s, model=s.merge(model), start=START, end=START + DAY, now=START + DAY))
    hours(world, START + DAY, START + 2 * DAY, HEAVY)
    assert look(world, START + 2 * DAY) == []
    hours(world, START + 2 * DAY, START + 3 * DAY, HEAVY, age=80.0)
    (before,) = look(world, START + 3 * DAY)
    hours(world, START + 3 * DAY, START + 3 * DAY + 4 * HOUR, HEAVY, age=80.0)
    assert kinds(world)[-4:] == ["hour"] * 4
    (after,) = look(world, START + 3 * DAY + 4 * HOUR)
    assert (after.id, after.state, after.since) == (before.id, "firing", START + 2 * DAY)
    hours(world, START + 3 * DAY + 4 * HOUR, START + 3 * DAY + 8 * HOUR, HEAVY)
    (ended,) = look(world, START + 3 * DAY + 8 * HOUR)
    assert ended.id == before.id
    assert ended.state != "firing"
    with reading(world.engine) as session:
        assert len(session.scalars(select(IncidentRow)).all()) == 1
    store.close()
