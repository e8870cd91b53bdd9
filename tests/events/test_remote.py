"""What only the remote form promises: an owner that goes and comes back, a door for its own user alone."""

import os
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path

import pyarrow as pa
import pytest
from tests.contracts.event_store import EVER, NUMBER, events_of, ids_in, table_of

import modelward
from modelward.errors import Invalid, Unavailable
from modelward.events import wire
from modelward.events.duckdb import DuckDBStore
from modelward.events.remote import RemoteStore, serve_store
from modelward.events.remote_server import rendezvous_of

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(modelward.__file__).parents[1])}


@contextmanager
def owner(folder):
    script = Path(__file__).with_name("store_owner.py")
    command = [sys.executable, str(script), str(folder / "e.duckdb"), str(folder / "s")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "serving\n"
        yield process
        process.stdin.close()


@pytest.fixture
def served(tmp_path):
    store = DuckDBStore(tmp_path / "events.duckdb")
    store.ensure([table_of(1, ("amount", NUMBER))])
    with serve_store(store, tmp_path / "events.sock"):
        yield tmp_path / "events.sock"
    store.close()


def test_before_the_owner_is_there_the_store_is_away(tmp_path):
    with pytest.raises(Unavailable, match="away") as caught:
        RemoteStore(tmp_path / "s").count(1)
    assert caught.value.retry_after >= 1


def test_a_client_outlives_the_owner_and_finds_the_next_one(tmp_path):
    store = RemoteStore(tmp_path / "s")
    with owner(tmp_path) as process:
        store.ensure([table_of(1)])
        store.append({1: events_of(["a"])})
        process.kill()
        process.wait()
        with pytest.raises(Unavailable, match="away"):
            store.count(1)
    with owner(tmp_path):
        assert store.append({1: events_of(["a", "b"])})[1].new.to_pylist() == [False, True]
        assert ids_in(store) == ["a", "b"]
        store.close()


def test_a_scan_that_loses_its_owner_says_so(tmp_path):
    store = RemoteStore(tmp_path / "s")
    with owner(tmp_path) as process:
        store.ensure([table_of(1)])
        store.append({1: events_of([f"event-{i}" for i in range(500_000)])})
        reader = store.scan(1, *EVER)
        reader.read_next_batch()
        process.kill()
        process.wait()
        with pytest.raises(Unavailable, match="during a scan"):
            reader.read_all()


def test_many_clients_ask_at_once(served):
    RemoteStore(served).append({1: events_of([f"{i}" for i in range(1000)])})
    counted: list[int] = []

    def ask():
        store = RemoteStore(served)
        counted.extend(store.count(1) + store.scan(1, *EVER).read_all().num_rows for _ in range(5))
        store.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [2000] * 40


def test_one_client_serves_many_threads_while_a_scan_is_read(served):
    store = RemoteStore(served)
    store.append({1: events_of([f"{i}" for i in range(100_000)])})
    with store.scan(1, *EVER) as reader:
        assert reader.read_next_batch().num_rows
        assert store.append({1: events_of(["one more"])})[1].new.to_pylist() == [True]
    assert store.count(1) == 100_001
    store.close()


def test_a_client_that_says_nothing_keeps_nobody_waiting(served):
    with Client(str(served), family="AF_UNIX"):
        assert RemoteStore(served).count(1) == 0


def test_only_the_user_may_open_the_door(served):
    assert stat.S_IMODE(served.stat().st_mode) == 0o600
    assert stat.S_IMODE(rendezvous_of(served).stat().st_mode) == 0o600
    with pytest.raises(AuthenticationError):
        Client(str(served), family="AF_UNIX", authkey=b"guessed")
    assert RemoteStore(served).count(1) == 0


@pytest.mark.parametrize("message", [b"", b"not json", b"[]", b'{"tables": 1, "call": "append"}'])
def test_nonsense_ends_one_connection_and_not_the_server(served, message):
    connection = RemoteStore(served)._connect()
    with pytest.raises((EOFError, OSError)):
        hang_on(connection, message, b"nonsense")
    connection.close()
    assert RemoteStore(served).count(1) == 0


def hang_on(connection, *messages):
    for message in messages:
        connection.send_bytes(message)
    wire.receive(connection)


@pytest.mark.parametrize(("head", "kind"), [({}, "Invalid"), ({"call": "count"}, "Unavailable")])
def test_a_call_that_is_none_is_answered_with_an_error(served, head, kind, caplog):
    connection = RemoteStore(served)._connect()
    wire.send(connection, head)
    assert wire.receive(connection).head["error"] == kind
    connection.close()


def test_an_answer_that_takes_too_long_is_given_up(served):
    with pytest.raises(Unavailable, match="did not answer within 0 seconds"):
        RemoteStore(served, patience=0.0).append({1: events_of([f"{i}" for i in range(10_000)])})


def test_a_folder_with_a_long_name_has_a_socket_elsewhere(tmp_path):
    address = tmp_path / ("long" * 40) / "events.sock"
    store = DuckDBStore(tmp_path / "events.duckdb")
    store.ensure([table_of(1)])
    with serve_store(store, address):
        assert RemoteStore(address).count(1) == 0
    store.close()


def test_an_error_keeps_its_kind_and_sentence(served):
    with pytest.raises(Invalid, match="no column colour"):
        RemoteStore(served).append({1: events_of(["a"], colour=["red"])})


def test_a_stopped_server_leaves_nothing_behind(tmp_path):
    store = DuckDBStore(tmp_path / "events.duckdb")
    with serve_store(store, tmp_path / "run" / "events.sock"):
        assert len(list((tmp_path / "run").iterdir())) == 2
    assert list((tmp_path / "run").iterdir()) == []
    store.close()


def test_a_batch_of_chunks_goes_over_as_it_is(served):
    chunks = pa.concat_tables([events_of(["a"], f1=[1.0]), events_of(["b"], f1=[2.0])])
    store = RemoteStore(served)
    assert store.append({1: chunks})[1].new.to_pylist() == [True, True]
    assert store.last(1, 2)["f1"].to_pylist() == [1.0, 2.0]
    store.close()
