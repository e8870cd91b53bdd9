"""What a report shows of the performance: each metric of both tables with its interval, and the counts behind it."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelward.report.column_view import shown
from modelward.report.looks import Look
from modelward.report.outcome_looks import PERFORMANCE
from modelward.report.performance import Measured, Performance
from modelward.report.writing import NOTHING, exact, metric, percent
from modelward.rules.metric_names import metric_name
from modelward.rules.outcome_json import MOST_CLASSES
from modelward.stats import Confusion, Metric, per_class, residual_quantiles
from modelward.stats.residual_quantiles import QUANTILES


@dataclass(frozen=True)
class PerformanceView:
    """The performance in words. A row of `metrics` is its name, the reference's value, the current one and the estimate
    without outcomes, each with its interval.
    """

    look: Look
    sentence: str
    task: str
    known: str
    metrics: tuple[tuple[str, ...], ...]
    estimated: bool
    classes: tuple[tuple[str, ...], ...]
    confusion: tuple[tuple[str, tuple[str, ...]], ...]
    confusion_heads: tuple[str, ...]
    quantiles: tuple[tuple[str, str, str], ...]


def performance_view(found: Performance) -> PerformanceView:
    """The view of a performance."""
    before, now = found.reference, found.current
    names = dict.fromkeys([*filter(None, [found.metric]), *before.metrics, *now.metrics, *now.estimates])
    counted = now.confusion if now.labelled else None
    return PerformanceView(
        look=PERFORMANCE[found.verdict],
        sentence=found.sentence,
        task={"binary": "two classes", "multiclass": "many classes"}.get(found.task, "regression"),
        known=f"Outcomes are known of {_known(now)} current rows and of {_known(before)} of the reference.",
        metrics=tuple(
            (metric_name(name), *(figure(side.get(name)) for side in (before.metrics, now.metrics, now.estimates)))
            for name in names
        ),
        estimated=bool(now.estimates),
        classes=_classes(counted),
        confusion=_confusion(counted),
        confusion_heads=tuple(map(shown, counted.classes)) if counted else (),
        quantiles=_quantiles(before, now),
    )


def figure(found: Metric | None) -> str:
    """A metric and its interval."""
    if found is None or found.statistic != found.statistic:
        return NOTHING
    return f"{metric(found.statistic)} ({metric(found.low)} to {metric(found.high)})"


def _known(side: Measured) -> str:
    share = f" ({percent(side.labelled / side.rows)})" if side.rows else ""
    return f"{exact(side.labelled)} of {exact(side.rows)}{share}"


def _classes(counted: Confusion | None) -> tuple[tuple[str, ...], ...]:
    """Of many classes, the rates of each."""
    if counted is None or not 2 < len(counted.classes) <= MOST_CLASSES:
        return ()
    return tuple(
        (shown(entry.name), exact(entry.support), *map(figure, (entry.precision, entry.recall, entry.f1)))
        for entry in per_class(counted)
    )


def _confusion(counted: Confusion | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if counted is None or not 0 < len(counted.classes) <= MOST_CLASSES:
        return ()
    rows: Mapping[str, list[float]] = dict(zip(counted.classes, counted.counts.tolist(), strict=True))
    return tuple((shown(name), tuple(map(exact, counts))) for name, counts in rows.items())


def _quantiles(before: Measured, now: Measured) -> tuple[tuple[str, str, str], ...]:
    """Of a regression, prediction less outcome: the values below which a share of the rows lies."""
    if now.residuals is None or not now.labelled:
        return ()
    current = residual_quantiles(now.residuals)
    reference = residual_quantiles(before.residuals) if before.residuals is not None and before.labelled else ()
    return tuple(
        (f"{percent(share)} below", figure(reference[place]) if reference else NOTHING, figure(current[place]))
        for place, share in enumerate(QUANTILES)
    )
