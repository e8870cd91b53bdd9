"""The fairness of a model: each protected attribute, its groups beside each other, and the score over time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from modelward.errors import NotFound
from modelward.monitoring.performance_readings import AttributeView, FairnessPoint, FairnessView
from modelward.report.charts.group_bars import Group, group_bars
from modelward.rules.metric_names import DISPARITIES, RATES
from modelward.web.charts.axis import Window
from modelward.web.charts.certainty import Sure, certainty
from modelward.web.states import State
from modelward.web.views.head_figures import Figure
from modelward.web.views.numbers import Table, table
from modelward.web.views.verdicts import FAIRNESS, WINDOWS, WindowRow, between, figure, shown_of, told
from modelward.web.writing import exact, number, percent, score, span

Link = Callable[[str], str]


@dataclass(frozen=True)
class Choice:
    """One protected attribute, or two together, with its state."""

    name: str
    address: str
    state: State
    chosen: bool


@dataclass(frozen=True)
class AttributeTab:
    """The attribute that is open: why, its groups, every disparity, and its windows."""

    name: str
    state: State
    reason: str
    since: datetime | None
    window: str
    bars: Markup | None
    small: tuple[str, ...]
    groups: tuple[tuple[str, str, tuple[str, ...]], ...]
    disparities: tuple[tuple[str, str, str, str, str], ...]
    history: Markup | None
    legend: tuple[tuple[str, str], ...]
    rows: tuple[WindowRow, ...]
    shown: str


@dataclass(frozen=True)
class FairnessTab:
    """Everything that the tab shows; `open` is None where no attribute is watched."""

    state: State
    reason: str
    figures: tuple[Figure, ...]
    choices: tuple[Choice, ...]
    open: AttributeTab | None
    not_watched: tuple[str, ...]
    limit: str


def chosen_of(view: FairnessView, name: str | None) -> AttributeView | None:
    """The attribute that the address names, else the worst. Raises NotFound."""
    if name is None:
        return view.attributes[0] if view.attributes else None
    found = next((one for one in view.attributes if one.attribute == name), None)
    if found is None:
        raise NotFound(f"`{name[:80]}` is not watched for fairness here: choose an attribute from the list.")
    return found


def fairness_tab(view: FairnessView, *, zone: ZoneInfo, link: Link, chosen: AttributeView | None) -> FairnessTab:
    """The tab with one attribute open."""
    return FairnessTab(
        state=FAIRNESS[view.verdict],
        reason=view.reason,
        figures=_figures(view, chosen, zone) if chosen else (),
        choices=tuple(
            Choice(one.attribute, link(one.attribute), FAIRNESS[one.verdict], one is chosen) for one in view.attributes
        ),
        open=_open(view, chosen, zone) if chosen else None,
        not_watched=view.not_watched,
        limit=score(view.limit),
    )


def fairness_numbers(chosen: AttributeView | None, zone: ZoneInfo) -> Table | None:
    """The score of one attribute, window by window."""
    if chosen is None or not chosen.windows:
        return None
    values = [
        (figure(_score_of(p)), _within(p), exact(p.rows), exact(p.labelled), FAIRNESS[p.verdict].word)
        for p in chosen.windows
    ]
    heads = ("Fairness score", "95 % interval", "Rows", "Outcomes known", "Verdict")
    return table(_local(chosen.windows, zone), heads, values)


def _local(points: Sequence[FairnessPoint], zone: ZoneInfo) -> list[Window]:
    return [Window(p.starts_at.astimezone(zone), p.ends_at.astimezone(zone), p.closed) for p in points]


def _score_of(point: FairnessPoint) -> float | None:
    """The score, where there were two groups to compare: that of one alone is 1 by its definition, and says nothing."""
    alone = point.verdict == "not_enough_rows" and point.score == point.low == point.high == 1.0
    return None if alone else point.score


def _within(point: FairnessPoint) -> str:
    return between(point.low, point.high) if _score_of(point) is not None else ""


def _when(point: FairnessPoint, zone: ZoneInfo) -> str:
    when = span(point.starts_at.astimezone(zone), point.ends_at.astimezone(zone))
    return when if point.closed else f"{when} (not over yet)"


def _figures(view: FairnessView, chosen: AttributeView, zone: ZoneInfo) -> tuple[Figure, ...]:
    now = chosen.current
    baseline = f"promised at registration: {figure(view.baseline)}" if view.baseline else "the four-fifths rule"
    alarming = [one for one in view.attributes if one.verdict in ("unfair", "below_baseline")]
    limit = Figure("Limit", score(view.limit), baseline if view.baseline or view.limit == 0.8 else "of this model")
    known = f"of {number(len(view.attributes))} watched, groups of {view.minimum_group} rows or more"
    if now is None:
        return (limit, Figure("In alarm", number(len(alarming)), known))
    interval = _within(now)
    return (
        Figure("Fairness score", figure(_score_of(now)), f"`{chosen.attribute}`, {interval}" if interval else ""),
        limit,
        Figure("In alarm", number(len(alarming)), known),
        Figure("Rows", number(now.rows), _when(now, zone)),
    )


def _open(view: FairnessView, chosen: AttributeView, zone: ZoneInfo) -> AttributeTab:
    told_score: Mapping[str, Any] = chosen.disparities.get("fairness_score", {})
    small = tuple(str(name) for name in told_score.get("left_out") or ())
    points, windows = chosen.windows, _local(chosen.windows, zone)
    scores = [None if (known := _score_of(p)) is None else Sure(known, p.low, p.high, "final") for p in points]
    return AttributeTab(
        name=chosen.attribute,
        state=FAIRNESS[chosen.verdict],
        reason=chosen.reason,
        since=chosen.since,
        window=_when(chosen.current, zone) if chosen.current else "",
        bars=_bars(view, chosen, told_score, small),
        small=small,
        groups=tuple(_group(entry) for entry in chosen.groups),
        disparities=tuple(_disparity(name, entry) for name, entry in chosen.disparities.items()),
        history=_history(view, chosen, windows, scores) if any(scores) else None,
        legend=_legend(view),
        rows=tuple(_row(point, zone) for point in reversed(points[-WINDOWS:])),
        shown=shown_of(len(points)),
    )


def _legend(view: FairnessView) -> tuple[tuple[str, str], ...]:
    entries = (("current", "fairness score"), ("band", "95 % interval"))
    if view.baseline is None:
        return entries
    return (*entries, ("reference", f"promised at registration {figure(view.baseline)}"))


def _history(
    view: FairnessView, chosen: AttributeView, windows: Sequence[Window], scores: Sequence[Sure | None]
) -> Markup:
    label = f"Fairness score of {chosen.attribute} by window"
    return certainty(windows, scores, label=label, standard=view.baseline, limit=view.limit)


def _bars(
    view: FairnessView, chosen: AttributeView, told_score: Mapping[str, Any], small: Sequence[str]
) -> Markup | None:
    groups = []
    for entry in chosen.groups:
        rate = entry["selection_rate"]
        if rate["value"] is not None:
            name = str(entry["group"])
            groups.append(Group(name, rate["value"], rate["low"], rate["high"], entry["rows"], name not in small))
    if not groups:
        return None
    highest = next((group for group in groups if group.name == told_score.get("highest")), None)
    limit = view.limit * highest.rate if highest and sum(group.compared for group in groups) > 1 else None
    name = f"{score(view.limit)} of {highest.name}: {percent(limit)}" if highest and limit is not None else ""
    ordered = sorted(groups, key=lambda group: (not group.compared, -group.rate))
    return group_bars(ordered, label=f"Share selected, by {chosen.attribute}", limit=limit, limit_name=name)


def _group(entry: Mapping[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    rates = []
    for name, _ in RATES:
        value = (entry.get(name) or {}).get("value")
        rates.append(figure(value) if name == "calibration_gap" else percent(value))
    return str(entry["group"]), exact(entry["rows"]), tuple(rates)


def _disparity(name: str, entry: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    title, meaning = DISPARITIES.get(name, (name.replace("_", " "), ""))
    if entry.get("lowest") and entry["lowest"] == entry.get("highest"):
        return title, "–", "", f"Only {entry['lowest']} is large enough, and is not compared with itself.", meaning
    sides = f"{entry['lowest']} against {entry['highest']}" if entry.get("lowest") else str(entry.get("reason") or "")
    return (title, *told(entry), sides, meaning)


def _row(point: FairnessPoint, zone: ZoneInfo) -> WindowRow:
    values = (figure(_score_of(point)), _within(point), exact(point.rows))
    return WindowRow(_when(point, zone), None, FAIRNESS[point.verdict], point.reason, values)
