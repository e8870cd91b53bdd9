"""The event store alone: large appends with their dedupe, a flush of 500 models, labels, scans; prints JSON.

`python benchmarks/bench_flush.py [--rows 5000000] [--ids v7|v4]`. A row has an id, two times, a prediction, a score,
8 numbers and 2 strings.
"""

import argparse
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc

from modelward.events.contract import LABELS, TIME, ColumnType, EventTable, FeatureColumn
from modelward.events.duckdb import DuckDBStore

START_MS = 1_767_225_600_000  # 2026-01-01
EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
HEX = np.array([f"{i:02x}" for i in range(256)], "S2").view(np.uint8).reshape(256, 2)
DASHES = {0: (0, 8), 9: (8, 12), 14: (12, 16), 19: (16, 20), 24: (20, 32)}


def table_of(model: int) -> EventTable:
    numbers = [FeatureColumn(f"f{i}", f"number {i}", ColumnType.NUMBER) for i in range(1, 9)]
    texts = [FeatureColumn(f"f{i}", f"text {i}", ColumnType.TEXT) for i in (9, 10)]
    return EventTable(model, 1, f"model {model}", (*numbers, *texts), ColumnType.NUMBER, score=True)


def uuids(n: int, *, first_ms: int, kind: str, rng: np.random.Generator) -> pa.Array:
    """UUIDs as text: v4 at random, v7 in the order of time, 250 a millisecond."""
    raw = rng.integers(0, 256, (n, 16), np.uint8)
    raw[:, 6] = (raw[:, 6] & 0x0F) | (0x70 if kind == "v7" else 0x40)
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    if kind == "v7":
        raw[:, :6] = (first_ms + np.arange(n) // 250).astype(">u8").view(np.uint8).reshape(n, 8)[:, 2:]
    digits = HEX[raw].reshape(n, 32)
    text = np.full((n, 36), ord("-"), np.uint8)
    for place, (begin, end) in DASHES.items():
        text[:, place : place + end - begin] = digits[:, begin:end]
    offsets = (np.arange(n + 1) * 36).astype(np.int32)
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(text))


def batch_of(n: int, *, first_ms: int, kind: str, rng: np.random.Generator) -> pa.Table:
    times = pa.array(first_ms * 1000 + np.arange(n) * 4).cast(TIME)
    columns: dict[str, Any] = {
        "event_id": uuids(n, first_ms=first_ms, kind=kind, rng=rng),
        "ts": times,
        "received_at": times,
        "prediction": rng.random(n),
        "score": rng.random(n),
    }
    columns |= {f"f{i}": rng.normal(size=n) for i in range(1, 9)}
    columns["f9"] = pc.take(pa.array(["JFK", "LGA", "EWR"]), pa.array(rng.integers(0, 3, n)))
    columns["f10"] = pc.take(pa.array([f"N{i:05}" for i in range(4000)]), pa.array(rng.integers(0, 4000, n)))
    return pa.table(columns)


def labels_of(ids: pa.Array, *, sequence: int) -> pa.Table:
    n = len(ids)
    values = [
        pa.array(np.ones(n, np.int64)),
        pa.nulls(n, pa.int64()),
        ids,
        pa.array(np.ones(n)),
        pa.nulls(n, pa.string()),
        pa.array(np.full(n, START_MS * 1000)).cast(TIME),
        pa.array(sequence + np.arange(n)),
    ]
    return pa.table(values, schema=LABELS)


def seconds(call: Callable[..., Any], *given: Any) -> float:
    begun = time.perf_counter()
    call(*given)
    return time.perf_counter() - begun


