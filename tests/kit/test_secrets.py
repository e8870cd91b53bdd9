"""Signed values, and the secret that the service keeps for itself."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.errors import Invalid
from modelward.kit.secrets import load_or_create_secret, random_token, secret_of, sign, verify
from modelward.settings import settings_from

SECRET = "a secret of more than 32 characters"


@given(st.binary(max_size=200))
def test_what_was_signed_is_verified(value: bytes) -> None:
    assert verify(sign(value, secret=SECRET, purpose="p"), secret=SECRET, purpose="p") == value


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_changed_character_is_noticed(value: bytes, data: st.DataObject) -> None:
    signed = sign(value, secret=SECRET, purpose="p")
    place = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_.").filter(lambda char: char != signed[place]))
    assert verify(signed[:place] + other + signed[place + 1 :], secret=SECRET, purpose="p") is None


@given(st.text(max_size=60))
def test_what_we_did_not_sign_is_not_verified(text: str) -> None:
    assert verify(text, secret=SECRET, purpose="p") is None


def test_another_secret_and_another_purpose_do_not_verify() -> None:
    signed = sign(b"value", secret=SECRET, purpose="session")
    assert verify(signed, secret=SECRET + "!", purpose="session") is None
    assert verify(signed, secret=SECRET, purpose="link") is None


def test_tokens_differ() -> None:
    assert len({random_token() for _ in range(100)}) == 100


def test_the_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    secret = load_or_create_secret(tmp_path / "data")
    assert len(secret) >= 48
    assert load_or_create_secret(tmp_path / "data") == secret
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_processes_that_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    together, secrets = threading.Barrier(8), []

    def start() -> None:
        together.wait()
        secrets.append(load_or_create_secret(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(secrets) == 8
    assert len(set(secrets)) == 1


def test_a_secret_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(Invalid, match="less than 32 characters: delete it"):
        load_or_create_secret(tmp_path)


def test_the_setting_wins_over_the_kept_secret(tmp_path: Path) -> None:
    assert secret_of(settings_from({"SECRET_KEY": SECRET}, data_dir=tmp_path)) == SECRET
    assert secret_of(settings_from({}, data_dir=tmp_path)) == load_or_create_secret(tmp_path)
