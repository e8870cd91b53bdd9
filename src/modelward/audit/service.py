"""Appending to the chain, in the transaction of what is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.audit.author import SYSTEM, Author
from modelward.audit.chain import (
    GENESIS,
    WHY_DOUBTED,
    Content,
    Doubt,
    as_json,
    hash_of,
    mark_of,
    plain,
    seal_of,
    storable,
)
from modelward.audit.keys import Keys, keys_of
from modelward.audit.tables import AuditEntry, AuditHead
from modelward.kit.database import insert_into
from modelward.kit.redact import redacted, redacted_value

_LONGEST = 4_000  # characters of a title or a reason: no justification that a route takes is cut


def record(
    session: Session,
    *,
    organisation_id: int,
    author: Author,
    action: str,
    object_kind: str,
    object_id: int | str | None,
    object_title: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
    model_id: int | None = None,
) -> AuditEntry:
    """Append who did what to which thing, in the caller's transaction: both are kept, or neither.

    `action` is `thing.verb` in the past (`model.registered`). `before` and `after` hold only what changed, and never a
    secret; what looks like one is taken out. `object_title` names the thing to people. Call it after the change itself:
    other writers of the organisation wait from here until the transaction ends.
    """
    said = Said(
        author=author,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        object_title=object_title,
        at=at,
        before=before,
        after=after,
        reason=reason,
        model_id=model_id,
    )
    keys, head = keys_of(session), _head(session, organisation_id)
    if (doubt := doubt_about(head, keys)) is not None:
        # Sealed anew without a word, a chain that somebody cut would look whole from here on.
        _append(session, head, keys[0], _doubted(doubt, at))
    return _append(session, head, keys[0], said)


@dataclass(frozen=True)
class Said:
    """What `record` was told."""

    author: Author
    action: str
    object_kind: str
    object_id: int | str | None
    object_title: str
    at: datetime
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str | None = None
    model_id: int | None = None


def _append(session: Session, head: AuditHead, key: bytes, said: Said) -> AuditEntry:
    content = Content(
        organisation_id=head.organisation_id,
        position=head.position + 1,
        at=said.at,
        author_title=_text(said.author.title),
        author_kind=said.author.kind,
        author_id=said.author.id,
        on_behalf_of=_text_or_none(said.author.on_behalf_of),
        address=_text_or_none(said.author.address),
        action=said.action,
        object_kind=said.object_kind,
        object_id=None if said.object_id is None else _text(str(said.object_id)),
        object_title=_text(said.object_title),
        model_id=said.model_id,
        before=_fields(said.before),
        after=_fields(said.after),
        reason=_text_or_none(said.reason),
        key_mark=mark_of(key),
    )
    entry = entry_of(content, previous=head.hash, hashed=hash_of(key, head.hash, content))
    session.add(entry)
    head.position, head.hash, head.key_mark = entry.position, entry.hash, entry.key_mark
    head.seal = seal_of(key, head.organisation_id, entry.position, entry.hash)
    session.flush()
    return entry


def doubt_about(head: AuditHead, keys: Keys) -> Doubt | None:
    """Why this head is not known to be ours; None where it is, or where nothing was ever written."""
    if head.position == 0:
        return None
    for key in keys:
        if mark_of(key) == head.key_mark:
            seal = seal_of(key, head.organisation_id, head.position, head.hash)
            return None if compare_digest(seal, head.seal) else Doubt.REWRITTEN
    return Doubt.OTHER_KEY


def _doubted(doubt: Doubt, at: datetime) -> Said:
    return Said(SYSTEM, doubt.value, "audit chain", None, "the audit chain", at, reason=WHY_DOUBTED[doubt])


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Only the fields of both that differ, or None where nothing does: what `record` wants to know."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not names:
        return None
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def entry_of(content: Content, *, previous: str, hashed: str) -> AuditEntry:
    """The row of an entry."""
    fields = dict(vars(content))
    return AuditEntry(
        before_json=fields.pop("before"), after_json=fields.pop("after"), previous=previous, hash=hashed, **fields
    )


def content_of(entry: AuditEntry) -> Content:
    """What a row says."""
    fields = {name: getattr(entry, name) for name in Content.__dataclass_fields__ if name not in ("before", "after")}
    return Content(before=entry.before_json, after=entry.after_json, **fields)


def _head(session: Session, organisation_id: int) -> AuditHead:
    """The head, locked until the transaction ends, so that no two entries follow the same one."""
    mine = select(AuditHead).where(AuditHead.organisation_id == organisation_id)
    locked = mine.with_for_update().execution_options(populate_existing=True)
    head = session.scalars(locked).first()
    if head is None:
        first = {"organisation_id": organisation_id, "position": 0, "hash": GENESIS, "key_mark": "", "seal": ""}
        session.execute(insert_into(session, AuditHead).values(first).on_conflict_do_nothing())
        head = session.scalars(locked).one()
    return head


def _fields(fields: Mapping[str, Any] | None) -> str | None:
    return None if fields is None else as_json(redacted_value(plain(fields)))


def _text(text: str) -> str:
    return storable(redacted(text))[:_LONGEST]


def _text_or_none(text: str | None) -> str | None:
    return None if text is None else _text(text)
