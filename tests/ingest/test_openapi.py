"""The door's paths as FastAPI knows them: described, and 405 for other methods."""

import json

import pytest
from fastapi.testclient import TestClient

from modelward.api import create_api


@pytest.fixture
def api(place):
    api = create_api()
    api.state.door = place.door
    api.state.database, api.state.settings = place.database, place.settings
    return api


def test_the_doors_paths_stand_in_openapi(api):
    described = api.openapi()
    for path in ("/events", "/models/{model}/predictions", "/labels", "/logs/prediction", "/logs/prediction/batch"):
        (method,) = described["paths"][f"/api/v1{path}"].values()
        assert {"201", "400", "401", "403", "404", "413", "415", "422", "503"} <= method["responses"].keys()
        assert method["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]
    assert "unknown_model" in json.dumps(described)


@pytest.mark.parametrize("path", ["events", "labels", "models/m/predictions", "logs/prediction/batch"])
def test_other_methods_are_405(api, path):
    for prefix in ("/api/v1", "/api", ""):
        reply = TestClient(api).get(f"{prefix}/{path}")
        assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert TestClient(api).get("/logs/prediction/e-1").headers["allow"] == "PUT"


def test_the_examples_are_taken(api, place):
    for path, tried in (
        ("/events", "/events"),
        ("/models/{model}/predictions", "/models/m/predictions"),
        *((path, path) for path in ("/labels", "/logs/prediction", "/logs/prediction/batch")),
        ("/logs/prediction/{event_id}", "/logs/prediction/e-1"),
    ):
        ((name, method),) = api.openapi()["paths"][f"/api/v1{path}"].items()
        for example in method["requestBody"]["content"]["application/json"]["examples"].values():
            assert place.send(example["value"], f"/api/v1{tried}", method=name.upper()).body["accepted"] > 0
            headers = {"X-API-Key": place.key}
            there = TestClient(api).request(name, f"/api/v1{tried}", json=example["value"], headers=headers)
            assert there.status_code == 201
