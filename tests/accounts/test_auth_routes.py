"""Registering and signing in over HTTP, as the programs in the field do it."""

import json
from collections.abc import Callable

import jwt
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from tests.accounts.conftest import PASSWORD, SECRET, Town

from modelward.accounts.keys import KeyKind, is_wellformed
from modelward.accounts.principal import Role, Scope
from modelward.accounts.service import authenticate, create_key
from modelward.accounts.tables import Organisation, User
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.secrets import derived_key

FILE = b'--b\r\nContent-Disposition: form-data; name="username"; filename="x"\r\n\r\ny\r\n--b--'
ADA = {"email": "ada@example.org", "password": PASSWORD}


def test_a_name_makes_an_organisation_with_a_key(town: Town) -> None:
    answer = town.client().post("/auth/register", json={"name": "My Test Company"})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told.keys() == {"id", "name", "api_key"}
    assert told["name"] == "My Test Company"
    with reading(town.database) as session:
        holder = authenticate(session, told["api_key"], now=now())
    assert (holder.scope, holder.role) == (Scope(told["id"]), "admin")
    assert told["id"] != town.organisation_id


def test_a_person_registers_logs_in_and_is_the_owner_of_their_own_organisation(town: Town) -> None:
    http = town.client()
    registered = http.post("/auth/register", json={**ADA, "name": "Ada"})
    assert registered.status_code == 201
    told = registered.json()
    assert (told["email"], told["name"], told["role"]) == ("ada@example.org", "Ada", "owner")
    assert told["organisation"]["id"] != town.organisation_id
    assert "password" not in registered.text
    tokens = http.post("/auth/login", json={"username": "ada@example.org", "password": PASSWORD}).json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 12 * 3600)
    me = town.client(tokens["access_token"]).get("/auth/me").json()
    assert (me["title"], me["role"], me["user_id"]) == ("ada@example.org", "owner", told["id"])
    assert me["rights"] == ["read", "ingest", "edit", "admin", "own"]


def test_an_email_registers_once(town: Town) -> None:
    http = town.client()
    assert http.post("/auth/register", json=ADA).status_code == 201
    again = http.post("/auth/register", json={**ADA, "email": " ADA@example.org"})
    assert again.status_code == 409
    with reading(town.database) as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == 2


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "organisation"),
        ({"name": ""}, "organisation"),
        ({"name": "x" * 201}, "name"),
        ({"name": "two\nlines"}, "printable"),
        ({"email": "ada@example.org"}, "both"),
        ({"password": PASSWORD}, "both"),
        ({"email": "ada", "password": PASSWORD}, "email address"),
        ({"email": "a b@example.org", "password": PASSWORD}, "email address"),
        ({"email": "ada@example.org", "password": "short"}, "fewer than 12"),
        ({"email": "ada@example.org", "password": "password1234"}, "easily guessed"),
        ({**ADA, "name": "x\0"}, "printable"),
        ({**ADA, "organisation": "\ud800"}, "organisation"),
        ([], "body"),
    ],
)
def test_what_cannot_be_registered_is_named(town: Town, body: object, word: str) -> None:
    kind = {"content-type": "application/json"}
    answer = town.client().post("/auth/register", content=json.dumps(body), headers=kind)
    assert answer.status_code == 422
    assert word in answer.text
    assert PASSWORD not in answer.text
    with reading(town.database) as session:
        assert session.scalar(select(func.count()).select_from(User)) == 0


def test_where_registration_is_closed_a_sentence_says_so(town: Town) -> None:
    town.app.state.registration_open = False
    for body in (ADA, {"name": "My Test Company"}):
        answer = town.client().post("/auth/register", json=body)
        assert answer.status_code == 403
        assert "MODELWARD_OPEN_REGISTRATION" in answer.json()["detail"]


