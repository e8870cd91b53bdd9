"""The door's paths as FastAPI knows them: described, and 405 for other methods."""

import json

import pytest
from fastapi.testclient import TestClient

from modelward.api import create_api


@pytest.fixture
def api(place):
    api = create_api()
    api.state.door = place.door
    return api


def test_the_doors_paths_stand_in_openapi(api):
    described = api.openapi()
    for path in ("/events", "/models/{model}/predictions", "/labels"):
        (method,) = described["paths"][f"/api/v1{path}"].values()
        assert {"201", "400", "401", "403", "404", "413", "415", "422", "503"} <= method["responses"].keys()
        assert method["requestBody"]["content"]["application/json"]["examples"]["one"]["value"]["event_id"]
    assert "unknown_model" in json.dumps(described)


@pytest.mark.parametrize("path", ["events", "labels", "models/m/predictions", "logs/prediction/batch"])
def test_other_methods_are_405(api, path):
    reply = TestClient(api).get(f"/api/v1/{path}")
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")


def test_the_examples_are_taken(api, place):
    for path, tried in (
        ("/events", "/events"),
        ("/models/{model}/predictions", "/models/m/predictions"),
        ("/labels",) * 2,
    ):
        (method,) = api.openapi()["paths"][f"/api/v1{path}"].values()
        for example in method["requestBody"]["content"]["application/json"]["examples"].values():
            assert place.send(example["value"], f"/api/v1{tried}").body["accepted"] > 0
            there = TestClient(api).post(f"/api/v1{tried}", json=example["value"], headers={"X-API-Key": place.key})
            assert there.status_code == 201
