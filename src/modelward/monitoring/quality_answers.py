"""The JSON of `/quality`: checks, findings, volume, freshness, repetitions of a span, and events that show them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.kit.clock import now as clock_now
from modelward.kit.clock import require_span
from modelward.monitoring import queries
from modelward.monitoring.columns import profiled_columns, title_of
from modelward.monitoring.describe import rate
from modelward.monitoring.monitor_settings import monitor_of, windows_of
from modelward.monitoring.payload import Summary
from modelward.monitoring.quality import freshness_of, in_force, record_json, records, span_quality, window_quality
from modelward.monitoring.quality_examples import Shown, find_examples
from modelward.monitoring.quality_tables import QualityRecord, QualityState
from modelward.monitoring.readings import WindowPoint
from modelward.monitoring.subject import Reference, read_reference
from modelward.monitoring.volumes import repeated_events
from modelward.monitoring.window_profiles import whole_buckets, window_profile
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.rules.monitor import Monitor
from modelward.rules.quality_finding import Check, Quality, QualityFinding
from modelward.rules.windows import Window
from modelward.signals.service import recent
from modelward.stats import CategoricalSummary, Profile

MOST_NEW = 20


@dataclass(frozen=True)
class _Asked:
    """A span of a model, what it is held against, and what was found."""

    model: Model
    monitor: Monitor
    reference: Reference | None
    start: datetime
    end: datetime
    profile: Profile
    quality: Quality


def quality(
    session: Session,
    model: Model,
    start: datetime | None,
    end: datetime | None,
    *,
    examples_from: EventStore | None = None,
) -> dict[str, Any]:
    """The quality of a span, by default of the latest window.

    `examples_from` is the event store, where events that show each finding are wanted: a bounded look at raw rows.
    """
    head = {"model_id": model.id, "model": model.key, "health": model.health, "health_reason": model.health_reason}
    points = queries.window_history(session, model_id=model.id, limit=1)
    start = start or (points[-1].starts_at if points else None)
    end = end or (points[-1].ends_at if points else None)
    of_model = _of_model(session, model)
    if start is None or end is None:
        nothing = {"verdict": "too_few", "reason": "no window was evaluated yet", "findings": [], "columns": {}}
        return {**head, "start": start, "end": end, "rows": 0, **nothing, **of_model}
    asked = _asked(session, model, start, end)
    findings = [_finding(entry) for entry in asked.quality.alarming]
    answer = {
        **head,
        "start": start,
        "end": end,
        "rows": asked.profile.rows,
        "verdict": asked.quality.verdict.value,
        "reason": asked.quality.reason,
        "findings": findings,
        "columns": _columns(asked),
        "volume": _volume(asked),
        "duplicates": _duplicates(session, asked),
        **of_model,
    }
    return answer if examples_from is None else _with_examples(session, examples_from, asked, answer)


def _asked(session: Session, model: Model, start: datetime, end: datetime) -> _Asked:
    monitor = monitor_of(model)
    reference = read_reference(session, current_baseline(session, model.id))
    require_span(start, end)
    begins = whole_buckets(session, model.id, start)
    profile = window_profile(session, model_id=model.id, start=begins, end=end)
    window = _evaluated(session, model, monitor, start, end)
    plain = {"model_id": model.id, "monitor": monitor, "reference": reference, "profile": profile}
    if window is None:
        found = span_quality(session, **plain)  # type: ignore[arg-type]
    else:
        found = window_quality(session, **plain, window=window[0], closed=window[1])  # type: ignore[arg-type]
    return _Asked(model, monitor, reference, begins, end, profile, found)


def _evaluated(
    session: Session, model: Model, monitor: Monitor, start: datetime, end: datetime
) -> tuple[Window, bool] | None:
    """The evaluated window that is this very span, and whether it is closed."""
    found = queries.evaluation(session, model_id=model.id, starts_at=start)
    if found is None or found.ends_at != end or monitor.window == "events":
        return None
    return Window(found.window_kind, found.starts_at, found.ends_at), found.closed


def _finding(entry: QualityFinding) -> dict[str, Any]:
    return {**entry.to_dict(), "column": title_of(entry.column) if entry.column else None}


def _columns(asked: _Asked) -> dict[str, Any]:
    expected: Mapping[str, Summary] = asked.reference.profile.columns if asked.reference else {}
    found = {name: _column(entry, expected.get(name)) for name, entry in asked.profile.columns.items()}
    for entry in asked.quality.findings:
        if entry.column is not None and entry.check is not Check.CONSTRAINT:
            found.setdefault(entry.column, {}).setdefault("checks", {})[entry.check.value] = _finding(entry)
    return {title_of(name): column for name, column in found.items()}


def _column(summary: Summary, expected: Summary | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "rows": summary.rows,
        "missing": summary.missing,
        "missing_rate": rate(summary.missing, summary),
        "invalid": summary.invalid,
        "invalid_rate": rate(summary.invalid, summary),
        "missing_rate_reference": rate(expected.missing, expected) if expected else None,
        "checks": {},
    }
    if isinstance(summary, CategoricalSummary) and isinstance(expected, CategoricalSummary):
        known = set(expected.categories)
        found["new_categories"] = [name for name in summary.categories if name not in known][:MOST_NEW]
    return found


def _volume(asked: _Asked) -> dict[str, Any] | None:
    found = next((entry for entry in asked.quality.findings if entry.check is Check.VOLUME), None)
    if found is None:
        return None
    wire = found.to_dict()
    return {
        "rows": wire["count"],
        "usual": wire["expected"],
        "low": wire["low"],
        "high": wire["high"],
        "verdict": wire["verdict"],
        "reason": wire["reason"],
    }


def _duplicates(session: Session, asked: _Asked) -> dict[str, Any]:
    events = repeated_events(session, model_id=asked.model.id, start=asked.start, end=asked.end)
    sent = events + asked.profile.rows
    return {"events": events, "share": events / sent if sent else 0.0}


def _of_model(session: Session, model: Model) -> dict[str, Any]:
    """What is true of the model rather than of a span."""
    state = session.get(QualityState, model.id)
    fresh = freshness_of(session, model, monitor_of(model), state, clock_now())
    changes = recent(session, organisation_id=model.organisation_id, model_id=model.id, kind="schema_changed")
    return {
        "freshness": None
        if fresh is None
        else {
            "late": fresh.late,
            "last_arrival_at": fresh.last_arrival_at,
            "silent_seconds": fresh.silence.total_seconds(),
            "late_after_seconds": fresh.limit.total_seconds(),
            "longest_gap_seconds": fresh.longest_gap.total_seconds(),
        },
        "state": {"verdict": state.verdict, "since": state.since, "reason": state.reason} if state else None,
        "schema_changes": [{"at": entry.at, "reason": entry.reason, "evidence": entry.evidence} for entry in changes],
    }


def _with_examples(session: Session, store: EventStore, asked: _Asked, answer: dict[str, Any]) -> dict[str, Any]:
    shown = Shown()
    if asked.profile.rows:
        shown = find_examples(
            store,
            model_id=asked.model.id,
            start=asked.start,
            end=asked.end,
            columns=profiled_columns(session, asked.model.id),
            findings=asked.quality.alarming,
            reference=asked.reference.profile if asked.reference else None,
            constraints=in_force(session, asked.model.id),
        )
    found = [{**_finding(entry), "examples": shown.examples.get(entry.key, [])} for entry in asked.quality.alarming]
    repeated = {"looked_at": shown.looked_at, "repeated": shown.repeated, "examples": shown.repeated_examples}
    return {**answer, "findings": found, "repeated_rows": repeated}


def of_evaluation(session: Session, evaluation_id: int) -> dict[str, Any] | None:
    """The quality that was found when a window was evaluated."""
    record = session.get(QualityRecord, evaluation_id)
    return record_json(record) if record else None


def with_records(session: Session, model: Model, points: Sequence[WindowPoint]) -> list[dict[str, Any]]:
    """Evaluated windows, each with the quality that was found then."""
    found = records(session, model_id=model.id, windows=windows_of(model), starts=[point.starts_at for point in points])
    return [{**asdict(point), "quality": found.get(point.starts_at)} for point in points]
