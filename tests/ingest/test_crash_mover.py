"""A mover is killed at each of its lines; another finishes, and every event and label is there exactly once."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, text
from tests.ingest.crash_mover import LINES, NOW, mover_of

from modelward.accounts.principal import Scope
from modelward.accounts.service import create_organisation
from modelward.events.duckdb import DuckDBStore
from modelward.ingest.journal import Journal
from modelward.ingest.segments import Entry, Kind
from modelward.kit.database import reading, writing
from modelward.registry.service import register
from modelward.registry.tables import Model

EVENTS = 60
AGAIN = EVENTS // 5
START = 1_780_000_000_000_000
PROGRAM = Path(__file__).with_name("crash_mover.py")


@pytest.fixture
def folder(database, tmp_path):
    """A journal of two models' events and their labels, in many small entries."""
    with writing(database) as session:
        organisation = create_organisation(session, name="Here", now=NOW)
        models = [register(session, scope=Scope(organisation.id), key=key, now=NOW).id for key in ("a", "b")]
        session.execute(text("CREATE TABLE absorbed (model_id INTEGER, event TEXT, what TEXT)"))
    journal = Journal(tmp_path / "journal", segment_bytes=4_000)
    for n in range(EVENTS):
        line = {"event_id": f"e{n}", "ts": START + n, "features": {"x": n} | ({"y": "new"} if n > 30 else {})}
        journal.append(
            [Entry(Kind.EVENTS, organisation.id, models[n % 2], 1, START, json.dumps(line).encode() + b"\n")]
        )
        if n % 5 == 0:  # sent again a second later: a duplicate, whoever dies
            entry = Entry(Kind.EVENTS, organisation.id, models[n % 2], 1, START + 1_000_000, json.dumps(line).encode())
            journal.append([entry])
        label = {"event_id": f"e{n}", "label": n, "labelled_at": START}
        journal.append([Entry(Kind.LABELS, organisation.id, 0, 1, START, json.dumps(label).encode() + b"\n")])
    journal.close()
    return tmp_path


@pytest.mark.parametrize("line", LINES)
def test_killed_at_a_line_and_begun_again(folder, database, line):
    command = [sys.executable, str(PROGRAM), str(folder), line, "2"]  # in its second step: the first was marked
    died = subprocess.run(command, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    store = DuckDBStore(folder / "events.duckdb")
    mover = mover_of(folder, store)
    while mover.step():
        pass
    stored = [row for model_id in (1, 2) for row in store.last(model_id, 10 * EVENTS).to_pylist()]
    assert Counter(row["event_id"] for row in stored) == Counter(f"e{n}" for n in range(EVENTS))
    assert all(row["label_number"] == float(row["event_id"][1:]) for row in stored)
    check_profiles(database, stored)
    assert mover.counters()["waiting_events"] == 0
    counters = mover.counters()
    assert (counters["moved"], counters["labels"]) == (2 * EVENTS + AGAIN, EVENTS)
    with reading(database) as session:
        counts = session.scalars(select(Model.event_count)).all()
    assert counts == [EVENTS // 2, EVENTS // 2]
    mover._journal.close()
    store.close()


def check_profiles(database, stored):
    """No event was absorbed twice as new; one that never was is marked to be rebuilt; every label was told of."""
    with writing(database) as session:
        rows = session.execute(text("SELECT event, what FROM absorbed")).all()
    new = Counter(event for event, what in rows if what == "new")
    marked = {event for event, what in rows if what == "dirty"}
    told = {event for event, what in rows if what == "label"}
    assert set(new.values()) <= {1}
    for row in stored:
        moment = str(round(row["ts"].timestamp() * 1e6))
        assert row["event_id"] in new or moment in marked
        assert moment in told
