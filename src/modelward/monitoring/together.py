"""All columns of a span together, and its vectors and texts: what no summary of a column shows, in a sample of rows.

The library's own comparison (`report/together.py`, `report/texts.py`) on at most 10,000 rows of each side, always drawn
by the same seed. Features that are lists of numbers have no column of their own, and are read from what is kept beside.
"""

import json
import time
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from modelward.errors import Invalid
from modelward.events.contract import EventStore
from modelward.monitoring.columns import LABEL, feature_key, title_of
from modelward.monitoring.raw_sample import RawSpan, beside, raw_span, rows_before, rows_of, sample
from modelward.monitoring.segments import MOST_ROWS, MOST_SECONDS, require_few
from modelward.registry.tables import Model
from modelward.report.compare import compare
from modelward.report.report import Report
from modelward.report.together import ROWS
from modelward.rules.finding import ColumnFinding
from modelward.rules.monitor import Monitor

_BESIDE = "overflow"
"""The column of the event store that keeps the features without a column, as JSON."""
_SEED = 0
NO_COLUMN = "is no number, name, truth value or list of numbers, or came after the 500th feature: kept, and not watched"


def ask_together(session: Session, model: Model, start: datetime, end: datetime) -> RawSpan:
    """What is needed to look at a span.

    Raises:
        Invalid: the span ends before it begins, or the model has no events.
    """
    return raw_span(session, model, start, end, _BESIDE)


def together_answer(
    store: EventStore, span: RawSpan, *, most_rows: int = MOST_ROWS, most_seconds: float = MOST_SECONDS
) -> dict[str, Any]:
    """The verdict on all columns together, and on every column of vectors and of texts.

    Raises:
        Invalid: there are too many rows to be read while somebody waits, or none on one of the sides.
    """
    model = span.watched.model
    require_few(store, model.id, [(span.start, span.end), span.before], most_rows)
    rng, gives_up = np.random.default_rng(_SEED), time.monotonic() + most_seconds
    sides = [
        sample(rows, span, rng, most=ROWS, gives_up=gives_up)
        for rows in (rows_before(store, span), rows_of(store, span))
    ]
    if not all(side.num_rows for side in sides):
        raise Invalid("This span, or what it is held against, holds no event: ask for one that does.")
    (before, strange), (now, stranger) = map(_unfolded, sides)
    report = compare(before, now, config=_plain(span.watched.subject.monitor), multivariate=True, seed=_SEED)
    assert report.together is not None
    columns = [_told(finding) for finding in _beside_windows(report, now)]
    not_watched = dict.fromkeys(sorted(strange | stranger), NO_COLUMN) | dict(report.left_out)
    return {
        "model_id": model.id,
        "model": model.key,
        "start": span.start,
        "end": span.end,
        "rows": now.num_rows,
        "rows_reference": before.num_rows,
        "together": _titled(report.together.to_dict()),
        "columns": columns,
        "not_watched": {title_of(name): reason for name, reason in not_watched.items()},
    }


def _plain(monitor: Monitor) -> Monitor:
    """The monitor without what is named for single columns: those have their verdicts by window."""
    return replace(monitor, tests={}, thresholds={}, column_bins={}, labels=frozenset())


def _unfolded(side: pa.Table) -> tuple[pa.Table, set[str]]:
    """The rows with a column for each feature that is a list of numbers, and without the outcome; and what else is kept
    beside the columns.
    """
    rows = _features(side)
    kept = side.drop_columns([name for name in (beside(_BESIDE), LABEL) if name in side.column_names])
    vectors = {name for row in rows for name, value in row.items() if _is_vector(value)} - set(kept.column_names)
    for name in sorted(vectors):
        values = [row[name] if _is_vector(row.get(name)) else None for row in rows]
        kept = kept.append_column(name, pa.array(values, pa.list_(pa.float64())))
    return kept, {name for row in rows for name in row} - vectors


def _features(side: pa.Table) -> list[dict[str, Any]]:
    """The features without a column, by their keys. Whole numbers may have more digits than an integer can."""
    if beside(_BESIDE) not in side.column_names:
        return []
    texts = side.column(beside(_BESIDE)).to_pylist()
    parsed = (json.loads(text, parse_int=float) if text else {} for text in texts)
    return [{feature_key(name): value for name, value in row.items()} for row in parsed]


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(part) is float for part in value)


def _beside_windows(report: Report, now: pa.Table) -> list[ColumnFinding]:
    """The findings of columns that windows do not judge: vectors, and what was derived from texts."""
    vectors = {field.name for field in now.schema if pa.types.is_list(field.type)}
    return [
        finding for finding in report.columns if finding.column in vectors or finding.column not in now.column_names
    ]


def _told(finding: ColumnFinding) -> dict[str, Any]:
    return {**finding.to_dict(), "column": title_of(finding.column)}


def _titled(joint: dict[str, Any]) -> dict[str, Any]:
    for name in ("domain_classifier", "pca_reconstruction"):
        if joint[name]:
            joint[name]["columns"] = [{**one, "column": title_of(one["column"])} for one in joint[name]["columns"]]
    return joint
