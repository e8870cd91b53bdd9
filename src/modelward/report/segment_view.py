"""What a report shows of the segments: each beside the others, the gravest first, and each by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from modelward.report.charts.interval_rows import Dot, IntervalRow, interval_rows
from modelward.report.column_view import shown
from modelward.report.judged_segments import JudgedSegments
from modelward.report.looks import LOOKS, Look, gravest_first
from modelward.report.outcome_looks import FAIRNESS, PERFORMANCE
from modelward.report.performance import Performance
from modelward.report.performance_view import figure, performance_view
from modelward.report.writing import NOTHING, exact
from modelward.report.writing import metric as written
from modelward.rules import phrases
from modelward.rules.finding import Comparison
from modelward.rules.metric_names import metric_name
from modelward.rules.performance import PerformanceVerdict
from modelward.rules.segment_ranking import ERROR_RATE, Ranking
from modelward.rules.verdict import Verdict, worst
from modelward.stats import Metric

Said = tuple[Look, str]

_WRONG = frozenset({"drifted", "warning"})
_ORDER = [LOOKS[verdict].slug for verdict in (Verdict.DRIFTED, Verdict.WARNING, Verdict.OK, Verdict.TOO_FEW)]
_MOST_COLUMNS, _RANKED = 5, 10
_WITH_METRICS = 8
"""So many segments, the gravest, are told with every metric; the JSON has them of all."""


@dataclass(frozen=True)
class SegmentRow:
    """One segment. `figure` is its metric now and before, `sentences` what is said of it (the gravest first) with how
    it looks; `metrics` are all of them, as in the table of the whole. `own` says that something is wrong here that the
    columns of all rows do not tell.
    """

    name: str
    title: str
    look: Look
    rows: str
    performance: Look | None
    figure: str
    fairness: Look | None
    sentences: tuple[tuple[Look, str], ...]
    metrics: tuple[tuple[str, ...], ...]
    known: str
    own: bool


@dataclass(frozen=True)
class SegmentsView:
    """All segments; `chart` shows the metric called `metric` of each, before and now."""

    title: str
    carried: tuple[tuple[tuple[str, ...], str], ...]
    rows: tuple[SegmentRow, ...]
    left_out: tuple[tuple[str, str], ...]
    metric: str
    chart: Markup | None
    has_performance: bool
    estimated: bool
    loss: str
    ranking: tuple[tuple[str, str, str, str], ...]
    worse: tuple[str, ...]


def segments_view(found: JudgedSegments, whole: Comparison) -> SegmentsView:
    """The view of all segments of the rows that `whole` is the comparison of."""
    rows = sorted((_row(found, name, whole) for name in found.names), key=_gravity)
    metric = next((entry.metric for entry in found.performance.values() if entry.metric), None)
    return SegmentsView(
        title=shown(found.column),
        carried=_carried(found),
        rows=tuple(row if place < _WITH_METRICS else replace(row, metrics=()) for place, row in enumerate(rows)),
        left_out=tuple((shown(name), reason) for name, reason in found.left_out.items() if name not in found.names),
        metric=metric_name(metric) if metric else "",
        chart=_chart(found, metric, [row.name for row in rows]) if metric else None,
        has_performance=bool(found.performance),
        estimated=any(entry.current.estimates for entry in found.performance.values()),
        **_ranked(found.ranking),
    )


def _gravity(row: SegmentRow) -> tuple[int, bool]:
    return _ORDER.index(row.look.slug), not row.own


def _carried(found: JudgedSegments) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The columns that moved, those of one clause together."""
    columns: dict[str, list[str]] = {}
    for entry in found.carried:
        columns.setdefault(entry.clause, []).append(shown(entry.column))
    return tuple((tuple(names), clause) for clause, names in columns.items())


def _ranked(ranking: Ranking | None) -> dict[str, Any]:
    if ranking is None:
        return {"loss": "", "ranking": (), "worse": ()}
    return {
        "loss": "Share of wrong predictions" if ranking.loss == ERROR_RATE else metric_name(ranking.loss),
        "ranking": tuple((shown(one.segment), *_parts(one.loss), one.reason) for one in ranking.segments[:_RANKED]),
        "worse": tuple(map(shown, ranking.worse)),
    }


