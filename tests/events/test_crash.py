"""A writer is killed at random moments; what it acknowledged is there exactly once, and half a batch never is."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from tests.events.crash_writer import MODELS, batch_of, labels_of

import modelward
from modelward.events.duckdb import DuckDBStore

EVER = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
WRITER = Path(__file__).with_name("crash_writer.py")
KILLS = 20


def killed_writer(path, *, seed, number, after):
    """Run the writer until it has acknowledged one batch and `after` seconds more, kill it, and return what it said."""
    command = [sys.executable, str(WRITER), str(path), str(seed), str(number)]
    environment = os.environ | {"PYTHONPATH": str(Path(modelward.__file__).parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(2)]
        timer = threading.Timer(after, writer.kill)
        timer.start()
        said += writer.stdout.readlines()
        assert writer.wait() == -signal.SIGKILL
    return [json.loads(line) for line in said if line.endswith("\n")]


def numbers_of(said, what):
    return [n for line in said if line["what"] == what for n in range(line["first"], line["first"] + line["size"])]


def test_every_acknowledged_event_survives_kill_9_exactly_once(tmp_path):
    path = tmp_path / "events.duckdb"
    moments = random.Random(20260301)
    acknowledged, labelled, number = set(), set(), 0
    for kill in range(KILLS):
        said = killed_writer(path, seed=kill, number=number, after=moments.uniform(0, 0.4))
        acknowledged.update(numbers_of(said, "kept"))
        labelled.update(numbers_of(said, "labelled"))
        last = [line for line in said if line["what"] == "try"][-1]
        number = last["first"] + last["size"]
        store = DuckDBStore(path)
        check(store, acknowledged, labelled, last=range(last["first"], number))
        store.close()


def check(store, acknowledged, labelled, *, last):
    """All acknowledged once; of the last batch all or nothing, in all models alike; and a retry makes it whole."""
    stored = {stored_once(store, model) for model in MODELS}
    assert len(stored) == 1
    (ids,) = stored
    assert acknowledged <= ids
    unsaid = ids - acknowledged
    assert unsaid in (set(), set(last))
    rows = store.scan(1, *EVER, ["f1", "label_number"]).read_all()
    assert labelled <= set(rows.filter(rows["label_number"].is_valid())["f1"].to_pylist())
    retried = store.append({model: batch_of(last) for model in MODELS})
    flags = {flag for part in retried.values() for flag in part.new.to_pylist()}
    assert flags == {last[0] not in ids}
    store.append_labels(labels_of(last, sequence=last[0]))
    acknowledged.update(last)
    labelled.update(last)


def stored_once(store, model):
    numbers, counts = np.unique(store.scan(model, *EVER, ["f1"]).read_all()["f1"].to_numpy(), return_counts=True)
    assert (counts == 1).all()
    return frozenset(numbers.tolist())
