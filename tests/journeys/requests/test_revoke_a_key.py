"""A key is made, bound, rotated and revoked over HTTP, and the door hears of it within seconds."""

import requests
from tests.journeys.requests.field import Field, fresh
from tests.journeys.running import wait_for

MAKE = """
curl -X POST "$URL/api-keys" -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
     -d '{"kind": "ingest", "name": "billing", "model": "'$MODEL'"}'
"""
ROTATE = """
curl -X POST "$URL/api-keys/$ID/rotate" -H "Authorization: Bearer $KEY"
"""
REVOKE = """
curl -X DELETE "$URL/api-keys/$ID" -H "Authorization: Bearer $KEY"
"""


def test_a_bound_key_by_curl(service, key, tmp_path) -> None:
    field = Field(f"{service.url}/api/v1", service.url, key, tmp_path)
    model, other = fresh("billing"), fresh("other")
    for name in (model, other):
        requests.post(f"{field.url}/models", json={"name": name}, headers=field.headers, timeout=30)

    def status(bound: str, name: str) -> int:
        body = {"model_id": name, "features": {"a": 1}}
        return requests.post(f"{field.url}/events", json=body, headers={"X-API-Key": bound}, timeout=30).status_code

    [made] = field.curl(MAKE, MODEL=model)
    [rotated] = field.curl(ROTATE, ID=made.body["id"])
    assert (made.status, rotated.status) == (201, 201)
    assert [status(one.body["key"], model) for one in (made, rotated)] == [201, 201]
    assert [status(one.body["key"], other) for one in (made, rotated)] == [422, 422]
    [revoked] = field.curl(REVOKE, ID=made.body["id"])
    assert revoked.status == 204
    wait_for(lambda: status(made.body["key"], model) == 401, "the door to refuse a revoked key", seconds=10)
    assert status(rotated.body["key"], model) == 201
