"""The maths of the chain: what is hashed, how, and by which key.

The hash of an entry is HMAC-SHA256, under a key that never lies in the database, over the hash of the entry before and
the entry's canonical form. Whoever can write to the database but has no key can therefore change nothing unseen, and
whoever changes one entry would have to make every later one anew.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum, StrEnum
from math import isfinite
from typing import Any, Final

GENESIS: Final = "0" * 64
"""What stands for the hash before the first entry."""
_FORM: Final = "modelward audit entry 1"
_HEAD: Final = "modelward audit head 1"


class Doubt(StrEnum):
    """Why a head was not believed when an entry was to follow it; the action of the entry that says so."""

    REWRITTEN = "audit.head_doubted"
    OTHER_KEY = "audit.key_changed"


WHY_DOUBTED: Final = {
    Doubt.REWRITTEN: "The chain's head was not written by this service: entries before this one may have been cut off.",
    Doubt.OTHER_KEY: "The service's secret is another one since here: what was written before is proven by the former.",
}


@dataclass(frozen=True)
class Content:
    """What an entry says: all of its columns but its hashes. `before` and `after` are JSON as it is stored."""

    organisation_id: int
    position: int
    at: datetime
    author_title: str
    author_kind: str
    author_id: int | None
    on_behalf_of: str | None
    address: str | None
    action: str
    object_kind: str
    object_id: str | None
    object_title: str
    model_id: int | None
    before: str | None
    after: str | None
    reason: str | None
    key_mark: str


def canonical(content: Content) -> bytes:
    """The one form in which an entry is hashed: a JSON list, in which no two entries look alike.

    Written in ASCII, with the moment in UTC to the microsecond; it does not depend on the database.
    """
    fields = vars(content) | {"at": content.at.astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps([_FORM, *fields.values()], separators=(",", ":"), allow_nan=False).encode("ascii")


def hash_of(key: bytes, previous: str, content: Content) -> str:
    """The hash of an entry that follows the one whose hash is `previous`; 64 hexadecimal digits."""
    return hmac.new(key, bytes.fromhex(previous) + canonical(content), hashlib.sha256).hexdigest()


def seal_of(key: bytes, organisation_id: int, position: int, last: str) -> str:
    """The proof that this is the head: without the key, a shorter chain cannot be given one."""
    head = json.dumps([_HEAD, organisation_id, position, last], separators=(",", ":"))
    return hmac.new(key, head.encode("ascii"), hashlib.sha256).hexdigest()


def mark_of(key: bytes) -> str:
    """What tells one key from another, and from which no key follows; 16 hexadecimal digits."""
    return hmac.new(key, b"modelward audit key mark", hashlib.sha256).hexdigest()[:16]


def as_json(fields: Mapping[str, Any] | None) -> str | None:
    """Fields as they are stored and hashed: sorted by name, readable, and the same on every database.

    Raises:
        TypeError: a value is neither plain nor a moment, an enumeration or a list of such.
    """
    if fields is None:
        return None
    text = json.dumps(plain(fields), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return storable(text)


def storable(text: str) -> str:
    """The text without what PostgreSQL or UTF-8 cannot hold: NUL, and halves of a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def plain(value: Any) -> Any:
    """The value in the words of JSON. Numbers that JSON lacks become their names.

    Raises:
        TypeError: it cannot be said in JSON.
    """
    if isinstance(value, Mapping):
        return {str(plain(name)): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(each) for each in value), key=str)
    return plain(value.value) if isinstance(value, Enum) else _plain_one(value)


def _plain_one(value: Any) -> Any:
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, int | str):
        return value
    raise TypeError(f"{value!r} cannot be kept in the audit chain: give plain values")
