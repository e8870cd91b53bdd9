"""Which engine the settings ask for."""

from pathlib import Path

from modelward.errors import Invalid
from modelward.events.contract import EventStore


def open_store(events_url: str | None, data_dir: Path) -> EventStore:
    """The event store at `events_url`, or the embedded one in the data folder when none is given.

    Raises Invalid for an address of a kind that is not known, Unavailable when another process holds the file.
    """
    from modelward.events.duckdb import DuckDBStore

    if not events_url:
        return DuckDBStore(data_dir / "events.duckdb")
    scheme, _, path = events_url.partition("://")
    if scheme == "duckdb" and path:
        return DuckDBStore(Path(path))
    msg = f"MODELWARD_EVENTS_URL is {scheme!r}, which is not known here: leave it out, or use duckdb:///path/to/events.duckdb."
    raise Invalid(msg)
