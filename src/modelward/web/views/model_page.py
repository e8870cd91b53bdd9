"""The page of a model, whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from modelward.governance.risk_tables import GovernanceState
from modelward.monitoring.performance_readings import PerformancePoint
from modelward.monitoring.readings import Distribution, EvaluationView, HeatMap, ReferenceView, WindowPoint
from modelward.web.states import State, state_of
from modelward.web.time_range import PRESETS, TimeRange, address, model_path, window_name
from modelward.web.views.column import ColumnView, Limits, column_of, drift_numbers
from modelward.web.views.events_table import EventsView, events_of
from modelward.web.views.head_figures import Figure, head_figures
from modelward.web.views.heat import HeatView, Link, heat_of
from modelward.web.views.incidents import incidents
from modelward.web.views.naming import column_title
from modelward.web.views.numbers import TITLES, Table
from modelward.web.views.overview import reason_without_one
from modelward.web.views.reasons import Reason, reasons_of
from modelward.web.views.traffic import Part, latency_part, prediction_part, volume_part
from modelward.web.writing import count, day, span


@dataclass(frozen=True)
class ModelFacts:
    """What the registry knows of the model."""

    id: int
    key: str
    name: str
    version: str | None
    project: str | None
    description: str | None
    time_zone: str
    window: str
    health: str
    health_since: datetime | None
    health_reason: str | None
    event_count: int
    last_event_at: datetime | None
    limits: Limits = field(default_factory=Limits)
    windows_reason: str = ""
    """Which windows are in effect, and why."""

    @property
    def zone(self) -> ZoneInfo:
        """The model's own time zone, in which its days are read."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True)
class ModelReadings:
    """What was read for the page. `chosen` is the column that is open, `prediction` that of the predictions."""

    facts: ModelFacts
    heat: HeatMap
    history: tuple[WindowPoint, ...]
    latest: EvaluationView | None
    reference: ReferenceView | None
    chosen: Distribution | None = None
    prediction: Distribution | None = None
    events: Sequence[Mapping[str, Any]] = ()
    features: Mapping[str, str] = field(default_factory=dict)
    events_away: str | None = None
    why: Sequence[Mapping[str, Any]] = ()
    governed: GovernanceState | None = None
    performance: PerformancePoint | None = None
    """The newest closed window of which something is known or estimated."""
    parts: Sequence[str] = ()
    """What alarms in parts of the rows, in sentences."""


@dataclass(frozen=True)
class Asked:
    """What the address asks for, checked."""

    range: TimeRange
    column: str | None = None
    window: datetime | None = None
    columns: int = 1


@dataclass(frozen=True)
class Choice:
    """One entry of the range picker."""

    name: str
    address: str
    chosen: bool


@dataclass(frozen=True)
class Tab:
    """One part of a model that has an address of its own."""

    name: str
    address: str
    here: bool


TABS = (
    ("", "Drift"),
    ("quality", "Quality"),
    ("performance", "Performance"),
    ("fairness", "Fairness"),
    ("segments", "Segments"),
    ("governance", "Governance"),
    ("deployment", "Deployment"),
    ("constraints", "Constraints"),
    ("monitor", "Monitor"),
)


def tabs_of(root: str, asked: "Asked", zone: ZoneInfo, *, here: str) -> tuple[Tab, ...]:
    """The links between the parts of a model; each keeps the range of the page."""
    kept = asked.range.parameters(zone)
    return tuple(Tab(name, address(f"{root}/{slug}".rstrip("/"), **kept), slug == here) for slug, name in TABS)


@dataclass(frozen=True)
class ReferenceCard:
    """The reference, and what one may do now."""

    status: str
    sentence: str
    can_confirm: bool
    confirm_address: str


@dataclass(frozen=True)
class ModelPage:
    facts: ModelFacts
    path: str
    tabs: tuple[Tab, ...]
    why: tuple[Reason, ...]
    state: State
    reason: str
    parts: tuple[str, ...]
    parts_address: str
    figures: tuple[Figure, ...]
    computed_at: datetime | None
    reference: ReferenceCard
    ranges: tuple[Choice, ...]
    first_day: str
    last_day: str
    range_told: str
    heat: HeatView | None
    column: ColumnView | None
    all_columns: tuple[tuple[str, str], ...]
    kept: tuple[tuple[str, str], ...]
    range_kept: tuple[tuple[str, str], ...]
    volume: Part | None
    prediction: Part | None
    latency: Part | None
    events: EventsView
    events_away: str | None
    timeline_address: str | None
    numbers: Mapping[str, str]
    here: str


MOST_PARTS = 2
"""So many parts of the rows that alarm are told on the page of the model; its tab of segments has all."""


