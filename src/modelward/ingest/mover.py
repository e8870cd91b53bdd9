"""The mover: from the journal into the event store and the profiles, every event exactly once.

A step is three commits, in this order and each repeatable: append to the store; absorb into the profiles; mark exactly
these entries as moved. Whoever dies between two of them does the step again: the store knows the events, says so, and
what was appended without being absorbed is told to the profiles as `repeated`, to be rebuilt from the raw rows, and
counted as what it is (`recount.py`).
"""

import gc
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from modelward.errors import Invalid, ModelwardError, NotFound, Unavailable
from modelward.events.contract import Appended, EventStore
from modelward.ingest.counting import Counters
from modelward.ingest.entry_tables import Batch, EntryTables
from modelward.ingest.journal import Backlog, JournalReader
from modelward.ingest.known_models import KnownModels
from modelward.ingest.leases import hold_models, let_go_of_models, sign_step, signed_step, still_hold_models
from modelward.ingest.moved import Moved, moved_of, together
from modelward.ingest.recount import lost_rows
from modelward.ingest.segments import Kind, Position, Waiting
from modelward.kit import clock as kit_clock
from modelward.kit.database import reading, writing
from modelward.registry.service import touch

log = logging.getLogger("modelward.ingest")

STEP_BYTES = 24 * 1024 * 1024
_PAUSE_SECONDS = 0.2  # between small steps: larger batches are cheaper, and nobody sees the difference
_SWEEP_EVERY = timedelta(seconds=30)
_LONGEST_WAIT_SECONDS = 10.0


