"""How the model does in each segment, and whether groups are treated alike there, as one family of verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelward.report.fairness import Fairness, fairness_of
from modelward.report.outcomes import Outcomes
from modelward.report.performance import NO_STANDARD, Measured, Performance, measured_side
from modelward.rules.concept_drift import contradicted, parted
from modelward.rules.fairness import groups_looked_at
from modelward.rules.monitor import Monitor
from modelward.rules.outcome_metrics import Curves, Estimate
from modelward.rules.performance import (
    JUDGED_BY,
    Labelled,
    PerformanceVerdict,
    Standard,
    judge_performance,
    looks_at,
    standards_of_part,
)
from modelward.stats import GroupOutcomes, Metric

SOURCE = "of the same segment of the reference"
UNLIKE = (
    "the scores of this segment did not mean on the reference what they mean over all rows, so that its estimate "
    "decides nothing"
)


@dataclass(frozen=True)
class Known:
    """What is known of the whole that its segments are judged by: the curves that were learned on all rows of the
    reference, or why there are none; whether truth and estimate of all current rows agree; and the metrics whose
    estimates were worse than none before.
    """

    task: str
    curves: Curves | None = None
    lacking: str = ""
    holds: bool = True
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Side:
    """One segment of one table, with its metrics as they were measured and as they are expected."""

    outcomes: Outcomes
    metrics: Mapping[str, Metric]
    estimate: Estimate


def performances_of(
    reference: Mapping[str, Outcomes],
    current: Mapping[str, Outcomes],
    known: Known,
    monitor: Monitor,
    *,
    source: str = SOURCE,
    looks: int | None = None,
) -> dict[str, Performance]:
    """The verdict on each segment that has predictions now, held against the same segment of the reference (called
    `source`). `looks` are the metrics that are judged together, where these segments are not all.
    """
    task, minimum = known.task, monitor.minimum_rows
    before = {name: _side(outcomes, known) for name, outcomes in reference.items()}
    now = {name: _side(outcomes, known) for name, outcomes in current.items() if outcomes.rows}
    standards = {
        name: standards_of_part(side.metrics, side.outcomes.labelled, task, minimum=minimum, source=source)
        for name, side in before.items()
    }
    if looks is None:
        looks = looks_at(((side.outcomes.rows, standards.get(name, {})) for name, side in now.items()), minimum)
    return {
        name: _judged(before.get(name), side, standards.get(name, {}), known=known, monitor=monitor, looks=looks)
        for name, side in now.items()
    }


def fairness_by_segment(
    reference: Mapping[str, Outcomes], current: Mapping[str, Outcomes], monitor: Monitor, *, looks: int | None = None
) -> dict[str, tuple[Fairness, ...]]:
    """The verdicts on each protected attribute within each segment, the gravest first. `looks` are the attributes that
    are judged together, where these segments are not all.
    """
    counts = [some for outcomes in current.values() for some in outcomes.groups.values()]
    looks = groups_looked_at(counts, monitor.minimum_group) if looks is None else looks
    found = {}
    for name, now in current.items():
        before = reference[name].groups if name in reference else {}
        known = {attribute: before.get(attribute, GroupOutcomes.merge([])) for attribute in now.groups}
        found[name] = fairness_of(known, now.groups, monitor, looks=looks)
    return {name: some for name, some in found.items() if some}


def _side(outcomes: Outcomes, known: Known) -> _Side:
    estimate = Estimate(reason=known.lacking) if known.curves is None else outcomes.estimates(known.curves)
    return _Side(outcomes, outcomes.metrics, estimate)


def _judged(
    before: _Side | None,
    now: _Side,
    standards: Mapping[str, Standard],
    *,
    known: Known,
    monitor: Monitor,
    looks: int,
) -> Performance:
    judged_by = JUDGED_BY.get(known.task, ())
    unlike = contradicted(before.metrics, before.estimate.metrics, judged_by) if before else set[str]()
    believed = {name: found for name, found in now.estimate.metrics.items() if name not in unlike | known.refused}
    labelled = Labelled(now.outcomes.rows, now.outcomes.labelled)
    finding = judge_performance(
        labelled,
        now.metrics,
        believed if known.holds else {},
        standards,
        fall=monitor.performance_fall,
        coverage=monitor.label_coverage,
        minimum=monitor.minimum_rows,
        looks=looks,
    )
    enough = labelled.labelled >= monitor.minimum_rows and labelled.coverage >= monitor.label_coverage
    apart = (
        parted(now.metrics, now.estimate.metrics, [n for n in judged_by if n not in unlike], looks=looks)
        if enough
        else None
    )
    reason = finding.reason
    if finding.verdict is PerformanceVerdict.NO_BASELINE:
        reason = _no_standard(before, monitor)
    elif not enough and unlike & set(standards):
        reason = f"{reason}; {UNLIKE}"
    return Performance(
        task=known.task,
        verdict=finding.verdict,
        reason=reason,
        metric=finding.metric or next(iter(standards), judged_by[0] if judged_by else None),
        reference=measured_side(before.outcomes, before.metrics) if before else Measured(0, 0, {}),
        current=measured_side(now.outcomes, now.metrics, now.estimate),
        estimate_valid=None if apart is None else not apart,
    )


def _no_standard(before: _Side | None, monitor: Monitor) -> str:
    if before is None:
        return "the reference has no row of this segment, so that there is nothing to hold it against"
    if not before.outcomes.labelled:
        return NO_STANDARD
    return (
        f"the same segment of the reference has {before.outcomes.labelled:,} rows with an outcome, and "
        f"{monitor.minimum_rows:,} are needed to hold this against"
    )
