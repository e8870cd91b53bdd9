import pytest
from tests.contracts.event_store import EventStoreContract

from modelward.events.duckdb import DuckDBStore
from modelward.events.remote import RemoteStore, serve_store


class Served:
    def __init__(self, folder):
        self.path, self.address = folder / "events.duckdb", folder / "run" / "events.sock"

    def open(self):
        self.owned = DuckDBStore(self.path)
        self.server = serve_store(self.owned, self.address)
        self.store = RemoteStore(self.address)
        return self.store

    def reopen(self):
        """The owner starts anew; the client stays and finds it."""
        self.stop()
        self.owned = DuckDBStore(self.path)
        self.server = serve_store(self.owned, self.address)
        return self.store

    def stop(self):
        self.server.close()
        self.owned.close()


class TestRemoteStore(EventStoreContract):
    @pytest.fixture
    def engine(self, tmp_path):
        engine = Served(tmp_path)
        yield engine
        engine.store.close()
        engine.stop()
