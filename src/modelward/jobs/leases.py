"""Named leases: one owner at a time for a thing that has no row of its own (`model:7`, `mover`)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from modelward.jobs.tables import Lease
from modelward.kit.database import change, insert_into


def hold(session: Session, name: str, owner: str, now: datetime, seconds: float) -> bool:
    """Take the lease, or hold it for longer. False when another owner's is still alive."""
    statement = insert_into(session, Lease).values(name=name, owner=owner, until=now + timedelta(seconds=seconds))
    taken = session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": statement.excluded.owner, "until": statement.excluded.until},
            where=or_(Lease.owner == owner, Lease.until <= now),
        ).returning(Lease.name),
        execution_options={"synchronize_session": False},
    )
    return taken.first() is not None


def still_held(session: Session, name: str, owner: str, now: datetime) -> bool:
    """Is the lease this owner's, and alive? Asked inside a writing transaction, nobody can take it before that ends."""
    mine = select(Lease.name).where(Lease.name == name, Lease.owner == owner, Lease.until > now)
    return session.execute(mine.with_for_update()).first() is not None


def let_go(session: Session, name: str, owner: str) -> None:
    """Give the lease back before its time. Another owner's is left alone."""
    change(session, delete(Lease).where(Lease.name == name, Lease.owner == owner))
