"""JSON is looked at for its depth before anything is made of it, in time that grows with its length alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.errors import Invalid
from modelward.kit.json_depth import MAX_DEPTH, check_depth, depth_of

VALUES = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def measured(value: object) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((measured(one) for one in (value.values() if isinstance(value, dict) else value)), default=0)


@given(VALUES)
def test_it_is_the_depth_of_the_value(value: object) -> None:
    assert depth_of(json.dumps(value).encode()) == measured(value)
    assert depth_of(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == measured(value)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_so_deep_and_no_deeper(opening: bytes) -> None:
    check_depth(opening * MAX_DEPTH)
    with pytest.raises(Invalid, match="deeper than 20 levels"):
        check_depth(opening * (MAX_DEPTH + 1))


def test_many_beside_each_other_are_not_deep() -> None:
    check_depth(json.dumps([[1], {"a": []}] * 1_000).encode())
    check_depth(json.dumps(["[" * 100, '\\"{{{' * 100]).encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le"])
def test_brackets_cannot_hide_in_another_encoding(encoding: str) -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        check_depth(("[" * 100).encode(encoding))


@pytest.mark.parametrize(
    "body", [b'"' + b'\\"' * 2_000_000 + b"[" * 30, b'"' * 3_000_001 + b"[" * 30, b"\\" * 3_000_000]
)
def test_texts_that_do_not_end_take_no_time_of_their_own(body: bytes) -> None:
    depth_of(body)  # a reader that began anew at each quote would not come back from this


def test_what_is_no_text_at_all_is_refused() -> None:
    with pytest.raises(Invalid, match="UTF-8"):
        check_depth(b'{"a": "\xff"}')
