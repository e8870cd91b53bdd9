"""Channels over HTTP: admins make them, readers see that they are there, and nobody ever sees a secret again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient
from tests.permissions.place import Town, town

SLACK = {
    "kind": "slack",
    "name": "#ml-alerts",
    "config": {"url": "https://hooks.slack.com/services/T0001/B0001/verySecretPart"},
}
WEBHOOK = {"kind": "webhook", "name": "pager", "config": {"url": "https://hooks.example.org/verySecretPath"}}

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "pigeon", "name": "x"}, "There is no kind of channel 'pigeon'"),
    ({"kind": "admins", "name": "x"}, "There is no kind of channel 'admins'"),
    ({"kind": "slack", "name": "x"}, "config.url: it is missing"),
    ({"kind": "slack", "name": "x", "config": {"url": "https://10.0.0.1/x"}}, "private"),
    ({"kind": "slack", "name": "x", "config": {"url": "http://hooks.slack.com/x"}}, "https://"),
    ({"kind": "email", "name": "x", "config": {"to": "nobody"}}, "nobody is no address"),
    ({"kind": "email", "name": "x", "config": {"to": "a@b.example\nBcc: c@d.example"}}, "printed"),
    ({"kind": "webhook", "name": "x", "config": {"url": "https://a.example/", "secret": "short"}}, "whsec_"),
    ({"kind": "pagerduty", "name": "x", "config": {"routing_key": "k"}}, "32 letters"),
    ({"kind": "telegram", "name": "x", "config": {"token": "x", "chat_id": "y"}}, "123456789:ABC"),
    (
        {"kind": "sns", "name": "x", "config": {"topic_arn": "x", "access_key_id": "x", "secret_access_key": "x"}},
        "arn:",
    ),
    ({"kind": "ntfy", "name": "x", "config": {"topic": "a/../b"}}, "64 letters"),
    ({"kind": "apprise", "name": "x", "config": {"url": "json://example.org"}}, "not among these"),
]


@pytest.fixture
def ours(tmp_path: Path, database: Engine) -> Iterator[Town]:
    with town(tmp_path, database) as settled:
        yield settled


@pytest.fixture
def admin(ours: Town) -> TestClient:
    return ours.caller("admin")


def made(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    reply = client.post("/api/v1/channels", json=body)
    assert reply.status_code == 201, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def test_a_channel_is_made_changed_and_ended_without_showing_its_secret(admin: TestClient) -> None:
    channel = made(admin, SLACK)
    address = f"/api/v1/channels/{channel['id']}"
    assert channel["hint"] == "hooks.slack.com …Part"
    replies = [
        admin.get(address),
        admin.get("/api/v1/channels"),
        admin.patch(address, json={"name": "#models"}),
        admin.get(f"{address}/preview"),
        admin.post(f"{address}/test"),
        admin.get("/api/v1/deliveries"),
        admin.get("/api/v1/audit"),
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 202, 200, 200]
    assert "verySecret" not in "".join(reply.text for reply in replies) + str(channel)
    assert replies[2].json()["name"] == "#models"
    assert admin.delete(address).status_code == 204
    assert admin.get(address).status_code == 404
    log = admin.get("/api/v1/deliveries").json()["items"]
    assert [(row["state"], row["channel_id"]) for row in log] == [("failed", None)]


def test_who_reads_sees_names_and_states_alone(ours: Town, admin: TestClient) -> None:
    channel = made(admin, {"kind": "email", "name": "team", "config": {"to": "private@ours.example"}})
    for caller in ("viewer", "read key"):
        seen = ours.caller(caller).get(f"/api/v1/channels/{channel['id']}").json()
        assert (seen["name"], seen["state"], seen["hint"], seen["config"]) == ("team", "on", None, None)
    assert ours.caller("bound key").get(f"/api/v1/channels/{channel['id']}").status_code == 404
    assert ours.caller("bound key").get("/api/v1/channels").json()["items"] == []
    assert ours.caller("bound key").get("/api/v1/deliveries").json()["items"] == []


def test_a_signing_secret_is_shown_once_and_can_be_exchanged(admin: TestClient) -> None:
    channel = made(admin, WEBHOOK)
    first = channel["signing_secret"]
    assert first.startswith("whsec_")
    assert "signing_secret" not in admin.get(f"/api/v1/channels/{channel['id']}").json()
    reply = admin.post(f"/api/v1/channels/{channel['id']}/rotate-secret", json={"grace_hours": 1})
    assert reply.headers["cache-control"] == "no-store"
    assert reply.json()["signing_secret"] not in (None, first)
    given = made(admin, {**WEBHOOK, "name": "other", "config": {**WEBHOOK["config"], "secret": first}})  # type: ignore[dict-item]
    assert given["signing_secret"] is None
    slack = made(admin, SLACK)
    assert admin.post(f"/api/v1/channels/{slack['id']}/rotate-secret").status_code == 409


def test_what_is_no_channel_is_refused_with_what_to_write(admin: TestClient) -> None:
    for body, says in REFUSED:
        reply = admin.post("/api/v1/channels", json=body)
        assert (reply.status_code, says in reply.json()["detail"]) == (422, True), reply.text


def test_two_channels_do_not_have_one_name(admin: TestClient) -> None:
    made(admin, SLACK)
    assert admin.post("/api/v1/channels", json=SLACK).status_code == 409


def test_a_secret_that_is_not_given_stays_and_another_replaces_it(admin: TestClient) -> None:
    channel = made(admin, {"kind": "ntfy", "name": "phone", "config": {"topic": "abcdef", "token": "tk_1"}})
    address = f"/api/v1/channels/{channel['id']}"
    changed = admin.patch(address, json={"config": {"server": "https://ntfy.example.org"}}).json()
    assert changed["config"] == {"server": "https://ntfy.example.org"}
    assert changed["hint"] == "ntfy.example.org, a topic of 6 characters"
    assert admin.patch(address, json={"config": {"topic": "abcdefgh"}}).json()["hint"].endswith("8 characters")
    entries = admin.get("/api/v1/audit", params={"sort": "-position"}).json()["items"]
    assert entries[0]["after"]["changed"] == ["topic"]


def test_the_default_cannot_be_changed_or_ended(ours: Town, admin: TestClient) -> None:
    from modelward.alerting.deliveries import admins_channel
    from modelward.kit.clock import now
    from modelward.kit.database import writing

    with writing(ours.whole.database) as session:
        default = admins_channel(session, organisation_id=ours.organisation_id, now=now()).id
    assert admin.get(f"/api/v1/channels/{default}").json()["kind"] == "admins"
    assert admin.patch(f"/api/v1/channels/{default}", json={"state": "paused"}).status_code == 409
    assert admin.delete(f"/api/v1/channels/{default}").status_code == 409
    assert admin.post(f"/api/v1/channels/{default}/test").status_code == 202
