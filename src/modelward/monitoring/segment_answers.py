"""The JSON of every statistic for one value of a segment: from the parts that are kept, else from raw rows.

A declared segment has a history by window too; chance is judged over all its values together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.errors import Invalid
from modelward.events.contract import EventStore
from modelward.monitoring import queries
from modelward.monitoring.answers import head, told_drift
from modelward.monitoring.columns import SPECIAL, title_of
from modelward.monitoring.describe import describe
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.performance import performance_of
from modelward.monitoring.quality import span_quality
from modelward.monitoring.schemas import PartAsked
from modelward.monitoring.segment_judge import compared_parts, expected_of, fairness_values, groups_of, told_performance
from modelward.monitoring.segment_parts import NOTHING, Part
from modelward.monitoring.segment_store import Parts
from modelward.monitoring.segment_tables import SegmentWindow
from modelward.monitoring.segments import Asked, ask, parts_named, sides_of, told_reference
from modelward.registry.tables import Model
from modelward.rules.outcome_json import fairness_json
from modelward.rules.outcome_metrics import estimated, measured, told
from modelward.rules.windows import Window

MOST_WINDOWS = 400
_SHOWN = 10

Answer = dict[str, Any]


@dataclass(frozen=True)
class PartRead:
    """The part, the same part of the reference, and all parts of both, for what is judged as one family."""

    asked: Asked
    value: str
    part: Part
    before: Part
    current: Parts
    reference: Parts

    @property
    def told(self) -> Answer:
        """What was asked, as JSON."""
        by = self.asked.by
        known = {"segment": by.name, "value": self.value, "declared": self.asked.declared}
        return {**known, "kept": self.asked.kept is not None, "start": self.asked.start, "end": self.asked.end}

    @property
    def window(self) -> Window:
        """The span as a window."""
        return Window("span", self.asked.start, self.asked.end)


def part_drift(session: Session, store: EventStore, model: Model, wanted: PartAsked) -> Answer:
    """One value held against the same value of the reference, in the shape of the model's own drift."""
    read = _read(session, store, model, wanted)
    compared, small = compared_parts(read.asked.found, read.reference, read.current, read.asked.yardsticks)
    key = (wanted.segment, wanted.value)
    rest = {
        **read.told,
        "window": {"kind": "span", "start": read.asked.start, "end": read.asked.end, "closed": None},
        "rows_reference": read.before.profile.rows,
        "rows_current": read.part.profile.rows,
        "reference": told_reference(read.asked, read.before.profile.rows),
        "windows": history(session, read, ("verdict", "reason", "psi", "columns")),
    }
    if key not in compared:
        too_few = told_drift([], drifted=False, verdict="too_few", reason=small.get(key, "there are no rows"))
        return {**head(model), **too_few, **rest}
    comparison = compared[key]
    wire = comparison.to_dict()
    said = told_drift(wire["columns"], drifted=comparison.drifted, verdict=wire["verdict"], reason=comparison.reason)
    return {**head(model), **wire, **said, **rest}


def part_quality(session: Session, store: EventStore, model: Model, wanted: PartAsked) -> Answer:
    """What is wrong with the data of one value."""
    read = _read(session, store, model, wanted)
    held = read.asked.reference
    known = None if held is None else replace(held, profile=read.before.profile, rows=read.before.profile.rows)
    found = span_quality(
        session, model_id=model.id, monitor=read.asked.monitor, reference=known, profile=read.part.profile
    )
    findings = [{**one.to_dict(), "column": title_of(one.column) if one.column else None} for one in found.alarming]
    return {
        **head(model),
        **read.told,
        "rows": read.part.profile.rows,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "findings": findings,
        "reference": told_reference(read.asked, read.before.profile.rows),
        "windows": history(session, read, ("quality",)),
    }


def part_performance(session: Session, store: EventStore, model: Model, wanted: PartAsked) -> Answer:
    """Whether the model is right about one value: measured, and estimated by the curve of the whole model.

    The standard is what this very value showed on the rows that are the model's standard.
    """
    read = _read(session, store, model, wanted, compares=False)
    outcome, plan = read.part.outcome, read.asked.found.plan.joint
    answer = {**head(model), **read.told, "kind": read.asked.found.watched.windows.kind, "task": plan.task}
    windows = history(session, read, ("performance",))
    if outcome is None:
        return {**answer, "verdict": "no_labels", "reason": "there are no rows", "span": None, "windows": windows}
    yard = expected_of(session, read.asked.found).among(read.current).of((wanted.segment, wanted.value))
    estimate = estimated(outcome, plan.task, yard.calibration)
    made = told_performance(performance_of(read.window, outcome, yard, estimate, closed=True))
    figures = told(outcome, measured(outcome, plan.task), estimate)
    coverage = outcome.labelled / outcome.rows if outcome.rows else 0.0
    span = {"rows": outcome.rows, "labelled": outcome.labelled, "coverage": coverage, **figures}
    said = {name: made[name] for name in ("verdict", "reason", "state", "metric", "standards")}
    return {**answer, **said, "span": span, "windows": windows}


