"""The parts of a model's rows over a span, by one of its columns, each held against the same part of the reference.

Parts of a declared segment are kept, and merged here. Those of any other column come from raw rows, which always say
what is there now; in exchange the span is bounded, in rows and in seconds. The reference's rows are those it was made
from. Of one that came as a file only the profile is kept: then the span is held against the one just before it, and the
answer says so.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

import pyarrow as pa
from sqlalchemy.orm import Session

from modelward.errors import Invalid
from modelward.events.contract import EventStore
from modelward.kit.clock import require_span
from modelward.monitoring.columns import title_of, with_label
from modelward.monitoring.joint import Watched, read_watched
from modelward.monitoring.joint_store import Span
from modelward.monitoring.judge import compare_with_reference
from modelward.monitoring.payload import merge_profiles, restricted
from modelward.monitoring.profiling import ProfiledColumn
from modelward.monitoring.rebuild import CHUNK_ROWS, chunks
from modelward.monitoring.seasonal import season_spans
from modelward.monitoring.segment_kept import kept_parts
from modelward.monitoring.segment_parts import Part, columns_scanned, divided, together
from modelward.monitoring.segment_plan import DividedBy, SegmentPlan, dividing
from modelward.monitoring.segment_store import Parts
from modelward.monitoring.segment_yardsticks import Yardsticks, yardsticks_of_span
from modelward.monitoring.segmented import Segmented
from modelward.monitoring.subject import Reference
from modelward.monitoring.why import context_of, explained
from modelward.monitoring.window_profiles import moment, seconds, whole_buckets, window_profile
from modelward.registry.tables import Model
from modelward.rules.finding import Comparison, plain
from modelward.rules.monitor import Monitor
from modelward.rules.segment_ranking import ranked_by_loss, ranking_json
from modelward.rules.segments import compare_segments, cut_of
from modelward.stats import Outcome, Profile

MOST_ROWS = 2_000_000
MOST_SECONDS = 20.0


@dataclass(frozen=True)
class Asked:
    """What is to be divided: a model's rows of a span, by one of its columns.

    `kept` are the parts of the span and of the reference, where the segment is declared and they are kept. Otherwise
    `before` is the span that the rows of the other side come from; None where these are the reference's own events.
    `yardsticks` are what the reference's own windows say, where the span is one of the model's windows.
    """

    found: Segmented
    by: DividedBy
    reference: Reference | None
    start: datetime
    end: datetime
    compares: bool = True
    kept: tuple[Parts, Parts] | None = None
    yardsticks: Yardsticks | None = None

    @property
    def model(self) -> Model:
        return self.found.watched.model

    @property
    def monitor(self) -> Monitor:
        return self.found.watched.subject.monitor

    @property
    def declared(self) -> bool:
        return self.by.name in self.monitor.segments

    @property
    def before(self) -> tuple[datetime, datetime] | None:
        return before_of(self.reference, self.start, self.end)


def before_of(reference: Reference | None, start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    """The span whose rows a span is held against; None where these are the reference's own first events."""
    if reference is not None and reference.event_ids:
        return None
    if reference is not None and reference.source == "window" and reference.starts_at and reference.ends_at:
        return reference.starts_at, reference.ends_at
    return start - (end - start), start


def ask(
    session: Session, model: Model, column: str | None, start: datetime, end: datetime, *, compares: bool = True
) -> Asked:
    """What is needed to divide a span of a model; where no column is named, by the first one declared.

    `compares` off asks for the span's own parts alone, for which no reference is needed.

    Raises:
        Invalid: the span ends before it begins, the model has no such column, or there is no reference yet.
    """
    require_span(start, end)
    watched = read_watched(session, model.id)
    if watched is None:
        raise Invalid("There are no events yet that could be divided: send them with POST /api/v1/events.")
    declared = watched.subject.monitor.segments
    if column is None and not declared:
        raise Invalid("Say by which column the rows are to be divided, or declare segments in the monitor's settings.")
    reference = watched.subject.reference
    if reference is None and compares:
        raise Invalid("There is no reference yet to hold segments against: upload one, or name a window of events.")
    by = _column(watched.subject.columns, column or declared[0])
    if by.sent_as in declared and (kept := kept_parts(session, model.id, by.sent_as, start, end, compares=compares)):
        known = yardsticks_of_span(session, kept.found, Span(seconds(start), seconds(end))) if compares else None
        return Asked(kept.found, kept.by, reference, start, end, compares, (kept.current, kept.reference), known)
    cut = _cut(session, watched, by, start, end)
    return Asked(Segmented(watched, None, SegmentPlan((cut,), watched.plan)), cut, reference, start, end, compares)


def segments_answer(
    store: EventStore, asked: Asked, *, most_rows: int = MOST_ROWS, most_seconds: float = MOST_SECONDS
) -> dict[str, Any]:
    """The verdict on every segment of the span, and why.

    Raises:
        Invalid: there are too many rows to be divided while somebody waits.
    """
    current, reference = sides_of(store, asked, most_rows=most_rows, most_seconds=most_seconds)
    before, now = (_profiles(asked, side) for side in (reference, current))
    whole = _whole(asked, before, now)
    judged = {finding.column for finding in whole.columns} | {asked.by.cut.column}
    before, now = ({name: restricted(part, judged) for name, part in side.items()} for side in (before, now))
    known = asked.yardsticks.of(asked.by, {*before, *now}) if asked.yardsticks else {}
    found = compare_segments(asked.by.cut.column, before, now, whole, asked.monitor, calibrations=known)
    all_before, all_now = merge_profiles(before.values()), merge_profiles(now.values())
    context = context_of(asked.model, since={}, segments=found)
    return {
        "model_id": asked.model.id,
        "model": asked.model.key,
        **plain(found.to_dict()),
        "column": title_of(asked.by.cut.column),
        "declared": asked.declared,
        "kept": asked.kept is not None,
        "edges": asked.by.cut.edges,
        "start": asked.start,
        "end": asked.end,
        "rows": all_now.rows,
        "reference": told_reference(asked, all_before.rows),
        "whole": {"verdict": whole.verdict.value, "reason": whole.reason},
        "why": explained(whole, all_before, all_now, context),
        "ranking": ranking_json(ranked_by_loss(_outcomes(asked, current), asked.found.plan.joint.task)),
    }


