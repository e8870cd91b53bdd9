from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from tests.monitoring.world import START, World

from modelward.accounts.manage_users import create_user
from modelward.accounts.principal import Role
from modelward.accounts.sessions import PLAIN_COOKIE, begin_session, form_token
from modelward.events.duckdb import DuckDBStore
from modelward.ingest.door import Door
from modelward.ingest.journal import Journal
from modelward.kit.clock import now
from modelward.kit.database import writing
from modelward.kit.problems import install_problem_handlers
from modelward.kit.secrets import secret_of
from modelward.monitoring.capture_baseline import window_reference
from modelward.settings import Settings, settings_from
from modelward.web.assets import Assets
from modelward.web.errors import install_page_errors
from modelward.web.routers import include_pages
from modelward.web.security import SecurityHeaders

DAY = timedelta(days=1)


@pytest.fixture
def world(database: Engine, tmp_path: Path) -> Iterator[World]:
    """A model without an event yet."""
    store = DuckDBStore(tmp_path / "events.duckdb")
    yield World.make(database, store)
    store.close()


@pytest.fixture
def drifted(world: World) -> World:
    """A reference day, two days like it, and one whose `age` moved by three standard deviations."""
    for day, age in enumerate([40.0, 40.0, 40.0, 70.0]):
        begin = START + day * DAY
        world.send(world.events(600, begin, over=DAY, age=age), now=begin + DAY)
        if day == 0:
            world.write(_first_day_is_the_reference(world))
        world.settle(begin + DAY + timedelta(hours=1))
    return world


def _first_day_is_the_reference(world: World) -> Callable[[Session], object]:
    model = world.model()
    return lambda session: window_reference(session, model=model, start=START, end=START + DAY, now=START + DAY)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_from({}, data_dir=tmp_path, secret_key="k" * 40)


@pytest.fixture
def door(world: World, settings: Settings) -> Iterator[Door]:
    """The ingest door of the same organisation, whose refusals the waiting page tells."""
    journal = Journal(settings.data_dir / "journal", limit_bytes=2**30, min_free_disk_bytes=0)
    door = Door(journal, world.engine, settings)
    yield door
    door.close()


@pytest.fixture
def app(world: World, settings: Settings, door: Door) -> FastAPI:
    """The pages alone, over the real stores."""
    app = FastAPI()
    install_problem_handlers(app)
    include_pages(app)
    app.mount("/static", Assets())
    install_page_errors(app)
    app.state.settings, app.state.database, app.state.events = settings, world.engine, world.store
    app.state.door, app.state.worker_alive = door, lambda: True
    return app


@pytest.fixture
def stranger(app: FastAPI) -> Iterator[TestClient]:
    """A browser that nobody knows yet."""
    with TestClient(SecurityHeaders(app), base_url="http://models.example:8000", follow_redirects=False) as client:
        client.headers["accept"] = "text/html"
        yield client


@pytest.fixture
def reader(stranger: TestClient, world: World, settings: Settings) -> TestClient:
    """A browser that is signed in as the operator of the machine."""
    token = world.write(lambda session: begin_session(session, organisation_id=world.organisation_id, now=now()))
    return sign_in(stranger, token, settings)


@pytest.fixture
def browser_of(app: FastAPI, world: World, settings: Settings) -> Iterator[Callable[..., TestClient]]:
    """Makes browsers, each signed in as a person of its own with a role (or, without one, as the operator)."""
    with ExitStack() as stack:

        def make(role: Role | None = None, *, email: str | None = None, password_hash: str | None = None) -> TestClient:
            client = TestClient(SecurityHeaders(app), base_url="http://models.example:8000", follow_redirects=False)
            client.headers["accept"] = "text/html"
            stack.enter_context(client)
            owner = world.organisation_id
            user_id = None
            if role is not None:
                user_id = add_person(world, role, email or f"{role}@example.org", password_hash=password_hash)
            token = world.write(
                lambda session: begin_session(session, organisation_id=owner, user_id=user_id, now=now())
            )
            return sign_in(client, token, settings)

        yield make


def add_person(world: World, role: Role, email: str, *, password_hash: str | None = None, owner: int = 0) -> int:
    """A person of the organisation."""
    with writing(world.engine) as session:
        whose = owner or world.organisation_id
        user = create_user(
            session, organisation_id=whose, email=email, role=role, now=now(), password_hash=password_hash
        )
        return user.id


def sign_in(browser: TestClient, token: str, settings: Settings) -> TestClient:
    """The browser with this session, sending its form token as a script of our pages would."""
    browser.cookies.clear()
    browser.cookies.set(PLAIN_COOKIE, token)
    browser.headers["x-form-token"] = form_token(token, secret=secret_of(settings))
    browser.headers["sec-fetch-site"] = "same-origin"
    return browser
