"""How the audit chain is asked for, and what is answered."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from modelward.audit.tables import AuditCheck, AuditEntry
from modelward.audit.verify import Verified
from modelward.kit.paging import Asked
from modelward.monitoring.schemas import Moment

_Text = str | None
ENTRY_EXAMPLE: dict[str, Any] = {
    "position": 41,
    "at": "2026-02-03T09:30:00Z",
    "author": {
        "title": "ada@example.org",
        "kind": "user",
        "id": 3,
        "on_behalf_of": None,
        "address": "192.0.2.7",
    },
    "action": "model.changed",
    "object": {"kind": "model", "id": "7", "title": "churn"},
    "model_id": 7,
    "before": {"threshold": 0.5},
    "after": {"threshold": 0.4},
    "reason": None,
    "key_mark": "9f2c6a1b0d4e8371",
    "previous": "5d1c0f6f5f3b1f6d6c0f4d0b6d3d2f4b6a1e9c8d7b6a5f4e3d2c1b0a99887766",
    "hash": "0b6e1b2a3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7",
}
PAGE_EXAMPLE: dict[str, Any] = {"items": [ENTRY_EXAMPLE], "next": None}
VERIFIED_EXAMPLE: dict[str, Any] = {
    "whole": True,
    "entries": 41,
    "hash": ENTRY_EXAMPLE["hash"],
    "checked_at": "2026-02-03T09:31:00Z",
    "wrong": None,
}


class AuditAsked(Asked):
    """How the entries can be asked for."""

    sort: Literal["position", "-position", "at", "-at"] = "-position"
    action: _Text = Field(default=None, max_length=80, description="`model.registered`; `model.` for all of models.")
    object_kind: _Text = Field(default=None, max_length=40, description="model, key, user, policy …")
    object_id: _Text = Field(default=None, max_length=200)
    author: _Text = Field(default=None, max_length=200, description="A part of who did it, or for whom.")
    model: _Text = Field(default=None, max_length=200, description="The model's id or key.")
    start: Moment | None = Field(default=None, description="From this moment on.")
    end: Moment | None = Field(default=None, description="Up to but without this moment.")
    q: _Text = Field(default=None, max_length=200, description="A part of any text of an entry.")


class AuthorAnswer(BaseModel):
    """Who did it, as they were called then."""

    title: str
    kind: str
    id: int | None = None
    on_behalf_of: str | None = Field(default=None, description="of a key: who made it")
    address: str | None = None


class ObjectAnswer(BaseModel):
    """To what."""

    kind: str
    id: str | None = None
    title: str


class EntryAnswer(BaseModel):
    """One change of one thing. `before` and `after` hold the fields that changed."""

    position: int
    at: datetime
    author: AuthorAnswer
    action: str
    object: ObjectAnswer
    model_id: int | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str | None = None
    key_mark: str
    previous: str
    hash: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "EntryAnswer":
        """The answer for a row."""
        return cls(
            position=entry.position,
            at=entry.at,
            author=AuthorAnswer(
                title=entry.author_title,
                kind=entry.author_kind,
                id=entry.author_id,
                on_behalf_of=entry.on_behalf_of,
                address=entry.address,
            ),
            action=entry.action,
            object=ObjectAnswer(kind=entry.object_kind, id=entry.object_id, title=entry.object_title),
            model_id=entry.model_id,
            before=entry.before,
            after=entry.after,
            reason=entry.reason,
            key_mark=entry.key_mark,
            previous=entry.previous,
            hash=entry.hash,
        )


class EntryPage(BaseModel):
    """Some entries; `next` is the cursor of the following ones."""

    items: list[EntryAnswer]
    next: str | None = None


class BreakAnswer(BaseModel):
    """The first place that is not as it was written."""

    position: int
    code: str
    sentence: str


class VerifiedAnswer(BaseModel):
    """What a verification of the organisation's chain found: `entries` are as they were written, up to `hash`."""

    whole: bool
    entries: int
    hash: str
    checked_at: datetime
    wrong: BreakAnswer | None = None

    @classmethod
    def of(cls, found: Verified, *, at: datetime) -> "VerifiedAnswer":
        """The answer for what was found just now."""
        wrong = None if found.wrong is None else BreakAnswer(**vars(found.wrong))
        return cls(whole=found.whole, entries=found.entries, hash=found.hash, checked_at=at, wrong=wrong)

    @classmethod
    def kept(cls, check: AuditCheck) -> "VerifiedAnswer":
        """The answer for what was found then."""
        wrong = None
        if check.code is not None:
            wrong = BreakAnswer(position=check.position or 0, code=check.code, sentence=check.sentence or "")
        return cls(
            whole=check.code is None,
            entries=check.entries,
            hash=check.hash,
            checked_at=check.checked_at,
            wrong=wrong,
        )
