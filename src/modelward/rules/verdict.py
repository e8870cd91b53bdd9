"""The four words that every decision about data ends in."""

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What a comparison says of one column, one window or one whole table.

    `WARNING` is a moderate effect and `DRIFTED` a strong one, each only when chance does not explain it.
    `TOO_FEW` is not a mild `OK`: it says that nothing can be said.
    """

    OK = "ok"
    WARNING = "warning"
    DRIFTED = "drifted"
    TOO_FEW = "too_few"

    @property
    def alarming(self) -> bool:
        """Whether somebody may want to look: a warning or a drift."""
        return self in {Verdict.WARNING, Verdict.DRIFTED}


_WORST_FIRST = (Verdict.DRIFTED, Verdict.WARNING, Verdict.OK)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest verdict; `TOO_FEW` only when nothing else was said, because it is no evidence against the others."""
    said = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in said), Verdict.TOO_FEW)
