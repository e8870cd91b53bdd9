"""Slices of a model's rows, found automatically: where drift or loss concentrates, in a sample of a span's raw rows.

The library's own search (`report/slices.py`), on at most 20,000 rows of each side: every row of the span has the same
chance to be among them, and the seed is always the same, so that the same rows give the same answer.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from modelward.errors import Invalid
from modelward.events.contract import EventStore
from modelward.monitoring.columns import LABEL, title_of
from modelward.monitoring.raw_sample import ROLES, RawSpan, raw_span, rows_before, rows_of, sample
from modelward.monitoring.segments import MOST_ROWS, MOST_SECONDS, require_few
from modelward.registry.tables import Model
from modelward.report.slices import MOST_ROWS as SAMPLED
from modelward.report.slices import slices_of
from modelward.rules.finding import plain

By = Literal["drift", "loss"]
_SEED = 0


@dataclass(frozen=True)
class SlicesAsked:
    """A span of a model, and what is looked for in it."""

    span: RawSpan
    by: By


def ask_for_slices(session: Session, model: Model, by: By, start: datetime, end: datetime) -> SlicesAsked:
    """What is needed to search a span.

    Raises:
        Invalid: the span ends before it begins, or the model has no events.
    """
    return SlicesAsked(raw_span(session, model, start, end), by)


def slices_answer(
    store: EventStore, asked: SlicesAsked, *, most_rows: int = MOST_ROWS, most_seconds: float = MOST_SECONDS
) -> dict[str, Any]:
    """The slices that stand out, the strongest first; chance is judged over the whole search.

    Raises:
        Invalid: there are too many rows to be read while somebody waits, or no outcome is known that a loss needs.
    """
    span, model, drift = asked.span, asked.span.watched.model, asked.by == "drift"
    require_few(store, model.id, [(span.start, span.end), span.before if drift else None], most_rows)
    rng, gives_up = np.random.default_rng(_SEED), time.monotonic() + most_seconds
    current = sample(rows_of(store, span), span, rng, most=SAMPLED, gives_up=gives_up)
    before = current.slice(0, 0)
    if drift:
        before = sample(rows_before(store, span), span, rng, most=SAMPLED, gives_up=gives_up)
    roles = {name: role for name, role in ROLES.items() if name in current.column_names}
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
        "start": span.start,
        "end": span.end,
        "rows": current.num_rows,
        "rows_reference": before.num_rows if drift else None,
        "slices": plain([{**one, "conditions": _titled(one["conditions"])} for one in told]),
        "reason": _reason(asked, len(told), current.num_rows, before.num_rows),
    }


def _losses(table: pa.Table) -> bool:
    """Whether any row has an outcome, and a prediction or a score."""
    known = [name for name in ROLES if name in table.column_names and table.column(name).null_count < table.num_rows]
    return LABEL in known and len(known) > 1


def _titled(conditions: dict[str, str]) -> dict[str, str]:
    return {title_of(column): value for column, value in conditions.items()}


def _reason(asked: SlicesAsked, found: int, rows: int, before: int) -> str:
    against = f" against {before:,}" if asked.by == "drift" else ""
    if found:
        return f"{found:,} parts of {rows:,} sampled rows{against} stand out by {asked.by}, over the whole search"
    return f"no part of {rows:,} sampled rows{against} stands out by {asked.by}, over the whole search"
