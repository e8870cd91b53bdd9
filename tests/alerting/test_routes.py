"""Rules, incidents and silences over HTTP: what is taken, what is refused, and what the audit keeps of it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from tests.alerting.clockwork import RULES, Clockwork, episode

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key
from modelward.alerting.tables import IncidentRow
from modelward.api import create_api
from modelward.audit.tables import AuditEntry
from modelward.jobs.tables import Job
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.rules.alert_rules import BUILT_IN, AlertKind
from modelward.settings import settings_from

Client = Callable[..., TestClient]


@pytest.fixture
def model(database: Engine) -> Clockwork:
    return Clockwork.make(database)


@pytest.fixture
def client(database: Engine, model: Clockwork) -> Client:
    api = create_api()
    api.state.database, api.state.settings = database, settings_from({})

    def make(kind: str = "admin", *, model_id: int | None = None) -> TestClient:
        with writing(database) as session:
            owner = model.organisation_id
            made = create_key(
                session, organisation_id=owner, kind=KeyKind(kind), name=kind, now=now(), model_id=model_id
            )
        return TestClient(api, headers={"X-API-Key": made[1]}, base_url="http://test/api/v1/")

    return make


@pytest.fixture
def http(client: Client) -> Iterator[TestClient]:
    with client() as made:
        yield made


def entries(database: Engine) -> list[tuple[str, dict[str, object] | None, dict[str, object] | None]]:
    with reading(database) as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.position)).all()
    return [(row.action, row.before, row.after) for row in rows]


def test_the_built_in_rules_hold_without_anybody_writing_one(http: TestClient) -> None:
    listed = http.get("alert-rules").json()
    assert (listed["items"], [rule["key"] for rule in listed["built_in"]]) == ([], [rule.key for rule in BUILT_IN])
    assert http.get("alert-rules/silence").json()["condition"]["gaps"] == 3


def test_a_built_in_rule_is_switched_off_and_on_again(http: TestClient, database: Engine) -> None:
    changed = http.patch("alert-rules/drift", json={"enabled": False}).json()
    assert (changed["built_in"], changed["enabled"]) == ("drift", False)
    assert "drift" not in [rule["key"] for rule in http.get("alert-rules").json()["built_in"]]
    assert http.get("alert-rules/drift").json()["enabled"] is False
    assert http.delete("alert-rules/drift").status_code == 204
    assert http.get("alert-rules/drift").json()["id"] is None
    assert http.delete("alert-rules/drift").status_code == 404
    told = entries(database)[-2:]
    assert [action for action, _, _ in told] == ["alert_rule.changed", "alert_rule.deleted"]
    assert told[0][1:] == ({"enabled": True}, {"enabled": False})


def test_a_rule_is_written_changed_and_taken_back(http: TestClient, database: Engine) -> None:
    body = {"title": "Slow", "kind": "latency", "condition": {"percentile": 99, "limit": 250}, "model": "churn"}
    made = http.post("alert-rules", json=body).json()
    assert (made["condition"]["limit"], made["model_id"]) == (250, 1)
    changed = http.patch(f"alert-rules/{made['id']}", json={"severity": "critical", "wait_seconds": 600}).json()
    assert (changed["severity"], changed["wait_seconds"], changed["title"]) == ("critical", 600, "Slow")
    assert [rule["id"] for rule in http.get("alert-rules", params={"model": "churn"}).json()["items"]] == [made["id"]]
    assert http.delete(f"alert-rules/{made['id']}").status_code == 204
    assert http.get(f"alert-rules/{made['id']}").status_code == 404
    with reading(database) as session:
        asked = session.scalars(select(Job.key).where(Job.kind == "alert_rules_changed")).all()
    assert asked == ["1"], "the rules are asked again"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "latency"}, "needs a limit"),
        ({"kind": "risk", "condition": {"limit": 800}}, "between 0 and 100"),
        ({"kind": "drift", "condition": {"gaps": 5}}, "does not read gaps"),
        ({"kind": "drift", "condition": {"share": 1.5}}, "at most 1"),
        ({"kind": "performance", "condition": {"metric": "roc_auc"}}, "needs a limit"),
        ({"kind": "performance", "condition": {"fall": 15}}, "0.15 is 15 %"),
        ({"kind": "drift", "built_in": "silence"}, "no built-in rule"),
        ({"kind": "drift", "channel_ids": [7]}, "no channel 7"),
        ({"kind": "drift", "project": "default", "model": "churn"}, "not both"),
        ({"kind": "monitor", "model": "churn"}, "whole organisation"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_a_sentence(
    http: TestClient, body: dict[str, object], said: str
) -> None:
    answer = http.post("alert-rules", json={"title": "A rule", **body})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_a_built_in_rule_is_replaced_once_in_a_scope(http: TestClient) -> None:
    body = {"title": "Of churn", "kind": "drift", "built_in": "drift", "model": "churn"}
    assert http.post("alert-rules", json=body).status_code == 201
    assert http.post("alert-rules", json=body).status_code == 409
    assert http.post("alert-rules", json={**body, "model": None}).status_code == 201


def test_a_bound_key_changes_nothing_beyond_its_model(client: Client, http: TestClient) -> None:
    everywhere = http.post("alert-rules", json={"title": "All", "kind": "drift"}).json()["id"]
    bound = client("admin", model_id=1)
    assert bound.post("alert-rules", json={"title": "Own", "kind": "drift", "model": "churn"}).status_code == 201
    assert bound.post("alert-rules", json={"title": "All", "kind": "drift"}).status_code == 403
    assert bound.patch(f"alert-rules/{everywhere}", json={"enabled": False}).status_code == 403
    assert bound.patch("alert-rules/drift", json={"enabled": False}).status_code == 403
    assert bound.post("silences", json={"reason": "we know", "hours": 1}).status_code == 403
    assert bound.post("silences", json={"reason": "we know", "hours": 1, "model": "churn"}).status_code == 201


def test_an_incident_tells_its_alerts_and_every_decision(http: TestClient, model: Clockwork) -> None:
    model.sees("age", "town")
    model.passes(timedelta(hours=1))
    (listed,) = http.get("alerts", params={"state": "open", "model": "churn"}).json()["items"]
    assert (listed["title"], listed["model"], listed["messages"]) == ("2 columns have drifted", "churn", 1)
    told = http.get(f"alerts/{listed['id']}").json()
    assert [alert["subject"] for alert in told["alerts"]] == ["age", "town"]
    assert [(event["kind"], event["reason"]) for event in told["timeline"]] == [
        ("fired", None),
        ("decided", "group_wait"),
        ("decided", "first"),
    ]
    assert told["timeline"][-1]["message"]["title"] == "churn: 2 columns have drifted"
    assert http.get("alerts", params={"acknowledged": True}).json()["items"] == []
    assert http.get("alerts/999").status_code == 404


def test_an_acknowledgement_is_kept_with_its_note_and_taken_back(
    http: TestClient, model: Clockwork, database: Engine
) -> None:
    model.sees("age")
    model.passes(timedelta(hours=1))
    told = http.post("alerts/1/acknowledge", json={"note": "we retrain"}).json()
    assert told["acknowledged_by"] == 'the admin key "admin"'
    assert told["timeline"][-1]["sentence"].endswith("has seen it, and sees to it: we retrain")
    assert http.post("alerts/1/acknowledge").json()["acknowledged_at"] == told["acknowledged_at"]
    assert http.post("alerts/1/acknowledge", json={"acknowledged": False}).json()["acknowledged_at"] is None
    told = [action for action, _, _ in entries(database)[-2:]]
    assert told == ["incident.acknowledged", "incident.unacknowledged"]


def test_what_is_over_cannot_be_acknowledged(http: TestClient, model: Clockwork) -> None:
    model.sees("age")
    model.passes(timedelta(hours=1))
    model.sees()
    model.passes(timedelta(hours=1))
    assert http.post("alerts/1/acknowledge").status_code == 409
    assert http.get("alerts", params={"state": "open"}).json()["items"] == []


def test_a_silence_must_end_within_ninety_days(http: TestClient) -> None:
    quiet = {"reason": "we know", "model": "churn"}
    late = (datetime.now(UTC) + timedelta(days=91)).isoformat()
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for wrong in ({}, {"hours": 24 * 91}, {"ends_at": late}, {"ends_at": past}, {"hours": 1, "ends_at": late}):
        assert http.post("silences", json={**quiet, **wrong}).status_code == 422
    assert http.post("silences", json={**quiet, "reason": " ", "hours": 1}).status_code == 422


def test_a_silence_is_ended_rather_than_deleted(http: TestClient, database: Engine) -> None:
    made = http.post("silences", json={"reason": "we know", "hours": 24, "column": "age"}).json()
    assert (made["state"], made["author"], made["model"]) == ("active", 'the admin key "admin"', None)
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    assert http.patch(f"silences/{made['id']}", json={"ends_at": later}).status_code == 200
    assert http.delete(f"silences/{made['id']}").status_code == 204
    assert http.delete(f"silences/{made['id']}").status_code == 204, "again changes nothing"
    ended = http.get(f"silences/{made['id']}").json()
    assert (ended["state"], ended["expired_by"]) == ("expired", made["author"])
    assert http.patch(f"silences/{made['id']}", json={"reason": "more"}).status_code == 409
    assert http.get("silences", params={"expired": False}).json()["items"] == []
    actions = [action for action, _, _ in entries(database)[-3:]]
    assert actions == ["silence.created", "silence.changed", "silence.expired"]


def test_a_silence_has_open_incidents_decided_on_at_once(http: TestClient, model: Clockwork, database: Engine) -> None:
    model.sees("age")
    http.post("silences", json={"reason": "we know", "hours": 24})
    with reading(database) as session:
        (job,) = session.scalars(select(Job).where(Job.kind == "alert_group")).all()
        due = session.scalars(select(IncidentRow.due_at)).one()
    assert job.key == "1"
    assert due is not None


def test_what_lies_in_another_organisation_is_not_there(client: Client, model: Clockwork, database: Engine) -> None:
    stranger = Clockwork.make(database, key="other")
    stranger.looks(stranger.rule(RULES[AlertKind.DRIFT], episode("age")))
    ours = client("read")
    assert ours.get("alerts").json()["items"] == []
    assert ours.get("alerts/1").status_code == 404
