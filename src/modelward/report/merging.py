"""Summaries that come one after another, batch by batch, of which only a bounded number is in memory at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Merging(Generic[T]):
    """At most `fan` summaries of each level wait until they are merged into one of the next.

    Of a thousand million rows in 500 batches and a fan of 64 a hundred are in memory at a time, and each value was
    merged twice: each merge of compressed values adds a little to their error.
    """

    merge: Callable[[Iterable[T]], T]
    fan: int
    levels: list[list[T]] = field(default_factory=list)

    def add(self, summary: T, level: int = 0) -> None:
        """The next one."""
        if level == len(self.levels):
            self.levels.append([])
        self.levels[level].append(summary)
        if len(self.levels[level]) == self.fan:
            full, self.levels[level] = self.levels[level], []
            self.add(self.merge(full), level + 1)

    def whole(self) -> T:
        """All of them together."""
        return self.merge(summary for level in reversed(self.levels) for summary in level)
