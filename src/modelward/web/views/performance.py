"""The performance of a model: estimated while its outcomes are not known, partial while some are, final at last."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from modelward.monitoring.outcomes_unread import BEING_READ
from modelward.monitoring.performance_readings import (
    BackTest,
    Interval,
    PerformanceDetail,
    PerformancePoint,
    PerformanceView,
)
from modelward.rules.metric_names import metric_name
from modelward.rules.performance import PerformanceVerdict
from modelward.web.charts.axis import Window
from modelward.web.charts.certainty import Sure, certainty
from modelward.web.charts.over_time import Line, over_time
from modelward.web.states import TOO_FEW, State
from modelward.web.views.head_figures import Figure
from modelward.web.views.numbers import Table, table
from modelward.web.views.verdicts import PERFORMANCE, WINDOWS, WindowRow, between, figure, said, shown_of, told
from modelward.web.writing import count, exact, measure, number, percent, span

Address = Callable[[datetime], str]

READING = said(TOO_FEW, "Outcomes are being read", "They have come; their summaries are still being built.")
CAME_TRUE = "What was predicted, and what came true"
STATES = {
    "final": "final",
    "partial": "partial: not all outcomes are known",
    "estimate": "estimated: no outcome is known yet",
    "none": "neither known nor estimated",
}


@dataclass(frozen=True)
class Back:
    """How good the estimates of one metric were, in a sentence and in numbers."""

    sentence: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DetailView:
    """One window: why its verdict is what it is, every metric, the confusion, and how late its outcomes came."""

    name: str
    state: State
    reason: str
    known: str
    standard: str
    metrics: tuple[tuple[str, str, str, str, str], ...]
    measured: bool
    estimated: bool
    classes: tuple[str, ...]
    confusion: tuple[tuple[str, tuple[str, ...]], ...]
    confusion_title: str
    rates: tuple[tuple[str, ...], ...]
    """Of many classes, each one's rows, precision, recall, F1 and ROC AUC, with their intervals."""
    quantiles: tuple[tuple[str, str, str], ...]
    changes: tuple[str, ...]


@dataclass(frozen=True)
class PerformanceTab:
    """Everything that the tab shows; `empty` when there is no window to draw."""

    state: State
    reason: str
    since: datetime | None
    figures: tuple[Figure, ...]
    metric: str
    sentence: str
    chart: Markup | None
    legend: tuple[tuple[str, str], ...]
    coverage: Markup | None
    coverage_sentence: str
    against: Markup | None
    back: tuple[Back, ...]
    no_estimate: str
    detail: DetailView | None
    rows: tuple[WindowRow, ...]
    shown: str
    labelled: bool
    empty: bool


def performance_tab(
    view: PerformanceView, *, zone: ZoneInfo, link: Address, opened: PerformanceDetail | None
) -> PerformanceTab:
    """The tab; `opened` is the window whose details are shown."""
    points = view.windows
    windows = _local(points, zone)
    sure, early = [sure_of(point) for point in points], [early_of(point) for point in points]
    name = metric_name(view.metric)
    return PerformanceTab(
        state=READING if view.reason == BEING_READ else PERFORMANCE[view.verdict],
        reason=view.reason,
        since=view.since,
        figures=_figures(view, zone),
        metric=name,
        sentence=_sentence(view, sure, early),
        chart=certainty(windows, sure, label=f"{name} by window", standard=view.standard, limit=view.limit, early=early)
        if any(sure) or any(early)
        else None,
        legend=_legend(view, sure, early),
        coverage=_coverage(windows, points) if points else None,
        coverage_sentence=_coverage_told(points),
        against=_against(windows, points, name),
        back=tuple(_back(test) for test in view.back_test),
        no_estimate="" if any(point.estimated for point in points) else view.no_estimate,
        detail=_detail(opened, zone) if opened else None,
        rows=tuple(_row(point, zone, link) for point in reversed(points[-WINDOWS:])),
        shown=shown_of(len(points)),
        labelled=any(point.labelled for point in points) or view.verdict != "no_labels" or view.reason == BEING_READ,
        empty=not points,
    )


def performance_numbers(view: PerformanceView, zone: ZoneInfo) -> Table | None:
    """The table behind the charts, window by window."""
    if not view.windows:
        return None
    heads = (metric_name(view.metric), "Interval", "Estimated", "Its interval", "Outcomes known", "How sure")
    return table(_local(view.windows, zone), heads, [_numbers(point) for point in view.windows])


def sure_of(point: PerformancePoint) -> Sure | None:
    """What a window is drawn by: what is measured where that may decide, what is estimated before."""
    if point.measured is not None and not _is_early(point):
        return Sure(point.measured.value, point.measured.low, point.measured.high, point.state)
    if point.estimated is not None:
        sureness = "estimate" if point.estimate_valid else "void"
        return Sure(point.estimated.value, point.estimated.low, point.estimated.high, sureness)
    return None


