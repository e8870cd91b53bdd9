"""Every request has an id, one line in the log, and is counted under its route's template."""

import logging
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse

from modelward.errors import Unavailable
from modelward.kit.measures import Measures, RequestMeasures
from modelward.kit.observe import Observed
from modelward.kit.problems import install_problem_handlers

SANE = "abc.DEF_1-2"


class Caller:
    """Whoever asks, of a service with a few routes; and what it measured."""

    def __init__(self, client: TestClient, measures: Measures) -> None:
        self.client = client
        self.measures = measures

    def counted(self) -> dict[tuple[str, str, str], float]:
        content, _ = self.measures.exposition("")
        return {
            (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
            for family in text_string_to_metric_families(content.decode())
            for sample in family.samples
            if sample.name == "modelward_http_requests_total"
        }


@pytest.fixture
def caller() -> Iterator[Caller]:
    app, router = FastAPI(), APIRouter()
    install_problem_handlers(app)

    @router.get("/things/{name}")
    def thing(name: str, request: Request) -> str:
        logging.getLogger("modelward.things").warning("looking for it")
        return name

    @router.get("/fault/{token}")
    def fault(token: str) -> None:
        raise ZeroDivisionError

    @router.get("/busy")
    def busy() -> None:
        raise Unavailable("Come again.")

    app.include_router(router, prefix="/api/v1")
    app.mount("/static", PlainTextResponse("x"))
    measures = Measures(RequestMeasures())
    # Not told of errors: what the application answered with 500 does not come up to the server again.
    with TestClient(Observed(app, measures.requests)) as client:
        yield Caller(client, measures)


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "modelward")
    return caplog


def test_the_callers_id_is_kept_and_sent_back(caller: Caller) -> None:
    assert caller.client.get("/api/v1/things/a", headers={"X-Request-Id": SANE}).headers["x-request-id"] == SANE


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "ä", "<script>", "a;b"])
def test_an_id_that_is_not_sane_is_replaced(caller: Caller, given: str) -> None:
    answer = caller.client.get("/api/v1/things/a", headers={b"X-Request-Id": given.encode()})
    assert answer.headers["x-request-id"] not in ("", given)


def test_each_request_has_an_id_of_its_own(caller: Caller) -> None:
    ids = {caller.client.get(path).headers["x-request-id"] for path in ("/api/v1/things/a", "/nowhere", "/api/v1/busy")}
    assert len(ids) == 3


@pytest.mark.parametrize("path", ["/api/v1/fault/x", "/api/v1/busy"])
def test_a_failure_names_its_request_in_the_body(caller: Caller, path: str) -> None:
    answer = caller.client.get(path, headers={"X-Request-Id": SANE})
    assert answer.json()["request_id"] == SANE


def test_what_is_no_failure_does_not(caller: Caller) -> None:
    assert "request_id" not in caller.client.get("/nowhere").json()


def test_a_request_has_one_line_with_its_template_status_and_time(
    caller: Caller, heard: pytest.LogCaptureFixture
) -> None:
    caller.client.get("/api/v1/things/secret-name?token=x")
    [line] = [record for record in heard.records if record.name == "modelward.requests"]
    assert (line.getMessage(), line.levelname) == ("GET /api/v1/things/{name}", "INFO")
    assert line.__dict__["status"] == 200
    assert line.__dict__["ms"] >= 0


def test_a_path_that_is_none_of_ours_is_shown_without_what_may_be_a_token(
    caller: Caller, heard: pytest.LogCaptureFixture
) -> None:
    caller.client.get("/wrong/0123456789abcdefghijklmnopqrstuv/x")
    assert "GET /wrong/…/x" in heard.messages


def test_a_fault_does_not_tell_the_path_that_it_was_asked_with(caller: Caller, heard: pytest.LogCaptureFixture) -> None:
    caller.client.get("/api/v1/fault/hunter2")
    assert "GET /api/v1/fault/{token} failed" in heard.messages
    assert "hunter2" not in heard.text


def test_requests_are_counted_by_template(caller: Caller) -> None:
    for name in "abc":
        caller.client.get(f"/api/v1/things/{name}")
    caller.client.get("/static/some/file.js")
    caller.client.get("/one")
    caller.client.get("/two")
    caller.client.get("/api/v1/fault/x")
    caller.client.post("/api/v1/busy")
    caller.client.request("BREW", "/api/v1/busy")
    assert caller.counted() == {
        ("GET", "/api/v1/things/{name}", "200"): 3,
        ("GET", "/static/*", "200"): 1,
        ("GET", "unmatched", "404"): 2,
        ("GET", "/api/v1/fault/{token}", "500"): 1,
        ("POST", "/api/v1/busy", "405"): 1,
        ("OTHER", "/api/v1/busy", "405"): 1,
    }
