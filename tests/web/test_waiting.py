"""Waiting for the first event: when it turns green, what it says of refusals, and to whom."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.monitoring.world import START, World
from tests.web.conftest import sign_in
from tests.web.test_pages import key_of, text_of

from modelward.accounts.keys import KEY_PATTERN, KeyKind
from modelward.accounts.principal import Role, Scope
from modelward.accounts.service import authenticate, create_organisation
from modelward.accounts.sessions import begin_session
from modelward.accounts.tables import ApiKey
from modelward.ingest.door import Door
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.registry.service import register

Browsers = Callable[..., TestClient]
EVENT = {"model_id": "churn", "prediction": 1, "features": {"age": 40}}


@pytest.fixture
def send(door: Door) -> Callable[..., int]:
    """Sends to the real door; answers with the status."""
    client = TestClient(door)

    def sending(body: object, key: str) -> int:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post("/api/v1/events", content=content, headers={"x-api-key": key}).status_code

    return sending


def asked(browser: TestClient, address: str = "/dashboard/models/churn") -> str:
    """Where the page asks how it stands."""
    found = re.search(r'data-waiting="([^"]+)"', browser.get(address).text)
    assert found
    return found[1].replace("&amp;", "&")


def test_it_turns_green_with_the_first_event_and_links_to_the_model(browser_of: Browsers, world: World) -> None:
    browser = browser_of(Role.VIEWER)
    for page in ("/dashboard", "/dashboard/models/churn"):
        assert "Waiting for" in browser.get(asked(browser, page)).text
    both = [asked(browser, page) for page in ("/dashboard", "/dashboard/models/churn")]
    world.send(world.events(1, START), now=START)
    for address in both:
        page = browser.get(address).text
        assert "The first event of churn arrived" in page
        assert 'href="/dashboard/models/churn"' in page
    assert "The first events are here" in browser.get("/dashboard/models/churn").text
    assert "data-waiting" not in browser.get("/dashboard").text


def test_what_the_page_shows_already_is_not_sent_again(browser_of: Browsers, world: World) -> None:
    browser = browser_of(Role.VIEWER)
    address = asked(browser)
    first = browser.get(address)
    again = browser.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    world.send(world.events(1, START), now=START)
    assert browser.get(address, headers={"if-none-match": first.headers["etag"]}).status_code == 200


def test_refusals_are_told_with_their_reason(browser_of: Browsers, world: World, send) -> None:
    browser = browser_of(Role.VIEWER)
    address, ingest = asked(browser), key_of(world, KeyKind.INGEST)
    assert send(EVENT, key_of(world, KeyKind.READ)) == 403
    assert send(b"{<b>nonsense", ingest) == 400
    assert send({**EVENT, "model_id": 4711}, ingest) == 422
    assert [send(EVENT, "mw_ingest_invented") for _ in range(3)] == [401] * 3
    page = browser.get(address).text
    for said in ("The key may not do this", "The request is not understood", "The model's id is not known", "4711"):
        assert said in page.replace("&#39;", "'"), said
    assert "The key is not known" in page  # there is one organisation: whose else would it be?
    assert "3 times" in page
    assert "<b>nonsense" not in page
    assert "mw_ingest_invented" not in page


def test_only_what_came_since_the_page_was_opened_is_told(browser_of: Browsers, world: World, send) -> None:
    browser = browser_of(Role.VIEWER)
    assert send(b"{nonsense", key_of(world, KeyKind.INGEST)) == 400
    assert "was refused" not in browser.get(asked(browser)).text
    long_ago = re.sub(r"since=\d+", "since=0", asked(browser))
    assert "was refused" in browser.get(long_ago).text


def test_nothing_from_before_a_day_is_told(browser_of: Browsers, world: World, door: Door) -> None:
    browser = browser_of(Role.VIEWER)
    address = re.sub(r"since=\d+", "since=0", asked(browser))
    for hours in (23, 25):
        at = now() - timedelta(hours=hours)
        door.refusals.note(organisation_id=world.organisation_id, at=at, reason="no_model", sentence=f"{hours} hours")
    page = browser.get(address).text
    assert ("23 hours" in page, "25 hours" in page) == (True, False)


def test_another_organisation_hears_nothing_and_strangers_are_the_operators(
    browser_of: Browsers, stranger: TestClient, world: World, settings, send
) -> None:
    with writing(world.engine) as session:
        other = create_organisation(session, name="Other", now=now()).id
        register(session, scope=Scope(other), key="theirs", now=now())
        token = begin_session(session, organisation_id=other, key_id=None, now=now())
    viewer, operator = browser_of(Role.VIEWER), browser_of()
    mine, all_of_mine = asked(viewer), asked(operator)
    theirs = asked(sign_in(stranger, token, settings), "/dashboard/models/theirs")
    assert send({"prediction": 1}, key_of(world, KeyKind.INGEST)) == 422
    assert send(EVENT, "mw_ingest_invented") == 401
    assert "The event names no model" in viewer.get(mine).text
    assert "The key is not known" not in viewer.get(mine).text
    assert "The key is not known" in operator.get(all_of_mine).text
    assert "The event names no model" not in stranger.get(theirs).text
    assert stranger.get(mine).status_code == 404  # the model is not theirs


def test_the_public_of_a_demo_hears_of_no_refusal(stranger: TestClient, app: FastAPI, world: World, send) -> None:
    app.state.settings = app.state.settings.model_copy(update={"public_read": True})
    address = asked(stranger)
    assert send(b"{nonsense", key_of(world, KeyKind.INGEST)) == 400
    page = stranger.get(address).text
    assert "Waiting for" in page
    assert "was refused" not in page


def test_the_page_says_what_is_wrong_with_the_service(browser_of: Browsers, app: FastAPI, monkeypatch) -> None:
    browser = browser_of(Role.VIEWER)
    address = asked(browser)
    app.state.worker_alive = lambda: False
    assert "The worker" in browser.get(address).text
    app.state.worker_alive = lambda: True
    assert "The worker" not in browser.get(address).text
    app.state.settings = app.state.settings.model_copy(update={"min_free_disk_bytes": 2**62})
    assert "The disk is nearly full" in browser.get(address).text
    app.state.settings = app.state.settings.model_copy(update={"min_free_disk_bytes": 0, "journal_limit_bytes": 0})
    assert "The journal is full" in browser.get(address).text


def test_a_key_is_made_into_the_snippet_and_bound_to_the_model(browser_of: Browsers, world: World) -> None:
    admin = browser_of(Role.ADMIN)
    whole = admin.post("/dashboard/waiting/key", data={"model": "churn"})
    part = admin.post("/dashboard/waiting/key", headers={"x-part": "snippet"})
    bounds = []
    for answer, opening in ((whole, "<!doctype html>"), (part, '<div id="snippet"')):
        assert answer.text.lstrip().startswith(opening)
        assert answer.headers["cache-control"] == "no-store"
        (key,) = set(re.findall(KEY_PATTERN, answer.text))
        assert answer.text.count(key) == 2  # for curl and for Python
        with reading(world.engine) as session:
            principal = authenticate(session, key, now=now())
        bounds.append((principal.role, principal.scope.model_id))
    assert bounds == [("ingest", world.model_id), ("ingest", None)]
    with reading(world.engine) as session:
        assert {key.created_by for key in session.scalars(select(ApiKey))} == {"admin@example.org"}
    assert admin.post("/dashboard/waiting/key", data={"model": "none"}).status_code == 404


def test_the_snippets_say_the_same_and_run(browser_of: Browsers) -> None:
    page = browser_of().get("/dashboard/models/churn").text
    curl, python = (
        re.findall(rf'aria-label="A first prediction, {name}"><code>(.*?)</code>', page, re.DOTALL)[0]
        for name in ("curl", "Python")
    )
    plain = python.replace("&#34;", '"').replace("&#39;", "'")
    compile(plain, "snippet", "exec")
    for said in ("http://models.example:8000/api/v1/events", "churn", "Authorization"):
        assert said in curl
        assert said in plain


def test_nonsense_is_told_as_such(browser_of: Browsers, world: World) -> None:
    browser = browser_of(Role.VIEWER)
    for address, status in (("", 422), ("?since=soon", 422), ("?since=999999999999999999", 422), ("?since=0", 200)):
        assert browser.get(f"/dashboard/waiting{address}").status_code == status, address
    assert "Page" not in text_of(browser.get("/dashboard/waiting?since=0").text)
