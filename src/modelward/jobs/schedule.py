"""Recurring work: rows that enqueue a job each time they come due. Missed times are made up for once, not each."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from modelward.jobs.service import enqueue
from modelward.jobs.tables import Schedule
from modelward.kit.database import change, insert_into


def every(
    session: Session, name: str, *, kind: str, seconds: int, first_at: datetime, payload: dict[str, Any] | None = None
) -> None:
    """Ask for the job (`kind`, key = `name`) every so many seconds. A schedule that is known keeps its time."""
    statement = insert_into(session, Schedule).values(
        name=name, kind=kind, every_seconds=seconds, next_at=first_at, payload=payload
    )
    new = statement.excluded
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"kind": new.kind, "every_seconds": new.every_seconds, "payload": new.payload},
        )
    )


def stop(session: Session, name: str) -> None:
    """Ask no more."""
    change(session, delete(Schedule).where(Schedule.name == name))


def enqueue_scheduled(session: Session, now: datetime) -> int:
    """Enqueue what is due, and answer how many jobs that made. Of several processes, one does it for each time."""
    due = session.scalars(select(Schedule).where(Schedule.next_at <= now)).all()
    return sum(_enqueue(session, schedule, now) for schedule in due)


def _enqueue(session: Session, schedule: Schedule, now: datetime) -> bool:
    step = timedelta(seconds=schedule.every_seconds)
    following = schedule.next_at + step * ((now - schedule.next_at) // step + 1)
    unchanged = (Schedule.name == schedule.name, Schedule.next_at == schedule.next_at)
    if not change(session, update(Schedule).where(*unchanged).values(next_at=following)):
        return False
    enqueue(session, schedule.kind, schedule.name, run_at=now, payload=schedule.payload)
    return True
