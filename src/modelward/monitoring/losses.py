"""Changes inside a window: sequential detectors on the loss of each labelled event, in the order of time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelward.events.contract import EventStore
from modelward.monitoring.joint import Watched
from modelward.monitoring.joint_rows import Floats, Rows, read_rows
from modelward.rules.windows import Window
from modelward.stats import Change, adwin, page_hinkley
from modelward.stats.labels import named
from modelward.stats.outcome import BINARY, MULTICLASS, REGRESSION

MOST_ROWS = 20_000
"""Of a window with more labelled rows only the newest are looked at."""
_LARGEST = 10.0
"""A loss of a regression counts no more than so many usual ones, so that one wild row is no change."""
_COLUMNS = ("ts", "prediction", "score", "label_number", "label_text", "labelled_at")


def changes_in(store: EventStore, watched: Watched, window: Window) -> list[dict[str, Any]]:
    """The moments at which the loss of labelled events changed inside a window, and which detector saw them.

    The losses that are told are the mean absolute error of a regression, in the label's unit, the Brier score of two
    classes where there are probabilities, and the share of wrong predictions otherwise.
    """
    moments, losses = _losses(store, watched, window)
    if losses.size < watched.subject.monitor.minimum_rows:
        return []
    bounded = _bounded(losses) if watched.plan.task == REGRESSION else losses
    found = {"page_hinkley": page_hinkley(bounded).changes, "adwin": adwin(bounded).changes}
    return [_told(name, change, moments, losses) for name, changes in found.items() for change in sharpened(changes)]


def sharpened(changes: Sequence[Change]) -> list[Change]:
    """Changes without repetition: a detector that sees one change grow says so again, each time with a better moment
    for its beginning, before the time at which it was seen first.
    """
    kept: list[Change] = []
    for change in changes:
        if kept and kept[-1].rose == change.rose and change.since <= kept[-1].at:
            kept[-1] = kept[-1]._replace(since=change.since)
        else:
            kept.append(change)
    return kept


def _bounded(sizes: Floats) -> Floats:
    """The losses of a regression from 0 to 1, as detectors take them."""
    usual = float(np.median(sizes))
    bounded: Floats = np.minimum(sizes / usual, _LARGEST) / _LARGEST if usual > 0 else np.empty(0)
    return bounded


def _losses(store: EventStore, watched: Watched, window: Window) -> tuple[np.ndarray[Any, Any], Floats]:
    """The moments (microseconds of the epoch) and losses of the newest labelled rows, oldest first."""
    held: list[pa.RecordBatch] = []
    for batch in store.scan(watched.model_id, window.start, window.end, _columns(watched)):
        labelled = pc.is_valid(batch.column(batch.schema.get_field_index("labelled_at")))
        held.append(batch.filter(labelled))
        held = _newest(held)
    if not held:
        return np.empty(0, dtype=np.int64), np.empty(0)
    table = pa.Table.from_batches(held).sort_by("ts")
    rows = read_rows(table, watched.plan)
    losses = _loss(rows, watched)
    ticks = pc.cast(table.column("ts"), pa.int64()).to_numpy()
    kept = rows.known & np.isfinite(losses)
    return ticks[kept][-MOST_ROWS:], losses[kept][-MOST_ROWS:]


def _columns(watched: Watched) -> list[str]:
    return [*_COLUMNS, *(source for _, source in watched.plan.probabilities)]


def _newest(held: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """What was held, cut to the newest rows as soon as it is many times more than is needed."""
    if sum(batch.num_rows for batch in held) <= 4 * MOST_ROWS:
        return held
    table = pa.Table.from_batches(held)
    chosen = pc.select_k_unstable(table, MOST_ROWS, sort_keys=[("ts", "descending")])
    batches: list[pa.RecordBatch] = table.take(chosen).to_batches()
    return batches


def _loss(rows: Rows, watched: Watched) -> Floats:
    if watched.plan.task == MULTICLASS:
        truth, guess = named(rows.label), named(rows.predicted)
        names = [np.array([*side.classes, None], dtype=object)[side.codes] for side in (truth, guess)]
        wrong: Floats = (names[0] != names[1]).astype(np.float64)
        return wrong
    if watched.plan.task == BINARY:
        squares, errors = (rows.score - rows.label) ** 2, np.abs(rows.predicted - rows.label)
        losses: Floats = np.where(_probable(rows.score), squares, errors)
        return losses
    sizes: Floats = np.abs(rows.predicted - rows.label)
    return sizes


def _probable(score: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    inside: np.ndarray[Any, np.dtype[np.bool_]] = (score >= 0) & (score <= 1)
    return inside


def _told(detector: str, change: Change, moments: np.ndarray[Any, Any], losses: Floats) -> dict[str, Any]:
    since = min(change.since, losses.size - 1)
    before, after = losses[:since], losses[since : change.at + 1]
    return {
        "detector": detector,
        "since": _moment(moments[since]).isoformat(),
        "seen_at": _moment(moments[change.at]).isoformat(),
        "rose": change.rose,
        "loss_before": float(before.mean()) if before.size else None,
        "loss_after": float(after.mean()) if after.size else None,
        "rows": int(losses.size),
    }


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))
