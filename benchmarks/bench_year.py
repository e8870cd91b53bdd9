"""Ten million events over 90 days through the door: sustained rate, memory at five million, the model page at ten."""

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.journeys.running import Running, running

from modelward.ingest.journal import JournalReader

BATCH, DAYS, NUMBERS = 10_000, 90, 8
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}


def stream(rng: np.random.Generator, begin: datetime, span: timedelta) -> bytes:
    """A batch of events whose times fill the span."""
    start, length = int(begin.timestamp() * 1e6), int(span / timedelta(microseconds=1))
    times = pa.array(start + np.sort(rng.integers(0, length, BATCH)), pa.timestamp("us", "UTC"))
    columns = {f"number_{n}": rng.normal(size=BATCH).round(3) for n in range(NUMBERS)}
    texts = {name: rng.choice(["one", "two", "three", "four"], BATCH) for name in ("city", "plan")}
    table = pa.table(
        {
            "timestamp": times,
            "prediction": rng.integers(0, 2, BATCH).astype(float),
            "score": rng.random(BATCH),
            "latency_ms": rng.gamma(2, 3, BATCH),
            **columns,
            **texts,
        }
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    body: bytes = sink.getvalue().to_pybytes()
    return body


def memory_mb(service: Running) -> dict[str, float]:
    """What the two processes hold, shared pages counted once."""
    processes = {"door": psutil.Process(service.process.pid), "worker": service.child()}
    parts = {name: round(process.memory_full_info().pss / 1e6, 1) for name, process in processes.items()}
    return {**parts, "both": round(sum(parts.values()), 1)}


def drain(folder: Path) -> None:
    """Wait until everything is moved, and the few seconds in which memory is given back."""
    reader = JournalReader(folder / "journal")
    while reader.backlog().events:
        time.sleep(0.1)
    reader.close()
    time.sleep(6)


def page_ms(service: Running, path: str, times: int = 15) -> dict[str, float]:
    with service.http() as client:
        client.get(path).raise_for_status()
        taken = []
        for _ in range(times):
            begun = time.perf_counter()
            client.get(path).raise_for_status()
            taken.append(1e3 * (time.perf_counter() - begun))
    return {"median_ms": round(statistics.median(taken), 1), "longest_ms": round(max(taken), 1)}


def measure(events: int) -> dict[str, object]:
    rng = np.random.default_rng(3)
    figures: dict[str, object] = {"events": events}
    with tempfile.TemporaryDirectory() as name, running(Path(name) / "data", MODELWARD_PUBLIC_READ="true") as service:
        folder = Path(name) / "data"
        begin, step = datetime.now(UTC) - timedelta(days=DAYS), timedelta(days=DAYS) / (events // BATCH)
        begun = time.perf_counter()
        with service.http(service.key) as client:
            for number in range(events // BATCH):
                body = stream(rng, begin + number * step, step)
                client.post("/api/v1/events?model=year", content=body, headers=ARROW).raise_for_status()
                if (number + 1) * BATCH == 5_000_000:
                    drain(folder)
                    figures["memory_mb_at_5_million"] = memory_mb(service)
        drain(folder)
        with service.http() as client:
            while True:
                points = client.get("/api/v1/models/year/evaluations", params={"limit": 200}).json()["items"]
                if sum(point["rows"] for point in points) >= events:
                    break
                time.sleep(0.5)
        figures["evaluated_after_s"] = round(time.perf_counter() - begun, 1)
        figures["memory_mb_at_end"] = memory_mb(service)
        figures["model_page"] = page_ms(service, "/dashboard/models/year")
        figures["model_page_one_year"] = page_ms(service, "/dashboard/models/year?range=1y")
        figures["overview"] = page_ms(service, "/dashboard")
        sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
        figures["disk_mb"] = {name: round(size / 1e6, 1) for name, size in sizes.items()}
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    print(json.dumps({"benchmark": "year", **measure(parser.parse_args().events)}))
