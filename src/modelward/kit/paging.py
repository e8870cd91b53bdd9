"""Lists by pages, filtered and sorted alike everywhere: `?limit=&cursor=&sort=-created_at&<field>=<value>`.

A cursor is opaque and holds no secret. It names the last row of its page and not a count of rows, so that rows which
are added or gone meanwhile make nothing appear twice or be left out.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import BigInteger, ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.requests import Request
from starlette.responses import Response

from modelward.errors import FieldError, Invalid
from modelward.kit.database import UtcDateTime

T = TypeVar("T")

LARGEST_PAGE = 1_000
LARGEST_ID = 2**63 - 1

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=1_000, description="Where to go on: `next` of the page before.")]


class Asked(BaseModel):
    """What every list can be asked for; each adds its filters, and names in `sort` what it can be sorted by.

    A route takes it as `Annotated[ModelsAsked, Query()]`. A name that is no filter of the list is refused: a filter
    with a spelling mistake would otherwise let everything through.
    """

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=100, ge=1, le=LARGEST_PAGE, description="How many at most.")
    cursor: str | None = Field(default=None, max_length=1_000, description="Where to go on: `next` of the page before.")
    sort: str = Field(default="id", description="What to sort by; with `-` before it the largest or newest first.")

    @field_validator("*")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("it holds a NUL, which no database can look for")
        return value


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of a list; `next` leads to the following ones, and is None on the last page."""

    items: Sequence[T]
    next: str | None


def page_of(rows: Sequence[T], limit: int, position: Callable[[T], Any]) -> Page[T]:
    """The page made of `rows`, of which one more than `limit` was asked for, to know whether there are more."""
    items = rows[:limit]
    return Page(items, encode_cursor(position(items[-1])) if len(rows) > limit else None)


def listed(
    session: Session,
    query: Select[T],
    asked: Asked,
    *,
    columns: Mapping[str, InstrumentedAttribute[Any]],
    key: InstrumentedAttribute[int],
) -> Page[T]:
    """The page that was asked for: rows whose `columns` are equal to the filters, in the order that was asked for.

    Rows without a value in the column come last, and among equals the `key` decides, in the same direction.
    """
    filters = asked.model_dump(exclude_none=True, exclude={"limit", "cursor", "sort"})
    query = query.where(*(columns[name] == value for name, value in filters.items() if name in columns))
    name = asked.sort.removeprefix("-")
    column, down = columns[name], asked.sort.startswith("-")
    if asked.cursor is not None:
        value, last = _place_in(asked.cursor, asked.sort, column, key)
        query = query.where(_after(column, value, key, last, down=down))
    ways = (column.desc(), key.desc()) if down else (column.asc(), key.asc())
    last_of_all = [column.is_(None)] if _may_be_missing(column) else []
    rows = session.scalars(query.order_by(*last_of_all, *ways).limit(asked.limit + 1)).all()
    return page_of(rows, asked.limit, lambda row: _place_of(row, asked.sort, column, key))


def lead_on(request: Request, response: Response, following: str | None) -> None:
    """The header Link (RFC 8288), by which clients find the next page without reading the body."""
    if following is not None:
        address = request.url.include_query_params(cursor=following)
        response.headers["Link"] = f'<{address}>; rel="next"'


def _after(
    column: InstrumentedAttribute[Any], value: Any, key: InstrumentedAttribute[int], last: int, *, down: bool
) -> ColumnElement[bool]:
    further = key < last if down else key > last
    if value is None:
        return and_(column.is_(None), further)
    beyond = column < value if down else column > value
    missing = [column.is_(None)] if _may_be_missing(column) else []
    return or_(beyond, and_(column == value, further), *missing)


def _may_be_missing(column: InstrumentedAttribute[Any]) -> bool:
    """Databases differ in where they sort what is missing; said only where it can be, because it costs an index."""
    return bool(column.property.columns[0].nullable)


def _place_of(row: Any, sort: str, column: InstrumentedAttribute[Any], key: InstrumentedAttribute[int]) -> list[Any]:
    value = getattr(row, column.key)
    return [sort, value.isoformat() if isinstance(value, datetime) else value, getattr(row, key.key)]


def _place_in(
    cursor: str, sort: str, column: InstrumentedAttribute[Any], key: InstrumentedAttribute[int]
) -> tuple[Any, int]:
    place = decode_cursor(cursor, list)
    try:
        sorted_by, value, last = place
        dated = isinstance(column.type, UtcDateTime)
        value = datetime.fromisoformat(value) if dated and value is not None else value
    except (ValueError, TypeError) as error:
        raise _foreign() from error
    if sorted_by != sort or last is None or not _fits(value, column) or not _fits(last, key):
        raise _foreign()
    return value, last


def _fits(value: Any, column: InstrumentedAttribute[Any]) -> bool:
    """Whether the database can compare the column with this: cursors may be written by anybody."""
    if value is None:
        return True
    if isinstance(value, datetime):
        return value.tzinfo is not None and value.utcoffset() is not None and 1 < value.year < 9999
    if isinstance(value, str):
        return column.type.python_type is str and "\0" not in value and value.encode(errors="ignore").decode() == value
    largest = LARGEST_ID if isinstance(column.type, BigInteger) else 2**31 - 1
    return type(value) is column.type.python_type and (not isinstance(value, int) or abs(value) <= largest)


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
        raise _foreign()
    return position


def _foreign() -> Invalid:
    problem = FieldError("query.cursor", "it is not a cursor of this list", "use `next` of the page before, unchanged")
    return Invalid("The cursor is not one of this list: use `next` of the page before, unchanged.", fields=(problem,))
