"""Readings of the monitor itself: work that nobody does, and work that failed too often to be tried again.

The job that looks for windows and models that need a verdict is due every thirty seconds. While nobody does it, no
verdict comes, whatever the reason: the worker is away, hangs, or cannot reach its stores. The process that answers HTTP
looks too (app.py), so that a worker that is gone is told of.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.audit.check import last_check
from modelward.jobs.tables import Job, Schedule
from modelward.registry.tables import Model
from modelward.rules import phrases
from modelward.rules.alert_readings import Reading, Series
from modelward.rules.verdict import Verdict

WATCHED: Final = ("sweep",)
"""Recurring work that shows by its doing that work is done."""
OF_MODELS: Final = ("evaluate", "rebuild", "joint", "performance", "measured", "governed")
"""Work whose key is a model's id."""
_TIMES = 2


def monitor_readings(session: Session, *, organisation_id: int, now: datetime) -> list[Series]:
    """Of each kind of work that should be done, whether it is; one reading each, of this moment."""
    return [
        *_idle(session, now),
        *_given_up(session, organisation_id, now),
        *_broken_chain(session, organisation_id, now),
    ]


def _idle(session: Session, now: datetime) -> list[Series]:
    """Recurring work that is overdue by twice its interval."""
    rows = session.execute(
        select(Job.kind, Job.run_at, Schedule.every_seconds)
        .join(Schedule, Schedule.name == Job.key)
        .where(Job.kind.in_(WATCHED), Job.kind == Schedule.kind)
    ).all()
    readings = []
    for kind, run_at, every_seconds in rows:
        overdue = now - run_at
        idle = overdue > timedelta(seconds=_TIMES * every_seconds)
        said = (
            f"no verdict can come: the work that is due every {every_seconds} seconds has waited for "
            f"{phrases.lasting(overdue)}; see whether the worker runs, and its log"
        )
        readings.append(Series(f"idle:{kind}", [_reading(run_at, now, said, bad=idle)]))
    return readings


def _given_up(session: Session, organisation_id: int, now: datetime) -> list[Series]:
    """Work on models of the organisation that failed five times in a row and is not tried again."""
    dead = session.execute(
        select(Job.kind, Job.key, Job.run_at, Job.error).where(Job.kind.in_(OF_MODELS), Job.state == "dead")
    ).all()
    ids = {int(row.key) for row in dead if row.key.isdigit()}
    mine = select(Model.id, Model.key).where(Model.id.in_(ids), Model.organisation_id == organisation_id)
    own = {row.id: row.key for row in session.execute(mine)}
    models: defaultdict[str, list[str]] = defaultdict(list)
    since: dict[str, datetime] = {}
    for kind, key, run_at, _ in dead:
        if key.isdigit() and int(key) in own:
            models[kind].append(own[int(key)])
            since[kind] = min(run_at, since.get(kind, run_at))
    return [
        Series(f"failed:{kind}", [_reading(since[kind], now, _failed(kind, names), bad=True)])
        for kind, names in models.items()
    ]


def _broken_chain(session: Session, organisation_id: int, now: datetime) -> list[Series]:
    """Whether the organisation's audit chain was whole when it was verified last."""
    last = last_check(session, organisation_id=organisation_id)
    if last is None:
        return []
    said = f"the audit chain is broken: {(last.sentence or '').rstrip('.')}"
    return [Series("audit", [_reading(last.checked_at, now, said, bad=last.code is not None)])]


def _failed(kind: str, names: list[str]) -> str:
    return (
        f"the work `{kind}` failed too often for {phrases.quoted(sorted(names))} and is not tried again until new "
        "events ask for it; the reason is in the worker's log"
    )


def _reading(since: datetime, now: datetime, said: str, *, bad: bool) -> Reading:
    return Reading(since, now, Verdict.DRIFTED if bad else Verdict.OK, said)
