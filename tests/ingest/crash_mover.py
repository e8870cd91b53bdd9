"""Moves a journal until it dies at a chosen line. Arguments: the folder, the line, and at which passing of it.

What is absorbed is written down, in the transaction that is given: new events one by one, repeated ones as a mark.
"""

import importlib.abc
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from modelward.audit.keys import use_secrets
from modelward.events.duckdb import DuckDBStore
from modelward.ingest.journal import JournalReader
from modelward.ingest.mover import Mover
from modelward.kit.database import open_database

LINES = (
    "before append",
    "after append",
    "before labels",
    "after labels",
    "before absorb",
    "in absorb",
    "before mark",
    "after mark",
)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SMALL_STEP = 3_000  # bytes: many steps for few events


def absorb(session: Any, moved: Any) -> None:
    for one in moved:
        for event_id in one.events["event_id"].to_pylist():
            session.execute(text("INSERT INTO absorbed VALUES (:m, :e, 'new')"), {"m": one.model_id, "e": event_id})
        for ts in one.repeated.cast("int64").to_pylist():
            session.execute(text("INSERT INTO absorbed VALUES (:m, :e, 'dirty')"), {"m": one.model_id, "e": str(ts)})
        for ts in one.labelled.cast("int64").to_pylist():
            session.execute(text("INSERT INTO absorbed VALUES (:m, :e, 'label')"), {"m": one.model_id, "e": str(ts)})


class Death:
    """Comes at the n-th passing of one line."""

    def __init__(self, line: str, passing: int) -> None:
        self.line, self.left = line, passing

    def at(self, line: str) -> None:
        self.left -= line == self.line
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, method: str, what: str) -> None:
        inner = getattr(owner, method)

        def outer(*args: Any, **kwargs: Any) -> Any:
            self.at(f"before {what}")
            result = inner(*args, **kwargs)
            self.at(f"after {what}")
            return result

        setattr(owner, method, outer)


class WithoutPandas(importlib.abc.MetaPathFinder):
    """Arrow loads pandas where it finds it, which takes a second of each of many starts."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname == "pandas":
            raise ImportError(fullname)


def mover_of(folder: Path, store: DuckDBStore, death: Death | None = None) -> Mover:
    def dying(session: Any, moved: Any) -> None:
        if death:
            death.at("before absorb")
        absorb(session, moved)
        if death:
            death.at("in absorb")

    reader = JournalReader(folder / "journal")
    if death:
        death.around(store, "append", "append")
        death.around(store, "append_labels", "labels")
        death.around(reader, "mark", "mark")
    engine = use_secrets(open_database(f"sqlite:///{folder}/metadata.db"), "of the tests")
    return Mover(reader, store, engine, dying, clock=lambda: NOW, step_bytes=SMALL_STEP)


if __name__ == "__main__":
    sys.meta_path.insert(0, WithoutPandas())
    place = Path(sys.argv[1])
    mover = mover_of(place, DuckDBStore(place / "events.duckdb"), Death(sys.argv[2], int(sys.argv[3])))
    while mover.step():
        pass
    sys.stdout.write("alive")