def model_page(read: ModelReadings, asked: Asked, *, now: datetime) -> ModelPage:
    """Everything the page shows. `now` decides what today is."""
    zone = read.facts.zone
    path = model_path(read.facts.key)
    marks = incidents(read.heat, zone)
    chosen = read.chosen.column if read.chosen else None
    alarmed = [row.column for row in read.heat.rows if row.drifted_since]
    return ModelPage(
        facts=read.facts,
        path=path,
        tabs=tabs_of(path, asked, zone, here=""),
        why=reasons_of(read.why, linker(asked, zone, "#column")),
        state=state_of(read.facts.health),
        reason=read.facts.health_reason
        or reason_without_one(read.facts.health, _status(read.reference), read.facts.event_count),
        parts=tuple(read.parts[:MOST_PARTS]),
        parts_address=address(f"{path}/segments", **asked.range.parameters(zone)),
        figures=head_figures(
            read.governed,
            read.latest,
            read.history,
            read.performance,
            window=read.facts.window,
            event_count=read.facts.event_count,
            zone=zone,
            now=now,
        ),
        computed_at=read.latest.evaluated_at if read.latest else None,
        reference=reference_card(read.reference, path, zone),
        **_range_parts(read, asked, path, zone),
        heat=heat_of(read.heat, zone=zone, link=linker(asked, zone, "#column"), chosen=chosen, page=asked.columns),
        column=chosen_view(read, asked, zone),
        all_columns=tuple((row.column, column_title(row.column)) for row in read.heat.rows),
        volume=volume_part(read.history, marks, zone),
        prediction=prediction_part(read.history, read.prediction, marks, zone),
        latency=latency_part(read.history, marks, zone),
        events=events_of(read.events, read.features, first=[*alarmed, *([chosen] if chosen else [])]),
        events_away=read.events_away,
        timeline_address=address(f"{path}/timeline.json", **_asked_of(asked, zone)) if read.heat.windows else None,
        numbers={
            part: numbers_address(path, asked, zone, part, chosen if part == "drift" else None) for part in TITLES
        },
        here=linker(asked, zone)(column=asked.column, window=asked.window),
    )


def numbers_address(path: str, asked: Asked, zone: ZoneInfo, part: str, column: str | None) -> str:
    """Where the table behind a chart is."""
    return address(f"{path}/numbers", part=part, column=column, **_asked_of(asked, zone))


def numbers_of(read: ModelReadings, part: str) -> Table | None:
    """The table behind one chart; None where there is nothing to list."""
    zone = read.facts.zone
    if part == "drift":
        column = read.chosen.column if read.chosen else None
        row = next((r for r in read.heat.rows if r.column == column), None)
        return drift_numbers(row, read.heat, zone) if row else None
    drawn = {
        "volume": lambda: volume_part(read.history, (), zone),
        "latency": lambda: latency_part(read.history, (), zone),
        "predictions": lambda: prediction_part(read.history, read.prediction, (), zone),
    }[part]()
    return drawn.table() if drawn else None


def chosen_view(read: ModelReadings, asked: Asked, zone: ZoneInfo) -> ColumnView | None:
    """The column that is open, or None when nothing was read for it."""
    if read.chosen is None:
        return None
    link = linker(asked, zone, "#column")
    return column_of(read.chosen, read.heat, zone=zone, link=link, limits=read.facts.limits)


def linker(asked: Asked, zone: ZoneInfo, fragment: str = "") -> Link:
    """Makes addresses within the page that keep the range; without the path, because a page holds thousands of them."""
    kept = _asked_of(asked, zone)

    @lru_cache(maxsize=4096)
    def of_column(column: str | None) -> str:
        return address("", **kept, column=column)

    def link(*, column: str | None = None, window: datetime | None = None, columns: str | None = None) -> str:
        if columns:
            return address("", **kept, columns=columns) + "#drift"
        return of_column(column) + (f"&window={window_name(window)}" if window else "") + fragment

    return link


def _asked_of(asked: Asked, zone: ZoneInfo) -> dict[str, str]:
    return asked.range.parameters(zone)


def _status(reference: ReferenceView | None) -> str:
    return reference.status if reference else "none"


_SOURCES = {"upload": "an uploaded file", "window": "a stretch of live events", "first_events": "the first events"}


def reference_card(reference: ReferenceView | None, path: str, zone: ZoneInfo) -> ReferenceCard:
    """What the model is held against, and what a person may do about it."""
    confirm = f"{path}/reference/confirm"
    if reference is None:
        sentence = (
            "There is no reference yet. The first events become one by themselves; better is a file that you trust."
        )
        return ReferenceCard("none", sentence, can_confirm=False, confirm_address=confirm)
    start, end = reference.starts_at, reference.ends_at
    when = f", {span(start.astimezone(zone), end.astimezone(zone))}" if start and end else ""
    made = f"{count(reference.rows, 'row')} from {_SOURCES.get(reference.source, reference.source)}{when}."
    provisional = reference.status == "provisional"
    more = {
        "provisional": " It was taken by itself: look at it, then confirm or replace it.",
        "building": " It is being built.",
        "confirmed": f" Confirmed {day(reference.confirmed_at.astimezone(zone))}." if reference.confirmed_at else "",
    }
    return ReferenceCard(
        reference.status, made + more.get(reference.status, ""), can_confirm=provisional, confirm_address=confirm
    )


def _range_parts(read: ModelReadings, asked: Asked, path: str, zone: ZoneInfo) -> dict[str, Any]:
    points = read.heat.windows or read.history
    choices = [Choice(n, address(path, range=n, column=asked.column), n == asked.range.name) for n in (*PRESETS, "all")]
    first, last = (
        (points[0].starts_at.astimezone(zone), points[-1].ends_at.astimezone(zone)) if points else (None, None)
    )
    return {
        "ranges": tuple(choices),
        "first_day": f"{first.date()}" if first else "",
        "last_day": f"{(last - timedelta(microseconds=1)).date()}" if last else "",
        "range_told": f"{span(first, last)} ({read.facts.time_zone})" if first and last else "",
        "kept": (("column", asked.column),) if asked.column else (),
        "range_kept": tuple(asked.range.parameters(zone).items()),
    }