# What goes wrong around the profiles and not because of a model.
_AROUND = (Unavailable, MemoryError, OperationalError, InterfaceError, PoolTimeout)

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
        self._read = EntryTables(self._models, self._fail, self._fail_lines, clock)
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
        suspects, step = self._begin(batches)
        appended = self._append(batches)
        touched = self._append_labels(labels)
        lost = {
            model_id: lost_rows(self._store, model_id, batch, appended[model_id].new, suspects)
            for model_id, batch in batches.items()
        }
        moved = list(moved_of(batches, appended, touched))
        try:
            self._into_profiles(moved, held, lost, step)
        except _AROUND:
            raise
        except Exception:
            log.exception("a step could not be absorbed as a whole: model by model")
            return self._move_apart(batches, appended, lost, labels)
        entries = [entry for batch in batches.values() for entry in batch.entries]
        return self._mark([*entries, *(entry for entry, _ in labels)], moved, batches, lost)

    def _begin(self, batches: Mapping[int, Batch]) -> tuple[AbstractSet[Position], str]:
        """Write down what is about to be appended; which of it a step that came to nothing may have appended before."""
        begun = self._journal.progress.begun()
        if begun:
            with reading(self._engine) as session:
                signed = signed_step(session, owner=self._owner)
            begun = self._journal.progress.settle(signed)
        step = secrets.token_hex(8)
        self._journal.progress.begin([entry for batch in batches.values() for entry in batch.entries], step)
        return begun, step

    def _into_profiles(
        self, moved: Sequence[Moved], held: Sequence[int], lost: Mapping[int, pa.Array], step: str
    ) -> None:
        now = self._clock()
        with writing(self._engine) as session:
            if not still_hold_models(session, held, owner=self._owner, now=now):
                raise Unavailable("The leases of the models ran out during a step of the mover.")
            self._absorb(session, moved)
            for one in moved:
                _touch(session, one, lost)
            sign_step(session, step, owner=self._owner, now=now)
            let_go_of_models(session, held, owner=self._owner)

    def _move_apart(
        self,
        batches: Mapping[int, Batch],
        appended: Mapping[int, Appended],
        lost: Mapping[int, pa.Array],
        labels: Sequence[tuple[Waiting, pa.Table]],
    ) -> int:
        """Each model in a transaction of its own: one whose rows cannot be absorbed delays no other."""
        done = 0
        for model_id, batch in batches.items():
            alone = {model_id: batch}
            step = secrets.token_hex(8)
            self._journal.progress.begin(batch.entries, step)
            moved = list(moved_of(alone, appended, None))
            if self._absorbed_alone(moved, batch.entries, [model_id], lost, step):
                done += self._mark(batch.entries, moved, alone, lost)
            else:
                self._busy |= {model_id}
        for entry, table in labels:
            moved = list(moved_of({}, {}, self._append_labels([(entry, table)])))
            if self._absorbed_alone(moved, [entry], [], {}, ""):
                done += self._mark([entry], moved, {}, {})
        return done

    def _absorbed_alone(
        self,
        moved: Sequence[Moved],
        entries: Sequence[Waiting],
        held: Sequence[int],
        lost: Mapping[int, pa.Array],
        step: str,
    ) -> bool:
        try:
            self._into_profiles(moved, held, lost, step)
        except _AROUND:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is of these entries alone
            for entry in entries:
                self._fail(entry, error)
            return False
        return True

    def _mark(
        self,
        done: Sequence[Waiting],
        moved: Sequence[Moved],
        batches: Mapping[int, Batch],
        lost: Mapping[int, pa.Array],
    ) -> int:
        found = sum(len(lost[one.model_id]) for one in moved if one.model_id in lost)
        counted = {
            "moved": sum(entry.events for entry in done),
            "new": sum(one.events.num_rows for one in moved) + found,
            "duplicates": sum(len(one.repeated) for one in moved) - found,
            "labels": sum(entry.events for entry in done if entry.kind is Kind.LABELS),
            "invalid": sum(_count(batch.table, "invalid") for batch in batches.values()),
        }
        self._journal.mark(sorted(done), **counted)
        for name, count in counted.items():
            self._counters.add(name, count)
        return sum(entry.size for entry in done)

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
                    appended[model_id] = together([result for _, _, result in parts])
        return appended

    def _append_entries(
        self, model_id: int, entries: Sequence[Waiting]
    ) -> Iterator[tuple[Waiting, pa.Table, Appended]]:
        for entry in entries:
            read = self._read.entry(entry)
            if read is None:
                continue
            rest, table = read
            try:
                yield rest, table, self._store.append({model_id: table})[model_id]
            except (Invalid, NotFound) as refusal:
                self._fail(rest, refusal)

    def _append_labels(self, labels: Sequence[tuple[Waiting, pa.Table]]) -> pa.Table | None:
        if not labels:
            return None
        return self._store.append_labels(pa.concat_tables([table for _, table in labels])).touched

    def _fail(self, entry: Waiting, error: Exception) -> None:
        reason = _said(error)
        if self._journal.fail(entry, reason, now=self._clock()):
            self._counters.add("aside", entry.events)
            log.error("%d events of model %s are set aside: %s", entry.events, entry.model_id, reason)

    def _fail_lines(self, entry: Waiting, lines: int, error: Exception) -> None:
        reason = _said(error)
        if self._journal.fail_lines(entry, lines, reason, now=self._clock()):
            self._counters.add("aside", lines)
            log.error("%d of %d events of model %s are set aside: %s", lines, entry.events, entry.model_id, reason)

    def _sweep(self) -> None:
        now = self._clock()
        if now - self._swept_at > _SWEEP_EVERY:
            self._swept_at = now
            self._journal.sweep(now=now)
            self._models.refresh()


def _said(error: Exception) -> str:
    return error.sentence if isinstance(error, ModelwardError) else f"{type(error).__name__}: {error}"


def _touch(session: Session, one: Moved, lost: Mapping[int, pa.Array]) -> None:
    """Count the model's new events, and those that a step which died had appended and nobody counted."""
    times = [chunk for chunk in (*one.events["ts"].chunks, lost.get(one.model_id)) if chunk is not None and len(chunk)]
    if not times:
        return
    bounds = pc.min_max(pa.chunked_array(times))
    touch(
        session,
        model_id=one.model_id,
        events=sum(map(len, times)),
        first_event_at=bounds["min"].as_py(),
        last_event_at=bounds["max"].as_py(),
    )


def _count(table: pa.Table, column: str) -> int:
    return len(table) - table[column].null_count if column in table.column_names else 0


__all__ = ["Absorb", "Moved", "Mover"]
