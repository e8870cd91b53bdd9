"""Alert rules: what is to be told, of which models, and how grave it is. What they say of readings: alert_episodes.py.

A rule holds for an organisation, a project or a model. Those of `BUILT_IN` hold everywhere without anybody writing
them; one that is written in the place of a built-in one (`built_in` is its name) holds instead, within its scope, and
the narrowest scope wins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, Self


class AlertKind(StrEnum):
    """What a rule looks at."""

    DRIFT = "drift"
    PREDICTION_DRIFT = "prediction_drift"
    SEGMENTS = "segments"
    QUALITY = "quality"
    VOLUME = "volume"
    SILENCE = "silence"
    LATENCY = "latency"
    PERFORMANCE = "performance"
    ESTIMATED_PERFORMANCE = "estimated_performance"
    FAIRNESS = "fairness"
    RISK = "risk"
    GOVERNANCE_STATUS = "governance_status"
    COST = "cost"
    MONITOR = "monitor"


class Severity(StrEnum):
    """How grave an alert is."""

    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The graver, the larger."""
        return 1 if self is Severity.CRITICAL else 0


LEVELS = ("moderate", "strong")
PERCENTILES = (50, 95, 99)
STATUSES = ("AT_RISK", "BLOCKED")
OUTAGES: Final = frozenset({AlertKind.SILENCE, AlertKind.MONITOR, AlertKind.VOLUME, AlertKind.LATENCY})
"""What somebody should see to within hours; the rest is for the day."""
OF_WINDOWS: Final = frozenset(
    {
        AlertKind.DRIFT,
        AlertKind.PREDICTION_DRIFT,
        AlertKind.SEGMENTS,
        AlertKind.QUALITY,
        AlertKind.VOLUME,
        AlertKind.LATENCY,
    }
)
"""Judged by windows of events alone, so that what they say of windows long past is no news. Labels come late by
their nature.
"""
JUDGED_AFTERWARDS: Final = frozenset({AlertKind.SEGMENTS})
"""Of these a window is judged some time after the whole was, whose newest window is no measure of what is old."""
WITHOUT_MODEL: Final = frozenset({AlertKind.MONITOR, AlertKind.COST})
"""These may speak of the whole organisation."""
LONGEST_WAIT: Final = timedelta(days=1)


@dataclass(frozen=True)
class Condition:
    """When a rule fires. Each kind of rule reads its own fields; the others keep their starting values.

    `columns` names the columns (of fairness: the attributes); empty means any. `share` asks for that share of the
    columns together instead. `at_least` is the level of the alarm from which on it is told. `gaps` is how many times
    the longest gap there was may pass without an event. `percentile` and `limit` (ms) are the latency's; `limit` is
    also the value of a `metric`, a fairness score or a risk beyond which it fires, and `fall` the share of its standard
    that a metric may lose. `status` is the governance status from which on it fires.
    """

    columns: tuple[str, ...] = ()
    share: float | None = None
    at_least: str = "moderate"
    gaps: float = 3.0
    percentile: int = 95
    metric: str | None = None
    limit: float | None = None
    fall: float | None = None
    status: str = "BLOCKED"

    def to_dict(self) -> dict[str, Any]:
        """As JSON, without what has its starting value."""
        plain = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        changed = {name: value for name, value in plain.items() if value != getattr(_START, name)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}

    @classmethod
    def from_dict(cls, wire: Mapping[str, Any]) -> Self:
        """From its JSON; unknown names, of a newer version, are passed over."""
        known = {entry.name: wire[entry.name] for entry in fields(cls) if entry.name in wire}
        if "columns" in known:
            known["columns"] = tuple(known["columns"])
        return cls(**known)


_START = Condition()

USED: Final[Mapping[AlertKind, frozenset[str]]] = {
    AlertKind.DRIFT: frozenset({"columns", "share", "at_least"}),
    AlertKind.PREDICTION_DRIFT: frozenset({"at_least"}),
    AlertKind.SEGMENTS: frozenset({"columns", "at_least"}),
    AlertKind.QUALITY: frozenset({"columns", "at_least"}),
    AlertKind.VOLUME: frozenset({"at_least"}),
    AlertKind.SILENCE: frozenset({"gaps"}),
    AlertKind.LATENCY: frozenset({"percentile", "limit"}),
    AlertKind.PERFORMANCE: frozenset({"metric", "limit", "fall", "at_least"}),
    AlertKind.ESTIMATED_PERFORMANCE: frozenset({"metric", "limit", "fall"}),
    AlertKind.FAIRNESS: frozenset({"columns", "limit"}),
    AlertKind.RISK: frozenset({"limit"}),
    AlertKind.GOVERNANCE_STATUS: frozenset({"status"}),
    AlertKind.COST: frozenset(),
    AlertKind.MONITOR: frozenset(),
}
"""Which fields of the condition each kind reads."""
NEEDS_LIMIT: Final = frozenset({AlertKind.LATENCY, AlertKind.RISK})


