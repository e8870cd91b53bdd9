"""Which passwords are taken, and how they are hashed: one after the other, behind everything else."""

import os
import signal
import subprocess
import sys
import threading
import time
import unicodedata
from concurrent.futures import Future
from functools import partial

import psutil
import pytest
from argon2 import PasswordHasher, extract_parameters
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.accounts.conftest import PASSWORD, hashed

from modelward.accounts.hashing import Hasher, Line, hash_password, verify, waited
from modelward.accounts.passwords import checked_password
from modelward.errors import Invalid, TooMany


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "correct horse battery staple", "t3Qr-9xLw_2vBn", "ééé violet otters ééé", "x9" + "ß~q" * 332],
)
def test_a_good_password_is_taken(password: str) -> None:
    assert checked_password(password, email="ada@example.org") == unicodedata.normalize("NFC", password)


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("short words", "fewer than 12"),
        ("", "fewer than 12"),
        ("ab cd ef gh!" * 100, "more than 1,000"),
        ("password1234", "easily guessed"),
        ("passwordpassword", "easily guessed"),
        ("aaaaaaaaaaaaaaaa", "easily guessed"),
        ("qwertyuiop123", "easily guessed"),
        ("123456789012345", "easily guessed"),
        ("modelward1234", "easily guessed"),
        ("lovelace@example.org", "easily guessed"),
        ("adalovelace1", "easily guessed"),
        ("seven violet \ud800otters", "half a character"),
    ],
)
def test_a_bad_password_is_refused_with_a_sentence(password: str, wrong: str) -> None:
    with pytest.raises(Invalid, match=wrong) as refusal:
        checked_password(password, email="lovelace@example.org", name="Ada Lovelace")
    assert [field.field for field in refusal.value.fields] == ["password"]
    assert not password or password not in refusal.value.sentence


@settings(max_examples=25)
@given(st.text(max_size=1_200), st.text(max_size=40))
@example("4@8({[<3691!|0$57+%2" * 50, "4@8({[<3691!|0$57+%2")
def test_any_text_is_taken_or_refused(password: str, name: str) -> None:
    try:
        taken = checked_password(password, email=f"{name}@example.org", name=name)
    except Invalid:
        return
    assert 12 <= len(taken) <= 1_000


def test_a_password_matches_its_own_hash_and_no_other() -> None:
    assert waited(verify(PASSWORD, hashed())).right
    assert not waited(verify(PASSWORD + "!", hashed())).right
    assert not waited(verify("", hashed())).right
    assert hash_password(PASSWORD) != hashed(), "each hash has a salt of its own"


def test_hashes_are_made_as_was_promised() -> None:
    parameters = extract_parameters(hashed())
    assert hashed().startswith("$argon2id$")
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)


def test_composed_and_decomposed_characters_are_one_password() -> None:
    composed, decomposed = "sept l\u00e9opards bleus", "sept le\u0301opards bleus"
    assert waited(verify(decomposed, hash_password(composed))).right


@pytest.mark.parametrize("password", [PASSWORD, "", "\ud800", "\0", "x" * 100_000])
def test_nobodys_password_is_never_right(password: str) -> None:
    assert not waited(verify(password, None)).right


def test_a_hash_of_older_parameters_is_made_anew() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    verdict = waited(verify(PASSWORD, old))
    assert verdict.right
    assert verdict.new_hash
    assert waited(verify(PASSWORD, verdict.new_hash)) == (True, None)
    assert waited(verify("wrong" + PASSWORD, old)) == (False, None)


def test_a_line_has_an_end_and_does_its_work_in_order() -> None:
    line, gate, done = Line(most_waiting=3), threading.Event(), list[int]()
    started = threading.Event()

    def hold() -> None:
        started.set()
        gate.wait(10)

    first = line.submit(hold)
    assert started.wait(10)
    waiting: list[Future[None]] = [line.submit(partial(done.append, number)) for number in range(3)]
    with pytest.raises(TooMany) as refusal:
        line.submit(hold)
    assert refusal.value.retry_after >= 1
    waiting[1].cancel()
    gate.set()
    first.result(10)
    waiting[2].result(10)
    assert done == [0, 2], "what nobody waits for any more is passed over"


def test_what_fails_in_line_fails_for_whoever_waits_and_nobody_else() -> None:
    line = Line()
    with pytest.raises(ZeroDivisionError):
        line.submit(lambda: 1 // 0).result(10)
    assert line.submit(lambda: 7).result(10) == 7


def test_the_process_has_the_lowest_priority_and_comes_back_when_it_was_killed() -> None:
    hasher = Hasher()
    try:
        assert hasher.ask(b"x", None).startswith("$argon2id$")
        first = hasher.pid
        assert first
        assert os.getpriority(os.PRIO_PROCESS, first) == 19
        os.kill(first, signal.SIGKILL)
        assert hasher.ask(b"x", None).startswith("$argon2id$")
        assert hasher.pid not in (None, first)
    finally:
        hasher.end()


def test_the_process_ends_when_nobody_is_left_to_ask() -> None:
    code = (
        "import os; from modelward.accounts.hashing import Hasher; h = Hasher(); h.ask(b'x', None);"
        "print(h.pid, flush=True); os._exit(9)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    pid = int(told.stdout)
    until = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
        time.sleep(0.02)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
