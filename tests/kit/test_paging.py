"""Pages lead through a whole list, and a cursor that is none is told so."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from modelward.accounts.tables import ApiKey, Organisation
from modelward.errors import Invalid
from modelward.kit.database import reading, writing
from modelward.kit.paging import Asked, decode_cursor, encode_cursor, listed, page_of

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
COLUMNS = {"id": ApiKey.id, "name": ApiKey.name, "expires_at": ApiKey.expires_at}


class KeysAsked(Asked):
    name: str | None = None


@given(st.integers(0, 40), st.integers(1, 12))
def test_pages_hold_everything_once_and_in_order(length: int, limit: int) -> None:
    seen: list[int] = []
    after = -1
    while True:
        page = page_of(list(range(after + 1, length))[: limit + 1], limit, lambda row: row)
        seen += page.items
        if page.next is None:
            break
        after = decode_cursor(page.next, int)
    assert seen == list(range(length))


@given(st.lists(st.one_of(st.integers(), st.text())))
def test_a_cursor_keeps_its_position(position: list[int | str]) -> None:
    assert decode_cursor(encode_cursor(position), list) == position


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "%%%", "é", encode_cursor("text"), encode_cursor(True), encode_cursor(1.5), encode_cursor(2**63)],
)
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="use `next` of the page before"):
        decode_cursor(cursor, int)


def add(database: Engine, *keys: tuple[str, datetime | None]) -> None:
    """Keys with these names and ends, in this order."""
    with writing(database) as session:
        owner = session.scalars(select(Organisation)).first() or Organisation(name="Ours", created_at=NOON)
        session.add(owner)
        session.flush()
        for name, expires_at in keys:
            digest = f"{name}{len(session.scalars(select(ApiKey.id)).all())}".encode().ljust(32, b".")
            session.add(
                ApiKey(
                    organisation_id=owner.id,
                    kind="read",
                    name=name,
                    digest=digest,
                    hint="",
                    created_at=NOON,
                    expires_at=expires_at,
                )
            )
            session.flush()


def page(database: Engine, **asked: object) -> tuple[list[str], str | None]:
    with reading(database) as session:
        found = listed(session, select(ApiKey), KeysAsked.model_validate(asked), columns=COLUMNS, key=ApiKey.id)
        return [key.name for key in found.items], found.next


def whole(database: Engine, **asked: object) -> list[str]:
    names, cursor = page(database, **asked)
    while cursor:
        more, cursor = page(database, cursor=cursor, **asked)
        names += more
    return names


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_a_list_is_sorted_either_way_and_what_is_missing_comes_last(each_database: Engine, limit: int) -> None:
    add(each_database, ("b", NOON), ("never", None), ("a", NOON + timedelta(hours=1)), ("a", NOON), ("nor", None))
    assert whole(each_database, limit=limit, sort="name") == ["a", "a", "b", "never", "nor"]
    assert whole(each_database, limit=limit, sort="-id") == ["nor", "a", "a", "never", "b"]
    assert whole(each_database, limit=limit, sort="expires_at") == ["b", "a", "a", "never", "nor"]
    assert whole(each_database, limit=limit, sort="-expires_at") == ["a", "a", "b", "nor", "never"]


def test_a_list_is_filtered_by_what_is_equal(each_database: Engine) -> None:
    add(each_database, ("a", None), ("b", None), ("a", NOON))
    assert whole(each_database, name="a", limit=1) == ["a", "a"]
    assert whole(each_database, name="c") == []


def test_rows_that_come_meanwhile_move_nothing(each_database: Engine) -> None:
    add(each_database, ("b", None), ("d", None), ("f", None), ("h", None))
    first, cursor = page(each_database, sort="name", limit=2)
    add(each_database, ("a", None), ("c", None), ("e", None))
    second, cursor = page(each_database, sort="name", limit=2, cursor=cursor)
    third, cursor = page(each_database, sort="name", limit=2, cursor=cursor)
    assert (first, second, third, cursor) == (["b", "d"], ["e", "f"], ["h"], None)


@pytest.mark.parametrize(
    ("sort", "place"),
    [
        ("id", ["name", "a", 1]),
        ("name", ["name", 1, 1]),
        ("name", ["name", "\ud800", 1]),
        ("name", ["name", "\0", 1]),
        ("id", ["id", 2**31, 1]),
        ("id", ["id", 1, 2**31]),
        ("id", ["id", 1, None]),
        ("id", ["id", 1]),
        ("id", ["id", True, 1]),
        ("id", ["id", [], 1]),
        ("expires_at", ["expires_at", "0001-01-01T00:00:00+23:59", 1]),
        ("expires_at", ["expires_at", "2026-01-01T00:00:00", 1]),
        ("expires_at", ["expires_at", "today", 1]),
    ],
)
def test_a_cursor_that_no_page_of_this_order_gave_is_refused(database: Engine, sort: str, place: list[object]) -> None:
    with pytest.raises(Invalid, match="use `next` of the page before"):
        page(database, sort=sort, cursor=encode_cursor(place))


@pytest.mark.parametrize("place", [["id", 2**31 - 1, 2**31 - 1], ["expires_at", "9998-01-01T00:00:00+00:00", 1]])
def test_a_cursor_beyond_the_list_finds_nothing(each_database: Engine, place: list[object]) -> None:
    add(each_database, ("a", NOON))
    assert page(each_database, sort=place[0], cursor=encode_cursor(place)) == ([], None)
