"""An application with the routes of people alone, on a database of each kind, and those who use it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from sqlalchemy import Engine

from modelward.accounts.hashing import hash_password
from modelward.accounts.log_in import attempts
from modelward.accounts.manage_users import create_user
from modelward.accounts.principal import Role
from modelward.accounts.routes import router, starred
from modelward.accounts.service import create_organisation
from modelward.accounts.tables import User
from modelward.kit.clock import now
from modelward.kit.database import writing
from modelward.kit.problems import install_problem_handlers
from modelward.settings import settings_from

PASSWORD = "seven violet otters"
SECRET = "a secret of more than 32 characters"


@cache
def hashed(password: str = PASSWORD) -> str:
    """The hash, made once for all tests."""
    return hash_password(password)


@pytest.fixture(autouse=True)
def _nobody_tried_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_limiter", SlidingWindowCounterRateLimiter(MemoryStorage()))
    monkeypatch.setattr(attempts, "_places", type(attempts._places)())


@dataclass
class Town:
    """The application and its organisation."""

    app: FastAPI
    database: Engine
    organisation_id: int

    def person(self, name: str, role: Role, *, password: bool = True, organisation_id: int | None = None) -> User:
        """Make `name@example.org`."""
        with writing(self.database) as session:
            return create_user(
                session,
                organisation_id=organisation_id or self.organisation_id,
                email=f"{name}@example.org",
                name=name.title(),
                role=role,
                password_hash=hashed() if password else None,
                now=now(),
            )

    def client(self, token: str | None = None) -> TestClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return TestClient(self.app, headers=headers, base_url="http://127.0.0.1:8000")

    def log_in(self, name: str, password: str = PASSWORD) -> dict[str, str]:
        """What a program gets that signs in."""
        answer = self.client().post("/auth/login", json={"email": f"{name}@example.org", "password": password})
        assert answer.status_code == 200, answer.text
        told: dict[str, str] = answer.json()
        return told

    def signed_in(self, name: str) -> TestClient:
        return self.client(self.log_in(name)["access_token"])


@pytest.fixture
def app(each_database: Engine, tmp_path: Path) -> FastAPI:
    app = FastAPI()
    app.state.database = each_database
    app.state.settings = settings_from({"SECRET_KEY": SECRET}, data_dir=tmp_path)
    app.state.registration_open = True
    install_problem_handlers(app)
    app.include_router(starred)
    app.include_router(router)
    return app


@pytest.fixture
def town(app: FastAPI, each_database: Engine) -> Town:
    with writing(each_database) as session:
        organisation = create_organisation(session, name="Ours", now=now())
    return Town(app, each_database, organisation.id)


@pytest.fixture
def people(town: Town) -> Callable[[str], TestClient]:
    """One person of each role, signed in: `people("admin")`."""
    for role in Role:
        town.person(role.value, role)
    return cache(town.signed_in)
