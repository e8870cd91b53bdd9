"""From the moment that causes an alert to the message at a receiver, in real time; prints JSON.

`python benchmarks/bench_alert_latency.py [--models 20]`. A service of its own with one webhook on this machine. Models
with a reference get a day of broken events, half a second apart, so that the open day reaches the strong level; the
clock of each stops when the webhook has its message. The 30 seconds that the first message waits are told apart.
"""

import argparse
import csv
import io
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the tests know how a service is started

from tests.journeys.running import running

from modelward.rules.incidents import GROUP_WAIT

PATIENCE_SECONDS = 240.0
ROWS = 400
HOST = "127.0.0.1"


def main() -> None:
    """Cause, wait, count."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--models", type=int, default=20)
    models = [f"model-{n}" for n in range(arguments.parse_args().models)]
    arrived: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        receiver(arrived) as port,
        running(
            Path(folder) / "data",
            MODELWARD_LOG_LEVEL="warning",
            MODELWARD_WEBHOOK_ALLOW_CIDRS=f"{HOST}/32",
            MODELWARD_WEBHOOK_ALLOW_HTTP="true",
            MODELWARD_WEBHOOK_PORTS=str(port),
        ) as service,
    ):
        http = service.http(service.admin_key(Path(folder) / "data"))
        ask(http, "channels", {"kind": "webhook", "name": "here", "config": {"url": f"http://{HOST}:{port}/"}})
        for model in models:
            prepare(http, model)
        caused = {model: cause(http, model) for model in models}
        wait_for(arrived, models)
    waits = np.array([arrived[model] - caused[model] for model in models if model in arrived])
    beyond = waits - GROUP_WAIT.total_seconds()
    print(
        json.dumps({"models": len(models), "told": len(waits), "seconds": told(waits), "beyond_the_wait": told(beyond)})
    )


def told(seconds: np.ndarray) -> dict[str, float]:
    """Percentiles."""
    return {f"p{p}": round(float(np.percentile(seconds, p)), 2) for p in (50, 95, 100)} if len(seconds) else {}


@contextmanager
def receiver(arrived: dict[str, float]) -> Iterator[int]:
    """A webhook that notes when the first message of each model came; gives its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            arrived.setdefault(str(model_in(body)), time.monotonic())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """It is quiet."""

    server = ThreadingHTTPServer((HOST, 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def model_in(body: Any) -> str | None:
    """The model that a message is about, wherever it stands in it."""
    if isinstance(body, dict):
        return body.get("model_key") or next((found for value in body.values() if (found := model_in(value))), None)
    return None


def prepare(http: Any, model: str) -> None:
    """Register the model, and give it a reference."""
    ask(http, "models", {"name": model, "version": "1"})
    rng = np.random.default_rng(7)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["age", "income"])
    writer.writerows(zip(rng.normal(40, 10, 2_000), rng.normal(3, 1, 2_000), strict=True))
    http.post(f"/api/v1/models/{model}/baseline", files={"file": ("r.csv", text.getvalue())}).raise_for_status()


def cause(http: Any, model: str) -> float:
    """Send events whose ages are days and not years; answers when they were acknowledged."""
    rng = np.random.default_rng(8)
    now = time.time()
    events = [
        {"event_id": f"{model}-{n}", "model_id": model, "timestamp": now, "prediction": 1, "features": features}
        for n, features in enumerate(
            {"age": 365 * x, "income": y} for x, y in zip(rng.normal(40, 10, ROWS), rng.normal(3, 1, ROWS), strict=True)
        )
    ]
    http.post("/api/v1/events", json=events).raise_for_status()
    acknowledged = time.monotonic()
    time.sleep(0.5)
    return acknowledged


def ask(http: Any, path: str, body: dict[str, Any]) -> None:
    http.post(f"/api/v1/{path}", json=body).raise_for_status()


def wait_for(arrived: dict[str, float], models: list[str]) -> None:
    """Until every model's message is there, or patience is over."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not set(models) <= arrived.keys() and time.monotonic() < until:
        time.sleep(0.1)


if __name__ == "__main__":
    main()
