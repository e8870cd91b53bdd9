"""The form of keys: checked without asking anybody, and known to scanners for leaked secrets."""

import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.accounts.keys import KEY_PATTERN, KeyKind, digest_of, is_known_form, is_wellformed, new_key


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_new_key_has_the_form_that_was_promised(kind: KeyKind) -> None:
    key = new_key(kind)
    assert re.fullmatch(rf"mw_{kind}_[0-9A-Za-z]{{32}}[0-9A-Za-z]{{6}}", key)
    assert is_wellformed(key)


def test_the_last_six_characters_are_the_crc32_of_all_before() -> None:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    key = new_key(KeyKind.READ)
    number = 0
    for char in key[-6:]:
        number = number * 62 + digits.index(char)
    assert number == zlib.crc32(key[:-6].encode())


def test_no_two_keys_are_alike() -> None:
    assert len({new_key(KeyKind.READ) for _ in range(1_000)}) == 1_000


@given(st.data())
def test_any_one_wrong_character_is_noticed(data: st.DataObject) -> None:
    key = new_key(KeyKind.ADMIN)
    place = data.draw(st.integers(0, len(key) - 1))
    char = data.draw(st.characters(codec="ascii").filter(lambda char: char != key[place]))
    assert not is_wellformed(key[:place] + char + key[place + 1 :])


@given(st.text(max_size=80))
def test_other_texts_are_no_keys(text: str) -> None:
    assert not is_wellformed(text)


def test_the_pattern_finds_keys_in_other_text_and_nothing_else() -> None:
    key = new_key(KeyKind.INGEST)
    assert re.findall(KEY_PATTERN, f'API_KEY="{key}" # mw_ingest_short mw_root_{key[10:]}') == [key]


@pytest.mark.parametrize("token", ["demo-key", "abcd", "a" * 32, "k3y-1"])
def test_known_keys_are_short_plain_words(token: str) -> None:
    assert is_known_form(token)


@pytest.mark.parametrize(
    "token", ["", "abc", "-abc", "abc-", "Demo-Key", "a" * 33, "mw_read_x", "eyJhbGciOiJub25lIn0.e30.", "ä" * 8]
)
def test_other_words_are_not(token: str) -> None:
    assert not is_known_form(token)


def test_a_digest_does_not_hold_its_key() -> None:
    assert len(digest_of("demo-key")) == 32
    assert b"demo" not in digest_of("demo-key")
