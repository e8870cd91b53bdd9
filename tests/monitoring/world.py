"""A model on a real SQLite and a real DuckDB, fed as the mover feeds it, whose work is done when the test says so."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Engine, select

from modelward.accounts.principal import Scope
from modelward.accounts.service import create_organisation
from modelward.events.contract import TIME, ColumnType, EventTable, FeatureColumn
from modelward.events.duckdb import DuckDBStore
from modelward.ingest.mover import Moved
from modelward.jobs.service import claim, complete
from modelward.kit.database import reading, writing
from modelward.monitoring.absorb import absorb
from modelward.monitoring.columns import profiled_columns, scanned, with_label
from modelward.monitoring.compact import tidy
from modelward.monitoring.evaluate import evaluate
from modelward.monitoring.joint import build_joint
from modelward.monitoring.placebo import try_out
from modelward.monitoring.profiling import profile_of
from modelward.monitoring.rebuild import rebuild
from modelward.monitoring.review_performance import review
from modelward.monitoring.segment_build import build_segments
from modelward.monitoring.segment_review import review_segments
from modelward.monitoring.tables import Evaluation
from modelward.monitoring.window_profiles import window_profile
from modelward.registry.service import FeatureKind, register, touch, widen
from modelward.registry.tables import Model
from modelward.signals.tables import Signal
from modelward.stats import CategoricalSummary, NumericSummary, Profile

START = datetime(2026, 3, 2, tzinfo=UTC)  # A Monday.
FEATURES = {"age": "numeric", "town": "categorical", "vip": "boolean"}
TYPES = {"numeric": ColumnType.NUMBER, "categorical": ColumnType.TEXT, "boolean": ColumnType.BOOLEAN}
FAR = timedelta(days=400)
SETTLING = ("rebuild", "evaluate", "placebo", "tidy")


@dataclass
class World:
    engine: Engine
    store: DuckDBStore
    organisation_id: int
    model_id: int
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    batches: int = 0
    auto_reference: int = 0

    @classmethod
    def make(
        cls,
        engine: Engine,
        store: DuckDBStore,
        *,
        time_zone: str = "UTC",
        key: str = "churn",
        prediction: FeatureKind = FeatureKind.NUMERIC,
    ) -> "World":
        with writing(engine) as session:
            organisation = create_organisation(session, name="Acme", now=START)
            model = register(session, scope=Scope(organisation.id), key=key, now=START, time_zone=time_zone)
            described = widen(session, model_id=model.id, features=FEATURES, prediction=prediction, now=START)
            table = EventTable(
                model.id,
                organisation.id,
                key,
                tuple(FeatureColumn(f.column, f.name, TYPES[f.kind]) for f in described.features),
                TYPES[prediction],
                score=True,
            )
            world = cls(engine, store, organisation.id, model.id)
        store.ensure([table])
        return world

    def events(
        self,
        count: int,
        start: datetime,
        *,
        over: timedelta = timedelta(minutes=30),
        age: float = 40.0,
        received: datetime | None = None,
        prefix: str | None = None,
    ) -> pa.Table:
        """Plausible events, spread evenly over a span."""
        self.batches += 1
        prefix = prefix or f"b{self.batches}"
        rng = self.rng
        times = [start + over * (i / count) for i in range(count)]
        ages = [None if rng.random() < 0.05 else float(x) for x in rng.normal(age, 10, count)]
        return pa.table(
            {
                "event_id": [f"{prefix}-{i}" for i in range(count)],
                "ts": pa.array(times, TIME),
                "received_at": pa.array([(received or t) for t in times], TIME),
                "latency_ms": rng.gamma(2.0, 10.0, count),
                "prediction": (rng.random(count) < 0.3).astype(float),
                "score": rng.random(count),
                "f1": pa.array(ages, pa.float64()),
                "f2": pa.array(rng.choice(["Bonn", "Köln", "Ulm"], count, p=[0.5, 0.3, 0.2]).tolist(), pa.string()),
                "f3": pa.array((rng.random(count) < 0.5).tolist(), pa.bool_()),
                "invalid": pa.array(
                    ['{"age": "old"}' if value is None and rng.random() < 0.5 else None for value in ages], pa.string()
                ),
            }
        )

    def append(self, table: pa.Table) -> Moved:
        """The mover's first commit: rows into the event store. What is to be absorbed of it."""
        self.batches += 1
        appended = self.store.append({self.model_id: table})[self.model_id]
        new = appended.new
        repeated = table.filter(pa.compute.invert(new)).column("ts").combine_chunks()
        labelled = appended.labelled.column("ts").combine_chunks()
        return Moved(self.model_id, f"batch-{self.batches}", table.filter(new), repeated, labelled)

    def absorb(self, *moved: Moved, now: datetime) -> None:
        """The mover's second commit."""
        with writing(self.engine) as session:
            absorb(session, moved, now=now)
            for entry in moved:
                if entry.events.num_rows:
                    last = max(entry.events.column("ts").to_pylist())
                    first = min(entry.events.column("ts").to_pylist())
                    n = entry.events.num_rows
                    touch(session, model_id=entry.model_id, events=n, last_event_at=last, first_event_at=first)

    def send(self, table: pa.Table, *, now: datetime | None = None) -> None:
        self.absorb(self.append(table), now=now or START + FAR)

    def label(self, event_ids: Sequence[str], value: float, *, sequence: int, now: datetime | None = None) -> None:
        self.label_each(event_ids, [value] * len(event_ids), sequence=sequence, now=now)

    def label_each(
        self,
        event_ids: Sequence[str],
        values: Sequence[float | str],
        *,
        sequence: int,
        now: datetime | None = None,
        labelled_at: datetime = START,
    ) -> None:
        """Labels as they come from the mover, texts or numbers."""
        count = len(event_ids)
        labels = pa.table(
            {
                "organisation_id": pa.array([self.organisation_id] * count, pa.int64()),
                "model_id": pa.array([None] * count, pa.int64()),
                "event_id": list(event_ids),
                "number": pa.array([None if isinstance(v, str) else v for v in values], pa.float64()),
                "text": pa.array([v if isinstance(v, str) else None for v in values], pa.string()),
                "labelled_at": pa.array([labelled_at] * count, TIME),
                "sequence": pa.array([sequence] * count, pa.int64()),
            }
        )
        touched = self.store.append_labels(labels).touched
        nothing = self.events(1, START).slice(0, 0)
        times = touched.column("ts").combine_chunks()
        empty = pa.array([], TIME)
        self.batches += 1
        moved = Moved(self.model_id, f"labels-{self.batches}", nothing, empty, times)
        self.absorb(moved, now=now or START + FAR)

    def do(self, kind: str, now: datetime) -> bool:
        """Do one job of a kind, as the loop would; False when there was none."""
        with writing(self.engine) as session:
            claims = claim(session, owner="test", now=now + FAR, kinds=[kind], limit=1)
        if not claims:
            return False
        write = self._work(kind, claims[0], now)
        with writing(self.engine) as session:
            if write:
                write(session)
            complete(session, claims[0])
        return True

    def _work(self, kind: str, job: Any, now: datetime) -> Any:
        if kind == "rebuild":
            return rebuild(self.engine, self.store, job)
        if kind == "joint":
            return build_joint(self.engine, self.store, model_id=int(job.key), now=now)
        if kind == "segments":
            return build_segments(self.engine, self.store, model_id=int(job.key), now=now)
        if kind == "segment_windows":
            return review_segments(self.engine, self.store, model_id=int(job.key), now=now)
        if kind == "performance":
            return review(self.engine, self.store, model_id=int(job.key), now=now)
        if kind == "placebo":
            return try_out(self.engine, self.store, model_id=int(job.key), now=now)
        if kind == "tidy":
            return tidy(self.engine, model_id=int(job.key), now=now)
        return evaluate(self.engine, self.store, model_id=int(job.key), now=now, auto_reference=self.auto_reference)

    def settle(self, now: datetime | None = None, kinds: Sequence[str] = SETTLING) -> None:
        """Do all work that there is."""
        moment = now or START + FAR
        for _ in range(500):
            if not sum(self.do(kind, moment) for kind in kinds):
                return
        raise AssertionError("the work never ends")

    def raw_profile(self, start: datetime, end: datetime) -> Profile:
        with reading(self.engine) as session:
            columns = profiled_columns(session, self.model_id)
        rows = self.store.scan(self.model_id, start, end, scanned(columns)).read_all()
        return profile_of(with_label(rows, columns), columns)

    def stored_profile(self, start: datetime, end: datetime) -> Profile:
        with reading(self.engine) as session:
            return window_profile(session, model_id=self.model_id, start=start, end=end)

    def evaluations(self) -> list[Evaluation]:
        with reading(self.engine) as session:
            query = select(Evaluation).where(Evaluation.model_id == self.model_id).order_by(Evaluation.starts_at)
            return list(session.scalars(query))

    def signals(self) -> list[Signal]:
        with reading(self.engine) as session:
            return list(session.scalars(select(Signal).where(Signal.kind == "health").order_by(Signal.id)))

    def model(self) -> Model:
        with reading(self.engine) as session:
            return session.get_one(Model, self.model_id)

    def write(self, work: Any) -> Any:
        with writing(self.engine) as session:
            return work(session)


def same(one: Profile, other: Profile) -> None:
    """Two profiles say the same, wherever nothing was compressed."""
    assert one.rows == other.rows
    mine = {name: summary for name, summary in one.columns.items() if summary.count or summary.invalid}
    theirs = {name: summary for name, summary in other.columns.items() if summary.count or summary.invalid}
    assert mine.keys() == theirs.keys()
    for name, summary in mine.items():
        twin = theirs[name]
        assert type(summary) is type(twin), name
        assert (summary.count, summary.missing, summary.invalid) == (twin.count, twin.missing, twin.invalid), name
        if isinstance(summary, NumericSummary) and isinstance(twin, NumericSummary):
            assert summary.exact
            np.testing.assert_array_equal(summary.values, twin.values)
            np.testing.assert_allclose(summary.weights, twin.weights)
            np.testing.assert_allclose(summary.mean, twin.mean, rtol=1e-9)
        elif isinstance(summary, CategoricalSummary) and isinstance(twin, CategoricalSummary):
            assert summary.categories == twin.categories
            np.testing.assert_array_equal(summary.counts, twin.counts)