def test_an_address_registers_thirty_organisations_a_minute(town: Town) -> None:
    http = town.client()
    statuses = [http.post("/auth/register", json={"name": f"n{n}"}).status_code for n in range(32)]
    assert statuses == [201] * 30 + [429] * 2


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"username": "ada@example.org", "password": PASSWORD}},
        {"json": ADA},
        {"data": {"username": "ada@example.org", "password": PASSWORD, "grant_type": "password", "scope": ""}},
        {"files": {"username": (None, "ada@example.org"), "password": (None, PASSWORD)}},
    ],
)
@pytest.mark.parametrize("path", ["/auth/login", "/auth/token"])
def test_a_program_logs_in_by_form_or_json(town: Town, path: str, sent: dict[str, object]) -> None:
    town.person("ada", Role.MEMBER)
    answer = town.client().post(path, **sent)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json().keys() == {"access_token", "token_type", "expires_in", "refresh_token"}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"\xff", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'"ada"', "application/json"),
        (b'{"username": 1, "password": []}', "application/json"),
        (b'{"username": "\\ud800", "password": "\\ud800"}', "application/json"),
        (b"username=ada", "application/x-www-form-urlencoded"),
        (b"%ff=%00", "application/x-www-form-urlencoded"),
        (b"nonsense", "multipart/form-data"),
        (FILE, "multipart/form-data; boundary=b"),
        (b"username=ada", "text/plain"),
        (b"\x80", ""),
    ],
)
@pytest.mark.parametrize("path", ["/auth/login", "/auth/token"])
def test_a_broken_body_is_a_sentence(town: Town, path: str, content: bytes, kind: str) -> None:
    answer = town.client().post(path, content=content, headers={"content-type": kind})
    assert answer.status_code in (400, 401, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.recursive(st.none() | st.text(max_size=20) | st.integers() | st.booleans(), lambda inner: (
    st.dictionaries(st.sampled_from(["username", "email", "password", "grant_type", "refresh_token", "x"]), inner)
    | st.lists(inner, max_size=3)
), max_leaves=8))  # fmt: skip
def test_no_json_is_a_fault_of_the_service(town: Town, body: object) -> None:
    for path in ("/auth/login", "/auth/token", "/auth/register"):
        assert town.client().post(path, json=body).status_code in (201, 401, 403, 409, 422, 429)


def test_refused_sign_ins_look_alike(town: Town) -> None:
    town.person("ada", Role.MEMBER)
    http = town.client()
    answers = [
        http.post("/auth/login", json={"username": name, "password": "a wrong password"})
        for name in ("ada@example.org", "nobody@example.org", "nonsense")
    ]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert len({answer.text for answer in answers}) == 1
    assert all(answer.headers["www-authenticate"] == "Bearer" for answer in answers)


def test_the_sixth_sign_in_of_a_minute_is_429(town: Town) -> None:
    http = town.client()
    answers = [http.post("/auth/login", json=ADA) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


def test_a_token_holds_as_long_as_the_setting_says(town: Town) -> None:
    town.person("ada", Role.MEMBER)
    town.app.state.settings = town.app.state.settings.model_copy(update={"access_token_minutes": 5})
    tokens = town.log_in("ada")
    claims = jwt.decode(
        tokens["access_token"],
        derived_key(SECRET, "access token"),
        algorithms=["HS256"],
        audience="modelward-api",
    )
    assert int(tokens["expires_in"]) == claims["exp"] - claims["iat"] == 300
    assert not {"role", "email", "password"} & claims.keys(), "a token says who, never what they may do"


def test_a_refresh_token_gives_the_next_tokens_and_works_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    from modelward.accounts import routes

    town.person("ada", Role.MEMBER)
    first = town.log_in("ada")
    body = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    http = town.client()
    second = http.post("/auth/token", data=body)
    assert second.status_code == 200
    assert town.client(second.json()["access_token"]).get("/auth/me").status_code == 200
    later = now() + timedelta(seconds=11)
    monkeypatch.setattr(routes, "now", lambda: later)
    assert http.post("/auth/token", json=body).status_code == 401
    assert http.post("/auth/token", json={**body, **second.json()}).status_code == 401
    for token in (first["access_token"], second.json()["access_token"]):
        assert town.client(token).get("/auth/me").status_code == 401


@pytest.mark.parametrize(
    "body",
    [{"grant_type": "refresh_token"}, {"grant_type": "password"}, {"grant_type": "client_credentials"}, {}],
)
def test_a_grant_that_is_not_whole_is_refused(town: Town, body: dict[str, str]) -> None:
    assert town.client().post("/auth/token", data=body).status_code == 422


def test_a_log_out_ends_every_token_of_that_person_and_nobody_elses(
    town: Town, people: Callable[[str], TestClient]
) -> None:
    mine = town.log_in("viewer")
    others = people("member")
    assert people("viewer").post("/auth/logout").status_code == 204
    for client in (people("viewer"), town.client(mine["access_token"])):
        assert client.get("/auth/me").status_code == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": mine["refresh_token"]}
    assert town.client().post("/auth/token", data=refresh).status_code == 401
    assert others.get("/auth/me").status_code == 200
    assert town.signed_in("viewer").get("/auth/me").status_code == 200


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_key_learns_what_it_is_and_does_not_log_out(town: Town, kind: KeyKind) -> None:
    with writing(town.database) as session:
        row, token = create_key(
            session, organisation_id=town.organisation_id, kind=kind, name="k", now=now(), model_id=7
        )
    assert is_wellformed(token)
    told = town.client(token).get("/auth/me").json()
    assert (told["role"], told["key_id"], told["model_id"], told["user_id"]) == (kind.value, row.id, 7, None)
    assert town.client(token).post("/auth/logout").status_code == 403


def test_a_stranger_is_nobody(town: Town) -> None:
    assert town.client().get("/auth/me").status_code == 401
    assert town.client().post("/auth/logout").status_code == 401
