"""The ingest room as its users meet it: the door behind a real uvicorn on loopback, and a mover into a real DuckDB."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import uvicorn
from sqlalchemy import Engine, select

from modelward.accounts.service import create_key, create_organisation
from modelward.events.duckdb import DuckDBStore
from modelward.ingest.door import Door
from modelward.ingest.journal import Journal, JournalReader
from modelward.ingest.mover import Mover
from modelward.kit.database import reading, writing
from modelward.kit.patience import PATIENCE, Patience
from modelward.registry.tables import Model
from modelward.settings import settings_from

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Mapping[str, str]


class Place:
    """One folder, one organisation, one door; a mover whenever it is asked for."""

    def __init__(self, folder: Path, database: Engine, *, patience: Patience = PATIENCE, **settings: Any) -> None:
        self.folder = folder
        self.database = database
        self.now = NOW
        self.settings = settings_from({}, data_dir=folder, **settings)
        with writing(database) as session:
            self.organisation_id = create_organisation(session, name="Here", now=NOW).id
            self.key = self._key(session, "ingest")
            self.read_key = self._key(session, "read")
        self.journal = Journal(
            folder / "journal",
            limit_bytes=self.settings.journal_limit_bytes,
            min_free_disk_bytes=self.settings.min_free_disk_bytes,
        )
        self.door = Door(self.journal, database, self.settings, clock=lambda: self.now, patience=patience)
        self.store = DuckDBStore(folder / "events.duckdb")
        self.reader = JournalReader(folder / "journal")
        self.absorbed: list[Any] = []
        self.mover = Mover(
            self.reader, self.store, database, lambda _, moved: self.absorbed.extend(moved), clock=lambda: self.now
        )
        self.port = 0

    def _key(self, session: Any, kind: Any) -> str:
        return create_key(session, organisation_id=self.organisation_id, kind=kind, name=kind, now=NOW)[1]

    def send(self, body: Any, path: str = "/api/v1/events", *, method: str = "POST", **headers: str) -> Reply:
        """Send JSON (or bytes as they are), with the ingest key unless `headers` say otherwise (`_` is `-`)."""
        sent = {"X-API-Key": self.key, "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            return Reply(answer.status, json.loads(answer.read()), {k.lower(): v for k, v in answer.getheaders()})
        finally:
            connection.close()

    def move(self) -> int:
        """Move all there is."""
        moved = 0
        while step := self.mover.step():
            moved += step
        return moved

    def model(self, key: str) -> Model:
        with reading(self.database) as session:
            return session.scalars(select(Model).where(Model.key == key)).one()

    def stored(self, key: str) -> list[dict[str, Any]]:
        """Move everything, then the model's events, oldest first, with their features by name."""
        self.move()
        model_id = self.model(key).id
        names = {feature.column: feature.name for feature in self.mover._models.get(model_id).table.features}
        rows = self.store.last(model_id, 1_000_000).to_pylist()
        return [{names.get(name, name): value for name, value in row.items()} for row in rows]

    def close(self) -> None:
        self.reader.close()
        self.store.close()


class Street:
    """One uvicorn for all tests. Whose door answers, changes from test to test; each has folders of its own."""

    door: Door

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.door(scope, receive, send)

    @contextmanager
    def serving(self) -> Iterator["Street"]:
        """Answers on a port of its own while the block lasts."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            config = uvicorn.Config(
                self, loop="uvloop", http="httptools", lifespan="off", log_level="error", access_log=False
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, args=([listener],))
            thread.start()
            try:
                yield self
            finally:
                server.should_exit = True
                thread.join()

    @contextmanager
    def with_door_of(self, place: Place) -> Iterator[Place]:
        """The place's door answers."""
        self.door, place.port = place.door, self.port
        try:
            yield place
        finally:
            place.door.close()
            place.close()
