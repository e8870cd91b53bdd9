"""The loop that does due work, in as many threads and processes as one likes.

A handler computes outside any transaction and answers with a function that writes; the loop calls it in one writing
transaction together with the job's end. So effects are written once, however often the job had to be begun.

    def rebuild(claim: Claim) -> Write:
        profile = ...                               # long work, no lock held; the lease is renewed meanwhile
        return lambda session: save(session, profile)

A kind whose jobs are cheaper done together has a `Together(handler, limit)`, whose handler takes a list of claims.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from modelward.jobs.schedule import enqueue_scheduled
from modelward.jobs.service import Claim, LeaseLost, claim, complete, fail, release, renew
from modelward.kit.clock import now
from modelward.kit.database import writing

log = logging.getLogger(__name__)

Write = Callable[[Session], object]
Handler = Callable[[Claim], Write | None]


@dataclass(frozen=True)
class Together:
    """Up to `limit` jobs of a kind, done by one call. When it fails each is tried alone: one bad job holds up none."""

    handler: Callable[[Sequence[Claim]], Write | None]
    limit: int = 100


Handlers = Mapping[str, Handler | Together]


def new_owner() -> str:
    """A name for one loop: unique, and telling where it runs."""
    return f"{os.uname().nodename}:{os.getpid()}:{uuid4().hex[:8]}"


def run_jobs(
    handlers: Handlers,
    engine: Engine,
    stop: threading.Event,
    *,
    wake: threading.Event | None = None,
    idle_seconds: float = 0.5,
    lease_seconds: float = 60,
    limit: int = 20,
    owner: str | None = None,
) -> None:
    """Do due work until `stop` is set; the job in hand is finished, the others are given back.

    `limit` jobs are claimed at once: many suit `Together`, few leave more to other workers.

    `wake` cuts the wait short when somebody in this process knows that there is work.
    """
    name = owner or new_owner()
    waiting = wake or stop
    while not stop.is_set():
        try:
            done = step(handlers, engine, owner=name, lease_seconds=lease_seconds, limit=limit, stop=stop)
        except Exception:
            # The database may be away for a while; the loop outlives that.
            log.exception("The job loop could not ask for work; it tries again.")
            done = 0
        if not done:
            waiting.wait(idle_seconds)
            if wake:
                wake.clear()


def step(
    handlers: Handlers,
    engine: Engine,
    *,
    owner: str,
    lease_seconds: float = 60,
    limit: int = 20,
    stop: threading.Event | None = None,
) -> int:
    """Claim what is due and do it; answers how many jobs were claimed."""
    with writing(engine) as session:
        moment = now()
        enqueue_scheduled(session, moment)
        claims = claim(session, owner=owner, now=moment, kinds=handlers, limit=limit, lease_seconds=lease_seconds)
    with _renewed(engine, claims, lease_seconds):
        for batch in _batches(claims, handlers):
            if stop and stop.is_set():
                _release(engine, batch)
            else:
                _do(handlers[batch[0].kind], engine, batch)
    return len(claims)


def _batches(claims: Sequence[Claim], handlers: Handlers) -> Iterator[list[Claim]]:
    """Jobs of one kind that follow each other, as many as their handler takes at once."""
    for kind, following in groupby(claims, key=lambda claim: claim.kind):
        handler, batch = handlers[kind], list(following)
        size = handler.limit if isinstance(handler, Together) else 1
        yield from (batch[at : at + size] for at in range(0, len(batch), size))


def _do(handler: Handler | Together, engine: Engine, batch: list[Claim]) -> None:
    try:
        write = handler.handler(batch) if isinstance(handler, Together) else handler(batch[0])
        with writing(engine) as session:
            if write:
                write(session)
            for done in batch:
                complete(session, done)
    except LeaseLost as lost:
        log.warning("%s Its effects of this try are not kept.", lost.sentence)
        _retry_alone(handler, engine, batch)
    except Exception as error:
        log.exception("A job of the kind %s failed: %s", batch[0].kind, ", ".join(job.key for job in batch))
        if not _retry_alone(handler, engine, batch):
            _fail(engine, batch[0], f"{type(error).__name__}: {error}")


def _retry_alone(handler: Handler | Together, engine: Engine, batch: list[Claim]) -> bool:
    """Jobs that were done together are tried one by one; False when there was but one."""
    if len(batch) == 1:
        return False
    for alone in batch:
        _do(handler, engine, [alone])
    return True


def _fail(engine: Engine, claim: Claim, error: str) -> None:
    try:
        with writing(engine) as session:
            fail(session, claim, error, now())
    except LeaseLost as lost:
        log.warning("%s", lost.sentence)


def _release(engine: Engine, batch: Sequence[Claim]) -> None:
    with writing(engine) as session:
        for unbegun in batch:
            release(session, unbegun)


@contextmanager
def _renewed(engine: Engine, claims: Sequence[Claim], lease_seconds: float) -> Iterator[None]:
    """Renew the leases from a thread of their own for as long as the block runs."""
    ended = threading.Event()
    thread = threading.Thread(target=_renew_until, args=(engine, claims, lease_seconds, ended), daemon=True)
    if claims:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if claims:
            thread.join()


def _renew_until(engine: Engine, claims: Sequence[Claim], lease_seconds: float, ended: threading.Event) -> None:
    while not ended.wait(lease_seconds / 3):
        try:
            with writing(engine) as session:
                renew(session, claims, now=now(), lease_seconds=lease_seconds)
        except Exception:
            log.exception("The leases could not be renewed; the next try is soon.")
