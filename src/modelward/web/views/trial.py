"""The trial of a monitor on its own reference: how often it is wrong, and what it can see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modelward.monitoring.placebo import PlaceboView
from modelward.web.states import HEALTHY, TOO_FEW, WARNING, State
from modelward.web.views.head_figures import Figure
from modelward.web.views.verdicts import said
from modelward.web.writing import exact, number, percent

STATES: Mapping[str, State] = {
    "quiet": said(HEALTHY, "Quiet", "It seldom flags a window of its own reference."),
    "loud": said(WARNING, "Alarms too often", "It flags windows in which nothing happened."),
    "untold": said(TOO_FEW, "Cannot be told", "The reference has too few windows to try it on."),
    "waiting": said(TOO_FEW, "Not tried yet", "The trial runs by itself as soon as it can."),
}
_WORST = {"numeric": "Numbers seen from", "categorical": "Categories seen from"}
LOUD = 0.05
"""From this false-alarm rate on, with its whole interval, a monitor is called too loud."""


@dataclass(frozen=True)
class TrialView:
    """The trial in words. A row of `seen` is a column and the smallest changes of it that a window shows."""

    state: State
    reason: str
    figures: tuple[Figure, ...]
    tried_at: datetime | None
    flagged: tuple[tuple[str, str], ...]
    seen: tuple[tuple[str, str, str], ...]
    window: str


def trial_of(view: PlaceboView) -> TrialView:
    """The trial as the page shows it."""
    outcome = view.outcome or {}
    windows = int(outcome.get("windows") or 0)
    return TrialView(
        state=STATES[_state(view, outcome, windows)],
        reason=view.reason,
        figures=tuple(_figures(view, outcome, windows)),
        tried_at=view.tried_at,
        flagged=tuple(
            (name, f"{many} of {windows}")
            for name, many in sorted((outcome.get("columns") or {}).items(), key=lambda entry: -entry[1])
        ),
        seen=tuple(_seen(entry) for entry in sorted(view.detectable, key=_size, reverse=True)),
        window=view.window,
    )


def _state(view: PlaceboView, outcome: Mapping[str, Any], windows: int) -> str:
    if view.state != "tried":
        return "waiting"
    if not windows:
        return "untold"
    return "loud" if outcome["low"] >= LOUD else "quiet"


def _figures(view: PlaceboView, outcome: Mapping[str, Any], windows: int) -> list[Figure]:
    if view.state != "tried":
        return []
    found = []
    if windows:
        interval = f"{percent(outcome['low'])} to {percent(outcome['high'])}"
        found.append(Figure("False alarms", percent(outcome["rate"]), f"of windows; {interval}"))
        found.append(Figure("Windows tried", exact(windows), f"nothing below 1 in {windows} can be claimed"))
        found.append(Figure("Alarms", exact(outcome["alarms"]), "one strong window, or 2 of 3"))
        told = "judged by the others" if outcome["calibrated"] else "too few to calibrate"
        found.append(Figure("Calibrated", "yes" if outcome["calibrated"] else "no", told))
    if view.window_rows:
        found.append(Figure("Rows of a window", number(view.window_rows), f"a usual {view.window}"))
    worst = [
        Figure(_WORST.get(kind, "Seen from"), _change(entry), f"in {entry['column']}, the worst")
        for kind, entry in view.worst.items()
    ]
    return found + worst


def _seen(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    missing = entry["missing"]
    return entry["column"], _change(entry), "never" if missing is None else f"{number(100 * missing)} points"


def _change(entry: Mapping[str, Any]) -> str:
    change = entry["change"]
    if change is None:
        return "never"
    return f"{number(change)} SD" if entry["kind"] == "numeric" else f"{number(100 * change)} points"


def _size(entry: Mapping[str, Any]) -> float:
    return float("inf") if entry["change"] is None else float(entry["change"])
