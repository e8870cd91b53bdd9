"""Monitoring asks for a look in the transactions that write windows, and the look reads what they wrote."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, select
from tests.monitoring.world import START, World

from modelward.events.duckdb import DuckDBStore
from modelward.governance.jobs import handlers
from modelward.governance.risk_tables import GovernanceState, RiskRecord
from modelward.jobs.loop import step
from modelward.jobs.tables import Job
from modelward.kit.database import reading
from modelward.registry.tables import Model

DAY = timedelta(days=1)


def test_new_data_becomes_risk_through_the_jobs_alone(database: Engine, tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "events.duckdb")
    world = World.make(database, store)
    world.auto_reference = 300
    for day, age in ((0, 40.0), (1, 40.0), (2, 70.0)):
        world.send(world.events(600, START + day * DAY, over=DAY, age=age), now=START + (day + 1) * DAY)
    world.settle(START + 4 * DAY)
    with reading(database) as session:
        assert session.scalar(select(Job.key).where(Job.kind == "measured")) == str(world.model_id)
    while step(handlers(database), database, owner="test"):
        pass
    with reading(database) as session:
        state = session.get_one(GovernanceState, world.model_id)
        rows = session.scalars(select(RiskRecord).order_by(RiskRecord.id)).all()
        assert session.scalar(select(Job.key).where(Job.kind == "governed")) == str(world.model_id)
        assert session.get_one(Model, world.model_id).health == "drifted"
    assert state.risk_score == rows[-1].risk_score
    assert rows[0].risk_score == 0
    assert [row.status for row in rows][-1] == "AT_RISK"
    assert "`age`" in next(row.cause for row in rows if row.event == "window")
    store.close()
