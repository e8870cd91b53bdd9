"""Journal entries as tables: many at once where they fit, else each by itself, without those that cannot be read."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlalchemy.exc import SQLAlchemyError

from modelward.errors import Unavailable
from modelward.ingest.arrow_columns import table_of_arrow
from modelward.ingest.columns import CHUNK_BYTES, table_of_lines
from modelward.ingest.known_models import KnownModel, KnownModels
from modelward.ingest.label_columns import labels_of
from modelward.ingest.mending import mended_table
from modelward.ingest.rest import without_guilty
from modelward.ingest.scores import with_scores
from modelward.ingest.segments import Kind, Waiting

log = logging.getLogger("modelward.ingest")

Fail = Callable[[Waiting, Exception], None]
FailLines = Callable[[Waiting, int, Exception], None]
_SAYS_NOTHING = (Unavailable, SQLAlchemyError, MemoryError)
"""What goes wrong around an entry and not because of it."""


@dataclass(eq=False)
class Batch:
    """The entries of one model in a step, and their rows."""

    entries: list[Waiting]
    table: pa.Table


class EntryTables:
    """Reads entries; one that cannot be read is given to `fail`, and never stops the others.

    When it is for some of its lines alone, only these are given up, to `fail_lines`, and the rest of it is read.
    """

    def __init__(self, models: KnownModels, fail: Fail, fail_lines: FailLines, clock: Callable[[], datetime]) -> None:
        self._models = models
        self._fail = fail
        self._fail_lines = fail_lines
        self._clock = clock

    def events(self, entries: Sequence[Waiting]) -> dict[int, Batch]:
        """The rows of all entries, by model."""
        groups: defaultdict[int, list[Waiting]] = defaultdict(list)
        for entry in entries:
            groups[entry.model_id].append(entry)
        read = {model_id: self._batch(group) for model_id, group in groups.items()}
        return {model_id: batch for model_id, batch in read.items() if batch is not None}

    def entry(self, entry: Waiting) -> tuple[Waiting, pa.Table] | None:
        """The entry, or the rest of it, with its rows; None when it cannot be read."""
        return self._read(entry, self._rows)

    def labels(self, entries: Sequence[Waiting]) -> list[tuple[Waiting, pa.Table]]:
        """Each entry of labels with its rows."""
        return [read for entry in entries if (read := self._read(entry, labels_of)) is not None]

    def _rows(self, entry: Waiting) -> pa.Table:
        model = self._models.get(entry.model_id)
        return with_scores(self._table(entry, model), model)

    def _read(self, entry: Waiting, read: Callable[[Waiting], pa.Table]) -> tuple[Waiting, pa.Table] | None:
        try:
            return entry, read(entry)
        except _SAYS_NOTHING:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is in an entry, it may not stop the others
            return self._read_rest(entry, read, error)

    def _read_rest(
        self, entry: Waiting, read: Callable[[Waiting], pa.Table], error: Exception
    ) -> tuple[Waiting, pa.Table] | None:
        try:
            rest = without_guilty(entry, read)
            if rest is not None:
                table = read(rest)
                self._fail_lines(entry, entry.events - rest.events, error)
                return rest, table
        except _SAYS_NOTHING:
            raise
        except Exception as again:  # noqa: BLE001 - as above
            error = again
        self._fail(entry, error)
        return None

    def _batch(self, entries: Sequence[Waiting]) -> Batch | None:
        kept: list[Waiting] = []
        tables: list[pa.Table] = []
        for chunk in chunks(entries):
            for part, table in self._chunk(chunk):
                kept += part
                tables.append(table)
        # A part that was read before the model was widened lacks the columns that came later.
        return Batch(kept, pa.concat_tables(tables, promote_options="default")) if tables else None

    def _chunk(self, chunk: list[Waiting]) -> list[tuple[list[Waiting], pa.Table]]:
        try:
            model = self._models.get(chunk[0].model_id)
            if chunk[0].kind is Kind.EVENTS and (table := table_of_lines(chunk, model)) is not None:
                return [(chunk, with_scores(table, model))]
        except _SAYS_NOTHING:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            log.debug("a chunk is read entry by entry: %s", error)
        read = [found for entry in chunk if (found := self.entry(entry)) is not None]
        return [([entry], table) for entry, table in read]

    def _table(self, entry: Waiting, model: KnownModel) -> pa.Table:
        if entry.kind is Kind.ARROW:
            return table_of_arrow(entry, model, self._models, now=self._clock())
        table = table_of_lines([entry], model)
        if table is not None:
            return table
        # Somebody may have declared the features that are missed here: the registry is asked again before it is told.
        self._models.forget(entry.model_id)
        return mended_table(entry, self._models.get(entry.model_id), self._models, now=self._clock())


def chunks(entries: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Entries that are read at once: lines together up to a size, an Arrow stream by itself."""
    chunk: list[Waiting] = []
    size = 0
    for entry in entries:
        if chunk and (entry.kind is Kind.ARROW or chunk[0].kind is Kind.ARROW or size + entry.size > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += entry.size
    if chunk:
        yield chunk
