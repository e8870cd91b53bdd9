"""Writes to an event store until it is killed, and says after each commit what was acknowledged.

Arguments: the file, a seed, and the number with which the ids go on. One JSON line for each batch, before ("try") and
after ("kept") it was stored.
"""

import importlib.abc
import json
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from modelward.events.contract import TIME, ColumnType, EventTable, FeatureColumn
from modelward.events.duckdb import DuckDBStore

START = datetime(2026, 3, 1, tzinfo=UTC)
MODELS = (1, 2, 3)
TABLES = [
    EventTable(model, 1, f"m{model}", (FeatureColumn("f1", "x", ColumnType.NUMBER),), ColumnType.NUMBER, score=True)
    for model in MODELS
]


def batch_of(numbers):
    times = pa.array([START + timedelta(seconds=number) for number in numbers], TIME)
    columns = {"event_id": [f"event-{number}" for number in numbers], "ts": times, "received_at": times}
    return pa.table(columns | {"f1": pa.array(numbers, pa.float64())})


def labels_of(numbers, sequence):
    n = len(numbers)
    return pa.table(
        {
            "organisation_id": [1] * n,
            "event_id": [f"event-{number}" for number in numbers],
            "number": pa.array([float(sequence)] * n),
            "labelled_at": pa.array([START] * n, TIME),
            "sequence": [sequence] * n,
        }
    )


def say(what, **facts):
    sys.stdout.write(json.dumps({"what": what} | facts) + "\n")
    sys.stdout.flush()


class WithoutPandas(importlib.abc.MetaPathFinder):
    """Arrow loads pandas where it finds it, which takes a second of each of many starts."""

    def find_spec(self, fullname, path, target=None):
        if fullname == "pandas":
            raise ImportError(fullname)


def main(path, seed, number):
    random.seed(seed)
    store = DuckDBStore(path, checkpoint_after="1MB")  # small, so that many kills fall into a checkpoint
    store.ensure(TABLES)
    while True:
        size = random.choice([1, 7, 300, 2000])
        say("try", first=number, size=size)
        store.append({model: batch_of(range(number, number + size)) for model in MODELS})
        say("kept", first=number, size=size)
        store.append_labels(labels_of(range(number, number + min(size, 50)), sequence=number))
        say("labelled", first=number, size=min(size, 50))
        number += size


if __name__ == "__main__":
    sys.meta_path.insert(0, WithoutPandas())
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
