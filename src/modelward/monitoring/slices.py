"""Slices of a model's rows, found automatically: where drift or loss concentrates, in a sample of a span's raw rows.

The library's own search (`report/slices.py`), on at most 20,000 rows of each side: every row of the span has the same
chance to be among them, and the seed is always the same, so that the same rows give the same answer.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from modelward.errors import Invalid
from modelward.events.contract import EventStore
from modelward.kit.clock import require_span
from modelward.monitoring.columns import LABEL, LATENCY, PREDICTION, SCORE, scanned, title_of, with_label
from modelward.monitoring.joint import Watched, read_watched
from modelward.monitoring.monitor_settings import judged
from modelward.monitoring.segments import MOST_ROWS, MOST_SECONDS, before_of, require_few
from modelward.registry.tables import Model
from modelward.report.slices import MOST_ROWS as SAMPLED
from modelward.report.slices import slices_of
from modelward.rules.finding import plain

By = Literal["drift", "loss"]
_SEED = 0
_ROLES = {LABEL: "label", PREDICTION: "prediction", SCORE: "score"}


@dataclass(frozen=True)
class SlicesAsked:
    """A span of a model, and what is looked for in it."""

    watched: Watched
    by: By
    start: datetime
    end: datetime

    @property
    def before(self) -> tuple[datetime, datetime] | None:
        return before_of(self.watched.subject.reference, self.start, self.end)


def ask_for_slices(session: Session, model: Model, by: By, start: datetime, end: datetime) -> SlicesAsked:
    """What is needed to search a span.

    Raises:
        Invalid: the span ends before it begins, or the model has no events.
    """
    require_span(start, end)
    watched = read_watched(session, model.id)
    if watched is None:
        raise Invalid("There are no events yet that could be searched: send them with POST /api/v1/events.")
    return SlicesAsked(watched, by, start, end)


def slices_answer(
    store: EventStore, asked: SlicesAsked, *, most_rows: int = MOST_ROWS, most_seconds: float = MOST_SECONDS
) -> dict[str, Any]:
    """The slices that stand out, the strongest first; chance is judged over the whole search.

    Raises:
        Invalid: there are too many rows to be read while somebody waits, or no outcome is known that a loss needs.
    """
    model, drift = asked.watched.model, asked.by == "drift"
    spans = [(asked.start, asked.end), asked.before if drift else None]
    require_few(store, model.id, spans, most_rows)
    rng, gives_up = np.random.default_rng(_SEED), time.monotonic() + most_seconds
    current = _sampled(store.scan(model.id, asked.start, asked.end, _columns(asked)), asked, rng, gives_up)
    before = _sampled(_reference_rows(store, asked), asked, rng, gives_up) if drift else current.slice(0, 0)
    roles = {name: role for name, role in _ROLES.items() if name in current.column_names}
    if not drift and not _losses(current):
        raise Invalid(
            "A loss needs rows with an outcome and a prediction or a score, and this span has none: send outcomes with "
            "POST /api/v1/labels, or ask for slices by drift."
        )
    found = slices_of(before, current, current.column_names, roles, seed=_SEED)
    told = [one.to_dict() for one in found if one.kind == asked.by]
    return {
        "model_id": model.id,
        "model": model.key,
        "by": asked.by,
        "start": asked.start,
        "end": asked.end,
        "rows": current.num_rows,
        "rows_reference": before.num_rows if drift else None,
        "slices": plain([{**one, "conditions": _titled(one["conditions"])} for one in told]),
        "reason": _reason(asked, len(told), current.num_rows, before.num_rows),
    }


def _columns(asked: SlicesAsked) -> list[str]:
    return list(dict.fromkeys([*scanned(asked.watched.subject.columns), "label_number", "label_text"]))


def _reference_rows(store: EventStore, asked: SlicesAsked) -> Iterable[pa.RecordBatch]:
    model_id, reference = asked.watched.model_id, asked.watched.subject.reference
    if asked.before is not None:
        found: Iterable[pa.RecordBatch] = store.scan(model_id, *asked.before, _columns(asked))
        return found
    assert reference is not None
    rows: list[pa.RecordBatch] = store.fetch(model_id, sorted(reference.event_ids)).to_batches()
    return rows


def _sampled(
    batches: Iterable[pa.RecordBatch], asked: SlicesAsked, rng: np.random.Generator, gives_up: float
) -> pa.Table:
    """Rows drawn with equal chances, under the names of the profile; a row stays while its number is small enough."""
    kept: pa.Table | None = None
    drawn = np.empty(0)
    for batch in batches:
        if time.monotonic() > gives_up:
            raise Invalid("This span takes too long to search while somebody waits: ask for a shorter one.")
        table = _named(with_label(pa.Table.from_batches([batch]), asked.watched.subject.columns), asked)
        numbers = rng.random(table.num_rows)
        kept = table if kept is None else pa.concat_tables([kept, table])
        drawn = np.concatenate([drawn, numbers])
        if drawn.size > SAMPLED:
            chosen = np.sort(np.argpartition(drawn, SAMPLED)[:SAMPLED])
            kept, drawn = kept.take(pa.array(chosen)), drawn[chosen]
    return kept if kept is not None else pa.table({})


def _named(table: pa.Table, asked: SlicesAsked) -> pa.Table:
    columns = asked.watched.subject.columns
    wanted = [
        c for c in columns if c.key in _ROLES or (c.key != LATENCY and judged(asked.watched.subject.monitor, c.key))
    ]
    there = [column for column in wanted if column.source in table.column_names]
    return pa.table({column.key: table.column(column.source) for column in there})


def _losses(table: pa.Table) -> bool:
    """Whether any row has an outcome, and a prediction or a score."""
    known = [name for name in _ROLES if name in table.column_names and table.column(name).null_count < table.num_rows]
    return LABEL in known and len(known) > 1


def _titled(conditions: dict[str, str]) -> dict[str, str]:
    return {title_of(column): value for column, value in conditions.items()}


def _reason(asked: SlicesAsked, found: int, rows: int, before: int) -> str:
    against = f" against {before:,}" if asked.by == "drift" else ""
    if found:
        return f"{found:,} parts of {rows:,} sampled rows{against} stand out by {asked.by}, over the whole search"
    return f"no part of {rows:,} sampled rows{against} stands out by {asked.by}, over the whole search"
