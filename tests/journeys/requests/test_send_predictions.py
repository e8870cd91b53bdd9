"""`POST /models/{id}/predictions`: a batch of one model, which the path names by id or by name."""

import pytest
import requests
from tests.journeys.requests.field import Field, fresh

MODEL = """
curl -X POST "$URL/models" -H "X-API-Key: $KEY" -H "Content-Type: application/json" -d '{"name": "'$NAME'"}'
"""
BATCH = """
curl -X POST "$URL/models/$MODEL/predictions" -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{
  "predictions": [
    {"features": {"age": 41, "plan": "gold"}, "prediction_value": 0.83, "timestamp": "2026-01-31T12:00:00"},
    {"features": {"age": 35, "plan": "free"}, "prediction_value": 0.12, "timestamp": "2026-01-31T13:00:00+01:00"},
    {"features": {"age": 27, "plan": "free"}, "prediction_value": 0.44, "timestamp": "2026-01-31T14:00:00Z"}
  ]
}'
"""


@pytest.mark.parametrize("by", ["id", "key"])
def test_a_batch_by_curl(field: Field, by: str) -> None:
    name = fresh("churn")
    [made] = field.curl(MODEL, NAME=name)
    [sent] = field.curl(BATCH, MODEL=made.body[by])
    assert (sent.status, sent.body["accepted"], sent.body["rejected"]) == (201, 3, [])
    stored = field.stored(name, 3)
    assert [item["timestamp"] for item in stored] == [
        "2026-01-31T14:00:00Z",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00Z",
    ]
    assert stored[0]["prediction"] == 0.44
    assert stored[0]["features"] == {"age": 27, "plan": "free"}


def test_a_batch_by_a_program_whose_model_nobody_registered(field: Field) -> None:
    name = fresh("unknown")
    predictions = [{"features": {"age": age}, "prediction_value": age / 100, "timestamp": None} for age in range(20)]
    sent = requests.post(
        f"{field.url}/models/{name}/predictions", json={"predictions": predictions}, headers=field.headers, timeout=30
    )
    assert sent.status_code == 201
    assert {item["event_id"] for item in field.stored(name, 20)} == set(sent.json()["event_ids"])


def test_a_batch_for_an_id_that_is_not_there(field: Field) -> None:
    [sent] = field.curl(BATCH, MODEL=999_999)
    assert sent.status == 404
    assert "There is no model" in sent.body["detail"]
