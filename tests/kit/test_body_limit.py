"""What a request may send: so many bytes, plain, in time, and uploads only while the disk has room."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request, UploadFile
from starlette.testclient import TestClient

from modelward.kit.body_limit import BodyLimits
from modelward.kit.patience import PATIENCE, Patience
from modelward.kit.problems import install_problem_handlers
from modelward.settings import settings_from


def application(folder: Any, *, patience: Patience = PATIENCE, **given: Any) -> FastAPI:
    app = FastAPI()
    install_problem_handlers(app)
    app.add_middleware(
        BodyLimits,
        settings=settings_from({}, data_dir=folder, **{"max_body_bytes": 1_000, "max_upload_bytes": 100_000, **given}),
        patience=patience,
    )

    @app.post("/json")
    def take(body: dict[str, Any]) -> int:
        return len(body["text"])

    @app.post("/file")
    def file(file: UploadFile) -> int:
        return len(file.file.read())

    @app.post("/deaf")
    async def deaf(request: Request) -> None:
        """Reads nothing."""

    return app


@pytest.fixture
def client(tmp_path) -> Iterator[TestClient]:
    with TestClient(application(tmp_path), raise_server_exceptions=False) as client:
        yield client


def test_a_body_within_bounds_is_taken(client: TestClient) -> None:
    assert client.post("/json", json={"text": "x" * 900}).json() == 900


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_413_with_a_length_and_without(client: TestClient, announced: bool) -> None:
    body = b'{"text": "' + b"x" * 1_000 + b'"}'
    sent: Any = body if announced else iter([body[:500], body[500:]])
    answer = client.post("/json", content=sent, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert answer.json()["detail"] == "The body has more than 1,000 bytes: send less."
    assert answer.headers["connection"] == "close"


def test_an_endless_body_is_not_read_to_its_end(tmp_path) -> None:
    given = 0

    async def endless() -> dict[str, Any]:
        nonlocal given
        given += 1
        return {"type": "http.request", "body": b"x" * 1_000_000, "more_body": True}

    [start, *_] = asyncio.run(asked(application(tmp_path), "/json", endless, ("content-type", "application/json")))
    assert start["status"] == 413
    assert given < 30


def test_a_body_that_is_announced_as_far_too_large_is_not_read_at_all(tmp_path) -> None:
    async def never() -> dict[str, Any]:
        raise AssertionError("the body was read")

    length = ("content-length", "999999999999")
    for headers in ([length], [("content-length", "2000"), ("expect", "100-continue")]):
        [start, *_] = asyncio.run(asked(application(tmp_path), "/json", never, *headers))
        assert start["status"] == 413


def test_a_body_that_no_route_reads_is_not_counted(client: TestClient) -> None:
    assert client.post("/deaf", content=iter([b"x" * 5_000])).status_code == 200


def test_uploads_have_a_limit_of_their_own(client: TestClient) -> None:
    assert client.post("/file", files={"file": b"x" * 90_000}).json() == 90_000
    answer = client.post("/file", files={"file": b"x" * 100_000})
    assert (answer.status_code, answer.json()["detail"]) == (413, "The body has more than 100,000 bytes: send less.")


def test_an_upload_that_the_disk_has_no_room_for_waits(tmp_path) -> None:
    full = application(tmp_path, min_free_disk_bytes=1 << 60)
    answer = TestClient(full, raise_server_exceptions=False).post("/file", files={"file": b"x"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "no room" in answer.json()["detail"]
    assert TestClient(full).post("/json", json={"text": ""}).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip"])
def test_a_packed_body_is_415(client: TestClient, coding: str) -> None:
    answer = client.post("/json", content=b"x", headers={"Content-Encoding": coding})
    assert answer.status_code == 415
    assert "send the body plain" in answer.json()["detail"]
    assert client.post("/json", json={"text": ""}, headers={"Content-Encoding": "identity"}).status_code == 200


def test_a_body_that_does_not_come_is_408(tmp_path) -> None:
    app = application(tmp_path, patience=Patience(still=0.2, whole=5))

    async def stalling() -> AsyncIterator[dict[str, Any]]:
        yield {"type": "http.request", "body": b'{"te', "more_body": True}
        await asyncio.Event().wait()

    parts = stalling()
    headers = ("content-type", "application/json")
    [start, *_] = asyncio.run(asked(app, "/json", parts.__anext__, headers))
    assert start["status"] == 408


async def asked(app: FastAPI, path: str, receive: Any, *headers: tuple[str, str]) -> list[Any]:
    """What the application sends for a POST whose body `receive` gives."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "scheme": "http", "http_version": "1.1", "server": ("test", 80), "client": ("test", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }  # fmt: skip
    await app(scope, receive, send)
    return sent
