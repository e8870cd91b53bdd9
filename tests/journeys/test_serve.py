"""`modelward serve` as its operator meets it: it starts, says so, tells what is wrong in a sentence, ends cleanly."""

import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.journeys.running import Running, running, start, wait_for


def serve(data_dir: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "modelward", "serve", f"--data-dir={data_dir}", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def refused(answer: "subprocess.CompletedProcess[str]") -> str:
    """What it said, when it ended with one sentence and no traceback."""
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    return " ".join(answer.stderr.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "data"


@pytest.fixture(scope="module")
def service(folder: Path):
    with running(folder) as service:
        yield service


def test_the_first_start_gives_a_key_a_link_and_a_folder_of_its_owner_alone(service: Running) -> None:
    assert service.key
    assert service.key.startswith("mw_ingest_")
    with service.http(follow_redirects=True) as client:
        page = client.get(service.link)
        assert page.status_code == 200
        assert str(page.url).endswith("/dashboard")
        assert client.get("/dashboard").status_code == 200


def test_a_link_opens_the_dashboard_once(service: Running) -> None:
    with service.http() as stranger:
        assert stranger.get("/dashboard").status_code == 303
        assert stranger.get(service.link).status_code in (401, 403)


def test_the_service_says_that_it_is_alive_and_ready(service: Running) -> None:
    with service.http() as client:
        assert client.get("/health").json()["status"] == "ok"
        ready = client.get("/api/v1/health/ready").json()
        assert ready["checks"] == dict.fromkeys(("database", "migrations", "events", "worker", "journal"), "ok")


def test_a_reference_of_what_was_just_sent_is_of_all_of_it(service: Running, folder: Path) -> None:
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    events = [
        {"model_id": "at-once", "timestamp": (begin + timedelta(minutes=n)).isoformat(), "features": {"a": n % 97}}
        for n in range(6_000)  # over 100 hours: more than a batch is profiled by itself
    ]
    span = {"start": begin.isoformat(), "end": (begin + timedelta(days=7)).isoformat()}
    key = service.admin_key(folder)
    with service.http(key) as client:
        for start_at in range(0, len(events), 1_500):
            assert client.post("/api/v1/events", json=events[start_at : start_at + 1_500]).status_code == 201

        def is_taken() -> bool:
            answer = client.post("/api/v1/models/at-once/baseline/window", json=span)
            assert answer.status_code in (201, 409), answer.text
            return bool(answer.status_code == 201)

        wait_for(is_taken, "a reference")
        assert client.get("/api/v1/models/at-once/baseline").json()["rows"] == len(events)


def test_another_host_name_is_refused_on_loopback(service: Running) -> None:
    with service.http() as client:
        assert client.get("/dashboard", headers={"Host": "evil.example"}).status_code == 400


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port} cannot be listened on" in refused(serve(tmp_path / "data", f"--port={port}"))


def test_a_folder_in_use_is_one_sentence(service: Running, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running(folder):
        assert "Another `modelward serve` uses" in refused(serve(folder, "--port=0"))


def test_an_open_address_wants_a_secret(tmp_path: Path) -> None:
    assert "set MODELWARD_SECRET_KEY" in refused(serve(tmp_path / "data", "--host=0.0.0.0", "--port=0"))


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_keeps_what_it_took(tmp_path: Path, sign: signal.Signals) -> None:
    folder = tmp_path / "data"
    service = start(folder)
    with service.http(service.key) as client:
        answer = client.post("/api/v1/events", json={"model_id": "kept", "event_id": "e1", "features": {"a": 1}})
        assert answer.status_code == 201
    service.process.send_signal(sign)
    assert service.process.wait(60) == 0
    service.process.stdout.close()  # type: ignore[union-attr]
    with running(folder, MODELWARD_PUBLIC_READ="true") as again:
        assert again.key is None
        with again.http() as client:
            assert client.get("/api/v1/models/kept").json()["key"] == "kept"
