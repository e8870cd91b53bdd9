"""What somebody would try who wants more than they were given."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from tests.permissions.place import PASSWORD, Town, fresh_database, from_here, town
from tests.permissions.test_matrix import API, EVERYBODY, is_page

from modelward.accounts.log_in import attempts
from modelward.accounts.sessions import PLAIN_COOKIE, SECURE_COOKIE
from modelward.accounts.tables import ApiKey, User
from modelward.accounts.users import is_email, kept_email
from modelward.kit.database import reading
from modelward.registry.tables import Model

OWNER = {"email": "owner@ours.example", "password": PASSWORD}


@pytest.fixture(scope="module")
def still(tmp_path_factory, _migrated_file) -> Iterator[Town]:
    """One town for all tests that change nothing."""
    with town_in(tmp_path_factory.mktemp("still"), _migrated_file) as settled:
        yield settled


@pytest.fixture
def ours(tmp_path, _migrated_file) -> Iterator[Town]:
    with town_in(tmp_path, _migrated_file) as settled:
        yield settled


@contextmanager
def town_in(folder: Path, migrated: Path) -> Iterator[Town]:
    with fresh_database(folder, migrated) as database, town(folder, database) as settled:
        yield settled


def test_over_https_a_session_that_another_host_could_have_set_opens_nothing(still: Town) -> None:
    token = still.session_token("owner")
    for url, name, status in (
        ("https://testserver", PLAIN_COOKIE, 303),
        ("https://testserver", SECURE_COOKIE, 200),
        ("http://testserver", PLAIN_COOKIE, 200),
    ):
        browser = still.whole.client(url=url)
        browser.headers["cookie"] = f"{name}={token}"
        assert browser.get("/account").status_code == status, (url, name)


def test_signing_in_gives_a_session_that_nobody_knew_before(still: Town) -> None:
    browser = from_here(still.client())
    known = still.session_token("viewer")
    browser.cookies.set(PLAIN_COOKIE, known)
    answer = browser.post("/login", data=OWNER)
    assert answer.status_code == 303
    assert known not in str(answer.headers)
    assert answer.cookies[PLAIN_COOKIE] not in ("", known)


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
        "https:evil.example", "javascript:alert(1)", "/\t/evil.example", "\t//evil.example", "/\r\nSet-Cookie: a=b",
        "/%0d%0aSet-Cookie:%20a=b", "/./\\evil.example", "/.//evil.example", "/../../evil.example", "／／evil.example",
        "/\u2028/evil.example", "@evil.example", "/login?next=//evil.example", " //evil.example",
    ],
)  # fmt: skip
def test_after_signing_in_nobody_is_led_to_another_server(still: Town, back: str) -> None:
    attempts.__init__()  # type: ignore[misc]
    answer = from_here(still.client()).post("/login", data={**OWNER, "next": back})
    assert answer.status_code == 303
    to = answer.headers["location"]
    assert urlsplit(urljoin("http://testserver/login", to)).netloc == "testserver"
    assert not to.startswith(("//", "/\\"))
    assert "a" not in answer.cookies


PATHS = [
    "//api/v1/models", "/api/v1//models", "/API/V1/MODELS", "/api/v1/models/", "/api/v1/models;a=b", "/api/v1/%6dodels",
    "/api/v1/models/.", "/api/v1/models/churn/..", "/api/v1/models/%2e%2e/users", "/api/v1/models/..%2fusers",
    "/api/v1/models/churn%2fevents", "/api/v1/models/churn%00", "/api/v1/../v1/models", "/api//v1/models", "/models//",
    "/static/%2e%2e/app.py", "/static/..%2f..%2fsettings.py", "/static/%2e%2e%2f%2e%2e%2fsettings.py",
    "/static//etc/passwd",
    "/static/....//app.py", "/dashboard/../settings/people", "/dashboard/%2e%2e/settings/people", "/settings//people",
    "/SETTINGS/people", "/settings/people/", "/settings/people/.", "/metrics/", "/api/metrics/", "/api/v1/metrics?x",
    "/health/../metrics", "/login/../account", "/docs/../account", "/events/", "/api/v1/events//",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_other_spelling_of_an_address_opens_it(still: Town, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        anonymous = still.client().request(method, path)
        assert not anonymous.is_success, method
        if anonymous.status_code in (307, 308) and "location" in anonymous.headers:
            assert urlsplit(anonymous.headers["location"]).netloc in ("", "testserver")
            assert not urlsplit(anonymous.headers["location"]).path.startswith("//")
        reader = still.caller("read key").request(method, path, json={})
        assert not (reader.is_success and method not in ("GET", "HEAD", "OPTIONS")), method
        assert "people" not in path or reader.status_code != 200
        assert reader.status_code < 500


def test_no_header_or_field_makes_another_method_of_a_request(still: Town) -> None:
    reader, key = still.caller("read key"), "/api/v1/models/churn"
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert reader.get(key, headers={name: "DELETE"}).status_code == 200
        assert reader.post(f"{key}?_method=PATCH", headers={name: "GET"}, json={}).status_code == 405
        headers = {"X-Original-URL": "/api/v1/users", "X-Rewrite-URL": "/api/v1/users", "X-Forwarded-Prefix": "/x"}
        assert "ours.example" not in reader.get(key, headers=headers).text


def test_who_asks_only_for_the_head_or_the_options_learns_nothing(still: Town) -> None:
    for (_, path), row in API.items():
        address = f"/api/v1{path}".replace("{model}", "churn").replace("{user_id}", "1").replace("{key_id}", "1")
        for method in ("HEAD", "OPTIONS"):
            answer = still.client().request(method, address)
            assert row.who == EVERYBODY or not answer.is_success, f"{method} {address}"
            assert answer.status_code in (200, 401, 404, 405)


MORE = {
    "id": 77, "organisation_id": 77, "token_version": 77, "password_hash": "x", "identity": "x", "is_admin": True,
    "disabled_at": None, "scope": "admin", "rights": ["own"], "created_by": "god", "event_count": 77, "health": "ok",
    "digest": "x", "hint": "abcd", "created_at": "2020-01-01T00:00:00Z", "last_used_at": "2020-01-01T00:00:00Z",
}  # fmt: skip


def test_fields_that_are_not_offered_change_nothing(ours: Town) -> None:
    viewer, admin = ours.holding(ours.token("viewer")), ours.holding(ours.token("admin"))
    mine = ours.people["viewer"]
    viewer.patch(f"/api/v1/users/{mine}", json={"name": "Me", **MORE})
    admin.post("/api/v1/users", json={"email": "x@ours.example", "name": "X", **MORE})
    admin.post("/api/v1/models", json={"name": "more", "version": "1", **MORE})
    admin.patch("/api/v1/models/churn", json={"description": "d", **MORE})
    admin.post("/api/v1/api-keys", json={"kind": "read", "name": "more", **MORE})
    ours.client().post("/auth/register", json={"email": "y@y.example", "password": PASSWORD, "role": "owner", **MORE})
    with reading(ours.whole.database) as session:
        people = list(session.scalars(select(User)))
        assert {one.token_version for one in people} == {1}
        assert not {77} & {one.id for one in people} | {one.organisation_id for one in people} & {77}
        assert not [one for one in people if one.password_hash == "x" or one.identity]
        assert not [one for one in session.scalars(select(Model)) if one.organisation_id == 77 or one.event_count]
        assert not [one for one in session.scalars(select(ApiKey)) if one.id == 77 or one.hint == "abcd"]
        assert not [one for one in session.scalars(select(Model)) if one.created_by == "god"]


@pytest.mark.parametrize("kind", ["viewer", "member", "admin", "admin key"])
def test_nobody_below_an_owner_becomes_or_touches_one(still: Town, kind: str) -> None:
    caller, owner = still.caller(kind), still.people["owner"]
    before = rows_of_people(still)
    tries: list[tuple[str, str, dict[str, Any] | None]] = [
        ("PATCH", f"/api/v1/users/{owner}", {"role": "viewer"}),
        ("PATCH", f"/api/v1/users/{owner}", {"disabled": True}),
        ("PATCH", f"/api/v1/users/{owner}", {"name": "Mine now"}),
        ("DELETE", f"/api/v1/users/{owner}", None),
        ("POST", f"/api/v1/users/{owner}/password", {}),
        ("POST", f"/api/v1/users/{owner}/password", {"password": "a new pass phrase of mine"}),
        ("POST", "/api/v1/users", {"email": "z@ours.example", "role": "owner"}),
        *[("PATCH", f"/api/v1/users/{one}", {"role": "owner"}) for one in still.people.values() if one != owner],
    ]
    for method, path, body in tries:
        answer = caller.request(method, path, json=body)
        assert answer.status_code == 403, f"{method} {path} {body}: {answer.status_code}"
    page = still.caller(kind, page=True)
    for what, form in (
        ("role", {"role": "viewer"}),
        ("name", {"name": "x"}),
        ("link", {}),
        ("disable", {}),
        ("remove", {}),
    ):
        assert page.post(f"/settings/people/{owner}/{what}", data=form).status_code == 403, what
    assert page.post("/settings/people", data={"email": "z@ours.example", "role": "owner"}).status_code == 403
    assert rows_of_people(still) == before


def rows_of_people(ours: Town) -> list[tuple[Any, ...]]:
    with reading(ours.whole.database) as session:
        query = select(User.id, User.name, User.role, User.disabled_at, User.password_hash, User.token_version)
        return [tuple(row) for row in session.execute(query.order_by(User.id))]


def at_once(*work: Callable[[], httpx2.Response]) -> list[int]:
    """All at the same moment; their statuses."""
    barrier = threading.Barrier(len(work))

    def run(one: Callable[[], httpx2.Response]) -> int:
        barrier.wait()
        return one().status_code

    with ThreadPoolExecutor(len(work)) as pool:
        return sorted(pool.map(run, work))


def test_two_owners_who_demote_each_other_leave_one(tmp_path, each_database: Engine) -> None:
    with town(tmp_path, each_database) as ours:
        first, second = ours.people["owner"], ours.people["admin"]
        assert ours.holding(ours.token("owner")).patch(f"/api/v1/users/{second}", json={"role": "owner"}).is_success
        one, other = ours.holding(ours.token("owner")), ours.holding(ours.token("admin"))
        at_once(
            lambda: one.patch(f"/api/v1/users/{second}", json={"role": "viewer"}),
            lambda: other.patch(f"/api/v1/users/{first}", json={"role": "viewer"}),
            lambda: one.delete(f"/api/v1/users/{second}"),
            lambda: other.patch(f"/api/v1/users/{first}", json={"disabled": True}),
        )
        assert [row for row in rows_of_people(ours) if row[2] == "owner" and row[3] is None]


def test_one_email_that_registers_twice_at_once_is_one_person(tmp_path, each_database: Engine) -> None:
    with town(tmp_path, each_database) as ours:
        body = {"email": "Ada@Ours.example", "password": PASSWORD, "name": "Ada"}
        statuses = at_once(*[lambda: ours.client().post("/auth/register", json=body)] * 4)
        assert statuses == [201, 409, 409, 409]


def test_a_refresh_token_that_is_used_at_once_gives_no_second_life(tmp_path, each_database: Engine) -> None:
    with town(tmp_path, each_database) as ours:
        program = ours.client()
        got = program.post("/auth/login", json={"username": "viewer@ours.example", "password": PASSWORD}).json()
        body = {"grant_type": "refresh_token", "refresh_token": got["refresh_token"]}
        statuses = at_once(*[lambda: ours.client().post("/api/v1/auth/token", json=body)] * 4)
        assert set(statuses) <= {200, 401}  # a lost answer may be asked for again for ten seconds
        assert ours.holding(got["access_token"]).post("/api/v1/auth/logout").status_code == 204
        assert ours.client().post("/api/v1/auth/token", json=body).status_code == 401


@pytest.mark.parametrize("email", ["\u212aate@example.org", "kate@example.org\u037e", "kate@\u212aate.org"])
def test_an_address_that_only_becomes_another_by_folding_is_none(email: str) -> None:
    assert not is_email(email)


@pytest.mark.parametrize(
    "email", ["jose\u0301@example.org", "ÅSA@example.org", "Straße@example.org", "ἀ@παράδειγμα.gr"]
)
def test_addresses_of_other_alphabets_are_addresses(email: str) -> None:
    assert is_email(email)


@given(st.text(max_size=30))
def test_an_email_is_kept_as_it_is_compared(text: str) -> None:
    email = f"{text}@example.org"
    assert kept_email(kept_email(email)) == kept_email(email)


ODD: list[Any] = [None, [], {}, [[]], {"a": {}}, True, -1, 0, 1.5, 2**63, -(2**63) - 1, "", "\x00", "\ud800",
                  "x" * 20_000, ["x"], "2026-13-45", "NaN"]  # fmt: skip
RAW = ["1" + "0" * 400, "NaN", "-Infinity", "1e400", '"\\ud800"']


def test_no_value_of_a_field_is_a_fault_of_the_service(still: Town) -> None:
    found = []
    described = still.client().get("/api/v1/openapi.json").json()
    for (method, path), row in API.items():
        if is_page(method, path) or not method.startswith("P") or "login" in path or path == "/auth/token":
            continue
        known = described["paths"].get(f"/api/v1{path}", {}).get(method.lower(), {})
        for name in {*(row.body or {}), *fields_of(described, known)}:
            for value in [json.dumps(one) for one in ODD] + RAW:
                body = json.dumps({**(row.body or {}), name: "HERE"}).replace('"HERE"', value)
                address = f"/api/v1{path}".replace("{model}", "churn").replace("{project}", "default")
                for placeholder in ("{user_id}", "{key_id}", "{event_id}"):
                    address = address.replace(placeholder, str(still.people["viewer"]))
                answer = still.caller("owner").request(
                    method,
                    address,
                    content=body.encode("utf-8", "surrogatepass"),
                    headers={"content-type": "application/json"},
                )
                if answer.status_code >= 500:
                    found.append(f"{method} {path} {name}={value[:40]}: {answer.status_code}")
                if answer.status_code == 401:
                    still.forget("owner")
    assert "\n".join(found) == ""


@pytest.mark.parametrize("note", ["\x00", "\ud800", "x" * 20_000])
def test_no_note_of_a_reference_is_a_fault_of_the_service(still: Town, note: str) -> None:
    span = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z", "note": note}
    owner, baseline = still.caller("owner"), "/api/v1/models/churn/baseline"
    kind = {"content-type": "application/json"}
    assert owner.post(f"{baseline}/window", content=json.dumps(span), headers=kind).status_code == 422
    rows = "age\n" + "\n".join(str(n) for n in range(300))
    sent = {"note": note.encode("utf-8", "surrogatepass")}
    answer = owner.post(baseline, files={"file": ("reference.csv", rows.encode())}, data=sent)
    assert answer.status_code in (201, 422), answer.text  # a form in another alphabet is read as Latin


def fields_of(described: dict[str, Any], known: dict[str, Any]) -> set[str]:
    """The fields of the body, as the description names them."""
    schema = known.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named = schema.get("$ref", "").rpartition("/")[2] or next(
        (one["$ref"].rpartition("/")[2] for one in schema.get("anyOf", ()) if "$ref" in one), ""
    )
    return set(described["components"]["schemas"].get(named, {}).get("properties", {}))


def test_a_number_that_no_id_has_is_not_there(tmp_path, each_database: Engine) -> None:
    with town(tmp_path, each_database) as ours:
        for number in (0, -1, 2**31, 2**63, 10**30):
            nothing_at(ours, number)


def nothing_at(ours: Town, number: int) -> None:
    owner, api, operator = ours.browser("owner"), ours.caller("owner"), ours.browser(None)
    for page in (f"/settings/people/{number}", f"/settings/keys/{number}", f"/dashboard/models/{number}"):
        assert owner.get(page).status_code in (404, 422), page
    for what in ("role", "name", "link", "disable", "enable", "remove"):
        form = {"role": "viewer", "name": "x"}
        assert owner.post(f"/settings/people/{number}/{what}", data=form).status_code in (404, 422), what
    assert owner.post(f"/account/browsers/{number}/end").status_code in (404, 422)
    assert owner.post(f"/settings/keys/{number}/rotate").status_code in (404, 422)
    assert operator.post("/settings/organisations", data={"organisation": number}).status_code in (404, 422)
    for path in ("models", "projects", "users", "api-keys"):
        assert api.get(f"/api/v1/{path}/{number}").status_code in (404, 422), path
    for name in (number, str(number)):
        body = {"kind": "read", "name": "x", "model": name}
        assert api.post("/api/v1/api-keys", json=body).status_code in (404, 422)
        body = {"kind": "read", "name": "x", "project": name}
        assert api.post("/api/v1/api-keys", json=body).status_code in (404, 422)
