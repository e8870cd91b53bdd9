"""Signing in and out: by a password, by an invitation, by a key; and what other sites can do about it."""

from collections.abc import Callable

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.monitoring.world import World
from tests.web.conftest import add_person

from modelward.accounts.hashing import hash_password
from modelward.accounts.log_in import attempts
from modelward.accounts.principal import Role
from modelward.accounts.sessions import PLAIN_COOKIE, SECURE_COOKIE, create_login_link, sessions_of
from modelward.kit.clock import now
from modelward.kit.database import reading

OWN = {"sec-fetch-site": "same-origin"}
PASSWORD = "correct horse battery staple"
Browsers = Callable[..., TestClient]


@pytest.fixture(scope="module")
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture(autouse=True)
def _forgotten_attempts() -> None:
    attempts.__init__()  # type: ignore[misc]  # one process, many tests


@pytest.fixture
def ada(world: World, password_hash: str) -> int:
    return add_person(world, Role.MEMBER, "ada@example.org", password_hash=password_hash)


def try_password(browser: TestClient, email: str, password: str, **more: str) -> httpx2.Response:
    form = {"email": email, "password": password, **more}
    answer: httpx2.Response = browser.post("/login", data=form, headers=OWN)
    return answer


def test_a_person_signs_in_and_goes_where_they_wanted(stranger: TestClient, ada: int) -> None:
    page = stranger.get("/login?next=/dashboard/models/churn").text
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
    answer = try_password(stranger, " Ada@Example.org", PASSWORD, next="/dashboard/models/churn")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/models/churn")
    assert "ada@example.org" in stranger.get("/dashboard").text


def test_a_wrong_password_is_told_in_place_and_only_the_email_is_kept(stranger: TestClient, ada: int) -> None:
    for email in ("ada@example.org", "nobody@example.org"):
        answer = try_password(stranger, email, "not this one at all")
        assert answer.status_code == 401
        assert "The email or the password is wrong" in answer.text
        assert f'value="{email}"' in answer.text
        assert "not this one" not in answer.text
        assert "set-cookie" not in answer.headers


def test_too_many_attempts_are_told_kindly(stranger: TestClient, ada: int) -> None:
    answers = [try_password(stranger, "ada@example.org", "wrong wrong wrong") for _ in range(6)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "Too many attempts: wait" in answers[-1].text
    assert 'value="ada@example.org"' in answers[-1].text


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {}])
def test_another_site_cannot_sign_anybody_in_by_a_password(stranger: TestClient, ada: int, headers) -> None:
    answer = stranger.post("/login", data={"email": "ada@example.org", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_password_leads_to_no_other_server(stranger: TestClient, ada: int) -> None:
    assert (
        try_password(stranger, "ada@example.org", PASSWORD, next="//evil.example").headers["location"] == "/dashboard"
    )


def test_whoever_is_invited_chooses_a_password_first(stranger: TestClient, world: World) -> None:
    user_id = add_person(world, Role.VIEWER, "grace@example.org")
    link = world.write(
        lambda session: create_login_link(session, now=now(), organisation_id=world.organisation_id, user_id=user_id)
    )
    assert stranger.head(f"/login?token={link}").status_code == 200  # whoever only looks does not use it up
    answer = stranger.get(f"/login?token={link}")
    assert answer.headers["location"] == "/account?done=choose-password"
    page = stranger.get(answer.headers["location"]).text
    assert "Choose a password" in page
    assert "Present password" not in page


def test_signing_out_ends_the_session_itself(browser_of: Browsers, world: World) -> None:
    browser = browser_of(Role.VIEWER)
    token = browser.cookies[PLAIN_COOKIE]
    answer = browser.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?done=signed-out")
    gone = answer.headers.get_list("set-cookie")
    assert {one.partition("=")[0] for one in gone} == {SECURE_COOKIE, PLAIN_COOKIE}
    assert all("Max-Age=0" in one for one in gone)
    browser.cookies.set(PLAIN_COOKIE, token)
    assert browser.get("/dashboard").status_code == 303  # to the sign-in: the cookie opens nothing any more
    assert "You are signed out" in browser.get("/login?done=signed-out").text


def test_the_message_of_a_page_is_one_of_ours(stranger: TestClient) -> None:
    assert 'role="status"' not in stranger.get("/login?done=Call+this+number").text


def test_the_button_of_the_organisation_is_there_where_it_is_set(stranger: TestClient, app: FastAPI) -> None:
    assert "/login/oidc" not in stranger.get("/login").text
    app.state.settings = app.state.settings.model_copy(update={"oidc_issuer": "https://id.example"})
    assert "/login/oidc?next=/dashboard" in stranger.get("/login").text


def test_my_password_is_changed_and_my_other_browsers_are_signed_out(
    browser_of: Browsers, stranger: TestClient, password_hash: str
) -> None:
    here = browser_of(Role.MEMBER, email="ada@example.org", password_hash=password_hash)
    try_password(stranger, "ada@example.org", PASSWORD)
    assert stranger.get("/account").status_code == 200
    wrong = here.post(
        "/account/password", data={"current": "no", "new": "another long one!", "again": "another long one!"}
    )
    assert (wrong.status_code, "The current password is wrong" in wrong.text) == (403, True)
    for new, again, said in (
        ("short", "short", "fewer than 12"),
        ("one two three four", "other", "not repeated alike"),
    ):
        answer = here.post("/account/password", data={"current": PASSWORD, "new": new, "again": again})
        assert (answer.status_code, said in answer.text) == (422, True)
    changed = {"current": PASSWORD, "new": "seven green lanterns hum", "again": "seven green lanterns hum"}
    answer = here.post("/account/password", data=changed)
    assert answer.headers["location"] == "/account?done=password-changed"
    assert here.get("/account").status_code == 200  # with a session of its own
    assert stranger.get("/account").status_code == 303
    assert try_password(stranger, "ada@example.org", PASSWORD).status_code == 401
    assert try_password(stranger, "ada@example.org", "seven green lanterns hum").status_code == 303


def test_a_browser_of_mine_is_signed_out_alone_and_nobody_elses(
    browser_of: Browsers, stranger: TestClient, world: World, password_hash: str
) -> None:
    ada = browser_of(Role.MEMBER, email="ada@example.org", password_hash=password_hash)
    grace = browser_of(Role.OWNER, email="grace@example.org")
    try_password(stranger, "ada@example.org", PASSWORD)
    with reading(world.engine) as session:
        mine = [one.id for one in sessions_of(session, user_id=1)]
    assert len(mine) == 2
    for session_id in mine:
        assert grace.post(f"/account/browsers/{session_id}/end").status_code == 404
    assert ada.get("/account").text.count("/account/browsers/") == 2  # one of them, and all others
    assert ada.post("/account/browsers/end").status_code == 303
    assert ada.get("/account").status_code == 200
    assert stranger.get("/account").status_code == 303


def test_an_operator_has_no_account_and_is_told_how_to_get_one(browser_of: Browsers) -> None:
    operator = browser_of()
    page = operator.get("/account").text
    assert "one-time link opened this browser" in page
    assert operator.post("/account/password", data={"new": "x" * 20, "again": "x" * 20}).status_code == 403
