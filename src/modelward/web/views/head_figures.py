"""The figures at the head of a model's page: risk, fairness, drift, performance, traffic, latency, and their source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from modelward.governance.risk_tables import GovernanceState
from modelward.monitoring.performance_readings import PerformancePoint
from modelward.monitoring.readings import EvaluationView, WindowPoint
from modelward.rules.metric_names import metric_name
from modelward.web.states import state_of
from modelward.web.views.naming import column_title
from modelward.web.views.risk_words import GOVERNANCE
from modelward.web.views.traffic import newest_latency
from modelward.web.views.verdicts import PERFORMANCE, figure
from modelward.web.writing import NOTHING, ago, exact, milliseconds, number, percent, score, span


@dataclass(frozen=True)
class Figure:
    """One number of the header: its name, the value, and what stands beneath it."""

    name: str
    value: str
    note: str = ""
    slug: str = ""


def head_figures(
    governed: GovernanceState | None,
    latest: EvaluationView | None,
    history: Sequence[WindowPoint],
    performance: PerformancePoint | None,
    *,
    window: str,
    event_count: int,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[Figure, ...]:
    """Of one model; `window` is the kind of its windows, `now` decides what today is."""
    return (
        *_governed(governed, now),
        *_drift_figures(latest, zone),
        performance_figure(performance, zone),
        _traffic(history, window, event_count, zone, now),
        _latency(history),
    )


def _governed(state: GovernanceState | None, now: datetime) -> tuple[Figure, Figure]:
    if state is None:
        return Figure("Risk", NOTHING, "not measured yet"), Figure("Fairness", NOTHING, "not measured yet")
    status = GOVERNANCE[state.status]
    slug = status.slug if status.severity >= GOVERNANCE["AT_RISK"].severity else ""
    when = f", measured {ago(state.measured_at, now)}" if state.measured_at else ""
    value = NOTHING if state.risk_score is None else f"{state.risk_score:.0f}"
    risk = Figure("Risk", value, f"{status.word.lower()}{when}", slug)
    part = next((part for part in state.components if part["name"] == "fairness"), None)
    if part is None:
        return risk, Figure("Fairness", NOTHING, "not measured")
    seen = part["evidence"]
    interval = f"`{seen['attribute']}`, {score(seen['low'])} to {score(seen['high'])}"
    return risk, Figure("Fairness", score(seen["fairness_score"]), interval)


def _drift_figures(latest: EvaluationView | None, zone: ZoneInfo) -> tuple[Figure, Figure]:
    if latest is None:
        return Figure("Drift, PSI", "–", "not evaluated yet"), Figure("Drift, KS", "–", "not evaluated yet")
    slug = state_of(latest.level).slug if latest.level in ("warning", "drifted") else ""
    where = span(latest.starts_at.astimezone(zone), latest.ends_at.astimezone(zone)) + (
        "" if latest.closed else ", not over yet"
    )
    worst = _worst(latest, "psi")
    note = f"`{worst}`, {where}" if worst else where
    other = _worst(latest, "ks")
    return Figure("Drift, PSI", score(latest.psi), note, slug), Figure(
        "Drift, KS", score(latest.ks), f"`{other}`" if other else where
    )


def _worst(latest: EvaluationView, statistic: str) -> str | None:
    known = [
        (value, str(f["column"]))
        for f in latest.findings
        if (value := (f.get("statistics") or {}).get(statistic)) is not None
    ]
    return column_title(max(known)[1]) if known else None


def performance_figure(point: PerformancePoint | None, zone: ZoneInfo) -> Figure:
    """What is known of the outcomes of the newest window, or expected of them."""
    known = point and (point.measured or point.estimated)
    if point is None or not known:
        return Figure("Performance", NOTHING, "no outcome is known yet")
    state = PERFORMANCE[point.verdict]
    how = f"of {percent(point.coverage)} of the outcomes" if point.measured else "estimated"
    where = span(point.starts_at.astimezone(zone), point.ends_at.astimezone(zone))
    slug = state.slug if state.slug in ("warning", "drifted") else ""
    return Figure(metric_name(point.metric or ""), figure(known.value), f"{how}, {where}", slug)


def _traffic(points: Sequence[WindowPoint], window: str, event_count: int, zone: ZoneInfo, now: datetime) -> Figure:
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if window == "week":
        midnight -= timedelta(days=midnight.weekday())
    name = "Predictions this week" if window == "week" else "Predictions today"
    today = sum(p.rows for p in points if midnight <= p.starts_at <= now)
    newest = points[-1] if points else None
    if newest is None or today:
        return Figure(name, number(today), f"{exact(event_count)} in all")
    where = span(newest.starts_at.astimezone(zone), newest.ends_at.astimezone(zone))
    return Figure(
        name,
        number(today),
        f"{number(newest.rows)} on {where}" if window != "hour" else f"{number(newest.rows)} in {where}",
    )


def _latency(points: Sequence[WindowPoint]) -> Figure:
    latest = newest_latency(points)
    if latest is None:
        return Figure("Latency, p95", "–", "no event carries one")
    return Figure(
        "Latency, p95", milliseconds(latest.p95), f"p50 {milliseconds(latest.p50)}, p99 {milliseconds(latest.p99)}"
    )
