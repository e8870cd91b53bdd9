"""How often somebody may try: enough for a person who mistypes, too little for one who guesses."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.accounts.attempts import Attempts, _network
from modelward.errors import TooMany

ADA = "ada@example.org"


def tries(attempts: Attempts, email: str, address: str) -> bool:
    """Whether one wrong attempt is let through."""
    try:
        attempts.admit(email, address)
    except TooMany:
        return False
    attempts.wrong(email, address)
    return True


def test_the_refusal_says_how_long_to_wait() -> None:
    attempts = Attempts()
    for _ in range(5):
        attempts.admit(ADA, "192.0.2.1")
    with pytest.raises(TooMany) as refusal:
        attempts.admit(ADA, "192.0.2.1")
    assert 1 <= refusal.value.retry_after <= 60
    assert f"wait {refusal.value.retry_after} seconds" in refusal.value.sentence


def test_a_person_may_try_five_times_a_minute_from_one_address() -> None:
    attempts = Attempts()
    assert [tries(attempts, ADA, "192.0.2.1") for _ in range(7)] == [True] * 5 + [False] * 2
    assert tries(attempts, ADA, "192.0.2.2")
    assert tries(attempts, "bob@example.org", "192.0.2.1")


def test_a_minute_or_two_later_they_may_try_again() -> None:
    moment = [time.time()]
    attempts = Attempts(clock=lambda: moment[0])
    assert [tries(attempts, ADA, "192.0.2.1") for _ in range(6)][-1] is False
    moment[0] += 121
    assert tries(attempts, ADA, "192.0.2.1")


def test_one_address_cannot_try_one_password_on_everybody() -> None:
    attempts = Attempts()
    assert sum(tries(attempts, f"user-{n}@example.org", "192.0.2.1") for n in range(50)) == 30
    assert tries(attempts, ADA, "192.0.2.2")


def test_many_addresses_cannot_try_many_passwords_on_one_person() -> None:
    attempts = Attempts()
    assert sum(tries(attempts, ADA, f"192.0.2.{n}") for n in range(50)) == 20
    assert tries(attempts, "bob@example.org", "192.0.2.1")


def test_strangers_do_not_shut_a_person_out_of_where_they_are_at_home() -> None:
    attempts = Attempts()
    attempts.admit(ADA, "198.51.100.7")
    attempts.right(ADA, "198.51.100.7")
    for n in range(50):
        tries(attempts, ADA, f"192.0.2.{n}")
    assert not tries(attempts, ADA, "203.0.113.1")
    attempts.admit(ADA, "198.51.100.7")


def test_right_passwords_of_many_people_behind_one_address_are_no_attack() -> None:
    attempts = Attempts()
    for n in range(200):
        attempts.admit(f"user-{n}@example.org", "192.0.2.1")
        attempts.right(f"user-{n}@example.org", "192.0.2.1")


def test_a_household_has_one_network_however_many_addresses() -> None:
    attempts = Attempts()
    assert sum(tries(attempts, ADA, f"2001:db8::{n:x}") for n in range(10)) == 5
    assert _network("::ffff:192.0.2.1") == _network("192.0.2.1")
    assert _network("fe80::1%eth0") == "fe80::/64"


@given(st.text(max_size=400), st.text(max_size=60))
def test_any_email_and_address_can_be_counted(email: str, address: str) -> None:
    attempts = Attempts()
    assert tries(attempts, email, address)


def test_registrations_are_counted_by_address() -> None:
    attempts = Attempts()
    for _ in range(30):
        attempts.register("192.0.2.1")
    with pytest.raises(TooMany):
        attempts.register("192.0.2.1")
    attempts.register("192.0.2.2")
