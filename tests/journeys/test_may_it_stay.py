"""May it stay in production, who decided, and who was told: the whole way through a real service."""

import csv
import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from tests.journeys.running import running, wait_for

HERE = "127.0.0.1"
MODEL = "/api/v1/models/churn"


def reference(http: httpx2.Client) -> None:
    """What the model looked like when all was well."""
    http.post("/api/v1/models", json={"name": "churn", "version": "1"}).raise_for_status()
    rng, text = np.random.default_rng(7), io.StringIO()
    csv.writer(text).writerows([("age", "income"), *zip(rng.normal(40, 10, 2_000), rng.normal(3, 1, 2_000))])  # noqa: B905
    http.post(f"{MODEL}/baseline", files={"file": ("reference.csv", text.getvalue())}).raise_for_status()


def broken_feed(http: httpx2.Client) -> None:
    """Ages in days, incomes in cents."""
    rng, now = np.random.default_rng(8), time.time()
    http.post(
        "/api/v1/events",
        json=[
            {"model_id": "churn", "timestamp": now, "prediction": 1, "features": {"age": 365 * age, "income": 100 * x}}
            for age, x in zip(rng.normal(40, 10, 400), rng.normal(3, 1, 400), strict=True)
        ],
    ).raise_for_status()


def status(http: httpx2.Client) -> dict[str, Any]:
    return dict(http.get(f"{MODEL}/status").raise_for_status().json())


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "modelward", "audit", "verify", "--data-dir", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_broken_feed_blocks_a_version_within_seconds_and_an_override_is_on_record(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running(folder) as service, service.http(service.admin_key(folder)) as http:
        reference(http)
        assert status(http)["governance_status"] is None
        broken_feed(http)
        wait_for(lambda: status(http)["governance_status"] == "BLOCKED", "the version to be blocked")
        assert status(http)["risk_score"] == 100

        refused = http.post("/api/models/churn/deploy", json={"override": False})
        assert refused.status_code == 409
        assert "blocked" in str(refused.json()["reasons"]).lower()
        assert http.post(f"{MODEL}/deploy", json={"override": True}).status_code == 422
        why = {"override": True, "justification": "the feed is mended at noon"}
        deployed = http.post(f"{MODEL}/deploy", json=why).raise_for_status().json()
        assert deployed["deployment_status"] == "deployed"

        history = http.get("/api/models/churn/risk-history").json()
        assert isinstance(history, list)
        assert history[0]["risk_score"] == 100
        pack = http.get(f"{MODEL}/evidence-pack", params={"format": "json"}).raise_for_status().text
        assert "the feed is mended at noon" in pack
        entries = http.get("/api/v1/audit").raise_for_status().json()["items"]
        assert "the feed is mended at noon" in json.dumps(entries[0])
        assert verified(folder).returncode == 0


@contextmanager
def webhook(heard: list[dict[str, Any]]) -> Iterator[int]:
    """A receiver on this machine; gives its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            heard.append({"id": self.headers["webhook-id"], **body})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """It is quiet."""

    server = ThreadingHTTPServer((HERE, 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.proof
def test_one_message_with_its_reason_reaches_a_receiver_though_the_worker_is_killed_meanwhile(tmp_path: Path) -> None:
    folder, heard = tmp_path / "data", list[dict[str, Any]]()
    with (
        webhook(heard) as port,
        running(
            folder,
            MODELWARD_WEBHOOK_ALLOW_CIDRS=f"{HERE}/32",
            MODELWARD_WEBHOOK_ALLOW_HTTP="true",
            MODELWARD_WEBHOOK_PORTS=str(port),
        ) as service,
        service.http(service.admin_key(folder)) as http,
    ):
        channel = {"kind": "webhook", "name": "here", "config": {"url": f"http://{HERE}:{port}/"}}
        http.post("/api/v1/channels", json=channel).raise_for_status()
        reference(http)
        broken_feed(http)
        wait_for(lambda: http.get("/api/v1/alerts").json()["items"], "an incident")
        service.child().kill()
        wait_for(lambda: heard, "the message", seconds=120)
        assert "`age`" in json.dumps(heard[0])
        told = {message["id"] for message in heard}
        assert len(told) == 1, heard
