"""The parts of one window, each held against the same part of the reference and against what is expected of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from modelward.monitoring.back_test import refused
from modelward.monitoring.estimates import Basis, known_calibration, standards
from modelward.monitoring.fairness import fairness_of
from modelward.monitoring.joint import Watched
from modelward.monitoring.judge import DILUTED, comparable
from modelward.monitoring.payload import EMPTY
from modelward.monitoring.performance import Yardstick, performance_of
from modelward.monitoring.quality import span_quality
from modelward.monitoring.segment_parts import NOTHING, Key, Part
from modelward.monitoring.segment_store import Parts, parts_of
from modelward.monitoring.segment_yardsticks import Yardsticks
from modelward.monitoring.segmented import Segmented
from modelward.rules.concept_drift import contradicted
from modelward.rules.fairness import groups_looked_at
from modelward.rules.finding import ColumnFinding, Comparison, number
from modelward.rules.outcome_metrics import estimated, measured
from modelward.rules.performance import JUDGED_BY, PerformanceVerdict, Standard, looks_at, standards_of_part
from modelward.rules.segment_calibration import PartCalibration
from modelward.rules.segments import compare_every
from modelward.rules.windows import Window
from modelward.stats import GroupOutcomes, Outcome, Profile

OWN = "the provisional reference was taken from this very window"

Values = dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """By what the performance of parts is judged: as the whole, but for the standard, which is each part's own.

    `unlike` are the metrics of a part whose estimate by the curve of the whole contradicted the truth on the basis.
    """

    yard: Yardstick
    standards: Mapping[Key, Mapping[str, Standard]]
    unlike: Mapping[Key, frozenset[str]] = field(default_factory=dict)

    def among(self, parts: Parts) -> "Expected":
        """For parts that are judged together."""
        known = ((part.outcome.rows if part.outcome else 0, self.standards.get(key, {})) for key, part in parts.items())
        return replace(self, yard=replace(self.yard, looks=looks_at(known, self.yard.monitor.minimum_rows)))

    def of(self, key: Key) -> Yardstick:
        """The yardstick of one part."""
        return replace(self.yard, standards=self.standards.get(key, {}), unlike=self.unlike.get(key, frozenset()))


def expected_of(session: Session, found: Segmented) -> Expected:
    """The standard of each part, measured on the rows that are the standard of the whole."""
    watched = found.watched
    basis = Basis.of(watched.state.basis if watched.state else None)
    holds = watched.state is None or watched.state.verdict != PerformanceVerdict.CONCEPT_DRIFT.value
    whole = standards(watched.model, watched.plan.task, basis)
    no_use = refused(session, watched.model_id, watched.windows, {name: entry.value for name, entry in whole.items()})
    yard = Yardstick(
        watched.plan,
        watched.subject.monitor,
        {},
        basis,
        known_calibration(watched),
        holds,
        no_use,
        mismatch=watched.mismatch,
    )
    if basis is None:
        return Expected(yard, {})
    parts = basis_parts(session, found)
    known = {key: part.outcome for key, part in parts.items() if part.outcome is not None}
    return Expected(
        yard,
        {key: _standards(outcome, watched, basis) for key, outcome in known.items()},
        {key: _unlike(outcome, yard) for key, outcome in known.items()},
    )


def basis_parts(session: Session, found: Segmented) -> Parts:
    """The parts of the rows that are the standard of the whole, as far as they are kept; without their columns."""
    basis = Basis.of(found.watched.state.basis if found.watched.state else None)
    if basis is None:
        return {}
    return parts_of(session, model_id=found.model_id, recipe=found.plan.recipe, spans=basis.spans, profiles=False)


@dataclass(frozen=True)
class Divided:
    """The parts of a window, those of the reference, and why drift cannot be held against those, where it cannot.

    `yardsticks` are how far the reference's own windows lie from one another, where it has enough of them.
    """

    window: Window
    closed: bool
    current: Parts
    reference: Parts
    lacking: str = ""
    yardsticks: Yardsticks | None = None


def judge_parts(session: Session, found: Segmented, given: Divided, expected: Expected) -> list[Values]:
    """What is written of a window: a row for each part that has rows."""
    window, closed, current = given.window, given.closed, given.current
    reference, lacking = found.watched.subject.reference, given.lacking
    if reference is not None and not lacking and reference.overlaps(window.start, window.end):
        rows = sum(part.profile.rows for part in current.values()) / max(1, len(found.plan.by))
        lacking = OWN if rows < DILUTED * reference.rows else ""
    compared, left_out = ({}, {}) if lacking else compared_parts(found, given.reference, current, given.yardsticks)
    expected, groups = expected.among(current), groups_of(found, current)
    return [
        {
            "model_id": found.model_id,
            "kind": window.kind,
            "segment": key[0],
            "value": key[1],
            "starts_at": window.start,
            "ends_at": window.end,
            "closed": closed,
            "rows": part.profile.rows,
            "rows_reference": given.reference.get(key, NOTHING).profile.rows,
            **drift_values(compared.get(key), lacking or left_out.get(key, "")),
            "quality": _quality(session, found, given.reference.get(key), part),
            "performance": _performance(window, part, expected.of(key), closed=closed),
            "fairness": fairness_values(found, window, part, closed=closed, looks=groups),
        }
        for key, part in current.items()
        if part.profile.rows
    ]


def compared_parts(
    found: Segmented, reference: Parts, current: Parts, yardsticks: Yardsticks | None = None
) -> tuple[dict[Key, Comparison], dict[Key, str]]:
    """Every part against the same one of the reference, as one family; and why some are too small."""
    monitor = found.watched.subject.monitor
    divided_by: dict[str, tuple[dict[str, Profile], dict[str, Profile]]] = {}
    measured_by: dict[str, dict[str, PartCalibration]] = {}
    for one in found.plan.by:
        before, now = _profiles(reference, one.name), _profiles(current, one.name)
        values = [*before, *(value for value in now if value not in before)]
        pairs = {value: comparable(monitor, before.get(value, EMPTY), now.get(value, EMPTY)) for value in values}
        sides = [{value: pair[side] for value, pair in pairs.items()} for side in (0, 1)]
        divided_by[one.cut.column] = (sides[0], sides[1])
        measured_by[one.cut.column] = yardsticks.of(one, values) if yardsticks else {}
    names = {one.cut.column: one.name for one in found.plan.by}
    judged = compare_every(divided_by, monitor, measured_by)
    compared = {(names[by], value): c for by, one in judged.items() for value, c in one.comparisons.items()}
    return compared, {(names[by], value): why for by, one in judged.items() for value, why in one.left_out.items()}


def _profiles(parts: Parts, segment: str) -> dict[str, Profile]:
    return {value: part.profile for (name, value), part in parts.items() if name == segment}


def drift_values(comparison: Comparison | None, lacking: str) -> Values:
    """The columns of a row that say how far a part has drifted."""
    if comparison is None:
        return {"verdict": "too_few", "psi": None, "reason": lacking, "columns": {}}
    psi = [number(finding.statistics.get("psi")) for finding in comparison.columns]
    return {
        "verdict": comparison.verdict.value,
        "psi": max((value for value in psi if value is not None), default=None),
        "reason": comparison.reason,
        "columns": {finding.column: _column(finding) for finding in comparison.columns},
    }


def groups_of(found: Segmented, parts: Parts) -> int:
    """How many protected attributes of parts are judged together."""
    counts = (some for part in parts.values() for some in part.joint.values() if isinstance(some, GroupOutcomes))
    return groups_looked_at(counts, found.watched.subject.monitor.minimum_group)


def fairness_values(found: Segmented, window: Window, part: Part, *, closed: bool, looks: int) -> list[Values]:
    """Each protected attribute within one part, one of so many `looks`."""
    baseline = found.watched.model.attributes.get("fairness_baseline")
    made = [
        fairness_of(window, name, some, found.watched.subject.monitor, baseline=baseline, closed=closed, looks=looks)
        for name, some in part.joint.items()
        if isinstance(some, GroupOutcomes) and not found.watched.mismatch
    ]
    kept = ("attribute", "verdict", "reason", "rows", "labelled", "score", "low", "high")
    return [{name: entry[name] for name in kept} for entry in made]


def _standards(outcome: Outcome, watched: Watched, basis: Basis) -> Mapping[str, Standard]:
    """What each metric should be in this part: what it was on the basis, in this part."""
    return standards_of_part(
        measured(outcome, watched.plan.task),
        outcome.labelled,
        watched.plan.task,
        minimum=watched.subject.monitor.minimum_rows,
        source=f"measured on the same part of {basis.source}",
    )


def _unlike(outcome: Outcome, yard: Yardstick) -> frozenset[str]:
    task = yard.plan.task
    expected = estimated(outcome, task, yard.calibration).metrics
    return frozenset(contradicted(measured(outcome, task), expected, JUDGED_BY.get(task, ())))


def _performance(window: Window, part: Part, yard: Yardstick, *, closed: bool) -> Values | None:
    if part.outcome is None:
        return None
    estimate = estimated(part.outcome, yard.plan.task, yard.calibration)
    return told_performance(performance_of(window, part.outcome, yard, estimate, closed=closed))


def told_performance(made: Mapping[str, Any]) -> Values:
    """Of a window's performance what is kept with a segment: every figure, without tables of classes."""
    names = ("task", "state", "verdict", "reason", "rows", "labelled", "metric", "value", "low", "high")
    estimate = ("estimate", "estimate_low", "estimate_high", "parted", "calibrated_on")
    measures = made["measures"]
    metrics = {name: found["value"] for name, found in measures["metrics"].items()}
    estimates = {name: found["value"] for name, found in measures["estimates"].items()}
    figures = {name: made[name] for name in (*names, *estimate)}
    return {**figures, "metrics": metrics, "estimates": estimates, "standards": measures["standards"]}


def _quality(session: Session, found: Segmented, reference: Part | None, part: Part) -> Values:
    subject = found.watched.subject
    held = subject.reference
    of_part = replace(held, profile=reference.profile, rows=reference.profile.rows) if held and reference else None
    quality = span_quality(
        session, model_id=found.model_id, monitor=subject.monitor, reference=of_part, profile=part.profile
    )
    return {"verdict": quality.verdict.value, "reason": quality.reason, "findings": len(quality.alarming)}


def _column(finding: ColumnFinding) -> Values:
    values = {"verdict": finding.verdict.value, "psi": number(finding.statistics.get("psi"))}
    if not finding.verdict.alarming:
        return values
    return {**values, "p_value": number(finding.p_value), "reason": finding.reason}
