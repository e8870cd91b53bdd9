"""The due work of deliveries, in loops of its own, so that slow receivers hold up nothing else.

The key of a job is the channel's id, so a channel's messages go one after the other, in their order. Channels that
answer at once and those that do not have each their own loops: among the latter one may have to wait for another.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from modelward.alerting.channel_tables import Channel, Delivery
from modelward.alerting.deliver import Tools, deliver
from modelward.alerting.deliveries import QUICK, SLOW, wake
from modelward.alerting.post import Post
from modelward.jobs.loop import Handler, Handlers, new_owner, run_jobs, step
from modelward.jobs.schedule import every
from modelward.jobs.tables import Job
from modelward.kit import clock
from modelward.kit.database import reading, writing
from modelward.settings import Settings

SWEEP: Final = "sweep_deliveries"
SWEEP_SECONDS: Final = 60
LOOPS: Final = {QUICK: 3, SLOW: 4}
"""So many of each lane send at the same time, in one process."""

PATIENCE: Final = timedelta(seconds=20)
"""A message that nobody has begun to send for so long is sent by whoever stands in."""
LOOKS_EVERY_SECONDS: Final = 5.0

Write = Callable[[Session], object]

log = logging.getLogger(__name__)


def handlers(engine: Engine, settings: Settings) -> dict[str, Handler]:
    """What to do for each kind of job. Asks for the recurring sweep too."""
    tools = Tools(settings, Post(settings), clock.now)
    with writing(engine) as session:
        every(session, "deliveries", kind=SWEEP, seconds=SWEEP_SECONDS, first_at=clock.now())
    return {
        QUICK: lambda claim: deliver(engine, tools, channel_id=int(claim.key), lane=QUICK),
        SLOW: lambda claim: deliver(engine, tools, channel_id=int(claim.key), lane=SLOW),
        SWEEP: lambda _claim: sweep(engine, now=clock.now()),
    }


def run_deliveries(engine: Engine, settings: Settings, stop: threading.Event) -> None:
    """Send what waits, until `stop` is set."""
    work = handlers(engine, settings)
    quick = {kind: handler for kind, handler in work.items() if kind != SLOW}
    loops = [quick] * LOOPS[QUICK] + [{SLOW: work[SLOW]}] * LOOPS[SLOW]
    threads = [
        threading.Thread(target=run_jobs, args=(loop, engine, stop), kwargs={"limit": 1, "idle_seconds": 1.0})
        for loop in loops
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def stand_in(
    engine: Engine, settings: Settings, stop: threading.Event, *, seconds: float = LOOKS_EVERY_SECONDS
) -> None:
    """Send what no worker sends, until `stop` is set: that the worker is gone must be told while it is gone."""
    work = handlers(engine, settings)
    slow = threading.Thread(target=_stand_in, args=({SLOW: work.pop(SLOW)}, engine, stop, seconds), daemon=True)
    slow.start()
    _stand_in(work, engine, stop, seconds)
    slow.join()


def _stand_in(work: Handlers, engine: Engine, stop: threading.Event, seconds: float) -> None:
    owner = new_owner()
    while not stop.wait(seconds):
        try:
            while not stop.is_set() and overdue(engine, work, now=clock.now()):
                step(work, engine, owner=owner, limit=1)
        except Exception:
            log.exception("Whoever stands in for the worker could not look for messages; it tries again.")


def overdue(engine: Engine, work: Handlers, *, now: datetime) -> bool:
    """Whether some of this work has been due for so long, held by nobody, that whoever is to do it must be away."""
    free = or_(Job.lease_until.is_(None), Job.lease_until <= now)
    left = select(Job.id).where(Job.kind.in_(work), Job.state == "due", Job.run_at <= now - PATIENCE, free)
    with reading(engine) as session:
        return session.scalars(left.limit(1)).first() is not None


def sweep(engine: Engine, *, now: datetime) -> Write:
    """Wake every channel for which something waits: a job that was given up comes back to life."""
    with reading(engine) as session:
        waiting = select(Delivery.channel_id).where(Delivery.state == "waiting").distinct()
        channels = session.scalars(select(Channel).where(Channel.id.in_(waiting), Channel.state == "on")).all()

    def write(writer: Session) -> None:
        for channel in channels:
            wake(writer, channel, now=now)

    return write
