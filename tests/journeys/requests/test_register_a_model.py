"""`POST /models` in both of its shapes, and the model read back by its id and by its name."""

import requests
from tests.journeys.requests.field import Field, fresh

BY_FEATURES = """
curl -X POST "$URL/models" -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{
  "name": "'$NAME'",
  "version": "1.0",
  "description": "Who leaves",
  "features": [
    {"feature_name": "age", "feature_type": "continuous", "order": 0},
    {"feature_name": "plan", "feature_type": "categorical", "order": 1}
  ]
}'
curl "$URL/models/$NAME" -H "Authorization: Bearer $KEY"
"""
BY_SCHEMA = """
curl -X POST "$URL/models" -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" -d '{
  "model_name": "'$NAME'",
  "version": "2.1",
  "description": "Who is lent money",
  "training_accuracy": 0.91,
  "fairness_baseline": 0.85,
  "schema_definition": {
    "features": ["income", "city", "member", "children"],
    "target": "approved",
    "feature_types": {"income": "float", "city": "str", "member": "bool", "children": "int"}
  }
}'
curl -X PATCH "$URL/models/$NAME" -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
     -d '{"description": "Who is lent money, and who is not"}'
"""


def test_by_a_list_of_features_with_curl(field: Field) -> None:
    name = fresh("churn_model_v1")
    made, read = field.curl(BY_FEATURES, NAME=name)
    assert (made.status, read.status) == (201, 200)
    assert type(made.body["id"]) is int
    assert field.read(f"/models/{made.body['id']}") == read.body
    assert read.body["features"] == [{"name": "age", "kind": "numeric"}, {"name": "plan", "kind": "categorical"}]


def test_by_a_list_of_features_with_a_program(field: Field) -> None:
    name = fresh("fraud")
    model = {
        "name": name,
        "version": "1.0",
        "description": "d",
        "features": [{"feature_name": "amount", "feature_type": "continuous", "order": 1}],
    }
    made = requests.post(f"{field.url}/models", json=model, headers={"X-API-Key": field.key}, timeout=30)
    again = requests.post(f"{field.url}/models", json=model, headers={"X-API-Key": field.key}, timeout=30)
    assert (made.status_code, again.status_code) == (201, 409)
    assert again.headers["content-type"] == "application/problem+json"
    assert field.read("/models", name=name)["items"][0]["id"] == made.json()["id"]


def test_by_a_schema_with_curl(field: Field) -> None:
    name = fresh("loan_approval")
    made, changed = field.curl(BY_SCHEMA, NAME=name)
    assert (made.status, changed.status) == (201, 200)
    told = {field: made.body[field] for field in ("model_name", "version", "status", "deployment_status")}
    assert told == {"model_name": name, "version": "2.1", "status": "draft", "deployment_status": "draft"}
    assert {"id", "created_by", "created_at"} <= made.body.keys()
    assert changed.body["description"] == "Who is lent money, and who is not"
    kinds = {feature["name"]: feature["kind"] for feature in field.read(f"/models/{name}")["features"]}
    assert kinds == {"income": "numeric", "city": "categorical", "member": "boolean", "children": "numeric"}


def test_by_a_name_and_a_version_with_a_program(field: Field) -> None:
    name = fresh("tiny")
    made = requests.post(
        f"{field.url}/models", json={"model_name": name, "version": "1"}, headers=field.headers, timeout=30
    )
    assert made.status_code == 201
    later = {"task": "classification", "protected_attributes": ["gender"], "time_zone": "Europe/Berlin"}
    other = requests.post(
        f"{field.url}/models", json={"model_name": name, "version": "2", **later}, headers=field.headers, timeout=30
    )
    told = field.read(f"/models/{other.json()['id']}")
    assert (told["model_name"], told["version"], told["time_zone"]) == (name, "2", "Europe/Berlin")
    assert told["attributes"]["protected_attributes"] == ["gender"]
