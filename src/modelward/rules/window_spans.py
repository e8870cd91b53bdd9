"""The kinds of a model's windows over time: by day until one midnight of its clock, say, and by hour from there on.

Law: the kind changes at local midnights alone, where hours and days both begin. So the windows of all spans together
cover time without gap or overlap, each begins at a moment of its own, and one that was judged keeps its kind.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from modelward.rules.windows import Window, WindowKind, midnight, window_of


@dataclass(frozen=True)
class KindSpan:
    """A stretch of time, [start, end) in UTC, whose windows are of one kind; None: it has no beginning, or no end."""

    kind: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class WindowSpans:
    """`changes` are (kind, first day in the model's zone), oldest first; the first kind has no first day."""

    time_zone: str
    changes: tuple[tuple[str, date | None], ...]

    @classmethod
    def of(cls, kind: str, time_zone: str) -> "WindowSpans":
        """One kind for all time."""
        return cls(time_zone, ((kind, None),))

    @classmethod
    def from_list(cls, time_zone: str, stored: Sequence[Mapping[str, Any]]) -> "WindowSpans":
        """From what `to_list` made."""
        changes = ((entry["kind"], date.fromisoformat(entry["from"]) if entry["from"] else None) for entry in stored)
        return cls(time_zone, tuple(changes))

    def to_list(self) -> list[dict[str, Any]]:
        """As JSON, without the zone: a first day is a day of the model's clock, whichever that is."""
        return [{"kind": kind, "from": first.isoformat() if first else None} for kind, first in self.changes]

    @property
    def kind(self) -> str:
        """The kind in effect: that of the newest span."""
        return self.changes[-1][0]

    @property
    def first_kind(self) -> str:
        """The kind of the oldest windows."""
        return self.changes[0][0]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind there is, that in effect first."""
        return tuple(dict.fromkeys(kind for kind, _ in reversed(self.changes)))

    @property
    def since(self) -> date | None:
        """The first day of the kind in effect; None where there was no other before it."""
        return self.changes[-1][1]

    @cached_property
    def spans(self) -> tuple[KindSpan, ...]:
        """The stretches of time, oldest first; they adjoin."""
        starts = [midnight(first, self.time_zone) if first else None for _, first in self.changes]
        ends = [*starts[1:], None]
        return tuple(KindSpan(kind, *span) for (kind, _), *span in zip(self.changes, starts, ends, strict=True))

    @property
    def calendar(self) -> "WindowSpans":
        """The same for what is judged by calendar windows alone: days in the place of the last N events."""
        return WindowSpans.of("day", self.time_zone) if self.kind == "events" else self

    def kind_at(self, ts: datetime) -> str:
        """The kind of the window that holds a moment."""
        starts = [span.start for span in self.spans[1:]]
        return self.spans[bisect_right(starts, ts)].kind  # type: ignore[type-var]  # Only the first has no start.

    def window_of(self, ts: datetime) -> Window:
        """The window that holds a moment.

        Raises:
            ValueError: its kind is not a calendar period.
        """
        kind: WindowKind = self.kind_at(ts)  # type: ignore[assignment]  # window_of refuses the others.
        return window_of(ts, kind, self.time_zone)

    def then(self, kind: str, first: date) -> "WindowSpans":
        """The same until a day, and windows of this kind from its midnight on."""
        kept = tuple(change for change in self.changes if change[1] is None or change[1] < first)
        if kept[-1][0] == kind:
            return WindowSpans(self.time_zone, kept)
        return WindowSpans(self.time_zone, (*kept, (kind, first)))
