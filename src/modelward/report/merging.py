"""Summaries that come one after another, batch by batch, of which only a bounded part is in memory at a time."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

FAN = 64
"""So many summaries are merged at once. Each merge of compressed values adds a little to their error: of a thousand
million rows in 500 batches each value was merged twice, and a hundred summaries are in memory."""


def _nothing(_: object) -> int:
    return 0


@dataclass
class Merging(Generic[T]):
    """At most 64 summaries of each level, or as many as together hold `room` values, wait until they are merged into
    one of the next. `size` says how many values a summary holds.
    """

    merge: Callable[[Iterable[T]], T]
    size: Callable[[T], int] = _nothing
    room: float = math.inf
    levels: list[list[T]] = field(default_factory=list)

    def add(self, summary: T, level: int = 0) -> None:
        """The next one."""
        if level == len(self.levels):
            self.levels.append([])
        waiting = self.levels[level]
        waiting.append(summary)
        if len(waiting) == FAN or (len(waiting) > 1 and sum(map(self.size, waiting)) > self.room):
            self.levels[level] = []
            self.add(self.merge(waiting), level + 1)

    def whole(self) -> T:
        """All of them together."""
        return self.merge(summary for level in reversed(self.levels) for summary in level)
