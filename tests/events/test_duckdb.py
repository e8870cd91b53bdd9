"""What only the embedded engine promises: one process, readable views, a disk that fills, files left behind."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from tests.contracts.event_store import NOON, NUMBER, SECOND, TEXT, events_of, ids_in, labels_of, table_of

import modelward
import modelward.events.duckdb as duckdb_engine
from modelward.errors import Invalid, Unavailable
from modelward.events.duckdb import DuckDBStore
from modelward.events.duckdb_tables import free_name
from modelward.events.open import open_store

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(modelward.__file__).parents[1])}
EVER = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def query(path, sql):
    """What a user sees who opens the file of a stopped server."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_second_process_is_refused_with_the_number_of_the_first(tmp_path):
    path = tmp_path / "events.duckdb"
    hold = "import sys, duckdb; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Unavailable, match=rf"open in another process \(.*, process {holder.pid}\): stop it"):
            DuckDBStore(path)
        holder.stdin.close()
    DuckDBStore(path).close()


def test_the_view_shows_features_under_their_names_with_the_latest_label(tmp_path):
    path = tmp_path / "events.duckdb"
    store = DuckDBStore(path)
    names = ["ts", "Age", "age", 'say "hi"', "label_text"]
    store.ensure([table_of(1, *((name, NUMBER) for name in names), view='churn; DROP TABLE "x"', score=False)])
    store.append({1: events_of(["a"], **{f"f{i}": [float(i)] for i in range(1, 6)})})
    store.append_labels(labels_of(["a"], number=0.0, sequence=1))
    store.append_labels(labels_of(["a"], number=1.0, sequence=2))
    store.close()
    view = '"churn; DROP TABLE ""x"""'
    columns = [row[0] for row in query(path, f"SELECT column_name FROM (DESCRIBE {view})")]
    expected = ["event_id", "ts", "received_at", "endpoint", "latency_ms", "prediction"]
    expected += ["ts_f1", "Age", "age_f3", 'say "hi"', "label_text_f5", "overflow", "invalid"]
    assert columns == [*expected, "label_number", "label_text", "labelled_at"]
    chosen = f'SELECT event_id, ts_f1, "Age", age_f3, "say ""hi""", label_text_f5, label_number FROM {view}'
    assert query(path, chosen) == [("a", 1.0, 2.0, 3.0, 4.0, 5.0, 1.0)]


def test_views_whose_names_clash_are_told_apart_and_follow_a_new_name(tmp_path):
    path = tmp_path / "events.duckdb"
    store = DuckDBStore(path)
    store.ensure([table_of(1, view="Churn"), table_of(2, view="churn"), table_of(3, view="labels")])
    store.ensure([table_of(1, view="leaving")])
    store.ensure([table_of(4, ("x", TEXT), view="CHURN")])
    store.close()
    views = query(path, "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name")
    assert [row[0] for row in views] == ["CHURN", "churn_2", "labels_3", "leaving"]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("a", "a_7"),
        ("A", "A_7"),
        ("b", "b"),
        ("", "model_7"),
        ("\0\n", "model_7"),
        ("a_7", "a_7"),
        ("events_9", "model_events_9"),
    ],
)
def test_a_free_name_is_the_wanted_one_or_tells_which_it_is(wanted, name):
    assert free_name(wanted, suffix="7", taken=["a"]) == name


FULL_DISK = """
import json, resource, signal, sys
from pathlib import Path
from modelward.errors import Unavailable
from modelward.events.duckdb import DuckDBStore
from tests.contracts.event_store import events_of, table_of

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = DuckDBStore(Path(sys.argv[1]), checkpoint_after="1MB")
store.ensure([table_of(1)])
size, kept, refused = int(sys.argv[2]), 0, []

def append(i):
    return sum(store.append({1: events_of([f"{i}-{n}" for n in range(size)])})[1].new.to_pylist())

resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, resource.RLIM_INFINITY))
for i in range(20):
    try:
        kept += append(i)
    except Unavailable as error:
        refused.append(i)
        sentence = error.sentence
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for i in refused:
    append(i)
print(json.dumps({"refused": len(refused), "sentence": sentence, "count": store.count(1)}))
store.close()
"""


