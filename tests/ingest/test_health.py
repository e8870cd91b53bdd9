"""What anybody can see of ingestion, and how an administrator lets the mover try again."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.ingest.place import NOW

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key, create_organisation
from modelward.api import create_api
from modelward.ingest.health import progressed
from modelward.ingest.progress import PROGRESS
from modelward.ingest.segments import Entry, Kind
from modelward.kit.database import writing


@pytest.fixture
def client(place):
    api = create_api()
    api.state.settings, api.state.database, api.state.door = place.settings, place.database, place.door
    with writing(place.database) as session:
        key = create_key(session, organisation_id=place.organisation_id, kind=KeyKind.ADMIN, name="admin", now=NOW)[1]
    with TestClient(api, headers={"X-API-Key": key}) as client:
        yield client


def seen(client, **headers):
    answer = client.get("/api/v1/ingestion", headers=headers)
    assert answer.status_code == 200
    return answer.json()


def spoil(place, model_id, organisation_id):
    """An entry that nobody can read, tried until it was set aside."""
    place.journal.append([Entry(Kind.EVENTS, organisation_id, model_id, 1, 1, b"{broken\n")])
    for _ in range(6):
        place.mover.step()


def test_before_anything_came_all_is_zero(client):
    body = seen(client)
    assert body["door"]["accepted"] == {"events": 0, "labels": 0}
    assert set(body["mover"].values()) == {0}
    assert body["waiting"] == {"events": 0, "bytes": 0, "lag_ms": 0}
    assert body["set_aside"] == []


def test_what_came_waits_and_is_moved_is_counted(client, place, event):
    place.send([event | {"event_id": "a"}, event | {"event_id": "a"}, event | {"timestamp": "never"}])
    place.send({"event_id": "a", "label": 1}, "/api/v1/labels")
    place.send(b"{", "/api/v1/events")
    body = seen(client)
    assert body["door"] == {
        "accepted": {"events": 2, "labels": 1},
        "rejected": {"bad_timestamp": 1},
        "refused": {"Invalid": 1},
    }
    assert body["waiting"]["events"] == 3
    assert body["waiting"]["bytes"] > 0
    place.move()
    body = seen(client)
    assert body["mover"] == {"moved": 3, "new": 1, "duplicates": 1, "labels": 1, "invalid": 0}
    assert body["waiting"] == {"events": 0, "bytes": 0, "lag_ms": 0}


def test_an_organisation_sees_only_its_own_of_what_was_set_aside(client, place, event):
    place.send(event)
    place.move()
    with writing(place.database) as session:
        other = create_organisation(session, name="There", now=NOW).id
        their_key = create_key(session, organisation_id=other, kind=KeyKind.ADMIN, name="admin", now=NOW)[1]
    spoil(place, place.model("churn").id, place.organisation_id)
    (mine,) = seen(client)["set_aside"]
    assert (mine["model"], mine["kind"], mine["events"], mine["attempts"]) == ("churn", "events", 1, 5)
    assert "DecodeError" in mine["reason"]
    assert seen(client, **{"X-API-Key": their_key})["set_aside"] == []
    theirs = client.post("/api/v1/ingestion/retry", json={"entries": [mine["entry"]]}, headers={"X-API-Key": their_key})
    assert theirs.status_code == 404
    assert not seen(client)["set_aside"][0]["asked_again"]


def test_an_administrator_lets_the_mover_try_again(client, place, event, monkeypatch):
    """What nobody could read an hour ago may be readable with a newer version."""
    place.send(event | {"event_id": "before"})
    place.move()
    with monkeypatch.context() as patched:
        patched.setattr(place.mover._read, "_table", lambda *_: 1 / 0)
        patched.setattr("modelward.ingest.entry_tables.table_of_lines", lambda *_: None)
        place.send(event | {"event_id": "late"})
        for _ in range(6):
            place.mover.step()
    place.reader.sweep(now=NOW)
    (aside,) = seen(client)["set_aside"]
    assert "ZeroDivisionError" in aside["reason"]
    reader = client.post("/api/v1/ingestion/retry", headers={"X-API-Key": place.read_key})
    assert reader.status_code == 403
    answer = client.post("/api/v1/ingestion/retry")
    assert (answer.status_code, answer.json()) == (202, {"entries": [aside["entry"]], "events": 1})
    assert seen(client)["set_aside"][0]["asked_again"]
    assert sorted(row["event_id"] for row in place.stored("churn")) == ["before", "late"]
    assert seen(client)["set_aside"] == []
    assert place.reader.grant_retries() == 0


def test_who_asks_is_asked_for_a_key(client):
    assert client.get("/api/v1/ingestion", headers={"X-API-Key": ""}).status_code == 401


def test_a_file_that_the_first_mover_has_only_begun_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / PROGRESS).touch()
    found = progressed(tmp_path)
    assert (dict(found.counters), found.backlog.events) == ({}, 0)
