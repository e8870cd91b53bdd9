"""The settings: who sees and does what there, that every form is ours, and that a secret is shown once."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.monitoring.world import World
from tests.web.conftest import add_person
from tests.web.test_pages import key_of, text_of

from modelward.accounts.keys import KEY_PATTERN, KeyKind
from modelward.accounts.principal import Role, Scope
from modelward.accounts.service import authenticate, create_organisation
from modelward.accounts.tables import ApiKey, Organisation, User
from modelward.errors import Unauthorized
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.registry.service import register

Browsers = Callable[..., TestClient]
HOSTILE = "<img src=x onerror=alert(1)>"
# Each: the address, its form, and the least that may.
FORMS = [
    ("/settings", {"name": "New"}, "owner"),
    ("/settings/people", {"email": "new@example.org", "role": "viewer", "way": "link"}, "admin"),
    ("/settings/people/1/role", {"role": "member"}, "admin"),
    ("/settings/people/1/name", {"name": "New"}, "admin"),
    ("/settings/people/1/link", {}, "admin"),
    ("/settings/people/1/disable", {}, "admin"),
    ("/settings/people/1/enable", {}, "admin"),
    ("/settings/people/1/remove", {}, "admin"),
    ("/settings/keys", {"kind": "ingest", "name": "new"}, "admin"),
    ("/settings/keys/1/rotate", {"grace_hours": "1"}, "admin"),
    ("/settings/keys/1/revoke", {"understood": "true"}, "admin"),
    ("/dashboard/waiting/key", {}, "admin"),
    ("/settings/organisations", {"organisation": "1"}, "operator"),
]
ORDER = ["viewer", "member", "admin", "owner", "operator"]


def state_of(world: World) -> list[object]:
    """All that the forms could change."""
    with reading(world.engine) as session:
        tables = (Organisation, User, ApiKey)
        return [session.execute(select(*table.__table__.columns)).all() for table in tables]


@pytest.fixture
def somebody(world: World) -> int:
    """A viewer with the id 1, and a key with the id 1, for the forms to be about."""
    key_of(world, KeyKind.INGEST)
    return add_person(world, Role.VIEWER, "somebody@example.org")


@pytest.mark.parametrize(("address", "form", "least"), FORMS, ids=[address for address, *_ in FORMS])
@pytest.mark.parametrize("role", ["viewer", "member", "admin", "owner"])
def test_each_form_is_for_whom_it_says(
    browser_of: Browsers, world: World, somebody: int, role, address, form, least
) -> None:
    browser = browser_of(Role(role))
    before = state_of(world)
    answer = browser.post(address, data=form)
    if ORDER.index(role) >= ORDER.index(least):
        assert answer.status_code in (200, 303)
    else:
        assert answer.status_code == 403
        assert "<h1>You may not do this</h1>" in answer.text
        assert state_of(world) == before


@pytest.mark.parametrize(("address", "form"), [(address, form) for address, form, _ in FORMS] + [("/logout", {})])
def test_no_form_is_taken_from_elsewhere(browser_of: Browsers, world: World, somebody: int, address, form) -> None:
    browser, other = browser_of(), browser_of(Role.OWNER)
    before = state_of(world)
    mine, theirs = browser.headers.pop("x-form-token"), other.headers["x-form-token"]
    for token in (None, "", "nonsense", theirs, mine[:-2]):
        data = form if token is None else {**form, "form_token": token}
        assert browser.post(address, data=data).status_code == 403, token
    for site in ("cross-site", "same-site"):
        given = {**form, "form_token": mine}
        assert browser.post(address, data=given, headers={"sec-fetch-site": site}).status_code == 403
    del browser.headers["sec-fetch-site"]
    given = {**form, "form_token": mine}
    assert browser.post(address, data=given, headers={"origin": "https://evil.example"}).status_code == 403
    assert state_of(world) == before
    assert browser.get("/settings").status_code == 200  # still signed in
    assert browser.post(address, data=given, headers={"sec-fetch-site": "same-origin"}).status_code in (200, 303)


def test_each_form_carries_another_token_and_all_of_them_hold(browser_of: Browsers) -> None:
    browser = browser_of()
    del browser.headers["x-form-token"]
    tokens = {re.findall(r'name="form_token" value="([^"]+)"', browser.get("/settings").text)[0] for _ in range(3)}
    assert len(tokens) == 3
    for token in tokens:
        assert browser.post("/settings", data={"name": "Acme", "form_token": token}).status_code == 303


def test_who_may_not_sees_no_button(browser_of: Browsers, somebody: int) -> None:
    viewer, admin = browser_of(Role.VIEWER), browser_of(Role.ADMIN)
    assert "/settings/people" not in viewer.get("/settings").text
    assert 'action="/settings"' not in admin.get("/settings").text
    assert 'value="owner"' not in admin.get("/settings/people").text
    assert "Make a key for this snippet" not in viewer.get("/dashboard/models/churn").text
    assert "Make a key for this snippet" in admin.get("/dashboard/models/churn").text
    for address in ("/settings/people", "/settings/keys", "/settings/people/1", "/settings/keys/1"):
        assert viewer.get(address).status_code == 403
        assert admin.get(address).status_code == 200
    assert admin.get("/settings/organisations").status_code == 403


def test_the_public_of_a_demo_is_asked_to_sign_in(stranger: TestClient, app, world: World) -> None:
    app.state.settings = app.state.settings.model_copy(update={"public_read": True})
    assert stranger.get("/dashboard").status_code == 200
    for address in ("/settings", "/account"):
        assert stranger.get(address).headers["location"].startswith("/login")
    assert stranger.get("/settings/people").status_code == 403


def test_an_owner_renames_the_organisation(browser_of: Browsers) -> None:
    owner = browser_of(Role.OWNER)
    answer = owner.post("/settings", data={"name": f"  {HOSTILE} "})
    assert answer.headers["location"] == "/settings?done=renamed"
    page = owner.get(answer.headers["location"]).text
    assert HOSTILE not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    refused = owner.post("/settings", data={"name": " "})
    assert (refused.status_code, "needs a name of 1 to 200" in refused.text) == (422, True)


def test_an_invitation_is_shown_once_and_works_once(browser_of: Browsers, stranger: TestClient) -> None:
    admin = browser_of(Role.ADMIN)
    form = {"email": "new@example.org", "role": "member", "way": "link"}
    answer = admin.post("/settings/people", data=form)
    link = re.search(r"http://models\.example:8000(/login\?token=[\w-]+)", answer.text)
    assert link
    assert answer.headers["cache-control"] == "no-store"
    assert "location" not in answer.headers
    assert "token=" not in admin.get("/settings/people").text
    assert "invited, no password yet" in admin.get("/settings/people").text
    assert stranger.get(link[1]).headers["location"].startswith("/account")
    again = admin.post("/settings/people", data={**form, "email": "NEW@example.org"})
    assert (again.status_code, "There is a user new@example.org already" in again.text) == (422, True)
    assert 'value="NEW@example.org"' in again.text


def test_a_password_given_is_checked_and_never_shown_again(browser_of: Browsers) -> None:
    admin = browser_of(Role.ADMIN)
    form = {"email": "new@example.org", "role": "member", "way": "password"}
    short = admin.post("/settings/people", data={**form, "password": "tooshort"})
    assert (short.status_code, "fewer than 12 characters" in short.text, "tooshort" in short.text) == (422, True, False)
    good = admin.post("/settings/people", data={**form, "password": "seven green lanterns hum"})
    assert good.headers["location"] == "/settings/people?done=person-added"


def test_an_admin_makes_no_owner_and_the_last_owner_stays(browser_of: Browsers, world: World) -> None:
    owner, admin = browser_of(Role.OWNER), browser_of(Role.ADMIN)
    assert admin.post("/settings/people", data={"email": "x@example.org", "role": "owner"}).status_code == 403
    for act, form in (("role", {"role": "viewer"}), ("disable", {}), ("remove", {})):
        assert admin.post(f"/settings/people/1/{act}", data=form).status_code == 403
        refused = owner.post(f"/settings/people/1/{act}", data=form)
        assert (refused.status_code, "is the last owner" in refused.text) == (409, True), act
    assert owner.get("/settings").status_code == 200


def test_whoever_is_disabled_is_out_at_once(browser_of: Browsers, world: World) -> None:
    owner, viewer = browser_of(Role.OWNER), browser_of(Role.VIEWER)
    assert owner.post("/settings/people/2/disable").headers["location"] == "/settings/people/2?done=person-disabled"
    assert viewer.get("/dashboard").status_code == 303
    assert "Let them in again" in owner.get("/settings/people/2").text


def test_nobody_of_another_organisation_is_there(browser_of: Browsers, world: World) -> None:
    with writing(world.engine) as session:
        other = create_organisation(session, name="Other", now=now()).id
    theirs = add_person(world, Role.VIEWER, "theirs@example.org", owner=other)
    owner = browser_of(Role.OWNER)
    assert owner.get(f"/settings/people/{theirs}").status_code == 404
    assert owner.get("/settings/people/99999999999999999999").status_code == 404
    assert owner.get("/settings/keys/99999999999999999999").status_code == 404
    assert "theirs@example.org" not in owner.get("/settings/people").text
    before = state_of(world)
    for act, form in (
        ("role", {"role": "member"}),
        ("disable", {}),
        ("remove", {}),
        ("link", {}),
        ("name", {"name": "x"}),
    ):
        assert owner.post(f"/settings/people/{theirs}/{act}", data=form).status_code == 404
    assert state_of(world) == before


def test_a_key_is_shown_in_the_answer_alone(browser_of: Browsers, world: World) -> None:
    admin = browser_of(Role.ADMIN)
    answer = admin.post(
        "/settings/keys", data={"kind": "ingest", "name": HOSTILE, "bound": "model:churn", "days": "30"}
    )
    keys = set(re.findall(KEY_PATTERN, answer.text))
    assert len(keys) == 1
    (key,) = keys
    assert answer.headers["cache-control"] == "no-store"
    assert "content-encoding" not in answer.headers
    assert "&#34;model_id&#34;: &#34;churn&#34;" in answer.text  # the example is of the model that it is bound to
    listed = admin.get("/settings/keys").text
    assert key not in listed
    assert f"…{key[-4:]}" in listed
    assert HOSTILE not in answer.text + listed
    assert "the model <code>churn</code>" in listed
    with reading(world.engine) as session:
        principal = authenticate(session, key, now=now())
        assert (principal.scope.model_id, principal.role) == (world.model_id, "ingest")
        assert session.get_one(ApiKey, principal.key_id).created_by == "admin@example.org"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "ingest", "name": " "}, "Give the key a name"),
        ({"kind": "nonsense", "name": "x"}, "This key cannot be made so"),
        ({"kind": "read", "name": "x", "days": "9999"}, "This key cannot be made so"),
        ({"kind": "read", "name": "x", "bound": "model:none"}, "There is no model"),
        ({"kind": "read", "name": "x", "bound": "project:none"}, "There is no project"),
    ],
)
def test_what_makes_no_key_is_told_in_place(browser_of: Browsers, world: World, form, said) -> None:
    before = state_of(world)
    answer = browser_of().post("/settings/keys", data=form)
    assert (answer.status_code, said in text_of(answer.text).replace("&#39;", "'")) == (422, True)
    assert f'name="name" value="{form["name"]}"' in answer.text
    assert state_of(world) == before


def test_a_key_is_rotated_and_the_old_one_goes_on_for_a_while(browser_of: Browsers, world: World) -> None:
    admin, old = browser_of(Role.ADMIN), key_of(world, KeyKind.READ)
    answer = admin.post("/settings/keys/1/rotate", data={"grace_hours": "24"})
    (new,) = set(re.findall(KEY_PATTERN, answer.text))
    assert f"…{old[-4:]} goes on working until" in text_of(answer.text)
    with reading(world.engine) as session:
        assert authenticate(session, old, now=now()).role == authenticate(session, new, now=now()).role == "read"
    at_once = admin.post("/settings/keys/2/rotate", data={"grace_hours": "0"})
    assert f"…{new[-4:]} ended just now" in text_of(at_once.text)
    with reading(world.engine) as session, pytest.raises(Unauthorized):
        authenticate(session, new, now=now())


def test_a_key_is_revoked_only_by_who_says_that_they_know(browser_of: Browsers, world: World) -> None:
    admin, key = browser_of(Role.ADMIN), key_of(world, KeyKind.INGEST)
    page = text_of(admin.get("/settings/keys/1").text)
    assert "is refused with 401 within 5 seconds" in page
    assert "It was never used" in page
    assert admin.post("/settings/keys/1/revoke").status_code == 422
    with reading(world.engine) as session:
        authenticate(session, key, now=now())
    assert admin.post("/settings/keys/1/revoke", data={"understood": "true"}).status_code == 303
    with reading(world.engine) as session, pytest.raises(Unauthorized):
        authenticate(session, key, now=now())
    assert "revoked" in text_of(admin.get("/settings/keys?show=ended").text)


def test_addresses_that_somebody_made_up_are_told_as_such(browser_of: Browsers) -> None:
    admin = browser_of(Role.ADMIN)
    for address in ("/settings/keys?cursor=x", "/settings/people?cursor=%00", f"/settings/keys?cursor={'x' * 2000}"):
        assert admin.get(address).status_code == 422, address


def test_the_operator_finds_the_models_of_other_organisations(browser_of: Browsers, world: World) -> None:
    with writing(world.engine) as session:
        other = create_organisation(session, name=HOSTILE, now=now()).id
        register(session, scope=Scope(other), key="theirs", now=now())
    operator, owner = browser_of(), browser_of(Role.OWNER)
    page = operator.get("/dashboard").text
    assert "There are models in another organisation" in page
    assert HOSTILE not in page
    assert "another organisation" not in owner.get("/dashboard").text
    answer = operator.post("/settings/organisations", data={"organisation": str(other)})
    assert answer.headers["location"] == "/dashboard?done=switched"
    assert operator.get("/dashboard/models/theirs").status_code == 200
    assert operator.get("/dashboard/models/churn").status_code == 404
    assert operator.post("/settings/organisations", data={"organisation": "4711"}).status_code == 404
