"""Pages lead through a whole list, and a cursor that is none is told so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.errors import Invalid
from modelward.kit.paging import decode_cursor, encode_cursor, page_of


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
