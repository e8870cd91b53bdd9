"""A regression without its outcomes: what the features of a window say of the size of its errors.

What predicts the losses is learned from raw rows of the basis and kept in the memory of the worker alone, because a
fitted model is a program: one that was read from a database would be believed whatever it does. Windows are looked at
in their raw rows too; what was estimated of one is kept with it, and taken again while its rows stay the same.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from modelward.errors import Unavailable
from modelward.events.contract import EventStore
from modelward.monitoring.columns import SPECIAL
from modelward.monitoring.joint import Watched
from modelward.monitoring.joint_rows import numbers
from modelward.monitoring.joint_store import Span
from modelward.monitoring.window_profiles import moment
from modelward.report.direct_loss import MOST_ROWS, DirectLoss, learn_losses
from modelward.rules.concept_drift import usual_gap
from modelward.rules.outcome_metrics import Estimate
from modelward.rules.window_spans import WindowSpans
from modelward.rules.windows import Window
from modelward.stats.arrays import F64, I64
from modelward.stats.estimated_losses import ABSOLUTE

_KEPT = 16
_MOST_FEATURES = 100
_learned: OrderedDict[tuple[Any, ...], DirectLoss | str] = OrderedDict()


def learned_losses(
    store: EventStore, watched: Watched, spans: Sequence[Span], labelled: int, *, kind: str | None = None
) -> DirectLoss | str:
    """What predicts the losses of a regression, learned on these spans; or the sentence that says why nothing does.

    Rows of one window, of the model's first kind unless another is named, are held out together.
    """
    kind = kind or watched.windows.first_kind
    key = (watched.model_id, watched.plan.recipe, tuple(spans), labelled, kind)
    if key not in _learned:
        _learned[key] = _learn(store, watched, spans, kind)
        while len(_learned) > _KEPT:
            _learned.popitem(last=False)
    return _learned[key]


def estimate_window(store: EventStore, watched: Watched, window: Window, learned: DirectLoss | str) -> Estimate:
    """What the metrics of a window are expected to be, from 10,000 of its rows at most."""
    if isinstance(learned, str):
        return Estimate(reason=learned)
    rows = _drawn(store, watched, [(window.start, window.end)], labelled=False)
    if rows is None:
        return Estimate(reason="the raw rows of this window are gone")
    return Estimate(learned.estimate(_features(rows, watched), numbers(rows.column("prediction"))))


def usual_gap_of(learned: DirectLoss, days: I64, least: int) -> float:
    """What truth and estimate differ by on the windows of the basis, each expected by a model of the others."""
    real, expected = learned.losses[ABSOLUTE], learned.out_of_fold[ABSOLUTE]
    whole = [days == day for day in np.unique(days) if np.count_nonzero(days == day) >= least]
    gaps = [float(real[rows].mean() - expected[rows].mean()) for rows in whole]
    return usual_gap(gap for gap in gaps if not np.isnan(gap))


def gaps_of_basis(
    store: EventStore, watched: Watched, spans: Sequence[Span], labelled: int, *, kind: str
) -> tuple[float, str]:
    """The usual gap of the mean absolute error in windows of a kind, and why there is no estimate, if so."""
    learned = learned_losses(store, watched, spans, labelled, kind=kind)
    if isinstance(learned, str):
        return 0.0, learned
    return usual_gap_of(learned, learned.groups, min(50, watched.subject.monitor.minimum_rows)), ""


def _learn(store: EventStore, watched: Watched, spans: Sequence[Span], kind: str) -> DirectLoss | str:
    rows = _drawn(store, watched, [(moment(span.start), moment(span.end)) for span in spans], labelled=True)
    if rows is None:
        return "no row of the reference has an outcome, so that nobody knows how wrong predictions are"
    predicted, label = numbers(rows.column("prediction")), numbers(rows.column("label_number"))
    groups = _windows(rows, kind, watched.windows.time_zone)
    try:
        return learn_losses(_features(rows, watched), predicted, label, groups=groups)
    except (Unavailable, ValueError) as error:
        return str(error)


def _windows(rows: pa.Table, kind: str, zone: str) -> I64:
    """The window of each row by its number."""
    known: dict[datetime, int] = {}
    cut = WindowSpans.of(kind, zone).window_of
    starts = [cut(ts).start for ts in rows.column("ts").to_pylist()]
    return np.array([known.setdefault(start, len(known)) for start in starts], dtype=np.int64)


def _drawn(
    store: EventStore, watched: Watched, ranges: Iterable[tuple[datetime, datetime]], *, labelled: bool
) -> pa.Table | None:
    """At most 10,000 rows by chance, oldest first: every row is given a number, and those with the least are drawn.

    The numbers follow from the rows' order, in which a store gives them; a window looked at twice may draw others.
    """
    rng = np.random.default_rng(0)
    columns = ["ts", "prediction", *_sources(watched), "label_number"]
    parts: list[pa.Table] = []
    for start, end in ranges:
        for batch in store.scan(watched.model_id, start, end, columns):
            table = pa.Table.from_batches([batch])
            wanted = ["prediction", "label_number"] if labelled else ["prediction"]
            there = np.logical_and.reduce([~np.isnan(numbers(table.column(name))) for name in wanted])
            lot = pa.array(rng.random(table.num_rows))
            parts.append(table.append_column("lot", lot).filter(pa.array(there)))
            if sum(part.num_rows for part in parts) > 4 * MOST_ROWS:
                parts = [_least(parts)]
    drawn = _least(parts) if parts else None
    return drawn.sort_by("ts") if drawn is not None and drawn.num_rows else None


def _least(parts: list[pa.Table]) -> pa.Table:
    table = pa.concat_tables(parts)
    return table if table.num_rows <= MOST_ROWS else table.sort_by("lot").slice(0, MOST_ROWS)


def _sources(watched: Watched) -> list[str]:
    """The columns of the features, the first hundred of them."""
    return [column.source for column in watched.subject.columns if column.key not in SPECIAL][:_MOST_FEATURES]


def _features(rows: pa.Table, watched: Watched) -> dict[str, npt.NDArray[Any]]:
    return {source: _feature(rows.column(source)) for source in _sources(watched)}


def _feature(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    if pa.types.is_string(column.type):
        return np.array([*column.to_pylist(), None], dtype=object)[:-1]
    found: F64 = numbers(column)
    return found
