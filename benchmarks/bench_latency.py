"""From acknowledgement to the evaluation being readable, at 500 events a second through a running service."""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.journeys.running import Running, running

RATE, BATCH = 500, 50
FEATURES = 10


def reference(path: Path) -> Path:
    rng = np.random.default_rng(1)
    pq.write_table(pa.table({f"f_{n}": rng.normal(size=5_000) for n in range(FEATURES)}), path)
    return path


def batch(rng: np.random.Generator) -> list[dict[str, object]]:
    now = datetime.now(UTC).isoformat()
    values = rng.normal(size=(BATCH, FEATURES)).round(4).tolist()
    return [
        {
            "model_id": "timed",
            "timestamp": now,
            "score": 0.5,
            "features": {f"f_{n}": value for n, value in enumerate(row)},
        }
        for row in values
    ]


def watch(service: Running, key: str, seen: list[tuple[float, int]], stop: threading.Event) -> None:
    """Ask for the newest evaluation as fast as a person could; note how many rows it counts, and when."""
    with service.http(key) as client:
        while not stop.is_set():
            answer = client.get("/api/v1/models/timed/evaluations", params={"limit": 3})
            if answer.status_code == 200:
                seen.append((time.perf_counter(), sum(item["rows"] for item in answer.json()["items"])))
            stop.wait(0.05)


def measure(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data") as service:
        assert service.key
        admin = service.admin_key(Path(folder) / "data")
        rng = np.random.default_rng(2)
        acknowledged: list[tuple[float, int]] = []
        seen: list[tuple[float, int]] = []
        stop = threading.Event()
        with service.http(admin) as client:
            client.post("/api/v1/models", json={"name": "timed", "version": "1"}).raise_for_status()
            with reference(Path(folder) / "reference.parquet").open("rb") as file:
                client.post("/api/v1/models/timed/baseline", files={"file": file}).raise_for_status()
            watcher = threading.Thread(target=watch, args=(service, admin, seen, stop))
            watcher.start()
            total, begun = 0, time.perf_counter()
            while time.perf_counter() - begun < seconds:
                client.post("/api/v1/events", json=batch(rng)).raise_for_status()
                total += BATCH
                acknowledged.append((time.perf_counter(), total))
                time.sleep(max(0.0, begun + total / RATE - time.perf_counter()))
            until = time.perf_counter() + 30
            while time.perf_counter() < until and not (seen and seen[-1][1] >= total):
                time.sleep(0.05)
            stop.set()
            watcher.join()
    waits = [next((at for at, rows in seen if rows >= count), float("inf")) - when for when, count in acknowledged]
    ordered = sorted(waits)
    return {
        "events": total,
        "events_per_second": round(total / seconds, 1),
        "p50_s": round(statistics.median(ordered), 3),
        "p95_s": round(ordered[int(len(ordered) * 0.95)], 3),
        "longest_s": round(ordered[-1], 3),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    print(json.dumps({"benchmark": "latency", **measure(parser.parse_args().seconds)}))
