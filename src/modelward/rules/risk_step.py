"""From one look at a model's risk to the next: what changed, by which event, and whether that is news.

Law: what a new window, a new measurement or a new policy brings is news. What a window that was counted already turns
into when its late data come is a correction: the history is put right, and nobody is told. Another reference makes
every window another one; that is told by nobody either, because nothing happened to the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

PARTS = ("drift", "fairness", "performance")
SMALLEST = 0.05
"""A score that moved by less looks the same to everybody."""


class RiskEvent(StrEnum):
    """What is behind a step of a model's risk."""

    FIRST = "first"
    WINDOW = "window"
    OPEN_WINDOW = "open_window"
    FAIRNESS = "fairness"
    PERFORMANCE = "performance"
    POLICY = "policy"
    REFERENCE = "reference"
    CORRECTION = "correction"
    DAILY = "daily"


@dataclass(frozen=True)
class Look:
    """How a model stood at one look, as JSON holds it: components, reasons, and the `sources` they were made from."""

    status: str | None
    risk_score: float | None
    components: Sequence[Mapping[str, Any]] = ()
    unmeasured: Sequence[Mapping[str, Any]] = ()
    reasons: Sequence[Mapping[str, Any]] = ()
    sources: Mapping[str, Any] = field(default_factory=dict)

    def component(self, name: str) -> Mapping[str, Any] | None:
        """A part of the risk, where it was measured."""
        return next((part for part in self.components if part["name"] == name), None)

    @property
    def codes(self) -> list[str]:
        """The reasons as programs know them."""
        return sorted(reason["code"] for reason in self.reasons)


@dataclass(frozen=True)
class RiskStep:
    """What happened between two looks, in a sentence, and whether others are told of it."""

    event: RiskEvent
    cause: str
    news: bool = True


def differs(before: Look, after: Look) -> bool:
    """Whether a person would see a difference: another status, another reason, or another score."""
    if before.status != after.status or before.codes != after.codes:
        return True
    if before.risk_score is None or after.risk_score is None:
        return before.risk_score is not after.risk_score
    return abs(before.risk_score - after.risk_score) >= SMALLEST


def step_between(before: Look | None, after: Look) -> RiskStep:
    """The step from one look to the next, whether or not they differ."""
    if before is None:
        return RiskStep(RiskEvent.FIRST, f"The first look: {_told(after)}.")
    event = _event(before, after)
    news = event not in {RiskEvent.CORRECTION, RiskEvent.REFERENCE, RiskEvent.DAILY}
    return RiskStep(event, f"{_moved(before, after)}{_because(event, before, after)}.", news)


def same_windows(before: Look, after: Look) -> bool:
    """Whether both were made from the same windows, all of them closed or all of them as open as before."""
    return all(_identity(before, part) == _identity(after, part) for part in PARTS)


def _event(before: Look, after: Look) -> RiskEvent:
    if before.sources.get("policy") != after.sources.get("policy"):
        return RiskEvent.POLICY
    if before.sources.get("reference") not in {None, after.sources.get("reference")}:
        return RiskEvent.REFERENCE
    if not differs(before, after):
        return RiskEvent.DAILY
    fresh = [part for part in PARTS if _identity(before, part) != _identity(after, part)]
    if not fresh:
        return RiskEvent.OPEN_WINDOW if _is_open(after) else RiskEvent.CORRECTION
    part = max(fresh, key=lambda name: (_weight_of_change(before, after, name), -PARTS.index(name)))
    if part == "drift":
        return RiskEvent.OPEN_WINDOW if _is_open(after) else RiskEvent.WINDOW
    return RiskEvent(part)


def _identity(look: Look, part: str) -> tuple[Any, ...] | None:
    source = look.sources.get(part)
    return None if not source else (source["start"], source["closed"])


def _is_open(look: Look) -> bool:
    source = look.sources.get("drift")
    return source is not None and not source["closed"]


def _weight_of_change(before: Look, after: Look, part: str) -> float:
    """How much of the difference a part made; a limit that is passed anew weighs more than any points."""
    new = set(after.codes) ^ set(before.codes)
    if any(code.startswith(part) for code in new):
        return 1000.0
    points = [float(one["points"]) if (one := look.component(part)) else 0.0 for look in (before, after)]
    return abs(points[1] - points[0])


def _moved(before: Look, after: Look) -> str:
    if after.risk_score is None:
        return "The risk is not known any more" if before.risk_score is not None else "The risk is not known"
    told = f"{after.risk_score:.1f}"
    if before.risk_score is None:
        moved = f"Risk is known: {told}"
    elif abs(after.risk_score - before.risk_score) < SMALLEST:
        moved = f"Risk stays {told}"
    else:
        moved = (
            f"Risk {'rose' if after.risk_score > before.risk_score else 'fell'} from {before.risk_score:.1f} to {told}"
        )
    if before.status != after.status and after.status is not None:
        moved += f", now {after.status.replace('_', ' ').lower()}"
    return moved


def _because(event: RiskEvent, before: Look, after: Look) -> str:
    if event is RiskEvent.POLICY:
        return f": {after.sources.get('policy_title', 'another policy')} is in force"
    if event is RiskEvent.REFERENCE:
        return ": the model is held against another reference"
    if event is RiskEvent.DAILY:
        return f": {_told(after)}"
    if event is RiskEvent.CORRECTION:
        part = max(PARTS, key=lambda name: _weight_of_change(before, after, name))
        return f": late data corrected {_in_window(after, part)}; {_sentence(after, part)}"
    part = event.value if event.value in PARTS else "drift"
    return f": {_in_window(after, part)}, {_sentence(after, part)}"


def _sentence(look: Look, part: str) -> str:
    broken = [reason["sentence"] for reason in look.reasons if reason["code"].startswith(part)]
    component = look.component(part)
    if broken:
        return str(broken[0])
    if component:
        return str(component["sentence"])
    measured = part == "performance" and look.sources.get(part)
    return "performance is within its limit" if measured else f"{part} is not known"


def _told(look: Look) -> str:
    return look.reasons[0]["sentence"] if look.reasons else "nothing was measured"


def _in_window(look: Look, part: str) -> str:
    source = look.sources.get(part)
    if not source:
        return f"without a measurement of {part}"
    start = datetime.fromisoformat(source["start"])
    still = "still open since" if not source["closed"] else "from"
    return f"in the window {still} {start:%Y-%m-%d %H:%M} UTC"