def fill(store: DuckDBStore, *, rows: int, size: int, kind: str, rng: np.random.Generator) -> dict[str, Any]:
    """Append `rows` in batches of `size`; the time of making them is not counted."""
    took = []
    for first in range(0, rows, size):
        batch = batch_of(size, first_ms=START_MS + first // 250, kind=kind, rng=rng)
        took.append(seconds(store.append, {1: batch}))
    tail = took[-5:]
    return {
        "rows": rows,
        "rows_a_second": round(rows / sum(took)),
        "rows_a_second_at_the_end": round(size * len(tail) / sum(tail)),
        "longest_append_s": round(max(took), 3),
    }


def flush_many(store: DuckDBStore, *, kind: str, rng: np.random.Generator, times: int = 3) -> list[float]:
    """500 models × 5 rows, in one append."""
    models = range(100, 600)
    store.ensure([table_of(model) for model in models])
    took = []
    for i in range(times):
        ms = START_MS + 10**8 + i
        batches = {model: batch_of(5, first_ms=ms, kind=kind, rng=rng) for model in models}
        took.append(round(seconds(store.append, batches), 3))
    return took


def append_while_scanning(store: DuckDBStore, *, kind: str, rng: np.random.Generator) -> dict[str, float]:
    stop = threading.Event()

    def scan() -> None:
        while not stop.is_set():
            with store.scan(1, *EVER) as reader:
                for _ in reader:
                    if stop.is_set():
                        break

    reader = threading.Thread(target=scan)
    reader.start()
    batches = [batch_of(1000, first_ms=START_MS + 10**7 + i * 10, kind=kind, rng=rng) for i in range(30)]
    took = sorted(seconds(store.append, {1: batch}) for batch in batches)
    stop.set()
    reader.join()
    return {"p50_s": round(took[15], 3), "max_s": round(took[-1], 3)}


def measure(*, rows: int, kind: str, folder: Path) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    store = DuckDBStore(folder / "events.duckdb")
    store.ensure([table_of(1)])
    result: dict[str, Any] = {"ids": kind, "append_250000": fill(store, rows=rows, size=250_000, kind=kind, rng=rng)}
    sized = {}
    for i, size in enumerate((500, 10_000, 50_000)):
        batches = [batch_of(size, first_ms=START_MS + 10**6 * (i + 1) + 1000 * k, kind=kind, rng=rng) for k in range(5)]
        sized[str(size)] = round(min(seconds(store.append, {1: b}) for b in batches), 3)
        result[f"repeat_{size}_s"] = round(seconds(store.append, {1: batches[0]}), 3)
    result["append_s"] = sized
    result["memory_mb"] = round(psutil.Process().memory_info().rss / 1e6)
    ids = store.last(1, 100_000)["event_id"].combine_chunks()
    result["labels_100000_s"] = [round(seconds(lambda: store.append_labels(labels_of(ids, sequence=1))), 3)]
    result["labels_100000_s"] += [round(seconds(lambda: store.append_labels(labels_of(ids, sequence=9**9))), 3)]
    first = datetime(2026, 1, 1, tzinfo=UTC)
    result["scan_all_s"] = round(seconds(lambda: _drain(store, EVER)), 3)
    result["scan_2_s_of_events_s"] = round(seconds(lambda: _drain(store, (first, first + timedelta(seconds=2)))), 3)
    result["latest_50_s"] = round(seconds(lambda: store.latest(1)), 4)
    result["last_5000_s"] = round(seconds(lambda: store.last(1, 5000)), 4)
    result["fetch_1_s"] = round(seconds(lambda: store.fetch(1, [ids[0].as_py()])), 4)
    result["append_1000_while_scanning"] = append_while_scanning(store, kind=kind, rng=rng)
    result["flush_500_models_of_5_s"] = flush_many(store, kind=kind, rng=rng)
    result["memory_after_all_mb"] = round(psutil.Process().memory_info().rss / 1e6)
    result["close_s"] = round(seconds(store.close), 3)
    result["file_mb"] = round((folder / "events.duckdb").stat().st_size / 1e6)
    return result


def _drain(store: DuckDBStore, span: tuple[datetime, datetime]) -> None:
    with store.scan(1, *span) as reader:
        for _ in reader:
            pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--ids", choices=["v4", "v7"], default="v7")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="modelward-flush-"))
    try:
        print(json.dumps(measure(rows=given.rows, kind=given.ids, folder=folder), indent=2))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