@pytest.mark.parametrize("size", [300, 5_000])
def test_a_full_disk_refuses_and_loses_nothing_and_ends_by_itself(tmp_path, size):
    path = tmp_path / "events.duckdb"
    environment = ENVIRONMENT | {"PYTHONPATH": f"{ENVIRONMENT['PYTHONPATH']}:{Path(__file__).parents[2]}"}
    command = [sys.executable, "-c", FULL_DISK, str(path), str(size)]
    said = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    assert said["refused"] > 0
    assert "cannot work now" in said["sentence"]
    assert said["count"] == 20 * size
    store = DuckDBStore(path)
    assert len(set(ids_in(store))) == store.count(1) == 20 * size
    store.close()


def test_what_a_killed_process_spilled_is_cleared_away(tmp_path):
    left = tmp_path / "events.tmp" / "duckdb_temp_storage-0.tmp"
    left.parent.mkdir()
    left.write_bytes(b"x")
    DuckDBStore(tmp_path / "events.duckdb").close()
    assert not left.exists()


def test_ids_ordered_by_time_are_kept_as_they_are_and_others_by_their_digest(tmp_path):
    path = tmp_path / "events.duckdb"
    store = DuckDBStore(path)
    store.ensure([table_of(1)])
    store.append({1: events_of(["0195b2c8-7c3e-7000-8000-0123456789ab", "abc"], ts=[NOON, NOON + SECOND])})
    store.close()
    keys = [str(row[0]) for row in query(path, "SELECT key FROM event_keys")]
    assert keys == ["0195b2c8-7c3e-7000-8000-0123456789ab", "ba7816bf-8f01-cfea-4141-40de5dae2223"]


def test_the_settings_choose_the_engine(tmp_path):
    store = open_store("", tmp_path)
    store.close()
    assert (tmp_path / "events.duckdb").exists()
    elsewhere = tmp_path / "far" / "e.duckdb"
    open_store(f"duckdb://{elsewhere}", tmp_path).close()
    assert elsewhere.exists()
    with pytest.raises(Invalid, match="'mysql'"):
        open_store("mysql://somewhere", tmp_path)


def cached_bytes(store):
    return store._database.sql("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchall()[0][0]


def filled(path, **options):
    store = DuckDBStore(path, **options)
    store.ensure([table_of(1, *((f"n{i}", NUMBER) for i in range(200)), score=False)])
    ids = [f"e{i}" for i in range(20_000)]
    numbers = {f"f{i}": [float(j) for j in range(20_000)] for i in range(1, 201)}
    store.append({1: events_of(ids, **numbers)})
    return store


def test_what_is_only_cached_is_given_back_and_read_again_when_needed(tmp_path, monkeypatch):
    store = filled(tmp_path / "events.duckdb")
    assert cached_bytes(store) > 50_000_000
    monkeypatch.setattr(duckdb_engine, "RESTING", "20MB")
    store.give_back_memory()
    assert cached_bytes(store) <= 20_000_000
    assert store.count(1) == 20_000
    assert store.append({1: events_of(["late"], f1=[1.0])})[1].new.to_pylist() == [True]
    store.close()


def test_memory_is_not_given_back_in_the_middle_of_a_scan(tmp_path):
    store = filled(tmp_path / "events.duckdb")
    reader = store.scan(1, *EVER)
    first = reader.read_next_batch().num_rows
    before = cached_bytes(store)
    store.give_back_memory()
    assert cached_bytes(store) == before
    assert first + sum(batch.num_rows for batch in reader) == 20_000
    store.close()


def test_a_transaction_that_needs_more_than_the_limit_gets_it(tmp_path):
    store = filled(tmp_path / "events.duckdb", memory_limit_mb=16)
    assert store.count(1) == 20_000
    assert int(store._sizes["memory_limit"].removesuffix("MB")) > 16
    store.close()
