"""The due work of deliveries, in loops of its own, so that slow receivers hold up nothing else.

The key of a job is the channel's id, so a channel's messages go one after the other, in their order. Channels that
answer at once and those that do not have each their own loops: among the latter one may have to wait for another.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from modelward.alerting.channel_tables import Channel, Delivery
from modelward.alerting.deliver import Tools, deliver
from modelward.alerting.deliveries import QUICK, SLOW, wake
from modelward.alerting.post import Post
from modelward.jobs.loop import Handler, run_jobs
from modelward.jobs.schedule import every
from modelward.kit import clock
from modelward.kit.database import reading, writing
from modelward.settings import Settings

SWEEP: Final = "sweep_deliveries"
SWEEP_SECONDS: Final = 60
LOOPS: Final = {QUICK: 3, SLOW: 4}
"""So many of each lane send at the same time, in one process."""

Write = Callable[[Session], object]


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


def sweep(engine: Engine, *, now: datetime) -> Write:
    """Wake every channel for which something waits: a job that was given up comes back to life."""
    with reading(engine) as session:
        waiting = select(Delivery.channel_id).where(Delivery.state == "waiting").distinct()
        channels = session.scalars(select(Channel).where(Channel.id.in_(waiting), Channel.state == "on")).all()

    def write(writer: Session) -> None:
        for channel in channels:
            wake(writer, channel, now=now)

    return write