def _row(found: JudgedSegments, name: str, whole: Comparison) -> SegmentRow:
    compared, performance = found.comparisons.get(name), found.performance.get(name)
    groups, view = found.fairness.get(name, ()), performance_view(performance) if performance else None
    own = [*_outcomes(found, name), *_moved(compared, whole, alone=True)]
    sentences = [*own, *_moved(compared, whole, alone=False), *_quiet(found, name)]
    looks = [look for look, _ in sentences]
    return SegmentRow(
        name=name,
        title=shown(name),
        look=min(looks, key=lambda look: _ORDER.index(look.slug)),
        rows=f"{exact(compared.rows_current)} / {exact(compared.rows_reference)}" if compared else _rows(performance),
        performance=view.look if view else None,
        figure=_figure(performance),
        fairness=FAIRNESS[groups[0].verdict] if groups else None,
        sentences=tuple(sorted(sentences, key=lambda said: _ORDER.index(said[0].slug))),
        metrics=view.metrics if view else (),
        known=view.known if view else "",
        own=any(look.slug in _WRONG for look, _ in own),
    )


def _outcomes(found: JudgedSegments, name: str) -> Iterator[Said]:
    performance = found.performance.get(name)
    if performance is not None:
        yield PERFORMANCE[performance.verdict], performance.reason
    for entry in found.fairness.get(name, ()):
        yield FAIRNESS[entry.verdict], f"by `{entry.attribute}`, {entry.reason}"


def _moved(compared: Comparison | None, whole: Comparison, *, alone: bool) -> Iterator[Said]:
    """The columns that moved here: those that did not in the whole, each; or the others together."""
    known = {finding.column for finding in whole.findings}
    moved = [one for one in compared.findings if (one.column not in known) is alone] if compared else []
    for finding in gravest_first(moved)[:_MOST_COLUMNS] if alone else ():
        yield LOOKS[finding.verdict], finding.reason
    rest = moved[_MOST_COLUMNS:] if alone else moved
    if rest:
        names = phrases.quoted([finding.column for finding in gravest_first(rest)])
        where = "here too" if alone else "here as in the whole"
        yield LOOKS[worst(finding.verdict for finding in rest)], f"{names} moved {where}"


def _quiet(found: JudgedSegments, name: str) -> Iterator[Said]:
    """What is said of the columns where none of them moved."""
    compared = found.comparisons.get(name)
    if compared is None:
        yield LOOKS[Verdict.TOO_FEW], found.left_out.get(name, "too few rows")
    elif not compared.findings:
        yield LOOKS[compared.verdict], compared.reason


def _rows(performance: Performance | None) -> str:
    if performance is None:
        return NOTHING
    return f"{exact(performance.current.rows)} / {exact(performance.reference.rows)}"


def _figure(performance: Performance | None) -> str:
    """The metric that the segment is shown by, now and before; what is estimated says so."""
    if performance is None or performance.metric is None:
        return NOTHING
    name, now = performance.metric, performance.current
    measured, before = now.metrics.get(name), performance.reference.metrics.get(name)
    told = measured if _is_there(measured) else now.estimates.get(name)
    if not _is_there(told):
        return NOTHING
    assert told is not None
    after = "" if told is measured else " estimated"
    return f"{written(told.statistic)}{after}" + (f" / {written(before.statistic)}" if before is not None else "")


def _chart(found: JudgedSegments, metric: str, order: Sequence[str]) -> Markup | None:
    surely = {n: e for n, e in found.performance.items() if e.verdict is not PerformanceVerdict.TOO_FEW}
    rows = []
    known = surely or found.performance  # an interval of six rows would fill the scale
    for name in (name for name in order if name in known):
        entry = known[name]
        now = entry.current.metrics.get(metric) or entry.current.estimates.get(metric)
        before = entry.reference.metrics.get(metric)
        if _is_there(now) or _is_there(before):
            rows.append(IntervalRow(shown(name), PERFORMANCE[entry.verdict].slug, _dot(before), _dot(now)))
    label = f"{metric_name(metric)} of each segment, in the reference and now"
    return interval_rows(rows, label=label) if rows else None


def _dot(found: Metric | None) -> Dot | None:
    return Dot(found.statistic, found.low, found.high) if found is not None and _is_there(found) else None


def _is_there(found: Metric | None) -> bool:
    return found is not None and found.statistic == found.statistic


def _parts(found: Metric) -> tuple[str, str]:
    value, _, interval = figure(found).partition(" (")
    return value, interval.removesuffix(")")
