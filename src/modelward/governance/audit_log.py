"""Reading the audit chain: by pages, searched, and as a file to take away."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, or_, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.audit.tables import AuditEntry
from modelward.governance.audit_schemas import AuditAsked, EntryAnswer
from modelward.kit.database import reading
from modelward.kit.paging import Page, listed
from modelward.monitoring.export_events import guarded_text
from modelward.registry.service import resolve

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
_AT_ONCE = 500  # entries held in memory
_COLUMNS = {
    "position": AuditEntry.position,
    "at": AuditEntry.at,
    "object_kind": AuditEntry.object_kind,
    "object_id": AuditEntry.object_id,
}
_SEARCHED = (
    AuditEntry.action,
    AuditEntry.object_title,
    AuditEntry.author_title,
    AuditEntry.on_behalf_of,
    AuditEntry.address,
    AuditEntry.reason,
    AuditEntry.before_json,
    AuditEntry.after_json,
)
CSV_COLUMNS = (
    *("position", "at", "author", "author_kind", "author_id", "on_behalf_of", "address", "action"),
    *("object_kind", "object_id", "object", "model_id", "before", "after", "reason", "key_mark", "previous", "hash"),
)


def entries_page(session: Session, *, reader: Principal, asked: AuditAsked) -> Page[AuditEntry]:
    """The entries of the reader's organisation that were asked for, newest first unless said otherwise."""
    return listed(session, _asked_for(session, reader, asked), asked, columns=_COLUMNS, key=AuditEntry.position)


def entries_file(engine: Engine, *, reader: Principal, asked: AuditAsked, kind: str) -> Iterator[bytes]:
    """The entries that were asked for, oldest first, as CSV or JSON, a piece at a time."""
    return _csv(engine, reader, asked) if kind == "csv" else _json(engine, reader, asked)


def _asked_for(session: Session, reader: Principal, asked: AuditAsked) -> Select[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.organisation_id == reader.organisation_id)
    if asked.model is not None:
        query = query.where(AuditEntry.model_id == resolve(session, reader.scope, asked.model).id)
    if asked.start is not None:
        query = query.where(AuditEntry.at >= asked.start)
    if asked.end is not None:
        query = query.where(AuditEntry.at < asked.end)
    return query.where(*_texts(asked))


def _texts(asked: AuditAsked) -> Iterator[ColumnElement[bool]]:
    if asked.action is not None and asked.action.endswith("."):
        yield AuditEntry.action.startswith(asked.action, autoescape=True)
    elif asked.action is not None:
        yield AuditEntry.action == asked.action
    if asked.author is not None:
        authors = (AuditEntry.author_title, AuditEntry.on_behalf_of)
        yield or_(*(column.icontains(asked.author, autoescape=True) for column in authors))
    if asked.q is not None:
        yield or_(*(column.icontains(asked.q, autoescape=True) for column in _SEARCHED))


def _batches(engine: Engine, reader: Principal, asked: AuditAsked) -> Iterator[list[AuditEntry]]:
    """All of them, oldest first, some at a time: no transaction is open while they are sent."""
    last = 0
    while True:
        with reading(engine) as session:
            query = _asked_for(session, reader, asked).where(AuditEntry.position > last)
            if asked.object_kind is not None:
                query = query.where(AuditEntry.object_kind == asked.object_kind)
            if asked.object_id is not None:
                query = query.where(AuditEntry.object_id == asked.object_id)
            rows = list(session.scalars(query.order_by(AuditEntry.position).limit(_AT_ONCE)))
        if not rows:
            return
        yield rows
        last = rows[-1].position


def _csv(engine: Engine, reader: Principal, asked: AuditAsked) -> Iterator[bytes]:
    yield _lines([list(CSV_COLUMNS)])
    for rows in _batches(engine, reader, asked):
        yield _lines([[_cell(value) for value in _row(entry)] for entry in rows])


def _row(entry: AuditEntry) -> tuple[Any, ...]:
    return (
        entry.position,
        entry.at.isoformat(),
        entry.author_title,
        entry.author_kind,
        entry.author_id,
        entry.on_behalf_of,
        entry.address,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.object_title,
        entry.model_id,
        entry.before_json,
        entry.after_json,
        entry.reason,
        entry.key_mark,
        entry.previous,
        entry.hash,
    )


def _cell(value: Any) -> Any:
    return guarded_text(value) if isinstance(value, str) else value


def _lines(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _json(engine: Engine, reader: Principal, asked: AuditAsked) -> Iterator[bytes]:
    """One list; each entry on a line of its own."""
    before = b"["
    for rows in _batches(engine, reader, asked):
        for entry in rows:
            said = EntryAnswer.of(entry).model_dump(mode="json")
            yield before + b"\n" + json.dumps(said, ensure_ascii=False).encode()
            before = b","
    yield b"\n]\n" if before == b"," else b"[]\n"
