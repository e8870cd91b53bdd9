"""API keys over HTTP: shown once, bound, ended, rotated, revoked."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from tests.registry.conftest import Client

from modelward.accounts.keys import KEY_PATTERN, KeyKind, is_wellformed
from modelward.accounts.principal import operator
from modelward.accounts.service import create_organisation
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.registry import keys
from modelward.registry.key_schemas import KeysAsked, NewKey, Rotation

DAY = timedelta(days=1)


@pytest.fixture
def http(client: Client) -> TestClient:
    return client()


def with_key(api: FastAPI, key: str) -> TestClient:
    return TestClient(api, headers={"Authorization": f"Bearer {key}"}, base_url="http://test/api/v1/")


def make(http: TestClient, **body: Any) -> dict[str, Any]:
    answer = http.post("api-keys", json={"kind": "admin", "name": "k", **body})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def opens(api: FastAPI, key: str) -> bool:
    return with_key(api, key).get("models").status_code == 200


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_key_is_shown_once_and_opens_what_its_kind_may(api: FastAPI, http: TestClient) -> None:
    answer = http.post("api-keys", json={"kind": "read", "name": "dashboard"})
    key = answer.json()["key"]
    assert is_wellformed(key)
    assert answer.headers["cache-control"] == "no-store"
    assert opens(api, key)
    assert with_key(api, key).post("models", json={"name": "m"}).status_code == 403
    for told in (http.get("api-keys").text, http.get(f"api-keys/{answer.json()['id']}").text):
        assert key not in told
        assert key[-4:] in told


def test_the_list_says_who_made_a_key_for_what_and_when_it_was_used(api: FastAPI, http: TestClient) -> None:
    made = make(http, kind="read", name="billing", expires_in_days=30)
    listed = http.get("api-keys", params={"name": "billing"}).json()["items"]
    assert [entry["last_used_at"] for entry in listed] == [None]
    opens(api, made["key"])
    [told] = http.get("api-keys", params={"kind": "read"}).json()["items"]
    assert told["last_used_at"] is not None
    assert told["created_by"] == 'the admin key "admin"'
    assert moment(told["expires_at"]) - moment(told["created_at"]) == 30 * DAY
    assert "key" not in told


def test_a_key_is_bound_by_id_or_by_name(http: TestClient) -> None:
    model = http.post("models", json={"name": "churn", "project": "crm"}).json()
    for name in ("churn", model["id"], str(model["id"])):
        assert make(http, model=name)["model_id"] == model["id"]
    for name in ("crm", model["project_id"]):
        assert make(http, project_id=name)["project_id"] == model["project_id"]
    assert len(http.get("api-keys", params={"model": "churn"}).json()["items"]) == 3
    assert len(http.get("api-keys", params={"project": "crm"}).json()["items"]) == 2


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"kind": "root"}, 422, "kind"),
        ({"name": ""}, 422, "name"),
        ({"name": "\0"}, 422, None),
        ({"project": "none"}, 404, None),
        ({"model": 99}, 404, None),
        ({"model": 10**30}, 404, None),
        ({"project": 10**30}, 404, None),
        ({"model": "m", "project": "p"}, 422, "project"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00"}, 422, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z", "expires_in_days": 1}, 422, "expires_in_days"),
        ({"expires_in_days": 0}, 422, "expires_in_days"),
        ({"colour": "red"}, 422, "colour"),
    ],
)
def test_what_cannot_be_is_refused(http: TestClient, body: dict[str, Any], status: int, field: str | None) -> None:
    answer = http.post("api-keys", json={"kind": "read", "name": "k", **body})
    assert answer.status_code == status
    assert field is None or [error["field"] for error in answer.json()["errors"]] == [field]
    assert len(http.get("api-keys").json()["items"]) == 1


def test_a_revoked_key_opens_nothing_from_the_next_request_on(api: FastAPI, http: TestClient) -> None:
    made = make(http)
    assert opens(api, made["key"])
    for _ in range(2):
        assert http.delete(f"api-keys/{made['id']}").status_code == 204
        assert not opens(api, made["key"])
    assert http.get(f"api-keys/{made['id']}").json()["revoked_at"] is not None
    assert [one["id"] for one in http.get("api-keys", params={"live": False}).json()["items"]] == [made["id"]]
    assert made["id"] not in [one["id"] for one in http.get("api-keys", params={"live": True}).json()["items"]]


def test_a_rotated_key_goes_on_for_a_grace_beside_the_new_one(api: FastAPI, http: TestClient) -> None:
    http.post("models", json={"name": "m"})
    old = make(http, kind="read", name="billing", model="m", expires_in_days=90)
    answer = http.post(f"api-keys/{old['id']}/rotate")
    new = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert new["replaces_id"] == old["id"]
    assert [new[name] for name in ("kind", "name", "model_id")] == [old[name] for name in ("kind", "name", "model_id")]
    assert opens(api, old["key"])
    assert opens(api, new["key"])
    ends = moment(http.get(f"api-keys/{old['id']}").json()["expires_at"])
    assert timedelta(hours=23) < ends - now() <= DAY
    assert moment(new["expires_at"]) - moment(new["created_at"]) == 90 * DAY


def test_at_most_two_live_however_often_it_is_rotated(api: FastAPI, http: TestClient) -> None:
    first = make(http)
    second = http.post(f"api-keys/{first['id']}/rotate", json={"grace_hours": 48}).json()
    third = http.post(f"api-keys/{second['id']}/rotate").json()
    assert [opens(api, one["key"]) for one in (first, second, third)] == [False, True, True]


def test_a_rotation_whose_answer_was_lost_is_asked_for_again(api: FastAPI, http: TestClient) -> None:
    used, other = make(http), make(http)
    lost = http.post(f"api-keys/{used['id']}/rotate").json()
    ends = http.get(f"api-keys/{used['id']}").json()["expires_at"]
    new = http.post(f"api-keys/{used['id']}/rotate").json()
    assert [opens(api, one["key"]) for one in (used, lost, new, other)] == [True, False, True, True]
    assert http.get(f"api-keys/{used['id']}").json()["expires_at"] == ends


def test_without_a_grace_the_old_key_ends_at_once_and_an_ended_one_is_not_rotated(
    api: FastAPI, http: TestClient
) -> None:
    old = make(http)
    new = http.post(f"api-keys/{old['id']}/rotate", json={"grace_hours": 0}).json()
    assert [opens(api, one["key"]) for one in (old, new)] == [False, True]
    assert http.post(f"api-keys/{old['id']}/rotate").status_code == 409
    assert opens(api, new["key"])


def test_it_is_so_on_each_database(each_database: Engine) -> None:
    with writing(each_database) as session:
        owner = create_organisation(session, name="Acme", now=now()).id
        maker = operator(owner)
        body = NewKey(kind=KeyKind.READ, name="k", expires_in_days=9)
        first = keys.make_key(session, maker=maker, body=body, now=now())[0].id
        second = keys.rotate_key(session, maker=maker, key_id=first, body=Rotation(), now=now())[0].id
    with writing(each_database) as session:
        third = keys.rotate_key(session, maker=maker, key_id=second, body=Rotation(), now=now())[0].id
    with reading(each_database) as session:
        page = keys.keys_page(session, maker.scope, KeysAsked(live=True, sort="-expires_at"), now=now())
        assert [key.id for key in page.items] == [third, second]
        page = keys.keys_page(session, maker.scope, KeysAsked(live=False, kind=KeyKind.READ), now=now())
        assert [key.id for key in page.items] == [first]


def test_only_an_admin_of_the_whole_organisation_handles_keys(client: Client, http: TestClient) -> None:
    model = http.post("models", json={"name": "m"}).json()
    made = make(http)
    others = [
        client("read"),
        client("ingest"),
        client("admin", model_id=model["id"]),
        client("admin", project_id=model["project_id"]),
    ]
    for other in others:
        assert other.get("api-keys").status_code == 403
        assert other.post("api-keys", json={"kind": "read", "name": "k"}).status_code == 403
        assert other.post(f"api-keys/{made['id']}/rotate").status_code == 403
        assert other.delete(f"api-keys/{made['id']}").status_code == 403


def test_the_keys_of_another_organisation_are_not_there(client: Client, http: TestClient, database: Engine) -> None:
    made = make(http)
    with writing(database) as session:
        theirs = create_organisation(session, name="Theirs", now=now()).id
    other = client(owner=theirs)
    answers = [
        other.get(f"api-keys/{made['id']}"),
        other.post(f"api-keys/{made['id']}/rotate"),
        other.delete(f"api-keys/{made['id']}"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len(other.get("api-keys").json()["items"]) == 1
    assert http.get(f"api-keys/{made['id']}").json()["revoked_at"] is None


def test_the_database_holds_no_key(http: TestClient, database: Engine) -> None:
    key = make(http)["key"]
    with reading(database) as session:
        dumped = str(session.execute(text("SELECT * FROM api_keys")).all())
    assert key not in dumped
    assert key[10:-4] not in dumped


def test_the_documentation_gives_scanners_the_pattern_of_a_key() -> None:
    assert KEY_PATTERN in (Path(__file__).parents[2] / "docs" / "api.md").read_text()
