"""A model of two classes whose outcomes come late: days of predictions, and labels when the test says so."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import select
from tests.monitoring.world import FAR, START, World

from modelward.kit.database import reading, writing
from modelward.monitoring.tables import Fairness, Performance, PerformanceState
from modelward.registry.tables import Model

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KINDS = ("rebuild", "evaluate", "joint", "performance")


class Outcomes:
    """Scores that are worth what they say, until `send` is told that they are not."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.truth: dict[str, Any] = {}
        self.tables: dict[str, pa.Table] = {}
        self.sequence = 0

    def send(
        self,
        name: str,
        day: float,
        *,
        rows: int = 600,
        worth: float = 1.0,
        over: timedelta = DAY,
        town: Any = None,
        names: Sequence[str] = (),
    ) -> pa.Table:
        """A day of predictions; with a `worth` below 1 so many of the outcomes are not what the score says."""
        world, rng = self.world, self.world.rng
        table = world.events(rows, START + day * DAY, over=over, prefix=name)
        score = rng.beta(0.8, 0.8, rows)
        outcome = rng.random(rows) < score
        wrong = rng.random(rows) < (1 - worth) / 2
        table = _with(table, "score", score)
        predicted = (score >= 0.5).astype(float)
        table = _with(table, "prediction", [names[int(value)] for value in predicted] if names else predicted)
        if town is not None:
            table = _with(table, "f2", town)
        self.truth |= dict(zip(table["event_id"].to_pylist(), (outcome ^ wrong).astype(float).tolist(), strict=True))
        self.tables[name] = table
        world.send(table, now=START + day * DAY + over)
        return table

    def label(self, name: str, *, share: float = 1.0, now: datetime | None = None, after: timedelta = DAY) -> None:
        """The outcomes of the first share of a day's predictions."""
        ids = self.tables[name]["event_id"].to_pylist()
        self.sequence += 1
        chosen = ids[: round(share * len(ids))]
        moment = self.tables[name]["ts"][0].as_py() + after
        values = [self.truth[event_id] for event_id in chosen]
        self.world.label_each(chosen, values, sequence=self.sequence, now=now, labelled_at=moment)

    def work(self, now: datetime | None = None) -> None:
        """All that is due; rests between two builds are over by the next look."""
        moment = now or START + FAR
        for _ in range(200):
            with writing(self.world.engine) as session:
                state = session.get(PerformanceState, self.world.model_id)
                if state is not None:
                    state.build_not_before = min(state.build_not_before, moment)
            if not sum(self.world.do(kind, moment) for kind in KINDS):
                return
        raise AssertionError("the work never ends")

    def windows(self) -> list[Performance]:
        with reading(self.world.engine) as session:
            query = select(Performance).where(Performance.model_id == self.world.model_id)
            return list(session.scalars(query.order_by(Performance.starts_at)))

    def fairness(self) -> list[Fairness]:
        with reading(self.world.engine) as session:
            query = select(Fairness).where(Fairness.model_id == self.world.model_id)
            return list(session.scalars(query.order_by(Fairness.starts_at, Fairness.attribute)))

    def state(self) -> PerformanceState:
        with reading(self.world.engine) as session:
            return session.get_one(PerformanceState, self.world.model_id)

    def change_model(self, **values: Any) -> None:
        with writing(self.world.engine) as session:
            model = session.get_one(Model, self.world.model_id)
            for name, value in values.items():
                setattr(model, name, value)

    def arrays(self, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels, predictions and scores of whole days."""
        table = pa.concat_tables([self.tables[name] for name in names])
        label = np.array([self.truth[event_id] for event_id in table["event_id"].to_pylist()])
        return label, table["prediction"].to_numpy(), table["score"].to_numpy()


def _with(table: pa.Table, column: str, values: Any) -> pa.Table:
    at = table.schema.get_field_index(column)
    named = len(values) > 0 and isinstance(values[0], str)
    return table.set_column(at, column, pa.array(values, pa.string() if named else table.schema.field(column).type))
