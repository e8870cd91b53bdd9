"""Asking for work, claiming it, and finishing it: each one statement, so that many processes never do the same twice.

The law: a job belongs to the claim with the highest fence. Whoever finishes a job does so in the transaction that
writes the job's effects, and if the claim was lost meanwhile, `LeaseLost` takes those effects back.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, or_, select, update
from sqlalchemy.orm import Session

from modelward.errors import Conflict
from modelward.jobs.tables import Job
from modelward.kit.database import change, insert_into

DEAD_AFTER = 5
"""A job that failed so often is dead until somebody asks for it again."""
LOST_AFTER = 20
"""A job during which the process died so often is dead too: it may be what kills it."""
FIRST_BACKOFF = timedelta(seconds=2)


class LeaseLost(Conflict):
    """The work was taken over by another process, because the lease ran out. Nothing of this try may be kept."""


@dataclass(frozen=True)
class Claim:
    """A job that this owner may do now."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any] = field(hash=False)
    generation: int
    attempts: int
    fence: int
    owner: str


def enqueue(session: Session, kind: str, key: str, *, run_at: datetime, payload: dict[str, Any] | None = None) -> None:
    """Ask for a job. If it is waiting already, the earlier time counts; if it is running, it will run once more.

    A job that waits after a failure keeps its time; a dead one comes back to life. The payload is replaced.
    """
    statement = insert_into(session, Job).values(
        kind=kind,
        key=key,
        run_at=run_at,
        payload=payload,
        attempts=0,
        fence=0,
        generation=1,
        claimed_generation=0,
        state="due",
    )
    new = statement.excluded
    first_while_running = and_(Job.owner.is_not(None), Job.generation == Job.claimed_generation)
    waits_after_failure = and_(Job.state == "due", Job.owner.is_(None), Job.attempts > 0)
    time = case(
        (or_(Job.state == "dead", first_while_running), new.run_at),
        (or_(waits_after_failure, Job.run_at < new.run_at), Job.run_at),
        else_=new.run_at,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "key"],
            set_={
                "generation": Job.generation + 1,
                "payload": new.payload,
                "run_at": time,
                "attempts": case((Job.state == "dead", 0), else_=Job.attempts),
                "state": "due",
            },
        )
    )


def claim(
    session: Session, *, owner: str, now: datetime, kinds: Collection[str], limit: int, lease_seconds: float = 60
) -> list[Claim]:
    """Take up to `limit` due jobs of these kinds, the longest due first. Jobs whose owner died are due again."""
    due = _due(now, kinds).limit(limit).with_for_update(skip_locked=True).cte("due")
    statement = (
        update(Job)
        .where(Job.id.in_(select(due.c.id)))
        .values(
            owner=owner,
            lease_until=now + timedelta(seconds=lease_seconds),
            attempts=Job.attempts + 1,
            fence=Job.fence + 1,
            claimed_generation=Job.generation,
        )
        .returning(Job.id, Job.kind, Job.key, Job.payload, Job.generation, Job.attempts, Job.fence, Job.run_at)
    )
    taken = session.execute(statement, execution_options={"synchronize_session": False}).all()
    claims = [
        Claim(job.id, job.kind, job.key, job.payload or {}, job.generation, job.attempts, job.fence, owner)
        for job in sorted(taken, key=lambda job: (job.run_at, job.id))
    ]
    killers = [claim for claim in claims if claim.attempts > LOST_AFTER]
    for killer in killers:
        _bury(session, killer, f"The process died {LOST_AFTER} times while doing this.")
    return [claim for claim in claims if claim not in killers]


def _due(now: datetime, kinds: Collection[str]) -> Select[int]:
    free = or_(Job.lease_until.is_(None), Job.lease_until <= now)
    return (
        select(Job.id)
        .where(Job.state == "due", Job.run_at <= now, free, Job.kind.in_(kinds))
        .order_by(Job.run_at, Job.id)
    )


def renew(session: Session, claims: Sequence[Claim], *, now: datetime, lease_seconds: float = 60) -> int:
    """Hold these claims for longer; answers how many are still held."""
    until = now + timedelta(seconds=lease_seconds)
    return sum(change(session, update(Job).where(_mine(claim)).values(lease_until=until)) for claim in claims)


def complete(session: Session, claim: Claim) -> bool:
    """The job is done; call it in the transaction that wrote its effects.

    Answers True when the job is gone, False when it was asked for again meanwhile and is due once more.

    Raises:
        LeaseLost: another process has taken the job over.
    """
    if change(session, delete(Job).where(_mine(claim), Job.generation == claim.generation)):
        return True
    _give_back(session, claim, attempts=0, error=None)
    return False


def release(session: Session, claim: Claim) -> None:
    """Give a job back that was not begun; it does not count as a try. A lost claim is no matter."""
    statement = update(Job).where(_mine(claim)).values(owner=None, lease_until=None, attempts=claim.attempts - 1)
    change(session, statement)


def fail(session: Session, claim: Claim, error: str, now: datetime) -> None:
    """The job did not work: try again after 2, 4, 8, 16 seconds, and leave it dead after the fifth time.

    Raises:
        LeaseLost: another process has taken the job over.
    """
    if claim.attempts >= DEAD_AFTER:
        _bury(session, claim, error)
        return
    _give_back(session, claim, run_at=now + FIRST_BACKOFF * 2 ** (claim.attempts - 1), error=error[:2000])


def _bury(session: Session, claim: Claim, error: str) -> None:
    # What was asked for while it failed is a new wish, and lives.
    state = case((Job.generation == claim.generation, "dead"), else_="due")
    attempts = case((Job.generation == claim.generation, Job.attempts), else_=0)
    _give_back(session, claim, state=state, attempts=attempts, error=error[:2000])


def _give_back(session: Session, claim: Claim, **values: Any) -> None:
    if not change(session, update(Job).where(_mine(claim)).values(owner=None, lease_until=None, **values)):
        raise LeaseLost(f"The job {claim.kind} {claim.key} was taken over by another process.")


def _mine(claim: Claim) -> ColumnElement[bool]:
    return and_(Job.id == claim.id, Job.fence == claim.fence, Job.owner == claim.owner)