def part_fairness(session: Session, store: EventStore, model: Model, wanted: PartAsked) -> Answer:
    """Whether groups are treated alike within one value."""
    read = _read(session, store, model, wanted, compares=False)
    found, monitor = read.asked.found, read.asked.monitor
    judged = fairness_values(found, read.window, read.part, closed=True, looks=groups_of(found, read.current))
    attributes = [
        {**entry, **fairness_json(read.part.joint[entry["attribute"]], monitor)}  # type: ignore[arg-type]
        for entry in judged
    ]
    return {
        **head(model),
        **read.told,
        "limit": monitor.fairness_limit,
        "minimum_group": monitor.minimum_group,
        "attributes": attributes,
        "windows": history(session, read, ("fairness",)),
    }


def part_metrics(session: Session, store: EventStore, model: Model, wanted: PartAsked) -> Answer:
    """Statistics of every column for one value."""
    read = _read(session, store, model, wanted, compares=False)
    columns = read.part.profile.columns
    features = {title_of(name): describe(entry) for name, entry in columns.items() if name not in SPECIAL}
    special = {title_of(name): describe(entry) for name, entry in columns.items() if name in SPECIAL}
    windows = history(session, read, ("verdict", "psi"))
    return {**head(model), **read.told, "rows": read.part.profile.rows, "features": features, **special} | {
        "windows": windows
    }


def part_profiles(session: Session, store: EventStore, model: Model, wanted: PartAsked) -> Answer:
    """The merged profile of one value."""
    read = _read(session, store, model, wanted, compares=False)
    columns = {name: describe(summary) for name, summary in read.part.profile.columns.items()}
    return {**head(model), **read.told, "rows": read.part.profile.rows, "columns": columns}


def read_part(session: Session, store: EventStore, model: Model, wanted: PartAsked) -> PartRead:
    """The part with what it is held against."""
    return _read(session, store, model, wanted)


def history(session: Session, read: PartRead, names: tuple[str, ...]) -> list[Answer]:
    """What was kept of the part's windows, oldest first; nothing of a segment that is not declared."""
    if not read.asked.declared:
        return []
    rows = session.scalars(
        select(SegmentWindow)
        .where(
            SegmentWindow.model_id == read.asked.model.id,
            judged_by(SegmentWindow, read.asked.found.watched.windows),
            SegmentWindow.segment == read.asked.by.name,
            SegmentWindow.value == read.value,
        )
        .order_by(SegmentWindow.starts_at.desc())
        .limit(MOST_WINDOWS)
    ).all()
    always = ("starts_at", "ends_at", "closed", "rows", "rows_reference")
    return [{name: _titled(row, name) for name in (*always, *names)} for row in reversed(rows)]


def _titled(row: SegmentWindow, name: str) -> Any:
    if name != "columns":
        return getattr(row, name)
    return {title_of(column): entry for column, entry in row.columns.items()}


def _read(session: Session, store: EventStore, model: Model, wanted: PartAsked, *, compares: bool = True) -> PartRead:
    asked = ask(session, model, wanted.segment, *_span(session, model, wanted), compares=compares)
    current, reference = sides_of(store, asked)
    key = (wanted.segment, wanted.value)
    if key not in current and key not in reference:
        raise Invalid(_no_such_value(wanted, parts_named({**reference, **current}, wanted.segment)))
    return PartRead(asked, wanted.value, current.get(key, NOTHING), reference.get(key, NOTHING), current, reference)


def _span(session: Session, model: Model, wanted: PartAsked) -> tuple[datetime, datetime]:
    if wanted.start is not None and wanted.end is not None:
        return wanted.start, wanted.end
    newest = queries.latest_evaluation(session, model_id=model.id)
    if newest is None:
        raise Invalid("No window was evaluated yet: say from when to when, as `start` and `end`.")
    return wanted.start or newest.starts_at, wanted.end or newest.ends_at


def _no_such_value(wanted: PartAsked, known: Mapping[str, Part]) -> str:
    names = ", ".join(sorted(known, key=lambda name: -known[name].profile.rows)[:_SHOWN]) or "no row"
    return f"`{wanted.segment}` has no value {wanted.value!r} in this span; it has {names}."
