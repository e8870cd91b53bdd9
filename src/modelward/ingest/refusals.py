"""The last refusals of the door, so that a page can tell a person why their first event does not arrive.

Kept in memory, a few for each organisation, and written only when something is refused: a request that is taken
pays nothing. After a restart, and in other processes, nothing is remembered.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

KEPT = 20
"""Of each organisation, and of callers whom nobody knows."""
MOST_ORGANISATIONS = 1_000
_LONGEST = 500  # characters of a sentence: it may hold what the sender wrote

_NOBODY = 0  # no organisation has this id


@dataclass(frozen=True)
class Refusal:
    """What was not taken: when, why (a word from a closed set), in a sentence, and where it came from."""

    at: datetime
    reason: str
    sentence: str
    address: str
    """of the sender; empty when it is not known"""


class Refusals:
    """What was refused of each organisation, and of nobody's, newest last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, deque[Refusal]] = OrderedDict()

    def note(self, *, organisation_id: int | None, at: datetime, reason: str, sentence: str, address: str = "") -> None:
        """Remember this one; the oldest goes. Without an organisation the credential was not known."""
        owner = organisation_id or _NOBODY
        kept = self._kept.setdefault(owner, deque(maxlen=KEPT))
        kept.append(Refusal(at, reason, sentence[:_LONGEST], address))
        self._kept.move_to_end(owner)
        if len(self._kept) > MOST_ORGANISATIONS:
            self._kept.popitem(last=False)

    def since(self, when: datetime, *, organisation_id: int, strangers: bool = False) -> list[Refusal]:
        """What was refused of this organisation from `when` on, newest first; with `strangers`, nobody's too."""
        owners = (organisation_id, _NOBODY) if strangers else (organisation_id,)
        found = [refusal for owner in owners for refusal in self._of(owner) if refusal.at >= when]
        return sorted(found, key=lambda refusal: refusal.at, reverse=True)

    def _of(self, owner: int) -> Iterator[Refusal]:
        # A copy, made in one step: the door writes in another thread.
        return iter(tuple(self._kept.get(owner, ())))