def sides_of(
    store: EventStore, asked: Asked, *, most_rows: int = MOST_ROWS, most_seconds: float = MOST_SECONDS
) -> tuple[Parts, Parts]:
    """The parts of the span, and those of the reference: as they are kept, else from raw rows.

    Raises:
        Invalid: there are too many rows to be divided while somebody waits.
    """
    if asked.kept is not None:
        return asked.kept
    require_few(store, asked.model.id, [(asked.start, asked.end), asked.before if asked.compares else None], most_rows)
    gives_up = time.monotonic() + most_seconds
    current = _divided(store.scan(asked.model.id, asked.start, asked.end, _scanned(asked)), asked, gives_up)
    if not asked.compares:
        return current, {}
    return current, _divided(_reference_rows(store, asked), asked, gives_up)


def require_few(store: EventStore, model_id: int, spans: Iterable[tuple[datetime, datetime] | None], most: int) -> None:
    """Refuse spans that hold too many events to be read while somebody waits."""
    rows = sum(store.count(model_id, *span) for span in spans if span)
    if rows > most:
        raise Invalid(
            f"The span and its reference hold {rows:,} events, and at most {most:,} are divided while somebody waits: "
            "ask for a shorter span."
        )


def told_reference(asked: Asked, rows: int) -> dict[str, Any]:
    """What the segments were held against, in words too."""
    span = asked.before
    assert asked.reference is not None
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


def _column(columns: Sequence[ProfiledColumn], name: str) -> ProfiledColumn:
    known = [column for column in columns if dividing(column)]
    found = next((column for column in known if column.sent_as == name), None)
    if found is None:
        names = ", ".join(column.sent_as for column in known[:10]) or "none yet"
        raise Invalid(f"The model has no column {name!r} to divide by; it has {names}.")
    return found


def _cut(session: Session, watched: Watched, by: ProfiledColumn, start: datetime, end: datetime) -> DividedBy:
    begins = whole_buckets(session, watched.model_id, start)
    now = window_profile(session, model_id=watched.model_id, start=begins, end=end, columns=[by.key]).columns.get(
        by.key
    )
    reference = watched.subject.reference
    known = (reference.profile.columns.get(by.key) if reference else None) or now
    if known is None or not known.count:
        raise Invalid(f"There is no value of {by.sent_as!r} to divide by, neither in the reference nor in this span.")
    edges = watched.subject.monitor.segment_edges.get(by.sent_as)
    return DividedBy(by.sent_as, by.source, cut_of(by.key, known, now, edges))


def _scanned(asked: Asked) -> list[str]:
    return columns_scanned(asked.found.watched.subject.columns, [asked.by], asked.found.plan.joint)


def _reference_rows(store: EventStore, asked: Asked) -> Iterator[pa.RecordBatch]:
    assert asked.reference is not None
    if asked.before is not None:
        spans = [asked.before]
        if asked.reference.source == "window":
            length = asked.found.watched.subject.activity.bucket_seconds
            found = season_spans(asked.monitor, asked.reference, asked.start, asked.end, length)
            spans = [_within(moment(low), moment(high), asked.before) for low, high in found]
        return chain.from_iterable(store.scan(asked.model.id, *span, _scanned(asked)) for span in spans)
    return iter(store.fetch(asked.model.id, sorted(asked.reference.event_ids)).to_batches())


def _within(start: datetime, end: datetime, bounds: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    return max(start, bounds[0]), min(end, bounds[1])


def _divided(batches: Iterable[pa.RecordBatch], asked: Asked, gives_up: float) -> Parts:
    """Each part, in bounded memory."""
    columns, plan = asked.found.watched.subject.columns, asked.found.plan.joint
    parts: defaultdict[tuple[str, str], list[Part]] = defaultdict(list)
    for chunk in chunks(batches, CHUNK_ROWS):
        if time.monotonic() > gives_up:
            raise Invalid("This span takes too long to divide while somebody waits: ask for a shorter one.")
        for key, part in divided(with_label(chunk, columns), [asked.by], columns, plan):
            parts[key].append(part)
    return {key: together(some) for key, some in parts.items()}


def parts_named(parts: Parts, segment: str) -> dict[str, Part]:
    """The parts of one segment, by value."""
    return {value: part for (name, value), part in parts.items() if name == segment}


def _profiles(asked: Asked, parts: Parts) -> dict[str, Profile]:
    return {value: part.profile for value, part in parts_named(parts, asked.by.name).items()}


def _outcomes(asked: Asked, parts: Parts) -> dict[str, Outcome]:
    known = {value: part.outcome for value, part in parts_named(parts, asked.by.name).items()}
    return {value: outcome for value, outcome in known.items() if outcome is not None}


def _whole(asked: Asked, reference: Mapping[str, Profile], current: Mapping[str, Profile]) -> Comparison:
    """All segments together, so that it can be said which of them carry the drift."""
    before, now = (merge_profiles(side.values()) for side in (reference, current))
    assert asked.reference is not None
    calibration = asked.yardsticks.whole if asked.yardsticks else None
    return compare_with_reference(asked.monitor, replace(asked.reference, profile=before), now, calibration)
