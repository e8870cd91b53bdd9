"""Going along a chain entry by entry, and saying where it is not what was written. Reads nothing by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from modelward.audit.chain import GENESIS, Doubt, hash_of, mark_of
from modelward.audit.keys import Keys
from modelward.audit.service import content_of, doubt_about
from modelward.audit.tables import AuditEntry, AuditHead


@dataclass(frozen=True)
class Break:
    """Where a chain is not what was written, and what is wrong there. `code` names it to programs."""

    position: int
    code: str
    sentence: str


@dataclass(frozen=True)
class KnownHead:
    """A head that was kept elsewhere: at least so many entries there were, and this was the hash of the last."""

    organisation_id: int
    position: int
    hash: str
    at: datetime | None = None


class Walk:
    """What is known so far: how many entries were as they were written, and the hash of the last of them."""

    def __init__(self, keys: Keys, known: Mapping[int, KnownHead]) -> None:
        self._keys = {mark_of(key): key for key in keys}
        self._all = keys
        self._known = known
        self._mark = ""
        self.position = 0
        self.hash = GENESIS

    def step(self, entry: AuditEntry) -> Break | None:
        """What is wrong with the entry that comes next; None where nothing is."""
        place = self.position + 1
        wrong = self._out_of_place(entry, place) or self._not_as_written(entry, place) or self._doubted(entry, place)
        if wrong is None:
            wrong = self._unlike_known(place, entry.hash)
        if wrong is None:
            self.position, self.hash, self._mark = place, entry.hash, entry.key_mark
        return wrong

    def end(self, head: AuditHead | None) -> Break | None:
        """What is wrong once all entries up to the head were seen: some cut off, or a head that is none of ours."""
        place = self.position + 1
        if later := [known for position, known in self._known.items() if position > self.position]:
            last = max(later, key=lambda known: known.position)
            return Break(place, "truncated", _cut(place, last.position, "the head that was kept elsewhere"))
        if head is None:
            return Break(place, "no_head", "The chain's head is gone.") if self.position else None
        doubt = doubt_about(head, self._all)
        if doubt is Doubt.OTHER_KEY:
            return Break(place, "other_key", f"The head was written under another key ({head.key_mark}).")
        if doubt is Doubt.REWRITTEN:
            return Break(place, "head_rewritten", "The chain's head was rewritten by somebody without the key.")
        if head.position > self.position:
            return Break(place, "truncated", _cut(place, head.position, "the chain's head"))
        return None

    def _out_of_place(self, entry: AuditEntry, place: int) -> Break | None:
        if entry.position == place:
            return None
        if entry.position < place:
            return Break(entry.position, "inserted", f"An entry stands at position {entry.position}, before the first.")
        gone = f"Entry {place} is" if entry.position == place + 1 else f"Entries {place} to {entry.position - 1} are"
        return Break(place, "missing", f"{gone} missing.")

    def _not_as_written(self, entry: AuditEntry, place: int) -> Break | None:
        key = self._keys.get(entry.key_mark)
        if key is None:
            return Break(place, "other_key", _OTHER_KEY.format(place=place, mark=entry.key_mark))
        hashed = hash_of(key, self.hash, content_of(entry))
        if entry.previous == self.hash and compare_digest(hashed, entry.hash):
            return None
        return Break(place, "changed", f"Entry {place} is not what was written there: it was changed, put in or moved.")

    def _doubted(self, entry: AuditEntry, place: int) -> Break | None:
        cut = entry.action == Doubt.REWRITTEN or (entry.action == Doubt.OTHER_KEY and entry.key_mark == self._mark)
        if not cut:
            return None
        sentence = f"When entry {place} was written, the head was none of ours: entries before it may be cut off."
        return Break(place, "head_rewritten", sentence)

    def _unlike_known(self, place: int, hashed: str) -> Break | None:
        known = self._known.get(place)
        if known is None or known.hash == hashed:
            return None
        sentence = f"Entry {place} is another than when the head was kept elsewhere: the chain was written anew."
        return Break(place, "unlike_known_head", sentence)


_OTHER_KEY = (
    "Entry {place} was written under another key ({mark}): either the service's secret was changed, and the former one "
    "must be given to prove it, or the entry was changed."
)


def _cut(first: int, last: int, by: str) -> str:
    gone = f"Entry {first} is" if first == last else f"Entries {first} to {last} are"
    return f"{gone} cut off: {by} knows of {last}."
