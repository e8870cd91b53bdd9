"""What the demo itself counts while it replays: flights, what the model said of them, and what became of them."""

from dataclasses import astuple, dataclass
from operator import add
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Tally:
    """Counts over some flights. A flight whose outcome is not known counts as a flight and as a call, no more."""

    flights: int = 0
    called_late: int = 0
    known: int = 0
    were_late: int = 0
    calls_known: int = 0
    calls_right: int = 0

    @classmethod
    def of(cls, predictions: pa.ChunkedArray, late: pa.ChunkedArray) -> Self:
        """Count flights by `predictions` (1 is late) and by `late` (missing where it is not known)."""
        called = pc.equal(predictions, 1)
        known = pc.is_valid(late)
        right = pc.and_(called, pc.fill_null(late, False))
        return cls(len(late), *map(_count, (called, known, late, pc.and_(called, known), right)))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*map(add, astuple(self), astuple(other)))

    @property
    def share_called_late(self) -> float:
        return self.called_late / self.flights if self.flights else 0.0

    @property
    def share_late(self) -> float:
        """Of the flights whose outcome is known, those that arrived late."""
        return self.were_late / self.known if self.known else 0.0

    @property
    def share_right(self) -> float:
        """Of the flights called late whose outcome is known, those that were late."""
        return self.calls_right / self.calls_known if self.calls_known else 0.0


def _count(which: pa.ChunkedArray) -> int:
    return int(pc.sum(which).as_py() or 0)
