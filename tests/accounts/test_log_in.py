"""Signing in with a password: who may, and that the refused learn nothing."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, select, text
from tests.accounts.conftest import PASSWORD, Town

from modelward.accounts import log_in as room
from modelward.accounts.hashing import verify
from modelward.accounts.log_in import log_in
from modelward.accounts.principal import Role
from modelward.accounts.tables import User
from modelward.errors import TooMany, Unauthorized
from modelward.kit.database import reading, writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def enters(database: Engine, email: str, password: str = PASSWORD, address: str = "192.0.2.1") -> int:
    return log_in(database, email=email, password=password, address=address, now=NOON)


def change(database: Engine, user_id: int, **values: object) -> None:
    with writing(database) as session:
        user = session.get_one(User, user_id)
        for name, value in values.items():
            setattr(user, name, value)


@pytest.mark.parametrize("email", ["ada@example.org", "Ada@Example.ORG", "  ada@example.org "])
def test_a_person_signs_in_however_they_write_their_email(town: Town, email: str) -> None:
    ada = town.person("ada", Role.VIEWER)
    assert enters(town.database, email) == ada.id
    with reading(town.database) as session:
        assert session.get_one(User, ada.id).last_login_at == NOON


def test_whoever_is_refused_learns_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.person("ada", Role.VIEWER)
    town.person("invited", Role.VIEWER, password=False)
    change(town.database, town.person("disabled", Role.VIEWER).id, disabled_at=NOON)
    compared = list[str | None]()

    def noted(password: str, stored: str | None):
        compared.append(stored)
        return verify(password, stored)

    monkeypatch.setattr(room, "verify", noted)
    said = set()
    attempts = [
        ("ada@example.org", "a wrong password"),
        ("ada@example.org", ""),
        ("invited@example.org", PASSWORD),
        ("disabled@example.org", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("no email", PASSWORD),
        ("\0@example.org", PASSWORD),
        ("\ud800@example.org", PASSWORD),
        ("", ""),
    ]
    for number, (email, password) in enumerate(attempts):
        with pytest.raises(Unauthorized) as refusal:
            enters(town.database, email, password, address=f"192.0.2.{number}")
        said.add(refusal.value.sentence)
    assert len(said) == 1
    assert len(compared) == len(attempts), "each cost one comparison"


def test_the_sixth_attempt_of_a_minute_is_not_looked_at(town: Town) -> None:
    town.person("ada", Role.VIEWER)
    for _ in range(5):
        with pytest.raises(Unauthorized):
            enters(town.database, "ada@example.org", "a wrong password")
    with pytest.raises(TooMany):
        enters(town.database, "ada@example.org")
    assert enters(town.database, "ada@example.org", address="192.0.2.2")


def test_an_old_hash_is_made_anew_when_its_person_signs_in(town: Town) -> None:
    ada = town.person("ada", Role.VIEWER)
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    change(town.database, ada.id, password_hash=old)
    assert enters(town.database, "ada@example.org") == ada.id
    with reading(town.database) as session:
        renewed = session.scalars(select(User.password_hash)).one()
    assert renewed
    assert "m=19456,t=2,p=1" in renewed
    assert enters(town.database, "ada@example.org") == ada.id


def test_no_transaction_is_open_while_a_password_is_hashed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.person("ada", Role.VIEWER)
    open_then = list[int]()

    def noted(password: str, stored: str | None):
        open_then.append(town.database.pool.checkedout())  # type: ignore[attr-defined]
        return verify(password, stored)

    monkeypatch.setattr(room, "verify", noted)
    before = town.database.pool.checkedout()  # type: ignore[attr-defined]
    enters(town.database, "ada@example.org")
    assert open_then == [before]


def test_a_database_of_emails_in_any_case_is_one_person(town: Town, people: Callable[..., object]) -> None:
    with town.database.connect() as connection:
        emails = connection.execute(text("SELECT email FROM users")).scalars().all()
    assert len(emails) == 4
    assert all(email == email.lower() for email in emails)
