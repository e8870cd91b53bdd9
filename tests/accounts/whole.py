"""The whole service over a database of the test: the door, the API and the pages, as `serve` puts them together."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from modelward.accounts.principal import KeyKind
from modelward.accounts.service import create_key, create_organisation
from modelward.app import create_service
from modelward.events.duckdb import DuckDBStore
from modelward.ingest.door import Door
from modelward.ingest.journal import Journal
from modelward.kit.database import writing
from modelward.operation import Parts
from modelward.settings import settings_from

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Whole(NamedTuple):
    service: ASGIApp
    database: Engine
    organisation_id: int
    keys: dict[str, str]
    events: DuckDBStore
    folder: Path

    def client(
        self, kind: str | None = None, *, address: str = "192.0.2.7", url: str = "http://testserver"
    ) -> TestClient:
        """A program that speaks to it, with a key of this kind."""
        headers = {"X-API-Key": self.keys[kind]} if kind else {}
        return TestClient(
            self.service,
            url,
            headers=headers,
            client=(address, 5),
            raise_server_exceptions=False,
            follow_redirects=False,
        )


@contextmanager
def whole_service(folder: Path, database: Engine, *, hosts: tuple[str, ...] = (), **given: Any) -> Iterator[Whole]:
    settings = settings_from({}, data_dir=folder, secret_key="s" * 40, **given)
    with writing(database) as session:
        here = create_organisation(session, name="Here", now=NOW).id
        keys = {
            kind.value: create_key(session, organisation_id=here, kind=kind, name=kind.value, now=NOW)[1]
            for kind in KeyKind
        }
    door = Door(Journal(folder / "journal", limit_bytes=1 << 30, min_free_disk_bytes=0), database, settings)
    store = DuckDBStore(folder / "events.duckdb")
    try:
        parts = Parts(settings, database, store, door, worker_alive=lambda: True, worker_pid=lambda: 0)
        yield Whole(create_service(parts, events=store, hosts=hosts), database, here, keys, store, folder)
    finally:
        door.close()
        store.close()
