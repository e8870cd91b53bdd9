"""The JSON of monitoring's routes, made from profiles and evaluations."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from modelward.errors import Invalid
from modelward.kit.clock import require_span
from modelward.monitoring import queries
from modelward.monitoring.calibrations import calibration_of_span
from modelward.monitoring.columns import SPECIAL, title_of
from modelward.monitoring.describe import describe
from modelward.monitoring.judge import compare_with_reference
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.quality_answers import of_evaluation
from modelward.monitoring.seasonal import in_season
from modelward.monitoring.subject import read_reference
from modelward.monitoring.why import why_now
from modelward.monitoring.window_profiles import whole_buckets, window_profile
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.stats import Profile


def current_drift(session: Session, model: Model) -> dict[str, Any]:
    """The verdict that holds now: `drift_detected`, `psi` and `ks` overall (the largest) and per feature."""
    found = queries.latest_evaluation(session, model_id=model.id)
    if found is None:
        return {**head(model), **told_drift([], drifted=False, verdict="too_few", reason="nothing was evaluated yet")}
    window = {"kind": found.window_kind, "start": found.starts_at, "end": found.ends_at, "closed": found.closed}
    since = queries.drifted_since(session, model_id=model.id)
    reference = {"id": found.baseline_id, "status": found.baseline_status}
    return {
        **head(model),
        **told_drift(found.findings, drifted=found.drifted, verdict=found.verdict, reason=found.reason),
        "level": found.level,
        "window": window,
        "rows_reference": found.rows_reference,
        "rows_current": found.rows,
        "evaluated_at": found.evaluated_at,
        "reference": reference,
        "drifted_since": dict(since),
        "why": why_now(session, model, found, since),
        "quality": of_evaluation(session, found.id),
    }


def drift_between(session: Session, model: Model, start: datetime, end: datetime) -> dict[str, Any]:
    """Any span held against the reference, now and without a trace in the history."""
    reference = read_reference(session, current_baseline(session, model.id))
    if reference is None:
        raise Invalid("There is no reference yet to hold this span against: upload one, or name a window of events.")
    profile = _span(session, model, start, end)
    monitor, begins = monitor_of(model), whole_buckets(session, model.id, start)
    reference = in_season(session, model.id, monitor, reference, start=begins, end=end)
    window = {"kind": "span", "start": start, "end": end, "closed": None}
    held = {"window": window, "reference": {"id": reference.id, "status": reference.status}}
    if reference.lacking:
        return {**head(model), **told_drift([], drifted=False, verdict="too_few", reason=reference.lacking), **held}
    calibration = calibration_of_span(session, model, monitor, reference, (begins, end))
    comparison = compare_with_reference(monitor, reference, profile, calibration)
    wire = comparison.to_dict()
    return {
        **head(model),
        **wire,
        **told_drift(wire["columns"], drifted=comparison.drifted, verdict=wire["verdict"], reason=comparison.reason),
        **held,
    }


def metrics(session: Session, model: Model, start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """Statistics of every column over a span (by default the latest window), and volume and latency by window."""
    begins, ends = _bounds(session, model, start, end)
    profile = _span(session, model, begins, ends) if begins and ends else Profile(rows=0, columns={})
    features = {title_of(name): describe(entry) for name, entry in profile.columns.items() if name not in SPECIAL}
    special = {title_of(name): describe(entry) for name, entry in profile.columns.items() if name in SPECIAL}
    points = queries.window_history(session, model_id=model.id, start=start, end=end)
    return {
        **head(model),
        "start": begins,
        "end": ends,
        "rows": profile.rows,
        "features": features,
        **special,
        "windows": [asdict(point) for point in points],
    }


def profiles(session: Session, model: Model, start: datetime, end: datetime) -> dict[str, Any]:
    """The merged profile of a span."""
    profile = _span(session, model, start, end)
    return {
        **head(model),
        "start": whole_buckets(session, model.id, start),
        "end": end,
        "rows": profile.rows,
        "columns": {name: describe(summary) for name, summary in profile.columns.items()},
    }


def reference_answer(session: Session, model: Model) -> dict[str, Any]:
    """The reference in use, with the statistics of its columns."""
    view = queries.reference(session, model_id=model.id)
    held = read_reference(session, current_baseline(session, model.id))
    if view is None or held is None:
        return {**head(model), "status": "none", "columns": {}}
    columns = {name: describe(summary) for name, summary in held.profile.columns.items()}
    return {**head(model), **asdict(view), "columns": columns}


def head(model: Model) -> dict[str, Any]:
    """Which model, and how it is."""
    return {"model_id": model.id, "model": model.key, "health": model.health, "health_reason": model.health_reason}


def told_drift(findings: Any, *, drifted: bool, verdict: str, reason: str) -> dict[str, Any]:
    """Findings in the shape of `/drift`."""
    features = {title_of(entry["column"]): _feature(entry) for entry in findings}
    return {
        "drift_detected": drifted,
        "drifted": drifted,
        "verdict": verdict,
        "reason": reason,
        "psi": max((entry["psi"] for entry in features.values() if entry["psi"] is not None), default=None),
        "ks": max((entry["ks"] for entry in features.values() if entry["ks"] is not None), default=None),
        "features": features,
        "columns": list(findings),
    }


def _feature(entry: Mapping[str, Any]) -> dict[str, Any]:
    statistics = entry["statistics"]
    return {
        "psi": statistics.get("psi"),
        "ks": statistics.get("ks"),
        "p_value": entry["p_value"],
        "verdict": entry["verdict"],
        "drifted": entry["drifted"],
        "drift_detected": entry["drifted"],
        "reason": entry["reason"],
    }


def _bounds(
    session: Session, model: Model, start: datetime | None, end: datetime | None
) -> tuple[datetime | None, datetime | None]:
    points = queries.window_history(session, model_id=model.id, limit=1)
    newest = points[-1] if points else None
    return start or (newest.starts_at if newest else None), end or (newest.ends_at if newest else None)


def _span(session: Session, model: Model, start: datetime, end: datetime) -> Profile:
    require_span(start, end)
    return window_profile(session, model_id=model.id, start=whole_buckets(session, model.id, start), end=end)
