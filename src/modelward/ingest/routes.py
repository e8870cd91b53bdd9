"""How ingestion is, and trying again what was set aside, over HTTP. Events themselves come through the door."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, Request, status
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Editor, Reader
from modelward.accounts.principal import Scope
from modelward.audit.service import record
from modelward.errors import NotFound
from modelward.ingest.door import Door
from modelward.ingest.health import AsideEntry, progressed, set_aside
from modelward.ingest.openapi import router as starred
from modelward.ingest.retries import wish, wished
from modelward.ingest.segments import Position
from modelward.kit.clock import now
from modelward.kit.web import Reading, Writing
from modelward.registry.service import within
from modelward.registry.tables import Model

__all__ = ["router", "starred"]

router = APIRouter(route_class=ApiRoute, tags=["ingestion"])


class DoorAnswer(BaseModel):
    """Since the process began, for all organisations."""

    accepted: dict[str, int]
    """events, labels"""
    rejected: dict[str, int]
    """items, by reason"""
    refused: dict[str, int]
    """whole requests, by kind of error"""


class MovedAnswer(BaseModel):
    """Since ever, for all organisations: events and labels out of the journal, and what became of them."""

    moved: int
    new: int
    duplicates: int
    labels: int
    invalid: int
    """events with a value that did not fit its column, which is kept aside"""


class WaitingAnswer(BaseModel):
    """What is durable and not in the event store yet."""

    events: int
    bytes: int
    lag_ms: int
    """how long the oldest waits"""


class AsideAnswer(BaseModel):
    """Part of a request, or several that became durable together, that could not be moved. Nothing of it is lost."""

    entry: str
    kind: str
    model: str | None
    events: int
    attempts: int
    reason: str
    received_at: datetime
    set_aside_at: datetime
    asked_again: bool
    """the mover will try it in its next step"""


class IngestionAnswer(BaseModel):
    """What came in, what became of it, what waits, and what of this organisation could not be moved."""

    door: DoorAnswer
    mover: MovedAnswer
    waiting: WaitingAnswer
    set_aside: list[AsideAnswer]


class Again(BaseModel):
    """Which entries to try again: all that were set aside, unless they are named."""

    entries: list[str] | None = None


class AgainAnswer(BaseModel):
    """What will be tried again."""

    entries: list[str]
    events: int


@router.get("/ingestion")
def ingestion(request: Request, session: Reading, reader: Reader) -> IngestionAnswer:
    """What was accepted, rejected, moved, what waits, and what was set aside, with its reason."""
    door: Door = request.app.state.door
    found = progressed(door.folder)
    backlog = found.backlog
    lag = 0.0 if backlog.oldest is None else now().timestamp() * 1e3 - backlog.oldest / 1e3
    counted = {name: found.counters.get(name, 0) for name in MovedAnswer.model_fields}
    return IngestionAnswer(
        door=_door(door.counters()),
        mover=MovedAnswer(**counted),
        waiting=WaitingAnswer(events=backlog.events, bytes=backlog.bytes, lag_ms=max(0, round(lag))),
        set_aside=_aside_answers(session, door.folder, reader.scope),
    )


@router.post("/ingestion/retry", status_code=status.HTTP_202_ACCEPTED)
def retry(request: Request, session: Writing, editor: Editor, body: Again | None = None) -> AgainAnswer:
    """Let the mover try again what was set aside."""
    door: Door = request.app.state.door
    entries = set_aside(door.folder, organisation_id=editor.organisation_id)
    keys = _keys(session, entries, editor.scope)
    there = {_name(one): one for one in entries if editor.scope.whole or one.aside.model_id in keys}
    asked = list(there) if body is None or body.entries is None else body.entries
    if missing := [name for name in asked if name not in there]:
        raise NotFound(f"The entry {missing[0][:80]!r} is not set aside: see `set_aside` of GET /api/v1/ingestion.")
    answer = AgainAnswer(entries=asked, events=sum(there[name].aside.events for name in set(asked)))
    if asked:
        record(
            session,
            organisation_id=editor.organisation_id,
            author=editor.author,
            action="ingestion.retried",
            object_kind="ingestion",
            object_id=None,
            object_title="events that were set aside",
            at=now(),
            after=answer.model_dump(),
        )
    for name in asked:
        wish(door.folder, there[name].aside.position)
    return answer


def _door(counters: dict[str, int]) -> DoorAnswer:
    def under(prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): n for name, n in sorted(counters.items()) if name.startswith(prefix)}

    refused = under("refused.") | {name: counters[name] for name in ("failed", "gone") if name in counters}
    accepted = dict.fromkeys(("events", "labels"), 0) | under("accepted.")
    return DoorAnswer(accepted=accepted, rejected=under("rejected."), refused=refused)


def _aside_answers(session: Session, folder: Path, scope: Scope) -> list[AsideAnswer]:
    entries = set_aside(folder, organisation_id=scope.organisation_id)
    keys = _keys(session, entries, scope) if entries else {}
    asked = set(wished(folder))
    seen = [one for one in entries if scope.whole or one.aside.model_id in keys]
    return [_aside_answer(one, keys.get(one.aside.model_id), asked) for one in seen]


def _keys(session: Session, entries: Sequence[AsideEntry], scope: Scope) -> dict[int, str]:
    ids = {one.aside.model_id for one in entries}
    mine = select(Model.id, Model.key).where(*within(scope), Model.id.in_(ids))
    return {row.id: row.key for row in session.execute(mine)}


def _aside_answer(one: AsideEntry, key: str | None, asked: set[Position]) -> AsideAnswer:
    return AsideAnswer(
        entry=_name(one),
        kind=one.kind.name.lower(),
        model=key,
        events=one.aside.events,
        attempts=one.aside.attempts,
        reason=one.aside.reason,
        received_at=_moment(one.received_at),
        set_aside_at=_moment(one.aside.at),
        asked_again=one.aside.position in asked,
    )


def _name(one: AsideEntry) -> str:
    return f"{one.aside.position.segment}-{one.aside.position.id}"


def _moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
