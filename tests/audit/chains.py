"""A chain to try things on, and what somebody with the database but without the key could do to it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from modelward.audit.author import Author
from modelward.audit.service import record
from modelward.audit.tables import AuditEntry, AuditHead
from modelward.audit.verify import Verified, verify_chain
from modelward.audit.walk import KnownHead
from modelward.kit.database import reading, writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ADA = Author("ada@example.org", "user", 3, address="192.0.2.7")


def tell(session: Session, number: int = 0, *, organisation_id: int = 1, **more: Any) -> AuditEntry:
    """One entry, of which `number` says that it is another than the one before."""
    said: dict[str, Any] = {
        "author": ADA,
        "action": "model.changed",
        "object_kind": "model",
        "object_id": number,
        "object_title": f"churn {number}",
        "at": NOON + timedelta(seconds=number),
        "before": {"description": f"of customers {number}", "weight": number / 7},
        "after": {"description": "Ärger & Söhne", "weight": None},
        "model_id": 7,
    }
    return record(session, organisation_id=organisation_id, **{**said, **more})


def chain_of(engine: Engine, length: int) -> None:
    """So many entries, each in a transaction or not: to the chain it is the same."""
    with writing(engine) as session:
        for number in range(length):
            tell(session, number)


def verified(engine: Engine, *known: KnownHead) -> Verified:
    with reading(engine) as session:
        return verify_chain(session, organisation_id=1, known=known)


def head_of(engine: Engine) -> KnownHead:
    with reading(engine) as session:
        head = session.scalars(select(AuditHead)).one()
    return KnownHead(1, head.position, head.hash)


def entries(engine: Engine) -> list[AuditEntry]:
    with reading(engine) as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.position)))


def by_hand(engine: Engine, *statements: str, **values: Any) -> None:
    """What somebody does who can write to the database, and has no key."""
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


Tamper = Callable[[Engine, int, int], None]
"""Does its harm at a position, to a chain of a length."""


def delete(engine: Engine, place: int, length: int) -> None:
    by_hand(engine, "DELETE FROM audit_entries WHERE position = :place", place=place)


def delete_and_close_the_gap(engine: Engine, place: int, length: int) -> None:
    delete(engine, place, length)
    _shift(engine, place + 1, -1)


def insert(engine: Engine, place: int, length: int) -> None:
    _shift(engine, place, +1)
    names = ", ".join(f'"{column.name}"' for column in AuditEntry.__table__.columns if column.name != "position")
    taken = names.replace('"author_title"', "'eve@example.org'")
    copied = f"INSERT INTO audit_entries (position, {names}) SELECT :place, {taken} FROM audit_entries "
    by_hand(engine, copied + f"WHERE position = {1 if place > 1 else 2}", place=place)


def swap_with_the_next(engine: Engine, place: int, length: int) -> None:
    first = place if place < length else place - 1
    move = "UPDATE audit_entries SET position = :to WHERE position = :was"
    for was, to in ((first, 0), (first + 1, first), (0, first + 1)):
        by_hand(engine, move, was=was, to=to)


def truncate(engine: Engine, place: int, length: int) -> None:
    by_hand(engine, "DELETE FROM audit_entries WHERE position >= :place", place=place)


def _shift(engine: Engine, first: int, by: int) -> None:
    # Through the negative numbers, so that no two rows are at one place meanwhile.
    by_hand(
        engine,
        "UPDATE audit_entries SET position = -(position + :by) WHERE position >= :first",
        "UPDATE audit_entries SET position = -position WHERE position < 0",
        first=first,
        by=by,
    )
