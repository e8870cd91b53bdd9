"""`POST /logs/prediction`, `/batch`, and `PUT /logs/prediction/{id}`, by which the outcome comes later."""

import requests
from tests.journeys.requests.field import Field, fresh

LOG = """
curl -X POST "$URL/logs/prediction" -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{
  "model_id": '$MODEL',
  "input_features": {"income": 52000, "city": "Lyon"},
  "prediction": 1,
  "actual_label": null,
  "timestamp": "2026-01-31T12:00:00"
}'
curl -X POST "$URL/logs/prediction/batch" -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '[
  {"model_id": '$MODEL', "input_features": {"income": 31000, "city": "Bonn"}, "prediction": 0, "actual_label": null,
   "timestamp": "2026-01-31T12:05:00+00:00"},
  {"model_id": '$MODEL', "input_features": {"income": 74000, "city": "Lyon"}, "prediction": 1, "actual_label": 1,
   "timestamp": "2026-01-31T12:06:00Z"}
]'
"""
OUTCOME = """
curl -X PUT "$URL/logs/prediction/$ID" -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
     -d '{"actual_label": 0, "timestamp_actual_known": "2026-02-28T12:00:00"}'
"""


def test_by_curl(field: Field) -> None:
    name = fresh("loans")
    body = {"model_name": name, "version": "1"}
    model = requests.post(f"{field.home}/api/models", json=body, headers=field.headers, timeout=30).json()["id"]
    one, many = field.curl(LOG, MODEL=model)
    assert (one.status, many.status, many.body["accepted"]) == (201, 201, 2)
    assert len(field.stored(model, 3)) == 3
    [outcome] = field.curl(OUTCOME, ID=one.body["id"])
    assert outcome.status == 201
    assert field.labelled(model, 2) == {one.body["id"]: 0.0, many.body["event_ids"][1]: 1.0}


def test_by_a_program_that_names_its_model_by_key(field: Field) -> None:
    model, ids = fresh("churn"), {}
    for number in range(6):
        entry = {
            "model_id": model,
            "input_features": {"tenure": number, "plan": "gold" if number % 2 else "free"},
            "prediction": number % 2,
            "actual_label": None,
            "timestamp": f"2026-01-31T12:0{number}:00" + ("Z" if number % 2 else ""),
        }
        logged = requests.post(f"{field.url}/logs/prediction", json=entry, headers=field.headers, timeout=30)
        assert logged.status_code == 201
        ids[logged.json()["id"]] = float(number % 2)
    for prediction_id, label in ids.items():
        known = {"actual_label": label, "timestamp_actual_known": "2026-02-28T12:00:00Z"}
        address = f"{field.url}/logs/prediction/{prediction_id}"
        outcome = requests.put(address, json=known, headers=field.headers, timeout=30)
        assert outcome.status_code == 201
    assert field.labelled(model, 6) == ids
