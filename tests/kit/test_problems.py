"""Every error of the HTTP edge is one shape, with a sentence that says what to do."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError

from modelward.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    ModelwardError,
    NotFound,
    Unauthorized,
    Unavailable,
)
from modelward.kit.problems import STATUS, install_problem_handlers, problem_of


class Body(BaseModel):
    name: str = Field(max_length=3)
    rows: list[int] = []


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    install_problem_handlers(app)

    @app.post("/things")
    def make(body: Body) -> Body:
        return body

    @app.get("/fault")
    def fault() -> None:
        raise ZeroDivisionError("a secret of the house")

    @app.get("/teapot")
    def teapot() -> None:
        raise HTTPException(418, "Short and stout.", {"X-Tea": "yes"})

    @app.get("/busy")
    def busy() -> None:
        raise Unavailable("The disk is full: free some space.", retry_after=7)

    @app.get("/away")
    def away() -> None:
        raise OperationalError("SELECT 1", {}, Exception("could not connect to 10.0.0.7"))

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unauthorized("s"), 401),
        (Forbidden("s"), 403),
        (NotFound("s"), 404),
        (Conflict("s"), 409),
        (Invalid("s"), 422),
        (Unavailable("s"), 503),
    ],
)
def test_each_kind_has_its_status(error: ModelwardError, status: int) -> None:
    told, _headers, body = problem_of(error)
    assert (told, body["status"], body["detail"], body["type"]) == (status, status, "s", "about:blank")


def test_every_kind_of_error_is_in_the_table() -> None:
    ours = {kind for kind in ModelwardError.__subclasses__() if kind.__module__ == "modelward.errors"}
    assert ours <= {kind for kind, _, _ in STATUS}


def test_an_error_that_may_pass_says_when_to_come_back(client: TestClient) -> None:
    answer = client.get("/busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "The disk is full: free some space."


def test_a_database_that_is_away_is_a_matter_of_time(client: TestClient) -> None:
    answer = client.get("/away")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "10.0.0.7" not in answer.text


def test_who_is_not_known_is_told_how_to_say_who_they_are() -> None:
    assert problem_of(Unauthorized("s"))[1] == {"WWW-Authenticate": "Bearer"}


def test_a_field_that_is_wrong_is_named_with_what_was_wrong_and_what_to_do(client: TestClient) -> None:
    body = client.post("/things", json={"name": "long name", "rows": [1, "x"]}).json()
    assert body["status"] == 422
    assert body["detail"] == "The request is not valid: see name, rows.1."
    assert [error["field"] for error in body["errors"]] == ["name", "rows.1"]
    assert all(error["wrong"] and error["fix"] for error in body["errors"])


def test_a_field_that_is_missing_is_to_be_added(client: TestClient) -> None:
    assert client.post("/things", json={}).json()["errors"] == [
        {"field": "name", "wrong": "Field required", "fix": "add this field"}
    ]


def test_a_body_that_is_no_json_is_told_so(client: TestClient) -> None:
    [error] = client.post("/things", content=b"{", headers={"content-type": "application/json"}).json()["errors"]
    assert "send JSON" in error["fix"]


def test_fields_of_our_own_errors_are_told_in_the_same_way() -> None:
    _status, _headers, body = problem_of(Invalid("s", fields=(FieldError("a.b", "wrong", "do"),)))
    assert body["errors"] == [{"field": "a.b", "wrong": "wrong", "fix": "do"}]


def test_a_path_that_is_not_there_and_a_method_that_is_not_known(client: TestClient) -> None:
    missing, method = client.get("/nowhere"), client.delete("/things")
    assert (missing.status_code, missing.json()["title"]) == (404, "Not found")
    assert "/nowhere" in missing.json()["detail"]
    assert (method.status_code, method.headers["allow"]) == (405, "POST")


def test_other_errors_keep_their_status_their_words_and_their_headers(client: TestClient) -> None:
    answer = client.get("/teapot")
    assert (answer.status_code, answer.json()["detail"], answer.headers["x-tea"]) == (418, "Short and stout.", "yes")


def test_a_fault_of_the_service_tells_nothing_of_its_inside(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/fault")
    assert answer.status_code == 500
    assert "secret of the house" not in answer.text
    assert "secret of the house" in caplog.text
