"""The library's report, written by the service: a model's window held against its reference, from their profiles."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from modelward.errors import Invalid
from modelward.kit.clock import require_span
from modelward.monitoring.calibrations import calibration_of_span
from modelward.monitoring.columns import PREDICTION, SCORE, SHOWN_ONLY, feature_key
from modelward.monitoring.joint_store import Span
from modelward.monitoring.judge import comparable, compare_with_reference, compared_sides
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.report_outcomes import outcomes_of, outcomes_of_part
from modelward.monitoring.seasonal import in_season
from modelward.monitoring.segment_answers import PartRead
from modelward.monitoring.segment_judge import compared_parts
from modelward.monitoring.subject import Reference, read_reference
from modelward.monitoring.why import context_of
from modelward.monitoring.window_profiles import seconds, whole_buckets, window_profile
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.report.evidence import Evidence
from modelward.report.report import Report
from modelward.rules.monitor import Monitor
from modelward.rules.seasons import within_season
from modelward.stats import Profile

MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "markdown": "text/markdown; charset=utf-8",
    "junit": "application/xml; charset=utf-8",
}
ENDINGS = {"html": "html", "markdown": "md", "junit": "xml"}


def report_of(session: Session, model: Model, start: datetime, end: datetime, *, now: datetime) -> Report:
    """The report on [start, end), which is widened to a whole bucket at its beginning.

    Performance and fairness are told where there is something to hold them against, and why a column moved.
    Columns bear the names that they have in the model's profiles: features their own, outcomes `@prediction` and
    `@score`.

    Raises:
        Invalid: the span ends before it begins or holds no event, or there is no reference yet.
    """
    require_span(start, end)
    reference = read_reference(session, current_baseline(session, model.id))
    if reference is None:
        raise Invalid("There is no reference yet to report against: upload one, or name a window of the events.")
    begins = whole_buckets(session, model.id, start)
    current = window_profile(session, model_id=model.id, start=begins, end=end)
    if not current.rows:
        raise Invalid(f"There are no events between {_said(begins)} and {_said(end)} UTC: ask for another span.")
    monitor = monitor_of(model)
    reference = in_season(session, model.id, monitor, reference, start=begins, end=end)
    if reference.lacking:
        raise Invalid(f"There is nothing to report against: {reference.lacking}.")
    sides = compared_sides(monitor, reference, current)
    calibration = calibration_of_span(session, model, monitor, reference, (begins, end))
    comparison = compare_with_reference(monitor, reference, current, calibration)
    compared = {finding.column for finding in comparison.columns}
    names = f"reference {reference.id}", f"{model.key}, {_said(begins)} to {_said(end)}"
    judged = outcomes_of(session, model.id, Span(seconds(begins), seconds(end)))
    return Report(
        comparison,
        _left_out(monitor, reference, current, compared),
        {column: role for column, role in _roles(monitor).items() if column in compared},
        Evidence(*sides, monitor, names, now),
        performance=judged.performance,
        fairness=judged.fairness,
        context=context_of(model, since={}),
    )


def report_of_part(session: Session, read: PartRead, *, now: datetime) -> Report:
    """The report on one value of a segment over a span: its drift, its performance and its fairness, chance being
    judged over all its values together.

    Raises:
        Invalid: the part has too few rows, here or in the reference.
    """
    asked, key = read.asked, (read.asked.by.name, read.value)
    compared, small = compared_parts(asked.found, read.reference, read.current, asked.yardsticks)
    if key not in compared:
        raise Invalid(f"There is no report on `{key[0]}` = {key[1]}: {small.get(key, 'there are no rows')}.")
    comparison = within_season(compared[key], asked.monitor)
    sides = comparable(asked.monitor, read.before.profile, read.part.profile)
    names = f"reference, {key[0]} = {key[1]}", f"{asked.model.key}, {key[0]} = {key[1]}, from {_said(asked.start)}"
    found = {finding.column for finding in comparison.columns}
    roles = {column: role for column, role in _roles(asked.monitor).items() if column in found}
    judged = outcomes_of_part(session, read)
    return Report(
        comparison,
        {},
        roles,
        Evidence(*sides, asked.monitor, names, now),
        performance=judged.performance,
        fairness=judged.fairness,
    )


def file_name(model: Model, start: datetime, kind: str) -> str:
    """What the report is called when it is saved."""
    return f"report-{model.id}-{start:%Y-%m-%d}.{ENDINGS[kind]}"


def _roles(monitor: Monitor) -> dict[str, str]:
    protected = {feature_key(name): "protected" for name in monitor.protected}
    return {**protected, PREDICTION: "prediction", SCORE: "score"}


def _left_out(monitor: Monitor, reference: Reference, current: Profile, compared: Collection[str]) -> Mapping[str, str]:
    sides = {"reference": reference.profile, "window": current}
    names = dict.fromkeys(name for side in sides.values() for name in side.columns if name not in compared)
    return {name: _why_not(name, monitor, sides) for name in names}


def _why_not(name: str, monitor: Monitor, sides: Mapping[str, Profile]) -> str:
    if name in monitor.ignore:
        return "the monitor's settings leave it out"
    if name in SHOWN_ONLY and name not in monitor.tests:
        return "it is judged only where the monitor's settings name a test for it"
    empty = [side for side, profile in sides.items() if name not in profile.columns or not profile.columns[name].count]
    return f"the {' and the '.join(empty)} has no value of it" if empty else "there are too few rows to compare"


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


REPORT_EXAMPLE: dict[str, Any] = {
    "drifted": True,
    "verdict": "drifted",
    "reason": "1 of 3 columns drifted: `age`.",
    "rows_reference": 600,
    "rows_current": 600,
    "columns": [
        {
            "column": "age",
            "kind": "numeric",
            "verdict": "drifted",
            "drifted": True,
            "method": "psi",
            "statistic": 4.83,
            "threshold": 0.25,
            "p_value": 1e-12,
            "p_adjusted": 1e-12,
            "n_reference": 600,
            "n_current": 600,
            "statistics": {"psi": 4.83, "ks": 0.78, "mean_shift": 2.46},
            "new_categories": [],
            "reason": "`age` moved from median 40 to 60, a shift of +20 throughout (PSI 4.83)",
            "reference": {"rows": 600, "mean": 40.1},
            "current": {"rows": 600, "mean": 60.2},
            "role": None,
        }
    ],
    "left_out": {"@latency_ms": "it is judged only where the monitor's settings name a test for it"},
    "why": [],
    "segments": None,
    "together": None,
    "performance": None,
    "fairness": None,
    "slices": None,
}
