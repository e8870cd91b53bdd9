"""The service answers to its own names."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from modelward.kit.hosts import Hosts, name_of
from modelward.kit.problems import install_problem_handlers


def client(*names: str) -> TestClient:
    app = FastAPI()
    install_problem_handlers(app)
    app.get("/")(lambda: "here")
    return TestClient(Hosts(app, names=names, api=app))


def answers(names: tuple[str, ...], host: str) -> bool:
    found = client(*names)
    statuses = {found.get("/", headers={"Host": host}).status_code for _ in range(2)}  # the second time by heart
    assert statuses in ({200}, {400})
    return statuses == {200}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
def test_its_names_with_any_port(host: str) -> None:
    assert answers(("localhost", "127.0.0.1", "[::1]"), host)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:8000", "", "localhost@evil", "::1"]
)
def test_no_other_names(host: str) -> None:
    assert not answers(("localhost", "127.0.0.1", "[::1]"), host)


def test_all_below_a_name_and_not_the_name_itself() -> None:
    assert answers(("*.example.org",), "a.b.example.org:443")
    assert not answers(("*.example.org",), "example.org")
    assert not answers(("*.example.org",), "badexample.org")
    assert answers(("*",), "anything")


def test_the_refusal_says_what_to_do() -> None:
    answer = client("localhost").get("/", headers={"Host": "evil.example"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert "MODELWARD_ALLOWED_HOSTS" in answer.json()["detail"]


def test_a_name_without_its_port() -> None:
    told = {host: name_of(host) for host in ("A.example:80", "[::1]:8000", "[::1]", "::1", "a:", "a:b")}
    assert told == {
        "A.example:80": "a.example", "[::1]:8000": "[::1]", "[::1]": "[::1]", "::1": "::1", "a:": "a", "a:b": "a:b",
    }  # fmt: skip
