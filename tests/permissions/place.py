"""The whole service with somebody of every kind at its door: people, keys, a browser of the operator, and nobody."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient
from tests.accounts.whole import NOW, Whole, whole_service

from modelward.accounts.hashing import hash_password
from modelward.accounts.manage_users import create_user
from modelward.accounts.principal import KeyKind, Role, Scope
from modelward.accounts.service import create_key, create_organisation, revoke_key
from modelward.accounts.sessions import PLAIN_COOKIE, begin_session, form_token
from modelward.accounts.tables import User
from modelward.accounts.tokens import issue_access_token
from modelward.audit.keys import use_secrets
from modelward.kit.clock import now
from modelward.kit.database import open_database, reading, writing
from modelward.registry.service import register

SECRET = "s" * 40
PASSWORD = "seven violet otters"
EVENT = {"event_id": "e1", "model_id": "churn", "features": {"age": 41}, "prediction": 1}
PEOPLE = tuple(role.value for role in Role)


@cache
def hashed(password: str = PASSWORD) -> str:
    """The hash, made once for all tests."""
    return hash_password(password)


@dataclass
class Town:
    """One organisation: who is in it, and what they hold."""

    whole: Whole
    organisation_id: int
    people: dict[str, int]
    keys: dict[str, str]
    model_id: int
    held: dict[str, str] = field(default_factory=dict)

    def client(self, **headers: str) -> TestClient:
        client = self.whole.client()
        client.headers |= headers
        return client

    def holding(self, key: str) -> TestClient:
        """A program with this key or token."""
        return self.client(Authorization=f"Bearer {key}")

    def token(self, name: str) -> str:
        """An access token of this person."""
        return issue_access_token(
            user_id=self.people[name], version=self.version(name), now=now(), lasts=timedelta(hours=1), secret=SECRET
        )

    def version(self, name: str) -> int:
        with reading(self.whole.database) as session:
            return session.get_one(User, self.people[name]).token_version

    def session_token(self, name: str | None) -> str:
        """The token of a new session of this person, or of the operator."""
        user_id = self.people[name] if name else None
        with writing(self.whole.database) as session:
            return begin_session(session, organisation_id=self.organisation_id, user_id=user_id, now=now())

    def browser(self, name: str | None) -> TestClient:
        """A browser that is signed in as this person, or as the operator of the machine."""
        return signed_in(self.client(), self.session_token(name))

    def caller(self, kind: str, *, page: bool = False) -> TestClient:
        """Somebody of this kind. People come to pages with a browser, and to the API with a token."""
        if kind == "anonymous":
            return from_here(self.client())
        if kind in self.keys:
            return from_here(self.holding(self.keys[kind]))
        name = None if kind == "operator" else kind
        if name and not page:
            return self.holding(self._kept(f"{kind}'s token", lambda: self.token(name)))
        return signed_in(self.client(), self._kept(f"{kind}'s session", lambda: self.session_token(name)))

    def forget(self, kind: str) -> None:
        """What they hold was ended."""
        self.held = {what: token for what, token in self.held.items() if not what.startswith(f"{kind}'s")}

    def _kept(self, what: str, make: Callable[[], str]) -> str:
        if what not in self.held:
            self.held[what] = make()
        return self.held[what]


def signed_in(client: TestClient, token: str) -> TestClient:
    """The browser with this session, sending its form token as a script of our pages would."""
    client.cookies.set(PLAIN_COOKIE, token)
    client.headers["x-form-token"] = form_token(token, secret=SECRET)
    return from_here(client)


def from_here(client: TestClient) -> TestClient:
    """As browsers say of a form of our own pages."""
    client.headers["sec-fetch-site"] = "same-origin"
    return client


def settle(session: Session, whole: Whole, *, name: str, mail: str) -> Town:
    """An organisation with a model, a person of every role, and a key of every kind; `mail` is the people's domain."""
    home = create_organisation(session, name=name, now=NOW).id

    def person(role: Role) -> int:
        email = f"{role.value}@{mail}"
        made = create_user(
            session, organisation_id=home, email=email, name=role.value, role=role, password_hash=hashed(), now=NOW
        )
        return made.id

    people = {role.value: person(role) for role in Role}
    model = register(session, scope=Scope(home), key="churn", now=NOW).id
    return Town(whole, home, people, keys_of_every_kind(session, home, model), model)


def keys_of_every_kind(session: Session, home: int, model: int) -> dict[str, str]:
    """Keys that hold, one that is bound to the model, one that ended and one that was revoked."""

    def key(kind: str, **more: Any) -> tuple[int, str]:
        row, made = create_key(session, organisation_id=home, kind=KeyKind(kind), name=kind, now=NOW, **more)
        return row.id, made

    revoked, gone = key("admin")
    revoke_key(session, organisation_id=home, key_id=revoked, now=NOW)
    return {
        "ingest key": key("ingest")[1],
        "read key": key("read")[1],
        "admin key": key("admin")[1],
        "bound key": key("admin", model_id=model)[1],
        "expired key": key("admin", expires_at=now() - timedelta(seconds=1))[1],
        "revoked key": gone,
    }


@contextmanager
def fresh_database(folder: Path, migrated: Path) -> Iterator[Engine]:
    """A database of its own, where the fixture of that name does not live long enough."""
    shutil.copyfile(migrated, folder / "metadata.db")
    database = use_secrets(open_database(f"sqlite:///{folder}/metadata.db"), "of the tests")
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def town(folder: Path, database: Engine, **settings: Any) -> Iterator[Town]:
    """The service, with one organisation."""
    with towns(folder, database, "ours", **settings) as (settled,):
        yield settled


@contextmanager
def towns(folder: Path, database: Engine, *names: str, **settings: Any) -> Iterator[tuple[Town, ...]]:
    """The service, with these organisations, whose people have the domains `name.example`."""
    generous = {"rate_limit_per_minute": 1_000_000, "open_registration": True}
    with whole_service(folder, database, **{**generous, **settings}) as whole:
        with writing(database) as session:
            settled = [settle(session, whole, name=name.title(), mail=f"{name}.example") for name in names]
        yield tuple(settled)
