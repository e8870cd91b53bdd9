"""Wishes that an entry which was set aside be tried again: an empty file each, beside the segment that holds it.

Whoever wishes (the process that answers HTTP) and the mover share no lock that way. The mover alone writes down what
it moved, and it alone remembers which segments it need not look at again: so it has to be told, not written around.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from modelward.ingest.segments import Position

_SUFFIX = ".again"


def wish(folder: Path, position: Position) -> None:
    """Ask the mover to try the entry again in its next step. Asking twice is asking once."""
    _path(folder, position).touch()


def wished(folder: Path) -> list[Position]:
    """What was asked for and is not begun yet."""
    return sorted(_positions(folder))


def grant(folder: Path, position: Position) -> None:
    """The mover has taken the entry back among those that wait."""
    _path(folder, position).unlink(missing_ok=True)


def _positions(folder: Path) -> Iterator[Position]:
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(ValueError):
            segment, _, id_ = path.stem.partition("-")
            yield Position(int(segment), int(id_))


def _path(folder: Path, position: Position) -> Path:
    return folder / f"{position.segment:012d}-{position.id}{_SUFFIX}"
