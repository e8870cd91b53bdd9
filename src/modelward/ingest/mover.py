"""The mover: from the journal into the event store and the profiles, every event exactly once.

A step is three commits, in this order and each repeatable: append to the store; absorb into the profiles; mark exactly
these entries as moved. Whoever dies between two of them does the step again: the store knows the events, says so, and
what was appended without being absorbed is told to the profiles as `repeated`, to be rebuilt from the raw rows.
"""

import gc
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from modelward.errors import Invalid, ModelwardError, NotFound, Unavailable
from modelward.events.contract import TIME, Appended, EventStore
from modelward.ingest.counting import Counters
from modelward.ingest.entry_tables import Batch, EntryTables
from modelward.ingest.journal import Backlog, JournalReader
from modelward.ingest.known_models import KnownModels
from modelward.ingest.leases import hold_models, let_go_of_models, still_hold_models
from modelward.ingest.segments import Kind, Waiting
from modelward.kit import clock as kit_clock
from modelward.kit.database import writing
from modelward.registry.service import touch

log = logging.getLogger("modelward.ingest")

STEP_BYTES = 24 * 1024 * 1024
_PAUSE_SECONDS = 0.2  # between small steps: larger batches are cheaper, and nobody sees the difference
_SWEEP_EVERY = timedelta(seconds=30)
_LONGEST_WAIT_SECONDS = 10.0


@dataclass(frozen=True, eq=False)
class Moved:
    """What a step did to one model. `events` are the new rows only, in the columns of the event store."""

    model_id: int
    batch: str
    events: pa.Table
    repeated: pa.TimestampArray
    labelled: pa.TimestampArray


Absorb = Callable[[Session, Sequence[Moved]], None]


class Mover:
    """One moves a journal at a time."""

    def __init__(
        self,
        journal: JournalReader,
        store: EventStore,
        engine: Engine,
        absorb: Absorb,
        *,
        clock: Callable[[], datetime] = kit_clock.now,
        step_bytes: int = STEP_BYTES,
    ) -> None:
        self._journal = journal
        self._store = store
        self._engine = engine
        self._absorb = absorb
        self._clock = clock
        self._step_bytes = step_bytes
        self._models = KnownModels(engine)
        self._read = EntryTables(self._models, self._fail, clock)
        self._counters = Counters()
        self._owner = f"mover:{journal.identity}"
        self._busy: frozenset[int] = frozenset()  # models that were being rebuilt a step ago
        self._swept_at = datetime.min.replace(tzinfo=UTC)

    def run(self, stop: threading.Event) -> None:
        """Step until told to stop. A store that is away is waited for; nothing is lost meanwhile."""
        # What the process has loaded by now stays: the collector need not walk through it while columns are built.
        gc.freeze()
        wait = _PAUSE_SECONDS
        while not stop.is_set():
            try:
                full = self._step() >= self._step_bytes // 2
                wait = _PAUSE_SECONDS
            except Exception as error:
                full, wait = False, min(_LONGEST_WAIT_SECONDS, wait * 2)
                self._counters.add("failed_steps")
                log.exception("a step of the mover failed (%s); again in %.1f s", type(error).__name__, wait)
            if not full:
                stop.wait(wait)

    def step(self) -> int:
        """Move what waits, up to a batch's size; answers with how many events and labels that were."""
        before = self._counters.read().get("moved", 0)
        self._step()
        return self._counters.read().get("moved", 0) - before

    def counters(self) -> dict[str, int]:
        """What was moved, was there already, did not fit, or could not be read, and how long the oldest entry waits."""
        backlog = self.backlog()
        lag = 0 if backlog.oldest is None else max(0, round(self._clock().timestamp() * 1e6) - backlog.oldest)
        return {
            **self._journal.progress.counters(),
            **{f"since_start.{name}": count for name, count in self._counters.read().items()},
            "waiting_events": backlog.events,
            "waiting_bytes": backlog.bytes,
            "lag_ms": lag // 1_000,
        }

    def backlog(self) -> Backlog:
        """What waits in the journal."""
        return self._journal.backlog()

    def _step(self) -> int:
        """One step; answers with the bytes that it took."""
        self._sweep()
        self._journal.grant_retries()
        others = self._journal.waiting(max_bytes=self._step_bytes, skip=self._busy)
        entries = others or self._journal.waiting(max_bytes=self._step_bytes)
        self._busy = frozenset()
        if not entries:
            return 0
        batches = self._read.events([entry for entry in entries if entry.kind is not Kind.LABELS])
        labels = self._read.labels([entry for entry in entries if entry.kind is Kind.LABELS])
        held = self._hold(batches)
        self._busy = frozenset(batches.keys() - held)
        batches = {model_id: batch for model_id, batch in batches.items() if model_id in held}
        return self._move(batches, labels) if batches or labels else 0

    def _move(self, batches: dict[int, Batch], labels: list[tuple[Waiting, pa.Table]]) -> int:
        held = list(batches)
        appended = self._append(batches)
        touched = self._append_labels(labels)
        moved = list(_moved(batches, appended, touched))
        self._into_profiles(moved, held)
        entries = [entry for batch in batches.values() for entry in batch.entries]
        done = sorted([*entries, *(entry for entry, _ in labels)])
        self._mark(done, moved, batches)
        return sum(entry.size for entry in done)

    def _into_profiles(self, moved: Sequence[Moved], held: Sequence[int]) -> None:
        now = self._clock()
        with writing(self._engine) as session:
            if not still_hold_models(session, held, owner=self._owner, now=now):
                raise Unavailable("The leases of the models ran out during a step of the mover.")
            self._absorb(session, moved)
            for one in moved:
                if one.events.num_rows:
                    bounds = pc.min_max(one.events["ts"])
                    touch(
                        session,
                        model_id=one.model_id,
                        events=one.events.num_rows,
                        first_event_at=bounds["min"].as_py(),
                        last_event_at=bounds["max"].as_py(),
                    )
            let_go_of_models(session, owner=self._owner)

    def _mark(self, done: Sequence[Waiting], moved: Sequence[Moved], batches: Mapping[int, Batch]) -> None:
        counted = {
            "moved": sum(entry.events for entry in done),
            "new": sum(one.events.num_rows for one in moved),
            "duplicates": sum(len(one.repeated) for one in moved),
            "labels": sum(entry.events for entry in done if entry.kind is Kind.LABELS),
            "invalid": sum(_count(batch.table, "invalid") for batch in batches.values()),
        }
        self._journal.mark(done, **counted)
        for name, count in counted.items():
            self._counters.add(name, count)

    def _hold(self, batches: Mapping[int, Batch]) -> set[int]:
        """The models whose rebuild does not run at this moment; the others' entries stay for the next step."""
        if not batches:
            return set()
        with writing(self._engine) as session:
            return hold_models(session, batches.keys(), owner=self._owner, now=self._clock())

    def _append(self, batches: dict[int, Batch]) -> Mapping[int, Appended]:
        """Append all models' rows in one transaction. What the store refuses is taken out, entry by entry."""
        if not batches:
            return {}
        self._store.ensure([self._models.get(model_id).table for model_id in batches])
        try:
            return self._store.append({model_id: batch.table for model_id, batch in batches.items()})
        except (Invalid, NotFound) as refusal:
            log.warning("the event store refused a batch: %s", refusal.sentence)
        return self._append_each(batches)

    def _append_each(self, batches: dict[int, Batch]) -> Mapping[int, Appended]:
        """Each model by itself, and each entry of a model that is refused: only what is to blame counts a failure."""
        appended: dict[int, Appended] = {}
        for model_id, batch in list(batches.items()):
            try:
                appended |= self._store.append({model_id: batch.table})
            except (Invalid, NotFound):
                parts = list(self._append_entries(model_id, batch.entries))
                del batches[model_id]
                if parts:
                    table = pa.concat_tables([table for _, table, _ in parts], promote_options="default")
                    batches[model_id] = Batch([entry for entry, _, _ in parts], table)
                    appended[model_id] = _together([result for _, _, result in parts])
        return appended

    def _append_entries(
        self, model_id: int, entries: Sequence[Waiting]
    ) -> Iterator[tuple[Waiting, pa.Table, Appended]]:
        for entry in entries:
            table = self._read.entry(entry)
            if table is None:
                continue
            try:
                yield entry, table, self._store.append({model_id: table})[model_id]
            except (Invalid, NotFound) as refusal:
                self._fail(entry, refusal)

    def _append_labels(self, labels: Sequence[tuple[Waiting, pa.Table]]) -> pa.Table | None:
        if not labels:
            return None
        return self._store.append_labels(pa.concat_tables([table for _, table in labels])).touched

    def _fail(self, entry: Waiting, error: Exception) -> None:
        reason = error.sentence if isinstance(error, ModelwardError) else f"{type(error).__name__}: {error}"
        if self._journal.fail(entry, reason, now=self._clock()):
            self._counters.add("aside", entry.events)
            log.error("%d events of model %s are set aside: %s", entry.events, entry.model_id, reason)

    def _sweep(self) -> None:
        now = self._clock()
        if now - self._swept_at > _SWEEP_EVERY:
            self._swept_at = now
            self._journal.sweep(now=now)