def early_of(point: PerformancePoint) -> Sure | None:
    """What few outcomes say of a window that they may not decide yet: those that come first are seldom like the rest,
    and three of them would be a fall in the line that nobody saw.
    """
    if point.measured is None or not _is_early(point):
        return None
    return Sure(point.measured.value, point.measured.low, point.measured.high, "early")


def _is_early(point: PerformancePoint) -> bool:
    return PerformanceVerdict(point.verdict).early


def _local(points: Sequence[PerformancePoint], zone: ZoneInfo) -> list[Window]:
    return [Window(p.starts_at.astimezone(zone), p.ends_at.astimezone(zone), p.closed) for p in points]


def _when(point: PerformancePoint, zone: ZoneInfo) -> str:
    told = span(point.starts_at.astimezone(zone), point.ends_at.astimezone(zone))
    return told if point.closed else f"{told} (not over yet)"


def _numbers(point: PerformancePoint) -> tuple[str, ...]:
    sureness = STATES[point.state] + (
        "" if point.estimate_valid or point.state != "estimate" else "; the estimate no longer holds"
    )
    known = f"{exact(point.labelled)} of {exact(point.rows)} ({percent(point.coverage)})"
    return (*_interval(point.measured), *_interval(point.estimated), known, sureness)


def _interval(found: Interval | None) -> tuple[str, str]:
    return (figure(found.value), between(found.low, found.high)) if found else ("–", "")


def _figures(view: PerformanceView, zone: ZoneInfo) -> tuple[Figure, ...]:
    if view.current is None:
        return ()
    point, delay = view.current.point, view.current.delay
    where = _when(point, zone)
    best, how = _best(point)
    told = {"estimate": "estimated", "none": "neither known nor estimated"}.get(how, "measured")
    standard = Figure("Standard", figure(view.standard), view.standard_source or "none yet")
    return (
        Figure(metric_name(point.metric or view.metric), figure(best.value if best else None), f"{told}, {where}"),
        standard,
        Figure("Outcomes known", percent(point.coverage), f"{number(point.labelled)} of {number(point.rows)}, {where}"),
        Figure("Outcomes come after", *_delay(delay)),
    )


def _delay(delay: Mapping[str, float | None] | None) -> tuple[str, str]:
    if not delay or delay.get("median_seconds") is None:
        return "–", "not known yet"
    late = delay.get("p95_seconds")
    return lapse(delay["median_seconds"] or 0.0), f"the median; 95 of 100 within {lapse(late)}" if late else "median"


def lapse(seconds: float) -> str:
    """A delay in one unit: 41 s, 12 min, 3.5 h, 1 d."""
    units = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
    size, unit = next((pair for pair in units if seconds >= pair[0]), units[-1])
    return f"{number(seconds / size)} {unit}"


def _sentence(view: PerformanceView, sure: Sequence[Sure | None], early: Sequence[Sure | None]) -> str:
    known = [figure for figure in sure if figure is not None]
    marked = sum(figure is not None for figure in early)
    marks = (
        f" Of {count(marked, 'window')} some outcomes are known, too few to decide: marked with their interval."
        if marked
        else ""
    )
    if not known:
        return f"No window of this range has enough outcomes or an estimate yet.{marks}"
    counts = {name: sum(figure.sureness == name for figure in known) for name in ("final", "partial", "estimate")}
    told = [f"{counts['final']} final"] if counts["final"] else []
    told += [f"{counts['partial']} partly known"] if counts["partial"] else []
    told += [f"{counts['estimate']} estimated"] if counts["estimate"] else []
    values = [figure.value for figure in known]
    spread = f"between {figure(min(values))} and {figure(max(values))}" if len(values) > 1 else figure(values[0])
    states = f" ({', '.join(told)})" if told else ""
    concept = view.concept_drift_since
    since = (
        f" From {span_day(concept)} on truth and estimate part: estimates no longer decide anything." if concept else ""
    )
    return f"{metric_name(view.metric)} lies {spread} in {count(len(known), 'window')}{states}.{marks}{since}"


def span_day(when: datetime) -> str:
    """A day in a sentence."""
    return f"{when.day} {when:%B %Y}"


def _legend(
    view: PerformanceView, sure: Sequence[Sure | None], early: Sequence[Sure | None]
) -> tuple[tuple[str, str], ...]:
    there = {figure.sureness for figure in sure if figure}
    words = {
        "final": "final",
        "partial": "some outcomes known",
        "estimate": "estimated",
        "void": "estimate that no longer holds",
    }
    entries = [(look, words[look]) for look in words if look in there]
    entries += [("early", "too few outcomes to decide")] if any(early) else []
    entries += [("band", "95 % interval")] if there else []
    entries += [("reference", f"standard {figure(view.standard)}")] if view.standard is not None else []
    return tuple(entries)


def _coverage(windows: Sequence[Window], points: Sequence[PerformancePoint]) -> Markup:
    line = Line("known", [point.coverage for point in points], "current")
    whole = Line("all", [1.0] * len(points), "reference")
    return over_time(windows, [whole, line], label="Share of known outcomes by window", axis_write=percent, height=72)


