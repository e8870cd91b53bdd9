"""Verifying whole chains, each from its first entry to its head."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from modelward.audit.keys import keys_of
from modelward.audit.tables import AuditEntry, AuditHead
from modelward.audit.walk import Break, KnownHead, Walk

_AT_ONCE = 1_000  # entries held in memory


@dataclass(frozen=True)
class Verified:
    """What was found of one organisation's chain: the entries that are as they were written, before the first wrong."""

    organisation_id: int
    entries: int
    hash: str
    wrong: Break | None

    @property
    def whole(self) -> bool:
        """Whether every entry is there, in its place, as it was written."""
        return self.wrong is None


def organisations_with_a_chain(session: Session, known: Iterable[KnownHead] = ()) -> list[int]:
    """The organisations that have entries, a head, or had one that was kept elsewhere."""
    either = union(select(AuditHead.organisation_id), select(AuditEntry.organisation_id))
    return sorted({*session.scalars(either), *(head.organisation_id for head in known)})


def verify_chain(session: Session, *, organisation_id: int, known: Iterable[KnownHead] = ()) -> Verified:
    """Verify one chain, with the keys of the session's engine, and against heads that were kept elsewhere.

    It reads each entry once and holds few in memory. Entries that come while it reads are not looked at.
    """
    head = session.get(AuditHead, organisation_id)
    walk = Walk(keys_of(session), {kept.position: kept for kept in known if kept.organisation_id == organisation_id})
    wrong = None
    for entry in _entries(session, organisation_id, head):
        wrong = walk.step(entry)
        if wrong is not None:
            break
    wrong = wrong or walk.end(head) or _beyond_the_head(session, organisation_id)
    return Verified(organisation_id, walk.position, walk.hash, wrong)


def _entries(session: Session, organisation_id: int, head: AuditHead | None) -> Iterator[AuditEntry]:
    """The entries up to the head; all, where it is gone."""
    mine = select(AuditEntry).where(AuditEntry.organisation_id == organisation_id).order_by(AuditEntry.position)
    mine = mine.limit(_AT_ONCE) if head is None else mine.where(AuditEntry.position <= head.position).limit(_AT_ONCE)
    rows = session.scalars(mine).all()
    while rows:
        for row in rows:
            session.expunge(row)
            yield row
        rows = session.scalars(mine.where(AuditEntry.position > rows[-1].position)).all()


def _beyond_the_head(session: Session, organisation_id: int) -> Break | None:
    """Whether entries follow the head as it is now. The head is read last: entries never come without it."""
    last = session.scalar(select(func.max(AuditEntry.position)).where(AuditEntry.organisation_id == organisation_id))
    head = session.scalar(select(AuditHead.position).where(AuditHead.organisation_id == organisation_id)) or 0
    if last is None or last <= head:
        return None
    return Break(head + 1, "inserted", f"Entry {head + 1} follows the chain's head, which knows of none after {head}.")
