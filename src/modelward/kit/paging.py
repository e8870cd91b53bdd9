"""Pages of a list: so many at once, and a cursor that says where to go on. A cursor is opaque and holds no secret."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query

from modelward.errors import FieldError, Invalid

T = TypeVar("T")

LARGEST_PAGE = 1_000
LARGEST_ID = 2**63 - 1

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=1_000, description="Where to go on: `next` of the page before.")]


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a list; `next` leads to the following ones, and is None on the last page."""

    items: Sequence[T]
    next: str | None


def page_of(rows: Sequence[T], limit: int, position: Callable[[T], Any]) -> Page[T]:
    """The page made of `rows`, of which one more than `limit` was asked for, to know whether there are more."""
    items = rows[:limit]
    return Page(items, encode_cursor(position(items[-1])) if len(rows) > limit else None)


def encode_cursor(position: Any) -> str:
    """A position (a number, a text, a list of such) as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode("ascii").rstrip("=")


def decode_cursor(cursor: str, kind: type[T]) -> T:
    """The position that the cursor holds.

    Raises:
        Invalid: it is none of ours, or of another list.
    """
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        position = None
    beyond = isinstance(position, int) and abs(position) > LARGEST_ID
    if not isinstance(position, kind) or isinstance(position, bool) or beyond:
        problem = FieldError(
            "query.cursor", "it is not a cursor of this list", "use `next` of the page before, unchanged"
        )
        raise Invalid(
            "The cursor is not one of this list: use `next` of the page before, unchanged.", fields=(problem,)
        )
    return position
