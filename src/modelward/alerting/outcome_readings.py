"""Readings of what became of predictions: performance, its estimate, and fairness, each over the closed windows."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select

from modelward.alerting.watched import Watched
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.tables import Fairness, Performance
from modelward.rules.alert_readings import Reading, Series
from modelward.rules.alert_rules import AlertRule
from modelward.rules.fairness import FairnessVerdict
from modelward.rules.performance import JUDGED_BY, LOWER_IS_BETTER, PerformanceVerdict
from modelward.rules.verdict import Verdict

CONCEPT = "@concept"

_PERFORMANCE = {
    PerformanceVerdict.FALLEN: Verdict.DRIFTED,
    PerformanceVerdict.WARNING: Verdict.WARNING,
    PerformanceVerdict.OK: Verdict.OK,
}
_FAIRNESS = {
    # Two windows of three must say so, as in rules/fairness.py: people differ from day to day.
    FairnessVerdict.UNFAIR: Verdict.WARNING,
    FairnessVerdict.BELOW_BASELINE: Verdict.WARNING,
    FairnessVerdict.FAIR: Verdict.OK,
}
_PARTED = "truth and estimate part: a score is no longer worth what it was, and the estimate is not valid"


def performance_readings(watched: Watched, rule: AlertRule) -> list[Series]:
    """What labels say; and, where no limit is asked for, whether truth and estimate part."""
    windows = _windows(watched)
    if not windows:
        return []
    metric = _metric(rule, windows)
    judged = [_measured(window, metric, "metrics", _PERFORMANCE) for window in windows]
    own = Series("", judged, _named(metric), higher_is_worse=metric in LOWER_IS_BETTER)
    if rule.condition.to_dict():
        return [own]
    return [own, Series(CONCEPT, [_parted(window) for window in windows], "truth and estimate")]


def estimate_readings(watched: Watched, rule: AlertRule) -> list[Series]:
    """What is expected without labels."""
    windows = _windows(watched)
    if not windows:
        return []
    metric = _metric(rule, windows)
    readings = [_measured(window, metric, "estimates", {}) for window in windows]
    if not rule.condition.to_dict():
        readings = [_estimated(window) for window in windows]
    return [Series("", readings, _named(metric), higher_is_worse=metric in LOWER_IS_BETTER)]


def fairness_readings(watched: Watched, _rule: AlertRule) -> list[Series]:
    """Each protected attribute."""
    attributes = select(Fairness.attribute).where(Fairness.model_id == watched.model.id).distinct()
    names = watched.session.scalars(attributes).all()
    query = (
        select(Fairness)
        .where(Fairness.model_id == watched.model.id, judged_by(Fairness, watched.spans.calendar), Fairness.closed)
        .order_by(Fairness.starts_at.desc())
        .limit(watched.windows * max(1, len(names)))
    )
    found: defaultdict[str, list[Reading]] = defaultdict(list)
    for row in watched.session.scalars(query):
        level = _FAIRNESS.get(FairnessVerdict(row.verdict), Verdict.TOO_FEW)
        reading = Reading(row.starts_at, row.ends_at, level, row.reason, value=row.score, best=row.high)
        found[row.attribute].insert(0, reading)
    return [Series(attribute, readings, attribute) for attribute, readings in found.items()]


def _windows(watched: Watched) -> list[Performance]:
    query = (
        select(Performance)
        .where(Performance.model_id == watched.model.id, judged_by(Performance, watched.spans.calendar))
        .where(Performance.closed)
        .order_by(Performance.starts_at.desc())
        .limit(watched.windows)
    )
    return list(reversed(watched.session.scalars(query).all()))


def _metric(rule: AlertRule, windows: Sequence[Performance]) -> str:
    """The metric that is asked for, else the one that the windows are judged by."""
    newest = windows[-1]
    return rule.condition.metric or newest.metric or next(iter(JUDGED_BY.get(newest.task, ("accuracy",))))


def _measured(window: Performance, metric: str, part: str, levels: dict[PerformanceVerdict, Verdict]) -> Reading:
    """One window: its verdict as monitoring gave it, and the figures for a rule that has limits of its own."""
    verdict = PerformanceVerdict(window.verdict)
    trusted = part == "estimates" or verdict.judged
    figure = window.measures.get(part, {}).get(metric) if trusted and not window.calibrated_on else None
    standard = window.measures.get("standards", {}).get(metric) or {}
    best = "low" if metric in LOWER_IS_BETTER else "high"
    return Reading(
        window.starts_at,
        window.ends_at,
        levels.get(verdict, Verdict.TOO_FEW),
        window.reason,
        value=figure.get("value") if figure else None,
        best=figure.get(best) if figure else None,
        usual=standard.get("value"),
    )


def _estimated(window: Performance) -> Reading:
    """As rules/performance.py has it: 2 of the last 3 that labels have not judged."""
    verdict = PerformanceVerdict(window.verdict)
    falls = verdict is PerformanceVerdict.ESTIMATED_FALL
    level = Verdict.WARNING if falls else Verdict.OK if verdict.judged or window.estimate is not None else None
    return Reading(window.starts_at, window.ends_at, level or Verdict.TOO_FEW, window.reason)


def _parted(window: Performance) -> Reading:
    known = None if window.calibrated_on else window.parted
    level = Verdict.TOO_FEW if known is None else Verdict.WARNING if known else Verdict.OK
    return Reading(window.starts_at, window.ends_at, level, _PARTED)


def _named(metric: str) -> str:
    return metric.replace("_", " ")
