"""Journal entries of labels as the table that the event store takes."""

import math
from collections.abc import Iterable
from typing import Any

import msgspec
import pyarrow as pa

from modelward.events.contract import LABELS
from modelward.ingest.segments import Position, Waiting

# A label's place in the journal as one number: 23 bits of segment, 22 of entry, 18 of line.
_ENTRY_BITS, _LINE_BITS = 22, 18


class _Label(msgspec.Struct):
    event_id: str
    label: Any
    labelled_at: int
    model_id: int | None = None


_decoder = msgspec.json.Decoder(_Label)


def labels_of(entry: Waiting) -> pa.Table:
    """The labels of one entry, in order.

    Raises:
        ValueError: a line is not a label.
    """
    rows = _decoder.decode_lines(entry.body)
    values = [number_and_text(row.label) for row in rows]
    return pa.table(
        {
            "organisation_id": [entry.organisation_id] * len(rows),
            "model_id": [row.model_id for row in rows],
            "event_id": [row.event_id for row in rows],
            "number": [number for number, _ in values],
            "text": [text for _, text in values],
            "labelled_at": pa.array([row.labelled_at for row in rows], pa.int64()).cast(pa.timestamp("us", "UTC")),
            "sequence": list(sequences(entry.position, len(rows))),
        },
        schema=LABELS,
    )


def sequences(position: Position, lines: int) -> Iterable[int]:
    """Numbers that grow as the journal does, one a line."""
    start = ((position.segment << _ENTRY_BITS) | position.id) << _LINE_BITS
    return range(start, start + lines)


def number_and_text(label: Any) -> tuple[float | None, str | None]:
    """A label as the store keeps it: numbers and booleans as a number, all else as text."""
    if isinstance(label, bool | int | float):
        try:
            number = float(label)
        except OverflowError:
            return None, str(label)
        return (number, None) if math.isfinite(number) else (None, str(label))
    return None, str(label)
