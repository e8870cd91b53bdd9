"""A process that owns an event store and serves it until its standard input ends. Arguments: the file, the address."""

import sys
from pathlib import Path

from modelward.events.duckdb import DuckDBStore
from modelward.events.remote import serve_store

if __name__ == "__main__":
    store = DuckDBStore(Path(sys.argv[1]))
    with serve_store(store, Path(sys.argv[2])):
        sys.stdout.write("serving\n")
        sys.stdout.flush()
        sys.stdin.read()
    store.close()
