"""What governance says of models: the status as one of the five states, the tab of a model, and the risk over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from modelward.governance.risk_tables import RiskRecord
from modelward.rules.policy import Policy
from modelward.web.charts.axis import Window
from modelward.web.charts.over_time import Line, Threshold, over_time
from modelward.web.states import DRIFTED, HEALTHY, TOO_FEW, State
from modelward.web.views.head_figures import Figure
from modelward.web.views.numbers import Table, table
from modelward.web.views.risk_words import GOVERNANCE
from modelward.web.writing import NOTHING, count, number, percent, score, span

STEPS = 50
"""So many steps of the history are listed; the API has all."""

EVENTS: Mapping[str, str] = {
    "first": "First look",
    "window": "Window closed",
    "open_window": "Open window",
    "fairness": "Fairness",
    "performance": "Performance",
    "policy": "Policy",
    "reference": "Reference",
    "correction": "Late data",
    "daily": "Daily look",
}
PARTS = {"drift": "Drift", "fairness": "Fairness", "performance": "Performance"}


@dataclass(frozen=True)
class Part:
    """One measured part of the risk."""

    name: str
    score: str
    weight: str
    points: str
    sentence: str
    window: str


@dataclass(frozen=True)
class ColumnPart:
    """A column that brought points of drift."""

    column: str
    psi: str
    points: str


@dataclass(frozen=True)
class CheckLine:
    """One check of the policy."""

    title: str
    state: State
    sentence: str


@dataclass(frozen=True)
class Step:
    """One step of the history, and the event behind it."""

    at: datetime
    event: str
    risk: str
    state: State
    cause: str
    corrected_at: datetime | None


@dataclass(frozen=True)
class GovernanceTab:
    """Everything that the tab shows."""

    state: State
    reasons: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    """When the newest window ended that all of this rests on."""
    figures: tuple[Figure, ...]
    sentence: str
    parts: tuple[Part, ...]
    columns: tuple[ColumnPart, ...]
    unmeasured: tuple[str, ...]
    checks: tuple[CheckLine, ...]
    policy: str
    chart: Markup | None
    legend: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    shown: str


def governance_tab(
    told: Mapping[str, Any],
    *,
    policy: Policy,
    since: datetime | None,
    history: Sequence[RiskRecord],
    zone: ZoneInfo,
) -> GovernanceTab:
    """The tab of a model; `told` is its status as the API says it, `history` its steps, newest first."""
    drift = next((part for part in told["components"] if part["name"] == "drift"), None)
    windows, values = daily(history, zone)
    return GovernanceTab(
        state=GOVERNANCE[told["governance_status"]],
        reasons=tuple(reason["sentence"] for reason in told["reasons"]),
        since=since,
        until=_until(told["sources"]),
        figures=_figures(told, policy),
        sentence=told["sentence"],
        parts=tuple(_part(part, told["sources"], zone) for part in told["components"]),
        columns=tuple(
            ColumnPart(entry["column"], score(entry["psi"]), f"{entry['points']:.1f}")
            for entry in (drift["columns"] if drift else ())
        ),
        unmeasured=tuple(part["sentence"] for part in told["unmeasured"]),
        checks=tuple(_check(check) for check in told["checks"]),
        policy=told["sources"]["policy_title"],
        chart=_chart(windows, values, policy) if windows else None,
        legend=(("current", "risk at the end of each day"),),
        steps=tuple(_step(row) for row in history[:STEPS]),
        shown=f"The newest {STEPS} of {len(history)} steps." if len(history) > STEPS else "",
    )


def risk_numbers(history: Sequence[RiskRecord], zone: ZoneInfo) -> Table | None:
    """The risk day by day."""
    windows, values = daily(history, zone)
    if not windows:
        return None
    return table(windows, ("Risk",), [None if value is None else (f"{value:.1f}",) for value in values])


def daily(history: Sequence[RiskRecord], zone: ZoneInfo) -> tuple[list[Window], list[float | None]]:
    """The risk at the end of each day of the model's zone; `history` has the newest step first."""
    steps = [(row.at.astimezone(zone), row.risk_score) for row in reversed(history)]
    if not steps:
        return [], []
    windows, values = [], []
    start, position, known = _midnight(steps[0][0]), 0, None
    while position < len(steps):
        end = _midnight(start + timedelta(days=1, hours=3))
        while position < len(steps) and steps[position][0] < end:
            known = steps[position][1]
            position += 1
        windows.append(Window(start, end))
        values.append(known)
        start = end
    return windows, values


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _figures(told: Mapping[str, Any], policy: Policy) -> tuple[Figure, ...]:
    risk, points = told["risk_score"], {part["name"]: part for part in told["components"]}
    parts = [
        Figure(
            PARTS[name],
            f"{points[name]['score']:.0f}" if name in points else NOTHING,
            f"of 100, weight {points[name]['weight']:.2g}" if name in points else "left out",
        )
        for name in ("drift", "fairness")
    ]
    checks = [check for check in told["checks"] if check["holds"] is not None]
    held = sum(check["holds"] for check in checks)
    return (
        Figure(
            "Risk",
            NOTHING if risk is None else f"{risk:.1f}",
            f"at risk from {policy.at_risk:g}, blocked from {policy.blocked:g}",
        ),
        *parts,
        Figure(
            "Compliance", percent(told["compliance"]), f"{held} of {count(len(checks), 'check')} of the policy hold"
        ),
    )


def _part(part: Mapping[str, Any], sources: Mapping[str, Any], zone: ZoneInfo) -> Part:
    return Part(
        name=PARTS[part["name"]],
        score=f"{part['score']:.1f}",
        weight=f"{part['weight']:.2g}",
        points=f"{part['points']:.1f}",
        sentence=part["sentence"],
        window=window_told(_window_of(part, sources), zone),
    )


def _window_of(part: Mapping[str, Any], sources: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The window that the part itself names, where it does; the newest one that was looked at otherwise."""
    seen = part["evidence"]
    return {**seen, "closed": True} if "start" in seen else sources.get(part["name"])


def _until(sources: Mapping[str, Any]) -> datetime | None:
    """The end of the newest window that the status rests on."""
    ends = [datetime.fromisoformat(sources[name]["end"]) for name in PARTS if sources.get(name)]
    return max(ends, default=None)


def window_told(source: Mapping[str, Any] | None, zone: ZoneInfo) -> str:
    """The window that a part was measured on."""
    if not source:
        return ""
    start, end = (datetime.fromisoformat(source[side]).astimezone(zone) for side in ("start", "end"))
    return span(start, end) + ("" if source["closed"] else ", not over yet")


def _check(check: Mapping[str, Any]) -> CheckLine:
    states = {
        True: replace(HEALTHY, word="Holds"),
        False: replace(DRIFTED, word="Does not hold"),
        None: replace(TOO_FEW, word="Cannot be said"),
    }
    return CheckLine(check["title"], states[check["holds"]], check["sentence"])


def _chart(windows: Sequence[Window], values: Sequence[float | None], policy: Policy) -> Markup:
    return over_time(
        windows,
        [Line("risk", values)],
        label="Risk by day",
        axis_write=number,
        thresholds=[Threshold(policy.at_risk, "at risk"), Threshold(policy.blocked, "blocked")],
    )


def _step(row: RiskRecord) -> Step:
    return Step(
        at=row.at,
        event=EVENTS.get(row.event, row.event),
        risk=NOTHING if row.risk_score is None else f"{row.risk_score:.1f}",
        state=GOVERNANCE[row.status],
        cause=row.cause,
        corrected_at=row.corrected_at,
    )
