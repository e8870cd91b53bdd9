"""Waiting for the first event: whether it arrived, and else what stands in its way.

Read from the metadata database (has a model events?), from the door's memory (what was refused lately?) and from the
journal (is there room, was something set aside?). Pages ask twice a second, so the journal, whose files have to be
opened, is asked once in two seconds for all of them.
"""

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.requests import Request

from modelward.accounts.principal import Principal, Scope
from modelward.accounts.tables import Organisation
from modelward.ingest.health import check_room, set_aside
from modelward.ingest.refusals import Refusal
from modelward.registry.service import within
from modelward.registry.tables import Model
from modelward.settings import Settings
from modelward.web.time_range import model_path

LONGEST_WAIT = timedelta(days=1)
"""Refusals from before that are told to nobody."""
_SHOWN = 5
_TICK_SECONDS = 2

_TITLES = {
    "Unauthorized": "The key is not known",
    "Forbidden": "The key may not do this",
    "Invalid": "The request is not understood",
    "TooLarge": "The request is too large",
    "TooSlow": "The request came too slowly",
    "UnknownCoding": "The form of the request is not understood",
    "TooMany": "Too many requests at once",
    "Unavailable": "There is no room just now",
    "NotFound": "The model is not known",
    "malformed": "The event is not understood",
    "empty": "The event is empty",
    "no_model": "The event names no model",
    "unknown_model": "The model's id is not known",
    "bad_timestamp": "The time is not understood",
    "in_future": "The time lies in the future",
}


@dataclass(frozen=True)
class Refused:
    """What was refused, newest first; the same words several times are told once."""

    title: str
    sentence: str
    times: int
    last: datetime
    address: str


@dataclass(frozen=True)
class Waiting:
    """How it stands. `arrived` is the model that has events; `troubles` hold whatever is sent back from being seen."""

    model: str | None
    """the key of the one that is waited for; None where any will do"""
    since: datetime
    arrived: str | None = None
    arrived_at: datetime | None = None
    path: str = ""
    registered: str | None = None
    troubles: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()

    @property
    def address(self) -> str:
        """Where to ask again; it holds since when the page waits."""
        model = f"&model={self.model}" if self.model else ""
        return f"/dashboard/waiting?since={round(self.since.timestamp() * 1000)}{model}"


def waiting_for(
    request: Request, session: Session, reader: Principal, *, model: Model | None, since: datetime, now: datetime
) -> Waiting:
    """How it stands for this reader, who sees nothing of others."""
    since = max(since, now - LONGEST_WAIT)
    key = model.key if model else None
    first = _first_with_events(session, reader.scope, model)
    if first is not None:
        return Waiting(key, since, first.name, first.first_event_at, model_path(first.key))
    newest = None if model else _newest(session, reader.scope)
    told = reader.role != "public" and reader.scope.whole
    return Waiting(
        key,
        since,
        registered=newest.name if newest and newest.created_at >= since else None,
        troubles=tuple(_troubles(request, reader)) if told else (),
        refused=_refused(request, session, reader, since) if told else (),
    )


def _first_with_events(session: Session, scope: Scope, model: Model | None) -> Model | None:
    wanted = [Model.id == model.id] if model else []
    having = select(Model).where(*within(scope), *wanted, Model.first_event_at.is_not(None))
    return session.scalars(having.order_by(Model.id.desc()).limit(1)).first()


def _newest(session: Session, scope: Scope) -> Model | None:
    return session.scalars(select(Model).where(*within(scope)).order_by(Model.id.desc()).limit(1)).first()


def _refused(request: Request, session: Session, reader: Principal, since: datetime) -> tuple[Refused, ...]:
    """What concerns the reader. Whose an unknown key was, nobody knows: that is for who runs the machine."""
    alone = session.scalar(select(func.count()).select_from(Organisation)) == 1
    found: list[Refusal] = request.app.state.door.refusals.since(
        since, organisation_id=reader.organisation_id, strangers=alone or reader.role == "operator"
    )
    times = Counter((one.reason, one.sentence, one.address) for one in found)
    newest = {(one.reason, one.sentence, one.address): one for one in reversed(found)}
    told = sorted(newest.items(), key=lambda item: item[1].at, reverse=True)[:_SHOWN]
    return tuple(
        Refused(_TITLES.get(one.reason, "The event is not taken"), one.sentence, times[key], one.at, one.address)
        for key, one in told
    )


def _troubles(request: Request, reader: Principal) -> Iterator[str]:
    """What is wrong with the service itself."""
    if not request.app.state.worker_alive():
        yield (
            "The worker, which brings events from the journal to this page, is starting or being started again. "
            "What you send meanwhile is kept, and appears once it works."
        )
    tick = int(time.monotonic() / _TICK_SECONDS)
    yield from _of_the_journal(request.app.state.door.folder, request.app.state.settings, reader.organisation_id, tick)


@lru_cache(maxsize=64)
def _of_the_journal(folder: Path, settings: Settings, organisation_id: int, _tick: int) -> tuple[str, ...]:
    try:
        room = check_room(
            folder, limit_bytes=settings.journal_limit_bytes, min_free_disk_bytes=settings.min_free_disk_bytes
        )
        aside = set_aside(folder, organisation_id=organisation_id)
    except sqlite3.Error:
        return ()  # the mover is busy with its file
    told = [room] if room else []
    if aside:
        newest = aside[-1].aside
        told.append(
            f"{newest.events:,} events could not be stored and were set aside: {newest.reason}. "
            "They are kept; `POST /api/v1/ingestion/retry` tries them again."
        )
    return tuple(told)
