"""What an Arrow IPC stream says that it will take, read from its messages before anything is unpacked.

A hundred bytes can promise a terabyte: buffers are packed, and a column of nulls has no bytes at all. Arrow unpacks
first and lets one look later, so the few numbers that bound it are read here, from the FlatBuffers of the format:
https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelward.errors import Invalid
from modelward.ingest.bodies import TooLarge

_METADATA_BYTES = 4_000_000  # names, kinds and what pandas notes of 2,000 columns take a tenth of it
_MOST_BUFFERS = 100_000
_MOST_BATCHES = 100_000
_VALUE_BYTES = 8  # what a value takes in its column, however small it came
_NESTED_BYTES = 64  # what a value inside a list takes while it is written as JSON
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3  # the union MessageHeader of Message.fbs


@dataclass(frozen=True)
class Promise:
    """What one message unpacks to."""

    rows: int  # 0 for dictionaries
    elements: int  # values of all columns, nested ones included
    bytes: int


def check_bounds(body: bytes, *, max_bytes: int, max_rows: int) -> None:
    """Look at every message of the stream.

    Raises:
        TooLarge: they unpack to more than `max_bytes`, or to more than `max_rows` rows.
        Invalid: they are no messages of such a stream.
    """
    rows = elements = size = 0
    for promise in _promises(body):
        rows, elements, size = rows + promise.rows, elements + promise.elements, size + promise.bytes
        if max(size, elements * _VALUE_BYTES) > max_bytes:
            raise _too_large(max_bytes)
        if rows > max_rows:
            raise TooLarge(f"The Arrow stream has more than {max_rows:,} rows: send fewer events at once.")


def check_decoded(table: pa.Table, *, max_bytes: int) -> None:
    """The same for what the columns are when each value stands for itself: a million rows may name one long text.

    Raises:
        TooLarge: that is more than `max_bytes`.
    """
    if sum(_decoded(chunk) for column in table.columns for chunk in column.chunks) > max_bytes:
        raise _too_large(max_bytes)


def _decoded(values: pa.Array) -> int:
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _decoded_dictionary(values)
    if pa.types.is_struct(kind):
        return sum(_decoded(values.field(place)) for place in range(kind.num_fields))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        inner = values.flatten()
        return len(inner) * _NESTED_BYTES + _decoded(inner)
    if pa.types.is_string_view(kind):
        return _viewed(values)
    return 0  # already counted in its message


def _decoded_dictionary(values: pa.DictionaryArray) -> int:
    if not _has_text(values.dictionary.type):
        return 0
    return _sum(pc.binary_length(values.dictionary).cast(pa.int64()).take(values.indices))


def _viewed(values: pa.Array) -> int:
    """A view is 16 bytes that begin with the text's length; Arrow's own functions do not know it yet."""
    begin = values.offset * 4
    lengths = np.frombuffer(values.buffers()[1], np.int32)[begin : begin + len(values) * 4 : 4]
    return int(lengths.astype(np.int64).sum())


def _has_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(test(kind) for test in tests)


def _sum(lengths: pa.Array) -> int:
    return pc.sum(lengths.cast(pa.int64())).as_py() or 0


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"The Arrow stream unpacks to more than {max_bytes:,} bytes: send fewer events at once.")


def _promises(body: bytes) -> Iterator[Promise]:
    try:
        reader = pa.ipc.MessageReader.open_stream(pa.BufferReader(body))
        for number, message in enumerate(reader):
            if number > _MOST_BATCHES or message.metadata.size > _METADATA_BYTES:
                raise TooLarge("The Arrow stream describes too much: send fewer columns, in fewer batches.")
            yield _promise(message.metadata, message.body)
    except (pa.ArrowException, OSError, ValueError, struct.error) as error:
        raise Invalid(f"The body is not a whole Arrow IPC stream: {str(error)[:200]}") from error


def _promise(metadata: pa.Buffer, body: pa.Buffer | None) -> Promise:
    flat = _Flat(metadata)
    message = flat.root()
    kind = flat.number(message, 1, "<B")
    header = flat.table(message, 2)
    if kind == _SCHEMA:
        return Promise(0, 0, metadata.size)
    if kind not in (_DICTIONARY, _BATCH) or header is None:
        raise ValueError(f"a message of the kind {kind}")
    batch = flat.table(header, 1) if kind == _DICTIONARY else header
    if batch is None:
        raise ValueError("a dictionary without values")
    rows = flat.number(batch, 0, "<q")
    lengths = [length for length, _ in flat.pairs(batch, 1)]
    if rows < 0 or any(length < 0 for length in lengths):
        raise ValueError("a negative length")
    packed = flat.table(batch, 3) is not None
    size = sum(_unpacked(body, offset, length, packed=packed) for offset, length in flat.pairs(batch, 2))
    return Promise(rows if kind == _BATCH else 0, rows + sum(lengths), metadata.size + size)


def _unpacked(body: pa.Buffer | None, offset: int, length: int, *, packed: bool) -> int:
    """The bytes of a buffer; of a packed one, what it says at its beginning (-1: it is not packed after all)."""
    if body is None or offset < 0 or length < 0 or offset + length > body.size:
        raise ValueError("a buffer outside of its message")
    if not packed or length == 0:
        return length
    (said,) = struct.unpack_from("<q", body, offset)
    if said < -1:
        raise ValueError("a negative length")
    return length if said == -1 else int(said)


class _Flat:
    """Just enough of FlatBuffers: tables by position, their fields by number."""

    def __init__(self, buffer: pa.Buffer) -> None:
        self._bytes = memoryview(buffer)

    def root(self) -> int:
        return self._at("<I", 0)

    def number(self, table: int, field: int, form: str) -> int:
        place = self._field(table, field)
        return 0 if place is None else self._at(form, place)

    def table(self, table: int, field: int) -> int | None:
        place = self._field(table, field)
        return None if place is None else place + self._at("<I", place)

    def pairs(self, table: int, field: int) -> list[tuple[int, int]]:
        """A vector of structs of two 64-bit numbers: field nodes (length, nulls), buffers (offset, length)."""
        vector = self.table(table, field)
        if vector is None:
            return []
        count = self._at("<I", vector)
        if count > _MOST_BUFFERS:
            raise ValueError("too many buffers")
        return list(struct.iter_unpack("<qq", self._bytes[vector + 4 : vector + 4 + 16 * count]))

    def _field(self, table: int, field: int) -> int | None:
        described = table - self._at("<i", table)
        size = self._at("<H", described)
        at = 4 + 2 * field
        offset = self._at("<H", described + at) if at + 2 <= size else 0
        return table + offset if offset else None

    def _at(self, form: str, place: int) -> int:
        if place < 0:
            raise ValueError("a place before the message")
        (number,) = struct.unpack_from(form, self._bytes, place)
        return int(number)