def _moved(batches: Mapping[int, Batch], appended: Mapping[int, Appended], touched: pa.Table | None) -> Iterator[Moved]:
    """What the store said, by model."""
    by_model = _by_model(touched)
    for model_id in sorted(batches.keys() | by_model.keys()):
        labelled = by_model.get(model_id, [])
        if model_id not in batches:
            yield Moved(model_id, "", _NOTHING, _times([]), _times(labelled))
            continue
        batch, result = batches[model_id], appended[model_id]
        all_new = pc.all(result.new, min_count=0).as_py()
        yield Moved(
            model_id,
            _name(batch.entries),
            batch.table if all_new else batch.table.filter(result.new),
            _times([] if all_new else [batch.table["ts"].filter(pc.invert(result.new))]),
            _times([*labelled, result.labelled["ts"]]),
        )


_NOTHING = pa.table(
    {"event_id": pa.array([], pa.string()), "ts": pa.array([], TIME), "received_at": pa.array([], TIME)}
)


def _together(results: Sequence[Appended]) -> Appended:
    new = pa.concat_arrays([chunk for one in results for chunk in _chunks_of(one.new)])
    return Appended(new, pa.concat_tables([one.labelled for one in results]))


def _chunks_of(array: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return array.chunks if isinstance(array, pa.ChunkedArray) else [array]


def _by_model(touched: pa.Table | None) -> dict[int, list[pa.ChunkedArray]]:
    if touched is None or not touched.num_rows:
        return {}
    models = pc.unique(touched["model_id"]).to_pylist()
    return {model_id: [touched.filter(pc.equal(touched["model_id"], model_id))["ts"]] for model_id in models}


def _times(parts: Sequence[pa.ChunkedArray]) -> pa.TimestampArray:
    chunks = [chunk for part in parts for chunk in part.chunks]
    return pa.concat_arrays(chunks) if chunks else pa.array([], TIME)


def _name(entries: Sequence[Waiting]) -> str:
    first, last = entries[0].position, entries[-1].position
    return f"{first.segment}:{first.id}-{last.segment}:{last.id}"


def _count(table: pa.Table, column: str) -> int:
    return len(table) - table[column].null_count if column in table.column_names else 0


__all__ = ["Absorb", "Moved", "Mover"]
