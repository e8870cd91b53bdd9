"""What is left of a journal entry without the lines (of an Arrow stream: the rows) that cannot be read."""

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from modelward.errors import Unavailable
from modelward.ingest.arrow_events import packed
from modelward.ingest.segments import Kind, Waiting

_MOST_READS = 2_000
"""Enough for some hundred guilty lines among ten thousand; an entry that is worse is set aside as a whole."""


def without_guilty(entry: Waiting, read: Callable[[Waiting], Any]) -> Waiting | None:
    """The entry, which `read` refuses, without the lines for which it does; None when nothing is left of it.

    Raises:
        ValueError: its lines cannot be told apart, or too many are guilty.
    """
    if entry.kind is Kind.ARROW:
        return _search(entry, _rows(entry), read)
    return _search(entry, _Lines(entry.body.splitlines(keepends=True)), read)


class _Lines:
    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    def body(self, places: Sequence[int]) -> bytes:
        return b"".join(self._lines[place] for place in places)


class _Rows:
    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table)

    def body(self, places: Sequence[int]) -> bytes:
        return packed(self._table.take(pa.array(places, pa.int64())))


def _rows(entry: Waiting) -> _Rows:
    with pa.ipc.open_stream(pa.BufferReader(entry.body)) as reader:
        return _Rows(reader.read_all())


def _search(entry: Waiting, parts: _Lines | _Rows, read: Callable[[Waiting], Any]) -> Waiting | None:
    """Halves of what is refused, until a line stands by itself."""
    if len(parts) != entry.events:
        raise ValueError("the entry has not as many lines as it says")
    good: list[int] = []
    middle = len(parts) // 2
    open_ranges = [range(middle, len(parts)), range(middle)]
    for _ in range(_MOST_READS):
        if not open_ranges:
            break
        places = open_ranges.pop()
        if not places or _reads(_only(entry, parts, places), read):
            good += places
        elif len(places) > 1:
            half = len(places) // 2
            open_ranges += [places[half:], places[:half]]
    if open_ranges:
        raise ValueError("too many lines of the entry cannot be read")
    return _only(entry, parts, good) if good else None


def _only(entry: Waiting, parts: _Lines | _Rows, places: Sequence[int]) -> Waiting:
    return entry._replace(rest=parts.body(places), events=len(places))


def _reads(part: Waiting, read: Callable[[Waiting], Any]) -> bool:
    try:
        read(part)
    except (Unavailable, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - whatever it is, it is of this part
        return False
    return True
