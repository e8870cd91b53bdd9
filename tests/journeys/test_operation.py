"""The log, the measures and the health of a real `modelward serve`, as whoever operates it reads them."""

import base64
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.journeys.running import Running, running, wait_for

PREFIXES = ("", "/api", "/api/v1")
PASSWORD = "hunter2-correct-horse-battery"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWFkYQ"
BASIC = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Operated(NamedTuple):
    """A running service, its folder, its log, and a key of each kind."""

    service: Running
    folder: Path
    log: Path
    ingest: str
    read: str
    admin: str

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line]

    def lines_of(self, request_id: str, *, n: int) -> list[dict[str, Any]]:
        """The `n` lines of a request. The last of them is written when its answer is out already."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines() if line.get("request_id") == request_id]

        wait_for(lambda: len(found()) == n, f"{n} lines of the request {request_id}")
        return found()

    def measured(self, prefix: str = "") -> dict[tuple[str, frozenset[str]], float]:
        with self.service.http(self.read) as client:
            answer = client.get(f"{prefix}/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, frozenset(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    @contextmanager
    def without_models(self) -> Iterator[None]:
        """The table of models is away while the block lasts: whatever asks for it fails."""
        with closing(sqlite3.connect(self.folder / "metadata.db", timeout=10)) as database:
            database.execute("ALTER TABLE models RENAME TO models_away")
            try:
                yield
            finally:
                database.execute("ALTER TABLE models_away RENAME TO models")

    @contextmanager
    def at_version(self, version: str) -> Iterator[None]:
        """The database says that it is of another version while the block lasts."""
        with closing(sqlite3.connect(self.folder / "metadata.db", timeout=10, isolation_level=None)) as database:
            (before,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
            database.execute("UPDATE alembic_version SET version_num = ?", (version,))
            try:
                yield
            finally:
                database.execute("UPDATE alembic_version SET version_num = ?", (before,))


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    folder = tmp_path_factory.mktemp("operation") / "data"
    log = folder.parent / "service.log"
    with log.open("w") as file, running(folder, log=file, MODELWARD_LOG_LEVEL="debug") as service:
        assert service.key
        read, admin = (service.admin_key(folder, kind=kind) for kind in ("read", "admin"))
        yield Operated(service, folder, log, service.key, read, admin)


def everywhere(client: httpx2.Client, secret: str) -> None:
    """Send the secret in every place of a request, right ones and wrong ones."""
    for path in ("/api/v1/models", "/dashboard", "/api/v1/events", "/api/v1/no/such/thing", f"/api/v1/models/{secret}"):
        client.get(path, params={"token": secret, "api_key": secret, "password": secret})
        client.get(path, headers={"Authorization": f"Bearer {secret}", "Cookie": f"modelward_session={secret}"})
        client.get(path, headers={"Authorization": f"Basic {secret}", "X-API-Key": secret})
        client.post(path, content=f"email=ada&password={secret}", headers={**FORM, "X-API-Key": secret})
        client.post(path, json={"password": secret, "token": secret, "refresh_token": secret})
        client.post(path, content=f'{{"password": "{secret}"', headers={"Content-Type": "application/json"})
    client.get("/login", params={"token": secret})
    client.get(f"/login/{secret}")
    client.post("/api/v1/auth/login", json={"email": "ada@example.org", "password": secret})


def test_no_key_password_or_token_that_was_sent_stands_in_the_log(operated: Operated) -> None:
    link = operated.service.link.partition("token=")[2]
    secrets = [operated.ingest, operated.read, operated.admin, PASSWORD, JWT, BASIC, link]
    with operated.service.http() as client:
        for secret in secrets:
            everywhere(client, secret)
        with operated.without_models():
            failed = client.get(
                f"/api/v1/models/{PASSWORD}", headers={"X-API-Key": operated.read}, params={"token": JWT}
            )
    assert failed.status_code == 503
    said = operated.log.read_text()
    assert "no such table: models" in said, "the log does say what failed"
    assert [secret for secret in secrets if secret in said] == []
    assert len(operated.lines()) > 7 * 30


def test_a_failure_is_found_in_the_log_by_the_id_that_its_answer_names(operated: Operated) -> None:
    with operated.service.http(operated.read) as client, operated.without_models():
        answer = client.get("/api/v1/models/churn", headers={"X-Request-Id": "asked-by-ada"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (503, "asked-by-ada")
    assert answer.json()["request_id"] == "asked-by-ada"
    mine = operated.lines_of("asked-by-ada", n=2)
    assert [line["level"] for line in mine] == ["error", "info"]
    assert "no such table: models" in mine[0]["exception"]
    assert mine[1]["event"].startswith("GET /api/v1/models/{")
    assert (mine[1]["status"], mine[1]["principal"]) == (503, "read")


def test_the_door_tells_of_a_request_when_it_is_asked_to(operated: Operated) -> None:
    with operated.service.http(operated.ingest) as client:
        event = {"model_id": "named", "features": {"a": 1}}
        taken = client.post("/events", json=event, headers={"X-Request-Id": "from-ada"})
        assert taken.headers["x-request-id"] == "from-ada"
        refused = client.post("/events", content=b"{")
    [line] = operated.lines_of("from-ada", n=1)
    assert (line["event"], line["level"], line["status"]) == ("POST /api/v1/events", "debug", 201)
    [line] = operated.lines_of(refused.headers["x-request-id"], n=1)
    assert (line["event"], line["status"]) == ("POST /api/v1/events", 400)


def test_what_came_in_is_measured_from_the_door_to_the_store(operated: Operated) -> None:
    nothing_waits = ("modelward_journal_waiting_events", frozenset[str]())
    wait_for(lambda: operated.measured()[nothing_waits] == 0, "what came before to be moved")
    before = operated.measured()
    with operated.service.http(operated.ingest) as client:
        events = [{"model_id": "payments-eu", "event_id": f"m{n}", "features": {"a": n}} for n in range(5)]
        client.post("/api/v1/events", json=[*events, {"features": {"a": 1}}]).raise_for_status()
        client.post("/api/v1/labels", json={"event_id": "m1", "label": 1}).raise_for_status()
        client.post("/api/events", content=b"{")

    def grown(name: str, *labels: str) -> float:
        asked = (name, frozenset(labels))
        return operated.measured()[asked] - before.get(asked, 0)

    assert grown("modelward_ingest_accepted_total", "events") == 5
    assert grown("modelward_ingest_accepted_total", "labels") == 1
    assert grown("modelward_ingest_rejected_total", "no_model") == 1
    assert grown("modelward_ingest_refused_total", "Invalid") == 1
    assert grown("modelward_http_requests_total", "POST", "/api/v1/events", "201") == 1
    assert grown("modelward_http_requests_total", "POST", "/api/v1/events", "400") == 1
    assert grown("modelward_http_request_seconds_count", "POST", "/api/v1/events") == 2
    wait_for(lambda: grown("modelward_mover_moved_total") == 6, "all of it to be moved")
    assert grown("modelward_mover_new_total") == 5
    assert operated.measured()[nothing_waits] == 0


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_measures_are_for_those_who_may_read(operated: Operated, prefix: str) -> None:
    with operated.service.http() as client:
        assert client.get(f"{prefix}/metrics").status_code == 401
        assert client.get(f"{prefix}/metrics", headers={"X-API-Key": operated.ingest}).status_code == 403
    measured = operated.measured(prefix)
    checks = {labels: n for (name, labels), n in measured.items() if name == "modelward_check_ok"}
    assert (len(checks), set(checks.values())) == (5, {1.0})
    assert measured["process_resident_memory_bytes", frozenset()] > 1e7
    assert measured["modelward_worker_process_resident_memory_bytes", frozenset()] > 1e7


def test_no_measure_names_a_model_or_whatever_else_was_asked_for(operated: Operated) -> None:
    with operated.service.http(operated.admin) as client:
        client.post("/api/v1/events", json={"model_id": "payments-eu", "features": {"a": 1}}).raise_for_status()
        for path in ("/api/v1/models/payments-eu", "/dashboard/models/payments-eu", "/payments-eu"):
            client.get(path)
        client.post("/api/v1/models/payments-eu/predictions", json={"features": {"a": 1}}).raise_for_status()
        client.put("/api/v1/logs/prediction/payments-eu", json={"label": 1}).raise_for_status()
        for accept in ("text/plain", "application/openmetrics-text; version=1.0.0"):
            answer = client.get("/metrics", headers={"Accept": accept})
            assert answer.headers["content-type"].startswith(accept.partition(";")[0])
            assert "modelward_http_requests_total" in answer.text
            assert "payments-eu" not in answer.text
            assert "organisation" not in answer.text


@pytest.mark.parametrize("prefix", PREFIXES)
def test_anybody_may_ask_whether_it_is_alive_and_ready(operated: Operated, prefix: str) -> None:
    with operated.service.http() as client:
        assert client.get(f"{prefix}/health").json()["status"] == "ok"
        assert client.get(f"{prefix}/health/ready").json()["status"] == "ok"


@pytest.mark.parametrize(("version", "said"), [("0001", "behind"), ("9999", "does not know"), ("", "does not know")])
def test_a_database_of_another_version_is_not_ready(operated: Operated, version: str, said: str) -> None:
    with operated.service.http() as client, operated.at_version(version):
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert said in answer.json()["checks"]["migrations"]
        assert client.get("/health").status_code == 200


def test_a_dead_worker_is_not_ready_and_a_new_one_is(operated: Operated) -> None:
    with operated.service.http() as client:
        operated.service.child().kill()
        wait_for(lambda: client.get("/health/ready").status_code == 503, "the death to be seen")
        assert client.get("/health").status_code == 200
        told = client.get("/health/ready").text
        wait_for(lambda: client.get("/health/ready").status_code == 200, "another worker")
    assert str(operated.folder) not in told
    assert "sock" not in told
    said = [line["event"] for line in operated.lines()]
    assert any(line.startswith("the worker ended with code -9") for line in said)
    assert any(line.startswith("not ready: events: The event store is away") for line in said)
    assert "ready again: events" in said