def _coverage_told(points: Sequence[PerformancePoint]) -> str:
    rows, labelled = sum(p.rows for p in points), sum(p.labelled for p in points)
    if not rows:
        return ""
    return f"The outcome of {number(labelled)} of {count(rows, 'prediction')} ({percent(labelled / rows)}) is known."


def _against(windows: Sequence[Window], points: Sequence[PerformancePoint], name: str) -> Markup | None:
    """What was estimated and what became true, where both are known well enough to decide."""
    both = [point if point.measured and point.estimated and not _is_early(point) else None for point in points]
    if sum(point is not None for point in both) < 2:
        return None
    real = [point.measured.value if point and point.measured else None for point in both]
    expected = [point.estimated.value if point and point.estimated else None for point in both]
    label = f"{name} by window, as estimated and as it became known"
    lines = [Line("measured", real, "current"), Line("estimated", expected, "series-2")]
    return over_time(windows, lines, label=label, axis_write=measure, zero=False)


def _back(test: BackTest) -> Back:
    name = metric_name(test.metric)
    better = test.mean_absolute_error < test.error_of_no_estimate
    told = "closer than" if better else "no closer than"
    refused = "" if test.valid else " So its estimates are not valid here, and decide nothing."
    sentence = (
        f"{name}: over {count(test.windows, 'window')} that the calibration had not seen, estimates were off by "
        f"{figure(test.mean_absolute_error)} on average, {told} saying the standard each time "
        f"({figure(test.error_of_no_estimate)}).{refused}"
    )
    promised = "promise too much" if test.bias > 0 else "promise too little"
    rows = (
        ("Windows", exact(test.windows)),
        ("Mean absolute error of the estimate", figure(test.mean_absolute_error)),
        ("The same, saying the standard", figure(test.error_of_no_estimate)),
        ("Estimate less truth, on average", f"{figure(test.bias)} (estimates {promised})"),
        ("Windows in which both intervals meet", f"{exact(test.intervals_met)} of {exact(test.windows)}"),
    )
    return Back(sentence, rows)


def _row(point: PerformancePoint, zone: ZoneInfo, link: Address) -> WindowRow:
    best, how = _best(point)
    return WindowRow(
        name=_when(point, zone),
        address=link(point.starts_at) + "#window",
        state=PERFORMANCE[point.verdict],
        reason=point.reason,
        values=(figure(best.value) if best else "–", _interval(best)[1], how, percent(point.coverage)),
    )


def _best(point: PerformancePoint) -> tuple[Interval | None, str]:
    """The figure that a window is told by, and how far it has come: the one that it is drawn by, if there is one."""
    if point.estimated is not None and (point.measured is None or _is_early(point)):
        return point.estimated, "estimate"
    return point.measured, point.state if point.measured else "none"


def _detail(found: PerformanceDetail, zone: ZoneInfo) -> DetailView:
    point, extra = found.point, found.extra
    names = [*found.metrics, *(name for name in found.estimates if name not in found.metrics)]
    metrics = [(metric_name(n), *told(found.metrics.get(n)), *told(found.estimates.get(n))) for n in names]
    known = "" if extra.get("confusion") else "estimated_"
    confusion: Mapping[str, Any] = extra.get(f"{known}confusion") or {"classes": [], "counts": []}
    held = [f"{metric_name(n)} {figure(s['value'])}, {s['source']}" for n, s in found.standards.items()]
    return DetailView(
        name=_when(point, zone),
        state=PERFORMANCE[point.verdict],
        reason=point.reason,
        known=f"{exact(point.labelled)} of {count(point.rows, 'prediction')} have their outcome.",
        standard=f"Held against {'; '.join(held)}." if held else "",
        metrics=tuple(metrics),
        measured=bool(found.metrics),
        estimated=bool(found.estimates),
        classes=tuple(str(name) for name in confusion["classes"]),
        confusion=tuple(
            (str(name), tuple(exact(round(value)) for value in row))
            for name, row in zip(confusion["classes"], confusion["counts"], strict=True)
        ),
        confusion_title="What was predicted, and what is expected to come true" if known else CAME_TRUE,
        rates=tuple(_rates(entry) for entry in extra.get(f"{known}classes", []))
        if len(confusion["classes"]) > 2
        else (),
        quantiles=tuple(
            (percent(float(share)), *told(found_at)) for share, found_at in extra.get("residual_quantiles", {}).items()
        ),
        changes=tuple(_change(change) for change in found.changes),
    )


def _rates(entry: Mapping[str, Any]) -> tuple[str, ...]:
    figures = (told(entry.get(name)) for name in ("precision", "recall", "f1", "roc_auc"))
    return (
        str(entry["class"]),
        exact(entry["rows"]),
        *(f"{value} ({within})" if within else value for value, within in figures),
    )


def _change(change: Mapping[str, Any]) -> str:
    return f"The loss {'rose' if change['rose'] else 'fell'} inside this window, from {change['since']} on."
