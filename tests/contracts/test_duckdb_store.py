import pytest
from tests.contracts.event_store import EventStoreContract

from modelward.events.duckdb import DuckDBStore


class OneFile:
    def __init__(self, folder):
        self.path = folder / "events.duckdb"

    def open(self):
        self.store = DuckDBStore(self.path)
        return self.store

    def reopen(self):
        self.close()
        return self.open()

    def close(self):
        self.store.close()


class TestDuckDBStore(EventStoreContract):
    @pytest.fixture
    def engine(self, tmp_path):
        engine = OneFile(tmp_path)
        yield engine
        engine.close()
