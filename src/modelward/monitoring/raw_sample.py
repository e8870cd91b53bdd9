"""A sample of the raw rows of a span and of the rows that it is held against, for what summaries cannot say."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from modelward.errors import Invalid
from modelward.events.contract import EventStore
from modelward.kit.clock import require_span
from modelward.monitoring.columns import LABEL, LATENCY, PREDICTION, SCORE, scanned, with_label
from modelward.monitoring.joint import Watched, read_watched
from modelward.monitoring.monitor_settings import judged
from modelward.monitoring.segments import before_of
from modelward.registry.tables import Model

ROLES = {LABEL: "label", PREDICTION: "prediction", SCORE: "score"}


@dataclass(frozen=True)
class RawSpan:
    """A span of a model whose rows are looked at themselves; `extra` are columns beside those of its profiles."""

    watched: Watched
    start: datetime
    end: datetime
    extra: tuple[str, ...] = ()

    @property
    def before(self) -> tuple[datetime, datetime] | None:
        """The span that it is held against; None where that is the reference's own first events."""
        return before_of(self.watched.subject.reference, self.start, self.end)

    @property
    def columns(self) -> Sequence[str]:
        """What is read of the event store."""
        known = scanned(self.watched.subject.columns)
        return list(dict.fromkeys([*known, "label_number", "label_text", *self.extra]))


def raw_span(session: Session, model: Model, start: datetime, end: datetime, *extra: str) -> RawSpan:
    """What is needed to look at the rows of a span.

    Raises:
        Invalid: the span ends before it begins, or the model has no events.
    """
    require_span(start, end)
    watched = read_watched(session, model.id)
    if watched is None:
        raise Invalid("There are no events yet that could be searched: send them with POST /api/v1/events.")
    return RawSpan(watched, start, end, extra)


def beside(name: str) -> str:
    """What an extra column is called among the rows: as no feature's key can be, whatever features are called."""
    return f"@{name}"


def rows_of(store: EventStore, span: RawSpan) -> Iterable[pa.RecordBatch]:
    """The rows of the span."""
    found: Iterable[pa.RecordBatch] = store.scan(span.watched.model_id, span.start, span.end, span.columns)
    return found


def rows_before(store: EventStore, span: RawSpan) -> Iterable[pa.RecordBatch]:
    """The rows that the span is held against."""
    model_id, reference = span.watched.model_id, span.watched.subject.reference
    if span.before is not None:
        found: Iterable[pa.RecordBatch] = store.scan(model_id, *span.before, span.columns)
        return found
    assert reference is not None
    rows: list[pa.RecordBatch] = store.fetch(model_id, sorted(reference.event_ids)).to_batches()
    return rows


def sample(
    batches: Iterable[pa.RecordBatch], span: RawSpan, rng: np.random.Generator, *, most: int, gives_up: float
) -> pa.Table:
    """Rows drawn with equal chances, under the names of the profile; a row stays while its number is small enough.

    Raises:
        Invalid: it is later than `gives_up`, a moment of the monotonic clock.
    """
    kept: pa.Table | None = None
    drawn = np.empty(0)
    for batch in batches:
        if time.monotonic() > gives_up:
            raise Invalid("This span takes too long to search while somebody waits: ask for a shorter one.")
        table = _named(with_label(pa.Table.from_batches([batch]), span.watched.subject.columns), span)
        numbers = rng.random(table.num_rows)
        kept = table if kept is None else pa.concat_tables([kept, table])
        drawn = np.concatenate([drawn, numbers])
        if drawn.size > most:
            chosen = np.sort(np.argpartition(drawn, most)[:most])
            kept, drawn = kept.take(pa.array(chosen)), drawn[chosen]
    return kept if kept is not None else pa.table({})


def _named(table: pa.Table, span: RawSpan) -> pa.Table:
    subject = span.watched.subject
    wanted = [c for c in subject.columns if c.key in ROLES or (c.key != LATENCY and judged(subject.monitor, c.key))]
    sources = {column.key: column.source for column in wanted} | {beside(name): name for name in span.extra}
    return pa.table({key: table.column(source) for key, source in sources.items() if source in table.column_names})
