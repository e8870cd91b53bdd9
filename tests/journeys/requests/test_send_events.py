"""`POST /events` with `X-API-Key`: the project and the model are registered from what it sends."""

from datetime import datetime, timedelta

import requests
from tests.journeys.requests.field import Field, fresh

EVENT = """
curl -X POST "$URL/events" -H "X-API-Key: $KEY" -H "Content-Type: application/json" -d '{
  "project_id": "'$PROJECT'",
  "model_id": "'$MODEL'",
  "endpoint": "/predict",
  "timestamp": "2026-01-31T12:00:00",
  "latency_ms": 12.5,
  "y_pred": 1,
  "y_proba": 0.83,
  "features": {"age": 41, "plan": "gold", "member": true}
}'
"""


def test_an_event_by_curl(field: Field) -> None:
    project, model = fresh("crm"), fresh("churn")
    [sent] = field.curl(EVENT, PROJECT=project, MODEL=model)
    assert sent.status == 201
    [stored] = field.stored(model, 1)
    assert stored["event_id"] == sent.body["event_id"]
    told = {name: stored[name] for name in ("endpoint", "timestamp", "latency_ms", "prediction", "score", "features")}
    assert told == {
        "endpoint": "/predict",
        "timestamp": "2026-01-31T12:00:00Z",
        "latency_ms": 12.5,
        "prediction": 1.0,
        "score": 0.83,
        "features": {"age": 41.0, "plan": "gold", "member": True},
    }
    assert [one["key"] for one in field.read("/models", project=project)["items"]] == [model]


def test_events_by_a_program_with_and_without_a_zone(field: Field) -> None:
    model, noon = fresh("fraud"), datetime(2026, 1, 31, 12)  # noqa: DTZ001 - as programs do
    moments = [noon.isoformat(), f"{noon.isoformat()}Z", f"{(noon + timedelta(hours=2)).isoformat()}+02:00"]
    for moment in moments:
        event = {"project_id": 7, "model_id": model, "timestamp": moment, "y_pred": 0, "features": {"amount": 9.5}}
        sent = requests.post(f"{field.url}/events", json=event, headers={"X-API-Key": field.key}, timeout=30)
        assert sent.status_code == 201
    assert {item["timestamp"] for item in field.stored(model, 3)} == {"2026-01-31T12:00:00Z"}
    assert [one["key"] for one in field.read("/models", project="7")["items"]].count(model) == 1


def test_a_program_that_sends_nonsense_is_told_what_to_do(field: Field) -> None:
    sent = requests.post(f"{field.url}/events", json={"features": {"a": 1}}, headers=field.headers, timeout=30)
    assert sent.status_code == 422
    assert "send `model_id`" in sent.json()["detail"]
    nobody = requests.post(f"{field.url}/events", json={"model_id": "m"}, timeout=30)
    assert (nobody.status_code, nobody.headers["content-type"]) == (401, "application/problem+json")
