"""Performance and fairness of two tables, where there are predictions and something to hold them against."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from modelward.errors import Invalid
from modelward.report.dated import readable_again
from modelward.report.fairness import Fairness, fairness_of
from modelward.report.loss_estimates import estimate_losses
from modelward.report.outcome_plan import Plan, plan_of
from modelward.report.outcomes import read_outcomes
from modelward.report.performance import Measured, Performance, performance_of
from modelward.report.segment_outcomes import Known
from modelward.rules.monitor import Monitor
from modelward.rules.outcome_metrics import Estimate
from modelward.rules.performance import FINAL, PerformanceVerdict
from modelward.stats import Profile
from modelward.stats.outcome import REGRESSION

UNREAD = (
    "predictions and outcomes are held against each other row by row, and the rows of a profile, a stream or a text "
    "larger than memory cannot be read once more; give tables or Parquet files"
)


class Judged(NamedTuple):
    """What was said of the outcomes; nothing of what there is nothing to say. `plan` is how the rows were read, and
    `known` what segments are judged by, where they could be.
    """

    performance: Performance | None
    fairness: tuple[Fairness, ...]
    plan: Plan | None = None
    known: Known | None = None


def judge_outcomes(
    tables: tuple[Any, Any],
    profiles: tuple[Profile, Profile],
    roles: Mapping[str, str],
    monitor: Monitor,
    *,
    task: str | None,
    chances: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Judged:
    """The verdicts on performance (with a label) and fairness (with protected columns); both tables are read again.

    Raises:
        Invalid: there is no such task, or the columns hold what no such task has.
    """
    try:
        plan = plan_of(roles, profiles, monitor, task, chances)
        if plan is None:
            return Judged(None, ())
        if not all(map(readable_again, tables)):
            return unjudged(plan.task, UNREAD) if plan.label else Judged(None, ())
        before, now = (read_outcomes(table, plan) for table in tables)
        fairness = fairness_of(before.groups, now.groups, monitor)
        if plan.label is None:
            return Judged(None, fairness, plan, Known(plan.task))
        if plan.task == REGRESSION:
            missing = now.labelled < FINAL * now.rows
            estimate = estimate_losses(tables, profiles, plan, roles, seed=seed) if missing else Estimate()
            return Judged(performance_of(before, now, monitor, estimate), fairness, plan, Known(plan.task))
        curves, lacking = before.calibration()
        estimate = Estimate(reason=lacking) if curves is None else now.estimates(curves)
        performance = performance_of(before, now, monitor, estimate)
        holds = performance.estimate_valid is not False
        return Judged(performance, fairness, plan, Known(plan.task, curves, lacking, holds))
    except ValueError as error:
        raise Invalid(str(error)) from error


def unjudged(task: str, reason: str) -> Judged:
    """What is said where outcomes cannot be held against predictions."""
    nothing = Measured(0, 0, {})
    return Judged(Performance(task, PerformanceVerdict.NO_LABELS, reason, None, nothing, nothing), ())
