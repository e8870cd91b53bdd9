"""Many models' leases at once: a step of the mover touches hundreds of models, and takes turns with their rebuilds."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from modelward.jobs.tables import Lease
from modelward.kit.database import change, insert_into

HELD_SECONDS = 60
_PREFIX = "model:"
_SIGNED = "step:"


def hold_models(session: Session, model_ids: Collection[int], *, owner: str, now: datetime) -> set[int]:
    """Take the leases; the models whose lease is now this owner's."""
    if not model_ids:
        return set()
    until = now + timedelta(seconds=HELD_SECONDS)
    rows = [{"name": f"{_PREFIX}{model_id}", "owner": owner, "until": until} for model_id in sorted(model_ids)]
    statement = insert_into(session, Lease).values(rows)
    taken = session.scalars(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": statement.excluded.owner, "until": statement.excluded.until},
            where=or_(Lease.owner == owner, Lease.until <= now),
        ).returning(Lease.name),
        execution_options={"synchronize_session": False},
    )
    return {int(name.removeprefix(_PREFIX)) for name in taken}


def still_hold_models(session: Session, model_ids: Collection[int], *, owner: str, now: datetime) -> bool:
    """Whether all the leases are this owner's, and alive, until the transaction ends."""
    names = [f"{_PREFIX}{model_id}" for model_id in model_ids]
    mine = select(Lease.name).where(Lease.name.in_(names), Lease.owner == owner, Lease.until > now)
    return len(session.scalars(mine.with_for_update()).all()) == len(names)


def let_go_of_models(session: Session, model_ids: Collection[int], *, owner: str) -> None:
    """Give the leases back."""
    names = [f"{_PREFIX}{model_id}" for model_id in model_ids]
    change(session, delete(Lease).where(Lease.owner == owner, Lease.name.in_(names)))


def sign_step(session: Session, step: str, *, owner: str, now: datetime) -> None:
    """Leave the step's name, in the transaction of its effects: who finds it knows that they were committed.

    It lies among the leases under a name of its own, as the token of the last holder.
    """
    statement = insert_into(session, Lease).values(name=f"{_SIGNED}{owner}", owner=step, until=now)
    replaced = {"owner": statement.excluded.owner, "until": statement.excluded.until}
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=replaced))


def signed_step(session: Session, *, owner: str) -> str | None:
    """The name of the last step whose effects were committed."""
    return session.scalar(select(Lease.owner).where(Lease.name == f"{_SIGNED}{owner}"))
