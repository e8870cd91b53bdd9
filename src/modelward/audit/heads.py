"""Heads of the chains, kept outside of the database: what shows later that a chain was cut or written anew.

A file of JSON lines, to which is only ever added. Whoever copies its lines to where the database's own administrator
cannot write has the proof that the chain was at least so long then, and that its last entry was this one.
"""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.audit.tables import AuditHead
from modelward.audit.walk import KnownHead
from modelward.errors import Invalid


def file_of(data_dir: Path) -> Path:
    """Where a service keeps the heads of its chains."""
    return data_dir / "audit" / "heads.jsonl"


def heads_of(session: Session, *, now: datetime) -> list[KnownHead]:
    """The head of every organisation's chain, as it is now."""
    rows = session.execute(
        select(AuditHead.organisation_id, AuditHead.position, AuditHead.hash).order_by(AuditHead.organisation_id)
    )
    return [KnownHead(*row, at=now) for row in rows]


def append_heads(path: Path, heads: Iterable[KnownHead]) -> None:
    """Add a line for each head, durably."""
    lines = "".join(f"{json.dumps(as_line(head))}\n" for head in heads)
    if not lines:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell() and not _ends_a_line(file):
            lines = "\n" + lines  # a process was killed within a line
        file.write(lines.encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def as_line(head: KnownHead) -> dict[str, Any]:
    """A head as it is written: in the file, and in the log."""
    at = None if head.at is None else head.at.astimezone(UTC).isoformat()
    return {"at": at, "organisation_id": head.organisation_id, "position": head.position, "hash": head.hash}


def kept_heads(data_dir: Path) -> list[KnownHead]:
    """The heads that the service kept itself. A line that is none tells nothing, and hides no other."""
    path = file_of(data_dir)
    return list(_heads_in(path, strict=False)) if path.exists() else []


def read_heads(path: Path) -> list[KnownHead]:
    """The heads that a file holds. What was half written when a process was killed is left out.

    Raises:
        Invalid: the file cannot be read, or a whole line of it is no head.
    """
    return list(_heads_in(path, strict=True))


def _heads_in(path: Path, *, strict: bool) -> Iterator[KnownHead]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise Invalid(f"The file of heads {path} cannot be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        head = _head_in(line)
        if head is not None:
            yield head
        elif strict and line.rstrip().endswith("}"):
            raise Invalid(
                f'Line {number} of {path} is no head: each line is {{"at", "organisation_id", "position", "hash"}}.'
            )


def _head_in(line: str) -> KnownHead | None:
    try:
        said = json.loads(line)
        at = datetime.fromisoformat(said["at"]) if said.get("at") else None
        return KnownHead(int(said["organisation_id"]), int(said["position"]), str(said["hash"]), at)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _ends_a_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")
