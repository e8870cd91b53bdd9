"""What a report shows of the fairness: the groups of each attribute beside each other, and how far they lie apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelward.report.charts.group_bars import Group, group_bars
from modelward.report.column_view import shown
from modelward.report.fairness import Fairness
from modelward.report.looks import Look
from modelward.report.outcome_looks import FAIRNESS
from modelward.report.writing import NOTHING, exact, metric, percent
from modelward.rules.metric_names import DISPARITIES, RATES
from modelward.rules.outcome_json import DISPARITIES as STATISTICS
from modelward.stats import Disparity, GroupMetrics, GroupOutcomes, Metric, fairness_score, group_metrics

MOST_GROUPS = 12
MOST_OPEN = 12
"""So many attributes, the gravest, are told with their groups; the others with their sentence."""
_SHOWN = RATES[:5]


@dataclass(frozen=True)
class FairnessView:
    """One attribute in words. A row of `groups` is its name, its rows and its rates with their intervals; one of
    `disparities` its name, its meaning, and both tables' values.
    """

    title: str
    look: Look
    sentence: str
    chart: Markup | None
    heads: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    unshown: int
    disparities: tuple[tuple[str, ...], ...]


def fairness_views(found: Sequence[Fairness]) -> list[FairnessView]:
    """A view for each attribute, the gravest first; past the twelfth, its sentence alone."""
    return [_view(entry, whole=place < MOST_OPEN) for place, entry in enumerate(found)]


def _view(found: Fairness, *, whole: bool) -> FairnessView:
    title, look = shown(found.attribute), FAIRNESS[found.verdict]
    if not whole:
        return FairnessView(title, look, found.reason, None, (), (), 0, ())
    groups = sorted(group_metrics(found.current), key=lambda entry: -entry.n)
    return FairnessView(
        title=title,
        look=look,
        sentence=found.reason,
        chart=_chart(found, groups[:MOST_GROUPS]),
        heads=("Group", "Rows", *(name for _, name in _SHOWN)),
        groups=tuple(map(_row, groups[:MOST_GROUPS])),
        unshown=max(0, len(groups) - MOST_GROUPS),
        disparities=tuple(_disparities(found)),
    )


def _chart(found: Fairness, groups: Sequence[GroupMetrics]) -> Markup | None:
    """The selection rate of each group, and the limit below the highest."""
    known = [entry for entry in groups if entry.n]
    if not known:
        return None
    score = fairness_score(found.current, minimum=found.monitor.minimum_group)
    bars = [
        Group(shown(e.name), e.selection_rate.statistic, e.selection_rate.low, e.selection_rate.high, e.n, compared)
        for e in known
        for compared in [e.name in score.compared]
    ]
    highest = max((bar.rate for bar in bars if bar.compared), default=0.0)
    limit = found.monitor.fairness_limit
    return group_bars(
        bars,
        label=f"Selection rate by {shown(found.attribute)}",
        limit=highest * limit if highest else None,
        limit_name=f"{percent(limit)} of the highest",
    )


def _row(entry: GroupMetrics) -> tuple[str, ...]:
    return (shown(entry.name), exact(entry.n), *(_rate(getattr(entry, name)) for name, _ in _SHOWN))


def _rate(found: Metric) -> str:
    if found.statistic != found.statistic:
        return NOTHING
    return f"{percent(found.statistic)} ({percent(found.low)} to {percent(found.high)})"


def _disparities(found: Fairness) -> list[tuple[str, ...]]:
    least = found.monitor.minimum_group
    sides = (found.reference, found.current)
    return [(*DISPARITIES.get(name, (name, "")), *(_value(side, name, least) for side in sides)) for name in STATISTICS]


def _value(outcomes: GroupOutcomes, name: str, least: int) -> str:
    value: Disparity = STATISTICS[name](outcomes, minimum=least)
    if value.statistic != value.statistic:
        return NOTHING
    return f"{metric(value.statistic)} ({metric(value.low)} to {metric(value.high)})"