@dataclass(frozen=True)
class AlertRule:
    """One rule, as it holds. `key` is what its alerts are known by: an edited rule goes on with them.

    `wait` is for how long it must hold before it counts; `severity` None means as grave as the alarm is.
    """

    key: str
    title: str
    kind: AlertKind
    condition: Condition = field(default_factory=Condition)
    severity: Severity | None = None
    wait: timedelta = timedelta(0)
    enabled: bool = True
    channel_ids: tuple[int, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON, for answers and the audit."""
        plain = asdict(self)
        return {**plain, "condition": self.condition.to_dict(), "wait": self.wait.total_seconds()}


BUILT_IN: Final[tuple[AlertRule, ...]] = (
    AlertRule("drift", "A column drifts", AlertKind.DRIFT),
    AlertRule("prediction_drift", "The predictions drift", AlertKind.PREDICTION_DRIFT),
    AlertRule("segments", "A declared segment drifts, or falls, by itself", AlertKind.SEGMENTS),
    AlertRule("quality", "The data is broken", AlertKind.QUALITY, Condition(at_least="strong")),
    AlertRule("volume", "Far more or far fewer events than usual", AlertKind.VOLUME, Condition(at_least="strong")),
    AlertRule("silence", "No events arrive", AlertKind.SILENCE, severity=Severity.CRITICAL),
    AlertRule("performance", "The model is no longer right", AlertKind.PERFORMANCE),
    AlertRule("estimated_performance", "The estimated performance falls", AlertKind.ESTIMATED_PERFORMANCE),
    AlertRule("fairness", "Groups are treated unequally", AlertKind.FAIRNESS, severity=Severity.CRITICAL),
    AlertRule("governance_status", "The model is blocked", AlertKind.GOVERNANCE_STATUS, severity=Severity.CRITICAL),
    AlertRule("cost", "Costs jump", AlertKind.COST, severity=Severity.WARNING),
    AlertRule(
        "monitor",
        "The monitor itself does not run",
        AlertKind.MONITOR,
        severity=Severity.CRITICAL,
        wait=timedelta(minutes=1),
    ),
)
"""What holds without anybody writing it."""


def problems(kind: AlertKind, condition: Condition, wait: timedelta = timedelta(0)) -> list[str]:
    """What cannot be meant, each as a sentence without its full stop."""
    foreign = sorted(set(condition.to_dict()) - USED[kind])
    found = [
        (bool(foreign), f"a rule on {kind.value} does not read {', '.join(foreign)}"),
        (condition.at_least not in LEVELS, f"at_least must be one of {', '.join(LEVELS)}"),
        (condition.share is not None and not 0 < condition.share <= 1, "share lies above 0 and is at most 1"),
        (not 1 <= condition.gaps <= 1_000, "gaps lies between 1 and 1,000"),
        (condition.percentile not in PERCENTILES, f"percentile must be one of {', '.join(map(str, PERCENTILES))}"),
        (condition.fall is not None and not 0 < condition.fall < 1, "fall lies between 0 and 1: 0.15 is 15 %"),
        (condition.status not in STATUSES, f"status must be one of {', '.join(STATUSES)}"),
        (kind in NEEDS_LIMIT and condition.limit is None, f"a rule on {kind.value} needs a limit"),
        (condition.metric is not None and not _bounded(condition), "a metric needs a limit, or a fall of its standard"),
        (kind is AlertKind.FAIRNESS and not _within(condition.limit, 0, 1), "a fairness score lies between 0 and 1"),
        (kind is AlertKind.RISK and not _within(condition.limit, 0, 100), "a risk lies between 0 and 100"),
        (kind is AlertKind.LATENCY and not _within(condition.limit, 0, 1e9), "a latency in ms is above 0"),
        (not timedelta(0) <= wait <= LONGEST_WAIT, "a rule may wait for at most a day"),
    ]
    return [sentence for wrong, sentence in found if wrong]


def in_force(written: Iterable[tuple[AlertRule, str | None, int]]) -> list[AlertRule]:
    """The rules that hold for one model, those that are switched off left out.

    Args:
        written: Every rule whose scope holds the model, with the name of the built-in rule whose place it takes
            (if any), and how narrow its scope is: 0 the organisation, 1 the project, 2 the model.
    """
    places: dict[str, tuple[int, AlertRule]] = {rule.key: (-1, rule) for rule in BUILT_IN}
    own: list[AlertRule] = []
    for rule, built_in, narrow in written:
        if built_in is None:
            own.append(rule)
        elif narrow >= places.get(built_in, (-1, rule))[0]:
            places[built_in] = (narrow, rule)
    return [rule for rule in (*(rule for _, rule in places.values()), *own) if rule.enabled]


def _bounded(condition: Condition) -> bool:
    return condition.limit is not None or condition.fall is not None


def _within(value: float | None, low: float, high: float) -> bool:
    return value is None or low < value <= high
