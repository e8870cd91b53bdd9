"""Projects over HTTP: made, named by id or key, renamed, listed."""

import pytest
from fastapi.testclient import TestClient
from tests.registry.conftest import Client


@pytest.fixture
def http(client: Client) -> TestClient:
    return client()


def test_a_project_is_made_and_read_by_id_and_by_key(http: TestClient) -> None:
    made = http.post("projects", json={"name": "Zürich payments"})
    assert made.status_code == 201
    told = made.json()
    assert (told["key"], told["name"], told["models"]) == ("Zürich payments", "Zürich payments", 0)
    assert http.get(f"projects/{told['id']}").json() == told
    assert http.get("projects/Zürich payments").json() == told
    assert http.post("projects", json={"key": "Zürich payments"}).status_code == 409


@pytest.mark.parametrize("name", ["", " ", "42", "x" * 201])
def test_a_name_that_cannot_be_a_key_is_refused(http: TestClient, name: str) -> None:
    assert http.post("projects", json={"name": name}).status_code == 422
    assert http.get("projects").json()["items"] == []


def test_what_is_not_there_is_told_so(http: TestClient) -> None:
    for name in ("none", "1", "0", "9" * 30, "%00"):
        assert http.get(f"projects/{name}").status_code == 404


def test_a_project_lists_its_models(http: TestClient) -> None:
    for name, project in (("a", "one"), ("b", "two"), ("c", "one")):
        http.post("models", json={"name": name, "project": project})
    [one, two] = http.get("projects").json()["items"]
    assert [(one["key"], one["models"]), (two["key"], two["models"])] == [("one", 2), ("two", 1)]
    for name in ("one", one["id"]):
        listed = http.get("models", params={"project": name}).json()["items"]
        assert [model["key"] for model in listed] == ["a", "c"]
        assert {model["project_id"] for model in listed} == {one["id"]}


def test_a_key_of_digits_that_an_event_brought_goes_before_an_id(http: TestClient) -> None:
    http.post("models", json={"name": "first", "project": "plain"})
    http.post("models", json={"name": "second", "project": 1})
    assert http.get("projects/1").json()["key"] == "1"
    assert http.get("projects/2").json()["key"] == "1"


def test_a_project_is_renamed_and_keeps_its_models(http: TestClient) -> None:
    http.post("models", json={"name": "m", "project": "old"})
    http.post("projects", json={"name": "taken"})
    assert http.patch("projects/old", json={"name": "taken"}).status_code == 409
    assert http.patch("projects/old", json={"name": "new"}).json()["models"] == 1
    assert http.get("projects/old").status_code == 404
    assert http.get("models", params={"project": "new"}).json()["items"][0]["key"] == "m"


def test_the_list_is_sorted_filtered_and_comes_in_pages(http: TestClient) -> None:
    for name in ("b", "c", "a"):
        http.post("projects", json={"name": name})
    first = http.get("projects", params={"sort": "-key", "limit": 2})
    assert [one["key"] for one in first.json()["items"]] == ["c", "b"]
    rest = http.get(first.links["next"]["url"]).json()
    assert ([one["key"] for one in rest["items"]], rest["next"]) == (["a"], None)
    assert [one["key"] for one in http.get("projects", params={"key": "b"}).json()["items"]] == ["b"]


def test_who_reads_or_sends_makes_no_projects(client: Client) -> None:
    for kind in ("read", "ingest"):
        assert client(kind).post("projects", json={"name": "x"}).status_code == 403
