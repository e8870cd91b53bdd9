"""The door is killed under load; what it acknowledged is there exactly once, and what it did not, at most once."""

import http.client
import json
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from itertools import count
from pathlib import Path

from tests.ingest.place import Place

PROGRAM = Path(__file__).with_name("crash_door.py")
KILLS = 8
SENDERS = 6


class Sender(threading.Thread):
    """Sends events and labels, one request after the other, until nobody answers; remembers what was acknowledged."""

    def __init__(self, port, key, numbers):
        super().__init__()
        self.port, self.key, self.numbers = port, key, numbers
        self.tried, self.kept, self.labelled = [], [], {}

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            while True:
                self.send_some(connection, [f"e{next(self.numbers)}" for _ in range(random.choice((1, 1, 50)))])
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            pass
        finally:
            connection.close()

    def send_some(self, connection, ids):
        self.tried += ids
        events = [{"event_id": id_, "model_id": "m", "features": {"n": int(id_[1:])}} for id_ in ids]
        self.kept += self.post(connection, "/api/v1/events", events)["event_ids"]
        number = float(random.random())
        self.post(connection, "/api/v1/labels", {"event_id": ids[0], "label": number})
        self.labelled[ids[0]] = number

    def post(self, connection, path, body):
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 201, body
        return body


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def killed_under_load(folder, key, numbers, *, after):
    port = free_port()
    with subprocess.Popen([sys.executable, str(PROGRAM), str(folder), str(port)]) as door:
        while not answers(port):
            assert door.poll() is None
            threading.Event().wait(0.02)
        senders = [Sender(port, key, numbers) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        threading.Event().wait(after)
        door.kill()
        for sender in senders:
            sender.join()
        assert door.wait() == -signal.SIGKILL
    return senders


def test_every_acknowledged_event_and_label_is_found_once(database, tmp_path):
    place = Place(tmp_path, database)
    moments, numbers = random.Random(20260601), count()
    senders = []
    for _ in range(KILLS):
        senders += killed_under_load(tmp_path, place.key, numbers, after=moments.uniform(0.1, 0.6))
        place.move()
    rows = place.store.last(place.model("m").id, 1_000_000).to_pylist()
    stored = Counter(row["event_id"] for row in rows)
    kept = {id_ for sender in senders for id_ in sender.kept}
    assert len(kept) > 100
    assert kept <= stored.keys()
    assert set(stored.values()) == {1}
    assert stored.keys() <= {id_ for sender in senders for id_ in sender.tried}
    labels = {row["event_id"]: row["label_number"] for row in rows}
    for sender in senders:
        for id_, number in sender.labelled.items():
            assert labels[id_] == number
    assert all(row["f1"] == float(row["event_id"][1:]) for row in rows)
    place.door.close()
    place.close()
