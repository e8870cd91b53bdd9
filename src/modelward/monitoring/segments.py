"""The segments of a model over a span, from its raw rows, each held against the same segment of the reference.

Raw rows always say what is there now, so that no profile of a segment has to be kept exact; in exchange the span is
bounded, in rows and in seconds. The reference's rows are those it was made from. Of one that came as a file only the
profile is kept: then the span is held against the one just before it, and the answer says so.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy.orm import Session

from modelward.errors import Invalid
from modelward.events.contract import EventStore
from modelward.monitoring.columns import PREDICTION, SPECIAL, profiled_columns, scanned, title_of, with_label
from modelward.monitoring.judge import compare_with_reference
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.payload import merge_profiles, restricted
from modelward.monitoring.profiling import ProfiledColumn, profile_of
from modelward.monitoring.rebuild import CHUNK_ROWS, chunks
from modelward.monitoring.subject import Reference, read_reference
from modelward.monitoring.why import context_of, explained
from modelward.monitoring.window_profiles import whole_buckets, window_profile
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.report.segment_rows import rows_by_segment
from modelward.rules.finding import Comparison, plain
from modelward.rules.monitor import Monitor
from modelward.rules.segments import Cut, compare_segments, cut_of
from modelward.stats import Profile

MOST_ROWS = 2_000_000
MOST_SECONDS = 20.0


@dataclass(frozen=True)
class Asked:
    """What is to be divided: a model's rows of a span, by one of its columns.

    `before` is the span that the rows of the other side come from; None where these are the reference's own events.
    """

    model: Model
    monitor: Monitor
    columns: tuple[ProfiledColumn, ...]
    by: ProfiledColumn
    cut: Cut
    reference: Reference
    start: datetime
    end: datetime

    @property
    def before(self) -> tuple[datetime, datetime] | None:
        reference = self.reference
        if reference.event_ids:
            return None
        if reference.source == "window" and reference.starts_at and reference.ends_at:
            return reference.starts_at, reference.ends_at
        return self.start - (self.end - self.start), self.start


def ask(session: Session, model: Model, column: str | None, start: datetime, end: datetime) -> Asked:
    """What is needed to divide a span of a model; where no column is named, by the first one declared.

    Raises:
        Invalid: the span ends before it begins, the model has no such column, or there is no reference yet.
    """
    if end <= start:
        raise Invalid("The span must end after it begins.")
    monitor, columns = monitor_of(model), profiled_columns(session, model.id)
    if column is None and not monitor.segments:
        raise Invalid("Say by which column the rows are to be divided, or declare segments in the monitor's settings.")
    reference = read_reference(session, current_baseline(session, model.id))
    if reference is None:
        raise Invalid("There is no reference yet to hold segments against: upload one, or name a window of events.")
    by = _column(columns, column or monitor.segments[0])
    begins = whole_buckets(session, model.id, start)
    now = window_profile(session, model_id=model.id, start=begins, end=end, columns=[by.key]).columns.get(by.key)
    known = reference.profile.columns.get(by.key) or now
    if known is None or not known.count:
        raise Invalid(f"There is no value of {by.sent_as!r} to divide by, neither in the reference nor in this span.")
    cut = cut_of(by.key, known, now, monitor.segment_edges.get(by.sent_as))
    return Asked(model, monitor, columns, by, cut, reference, start, end)


def segments_answer(
    store: EventStore, asked: Asked, *, most_rows: int = MOST_ROWS, most_seconds: float = MOST_SECONDS
) -> dict[str, Any]:
    """The verdict on every segment of the span, and why.

    Raises:
        Invalid: there are too many rows to be divided while somebody waits.
    """
    _require_few(store, asked, most_rows)
    gives_up = time.monotonic() + most_seconds
    current = _divided(store.scan(asked.model.id, asked.start, asked.end, _scanned(asked)), asked, gives_up)
    reference = _divided(_reference_rows(store, asked), asked, gives_up)
    whole = _whole(asked, reference, current)
    judged = {finding.column for finding in whole.columns} | {asked.by.key}
    before, now = ({name: restricted(part, judged) for name, part in side.items()} for side in (reference, current))
    found = compare_segments(asked.by.key, before, now, whole, asked.monitor)
    all_before, all_now = merge_profiles(before.values()), merge_profiles(now.values())
    context = context_of(asked.model, since={}, segments=found)
    return {
        "model_id": asked.model.id,
        "model": asked.model.key,
        **plain(found.to_dict()),
        "column": title_of(asked.by.key),
        "declared": asked.by.sent_as in asked.monitor.segments,
        "edges": asked.cut.edges,
        "start": asked.start,
        "end": asked.end,
        "rows": all_now.rows,
        "reference": _told(asked, all_before.rows),
        "whole": {"verdict": whole.verdict.value, "reason": whole.reason},
        "why": explained(whole, all_before, all_now, context),
    }


def _column(columns: Sequence[ProfiledColumn], name: str) -> ProfiledColumn:
    dividing = [column for column in columns if column.key not in SPECIAL or column.key == PREDICTION]
    found = next((column for column in dividing if column.sent_as == name), None)
    if found is None:
        known = ", ".join(column.sent_as for column in dividing[:10]) or "none yet"
        raise Invalid(f"The model has no column {name!r} to divide by; it has {known}.")
    return found


def _require_few(store: EventStore, asked: Asked, most: int) -> None:
    spans = [(asked.start, asked.end), *([asked.before] if asked.before else [])]
    rows = sum(store.count(asked.model.id, *span) for span in spans)
    if rows > most:
        raise Invalid(
            f"The span and its reference hold {rows:,} events, and at most {most:,} are divided while somebody waits: "
            "ask for a shorter span."
        )


def _scanned(asked: Asked) -> list[str]:
    return scanned(asked.columns)


def _reference_rows(store: EventStore, asked: Asked) -> Iterator[pa.RecordBatch]:
    if asked.before is not None:
        return iter(store.scan(asked.model.id, *asked.before, _scanned(asked)))
    return iter(store.fetch(asked.model.id, sorted(asked.reference.event_ids)).to_batches())


def _divided(batches: Iterable[pa.RecordBatch], asked: Asked, gives_up: float) -> dict[str, Profile]:
    """The profile of each segment, in bounded memory."""
    parts: defaultdict[str, list[Profile]] = defaultdict(list)
    for chunk in chunks(batches, CHUNK_ROWS):
        if time.monotonic() > gives_up:
            raise Invalid("This span takes too long to divide while somebody waits: ask for a shorter one.")
        table = with_label(chunk, asked.columns)
        for name, rows in rows_by_segment(table.column(asked.by.source), asked.cut):
            parts[name].append(profile_of(table.take(rows), asked.columns))
    return {name: merge_profiles(some) for name, some in parts.items()}


def _whole(asked: Asked, reference: Mapping[str, Profile], current: Mapping[str, Profile]) -> Comparison:
    """All segments together, so that it can be said which of them carry the drift."""
    before, now = (merge_profiles(side.values()) for side in (reference, current))
    return compare_with_reference(asked.monitor, replace(asked.reference, profile=before), now)


def _told(asked: Asked, rows: int) -> dict[str, Any]:
    """What the segments were held against, in words too."""
    span = asked.before
    if asked.reference.event_ids:
        said = "the first events, of which the reference was made"
    elif asked.reference.source == "window":
        said = "the reference's own events"
    else:
        said = "the span just before: of a reference from a file only the profile is kept, and not by segment"
    return {
        "id": asked.reference.id,
        "rows": rows,
        "start": span[0] if span else asked.reference.starts_at,
        "end": span[1] if span else asked.reference.ends_at,
        "reason": f"held against {said}",
    }
