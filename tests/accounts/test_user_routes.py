"""Managing people over HTTP: who may do what to whom, and what ends when."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.accounts.conftest import PASSWORD, Town

from modelward.accounts.keys import KeyKind
from modelward.accounts.principal import Role
from modelward.accounts.service import create_key, create_organisation
from modelward.accounts.sessions import begin_session, holder_of, redeem_login_link
from modelward.accounts.tables import User
from modelward.accounts.users import principal_of_user
from modelward.kit.clock import now
from modelward.kit.database import reading, writing

People = Callable[[str], TestClient]
BOB: dict[str, Any] = {"email": "bob@example.org", "name": "Bob"}


def id_of(town: Town, name: str) -> int:
    with reading(town.database) as session:
        return session.scalars(select(User.id).where(User.email == f"{name}@example.org")).one()


@pytest.mark.parametrize(
    ("who", "may_make"),
    [("viewer", ()), ("member", ()), ("admin", ("admin", "member", "viewer")), ("owner", tuple(Role))],
)
def test_nobody_grants_more_than_they_have(town: Town, people: People, who: str, may_make: tuple[str, ...]) -> None:
    for role in Role:
        answer = people(who).post("/users", json={"email": f"new-{role}@example.org", "role": role})
        assert answer.status_code == (201 if role in may_make else 403), answer.text


def test_an_admin_key_makes_people_but_no_owners(town: Town) -> None:
    with writing(town.database) as session:
        token = create_key(session, organisation_id=town.organisation_id, kind=KeyKind.ADMIN, name="k", now=now())[1]
    assert town.client(token).post("/users", json=BOB).status_code == 201
    assert town.client(token).post("/users", json={"email": "x@example.org", "role": "owner"}).status_code == 403


def test_a_person_with_a_password_logs_in(town: Town, people: People) -> None:
    made = people("admin").post("/users", json={**BOB, "password": "eight purple herons"})
    assert (made.status_code, made.json()["role"], made.json()["invitation"]) == (201, "member", None)
    assert "herons" not in made.text
    assert town.log_in("bob", "eight purple herons")


def test_a_person_without_one_is_invited_by_a_link_and_chooses_one(town: Town, people: People) -> None:
    made = people("admin").post("/users", json=BOB).json()
    path, _, token = made["invitation"].partition("?token=")
    assert path == "/login"
    with writing(town.database) as session:
        holder = holder_of(session, redeem_login_link(session, token, now=now()), now=now())
    assert holder
    assert holder[0].user_id == made["id"]
    assert town.client().post("/auth/login", json={**BOB, "password": ""}).status_code == 401


def test_an_email_belongs_to_one_person_of_all_organisations(town: Town, people: People) -> None:
    assert people("admin").post("/users", json={"email": "VIEWER@example.org"}).status_code == 409


@pytest.mark.parametrize(
    "body", [{}, {"email": "x"}, {**BOB, "role": "king"}, {**BOB, "password": "short"}, {**BOB, "name": "\0"}, []]
)
def test_what_is_no_person_is_not_made(people: People, body: object) -> None:
    assert people("admin").post("/users", json=body).status_code == 422


def test_people_are_listed_by_pages_filtered_and_sorted(town: Town, people: People) -> None:
    admin = people("admin")
    names, query = [], "/users?limit=3&sort=-email"
    while query:
        page = admin.get(query).json()
        names += [user["email"].partition("@")[0] for user in page["items"]]
        query = f"/users?limit=3&sort=-email&cursor={page['next']}" if page["next"] else ""
    assert names == ["viewer", "owner", "member", "admin"]
    assert [user["role"] for user in admin.get("/users?role=owner").json()["items"]] == ["owner"]
    assert admin.get("/users?nonsense=1").status_code == 422
    assert "password" not in admin.get("/users").text
    for who in ("viewer", "member"):
        assert people(who).get("/users").status_code == 403


def test_everybody_sees_and_renames_themselves_and_only_admins_others(town: Town, people: People) -> None:
    mine, other = id_of(town, "viewer"), id_of(town, "member")
    viewer = people("viewer")
    assert viewer.get(f"/users/{mine}").json()["email"] == "viewer@example.org"
    assert viewer.patch(f"/users/{mine}", json={"name": "V."}).json()["name"] == "V."
    assert viewer.get(f"/users/{other}").status_code == 403
    assert viewer.patch(f"/users/{other}", json={"name": "X"}).status_code == 403
    assert people("admin").patch(f"/users/{other}", json={"name": "M."}).json()["name"] == "M."


@pytest.mark.parametrize("change", [{"role": "owner"}, {"role": "admin"}, {"disabled": True}])
@pytest.mark.parametrize("who", ["viewer", "member"])
def test_nobody_raises_themselves(town: Town, people: People, who: str, change: dict[str, object]) -> None:
    assert people(who).patch(f"/users/{id_of(town, who)}", json=change).status_code == 403
    assert people("admin").patch(f"/users/{id_of(town, 'admin')}", json={"role": "owner"}).status_code == 403


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"disabled": True}, {"name": "X"}])
def test_an_admin_cannot_touch_an_owner(town: Town, people: People, change: dict[str, object]) -> None:
    owner = id_of(town, "owner")
    admin = people("admin")
    assert admin.get(f"/users/{owner}").status_code == 200
    assert admin.patch(f"/users/{owner}", json=change).status_code == 403
    assert admin.delete(f"/users/{owner}").status_code == 403
    assert admin.post(f"/users/{owner}/password", json={}).status_code == 403


def test_the_last_owner_stays(town: Town, people: People) -> None:
    owner, path = people("owner"), f"/users/{id_of(town, 'owner')}"
    for answer in (
        owner.patch(path, json={"role": "admin"}),
        owner.patch(path, json={"disabled": True}),
        owner.delete(path),
    ):
        assert answer.status_code == 409
        assert "last owner" in answer.json()["detail"]
    assert owner.patch(f"/users/{id_of(town, 'admin')}", json={"role": "owner"}).status_code == 200
    assert owner.patch(path, json={"role": "admin"}).status_code == 200
    assert town.signed_in("owner").get("/auth/me").json()["role"] == "admin"


def test_a_disabled_owner_does_not_count_as_one(town: Town, people: People) -> None:
    second = town.person("second", Role.OWNER)
    owner = people("owner")
    assert owner.patch(f"/users/{second.id}", json={"disabled": True}).status_code == 200
    assert owner.patch(f"/users/{id_of(town, 'owner')}", json={"role": "admin"}).status_code == 409


def session_of(town: Town, user_id: int) -> str:
    with writing(town.database) as session:
        return begin_session(session, organisation_id=town.organisation_id, user_id=user_id, now=now())


def is_open(town: Town, session_token: str) -> bool:
    with reading(town.database) as session:
        return holder_of(session, session_token, now=now()) is not None


@pytest.mark.parametrize(
    ("change", "sessions_go_on"), [({"role": "viewer"}, True), ({"disabled": True}, False), (None, False)]
)
def test_what_a_change_takes_away_ends_at_once(
    town: Town, people: People, change: dict[str, object] | None, sessions_go_on: bool
) -> None:
    member = id_of(town, "member")
    tokens, browser = town.log_in("member"), session_of(town, member)
    path = f"/users/{member}"
    answer = people("admin").patch(path, json=change) if change else people("admin").delete(path)
    assert answer.status_code in (200, 204)
    assert town.client(tokens["access_token"]).get("/auth/me").status_code == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert town.client().post("/auth/token", data=refresh).status_code == 401
    assert is_open(town, browser) == sessions_go_on


def test_whoever_was_disabled_can_be_let_in_again(town: Town, people: People) -> None:
    path = f"/users/{id_of(town, 'member')}"
    assert people("admin").patch(path, json={"disabled": True}).json()["disabled"]
    refused = town.client().post("/auth/login", json={"email": "member@example.org", "password": PASSWORD})
    assert refused.status_code == 401
    assert not people("admin").patch(path, json={"disabled": False}).json()["disabled"]
    assert town.log_in("member")


def test_one_changes_ones_own_password_with_the_current_one(town: Town, people: People) -> None:
    mine = id_of(town, "viewer")
    browser, viewer, path = session_of(town, mine), people("viewer"), f"/users/{mine}/password"
    new = "eight purple herons"
    assert viewer.post(path, json={"password": new}).status_code == 403
    assert viewer.post(path, json={"password": new, "current_password": "wrong"}).status_code == 403
    assert viewer.post(path, json={"current_password": PASSWORD}).status_code == 422
    assert viewer.post(path, json={"password": "short", "current_password": PASSWORD}).status_code == 422
    changed = viewer.post(path, json={"password": new, "current_password": PASSWORD})
    assert changed.json() == {"changed": True, "link": None}
    assert viewer.get("/auth/me").status_code == 401
    assert not is_open(town, browser)
    old = town.client().post("/auth/login", json={"email": "viewer@example.org", "password": PASSWORD})
    assert old.status_code in (401, 429)


def test_the_current_password_cannot_be_guessed_with_a_stolen_token(town: Town, people: People) -> None:
    viewer, path = people("viewer"), f"/users/{id_of(town, 'viewer')}/password"
    body = {"password": "eight purple herons", "current_password": "wrong"}
    statuses = [viewer.post(path, json=body).status_code for _ in range(6)]
    assert statuses[0] == 403
    assert statuses[-1] == 429


def test_an_admin_ends_a_password_and_hands_on_a_link(town: Town, people: People) -> None:
    member = id_of(town, "member")
    browser = session_of(town, member)
    answer = people("admin").post(f"/users/{member}/password", json={"password": "ignored, and not set"})
    told = answer.json()
    assert (answer.status_code, told["changed"]) == (200, False)
    assert answer.headers["cache-control"] == "no-store"
    assert not is_open(town, browser)
    for password in (PASSWORD, "ignored, and not set"):
        refused = town.client().post("/auth/login", json={"email": "member@example.org", "password": password})
        assert refused.status_code == 401
    with writing(town.database) as session:
        redeem_login_link(session, told["link"].partition("?token=")[2], now=now())


def test_whoever_has_no_password_chooses_one_without_a_current_one(town: Town) -> None:
    from modelward.accounts.change_password import change_own_password

    invited = town.person("invited", Role.MEMBER, password=False)
    with reading(town.database) as session:
        by = principal_of_user(session, invited.id)
    change_own_password(town.database, by=by, current=None, new="eight purple herons")
    assert town.log_in("invited", "eight purple herons")


@pytest.mark.parametrize("user_id", ["0", "-1", "999999", "9223372036854775807", "9223372036854775808", "x", "1.5"])
def test_an_id_that_is_nobodys_is_404_or_422(people: People, user_id: str) -> None:
    owner = people("owner")
    for answer in (
        owner.get(f"/users/{user_id}"),
        owner.patch(f"/users/{user_id}", json={"name": "x"}),
        owner.delete(f"/users/{user_id}"),
        owner.post(f"/users/{user_id}/password", json={}),
    ):
        assert answer.status_code in (404, 422)


def test_people_of_another_organisation_are_not_there(town: Town, people: People) -> None:
    with writing(town.database) as session:
        theirs = create_organisation(session, name="Theirs", now=now()).id
    stranger = town.person("stranger", Role.VIEWER, organisation_id=theirs).id
    owner = people("owner")
    for answer in (
        owner.get(f"/users/{stranger}"),
        owner.patch(f"/users/{stranger}", json={"name": "x"}),
        owner.delete(f"/users/{stranger}"),
        owner.post(f"/users/{stranger}/password", json={}),
    ):
        assert answer.status_code == 404
        assert "stranger" not in answer.text
    assert "stranger" not in owner.get("/users").text
