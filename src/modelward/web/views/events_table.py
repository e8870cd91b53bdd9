"""The latest events, as rows a person can read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modelward.web.writing import NOTHING, exact, milliseconds

FEATURES = 6  # columns shown, so that a row fits a screen


@dataclass(frozen=True)
class EventRow:
    at: datetime
    event_id: str
    prediction: str
    score: str
    label: str
    latency: str
    features: tuple[str, ...]


@dataclass(frozen=True)
class EventsView:
    """`hidden` is how many features did not fit."""

    features: tuple[str, ...]
    rows: tuple[EventRow, ...]
    hidden: int
    scored: bool
    labelled: bool
    timed: bool


def events_of(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, first: Sequence[str] = ()
) -> EventsView:
    """Rows of the event store as a table. `columns` is feature name → stored column; those in `first` come first."""
    names = [*(n for n in dict.fromkeys(first) if n in columns), *(n for n in columns if n not in set(first))]
    shown = names[:FEATURES]
    return EventsView(
        features=tuple(shown),
        rows=tuple(_row(row, [columns[name] for name in shown]) for row in rows),
        hidden=len(names) - len(shown),
        scored=any(row.get("score") is not None for row in rows),
        labelled=any(_label(row) is not None for row in rows),
        timed=any(row.get("latency_ms") is not None for row in rows),
    )


def _row(row: Mapping[str, Any], columns: Sequence[str]) -> EventRow:
    return EventRow(
        at=row["ts"],
        event_id=str(row["event_id"]),
        prediction=written(row.get("prediction")),
        score=written(row.get("score")),
        label=written(_label(row)),
        latency=milliseconds(row.get("latency_ms")),
        features=tuple(written(row.get(column)) for column in columns),
    )


def _label(row: Mapping[str, Any]) -> Any:
    number = row.get("label_number")
    return number if number is not None else row.get("label_text")


def written(value: Any) -> str:
    """A value of an event: numbers with six digits, text cut where it is long."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return "∞" if value == math.inf else "−∞" if value == -math.inf else exact(value)
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
