"""Which engine the settings ask for."""

from pathlib import Path

from modelward.errors import Invalid
from modelward.events.contract import EventStore


def open_store(events_url: str, data_dir: Path) -> EventStore:
    """The event store at `events_url`, or the embedded one in the data folder when none is given.

    Raises:
        Invalid: an address of a kind that is not known.
        Unavailable: another process holds the file.
    """
    from modelward.events.duckdb import DuckDBStore

    check_address(events_url)
    return DuckDBStore(Path(events_url.partition("://")[2]) if events_url else data_dir / "events.duckdb")


def check_address(events_url: str) -> None:
    """Refuse at the start what could not be opened later.

    Raises:
        Invalid: the kind is not known.
    """
    kind, _, path = events_url.partition("://")
    if events_url and (kind != "duckdb" or not path):
        raise Invalid(
            f"Events can't be kept at an address of the kind {kind!r} in this version: "
            "leave MODELWARD_EVENTS_URL out, or write duckdb:///path/to/events.duckdb."
        )
