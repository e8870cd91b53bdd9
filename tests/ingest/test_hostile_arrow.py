"""Arrow streams that lie, promise too much, or are of strange types: each is refused with a sentence, in little memory.

The streams are made by Arrow itself and then bent; the memory is Arrow's own account of it.
"""

import struct

import numpy as np
import pyarrow as pa
import pytest
from tests.ingest.place import NOW

from modelward.errors import Invalid
from modelward.ingest.arrow_events import read_arrow
from modelward.ingest.bodies import TooLarge
from modelward.ingest.timestamps import Clock

LIMIT = 20_000_000
ROWS = 100_000


def stream(table, compression=None):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def read(body):
    return read_arrow(body, Clock(NOW), max_bytes=LIMIT, max_rows=ROWS, max_features=2_000)


def refused_in_little_memory(body, kind):
    before = pa.total_allocated_bytes()
    pool = pa.default_memory_pool()
    peak = pool.max_memory()
    with pytest.raises(kind) as refusal:
        read(body)
    assert pool.max_memory() - max(peak, before) < 3 * LIMIT
    assert "Arrow stream" in refusal.value.sentence


def bomb(compression):
    """Two hundred million zeros in a few hundred kilobytes."""
    return stream(pa.table({"a": np.zeros(25_000_000)}), compression)


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_packed_buffers_that_unpack_to_too_much(compression):
    refused_in_little_memory(bomb(compression), TooLarge)


def test_a_packed_dictionary_that_unpacks_to_too_much():
    long = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array(["x" * 50_000_000]))
    refused_in_little_memory(stream(pa.table({"a": long}), "zstd"), TooLarge)


@pytest.mark.parametrize("text", [pa.string(), pa.large_string()])
def test_a_long_text_that_every_row_names(text):
    named = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int8()), pa.array(["x" * 1_000_000], text))
    refused_in_little_memory(stream(pa.table({"a": named})), TooLarge)


def test_a_long_text_that_every_row_looks_at():
    text = pa.array(["x" * 1_000_000], pa.string_view())
    views = pa.Array.from_buffers(
        pa.string_view(), 5_000, [None, pa.py_buffer(text.buffers()[1].to_pybytes()[:16] * 5_000), text.buffers()[2]]
    )
    refused_in_little_memory(stream(pa.table({"a": views})), TooLarge)


@pytest.mark.parametrize("rows", [ROWS + 1, 10**9])
def test_rows_that_take_no_bytes(rows):
    refused_in_little_memory(stream(pa.table({"a": pa.nulls(rows)})), TooLarge)


def test_many_values_in_one_row():
    inner = pa.nulls(10**9)
    lists = pa.ListArray.from_arrays(pa.array([0, 10**9], pa.int32()), inner)
    refused_in_little_memory(stream(pa.table({"a": lists})), TooLarge)


def test_columns_of_small_values_that_grow():
    many = pa.table({f"c{n}": np.zeros(50_000, np.int8) for n in range(60)})
    refused_in_little_memory(stream(many, "zstd"), TooLarge)


STRANGE = [
    pa.array([b"x"]),
    pa.array([b"x"], pa.binary(1)),
    pa.array([[1]], pa.list_view(pa.int64())),
    pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
    pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array([1.0])),
    pa.array([1], pa.duration("s")),
    pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), pa.array([[1, 2]])),
    pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])]),
]


@pytest.mark.parametrize("values", STRANGE, ids=lambda values: str(values.type)[:30])
@pytest.mark.parametrize("name", ["a", "timestamp", "prediction", "event_id", "features", "latency_ms"])
def test_strange_types_are_refused_or_taken_but_never_a_failure(values, name):
    with pytest.raises(Invalid):
        read(stream(pa.table({name: values, "b": [1.0]})))


def test_nesting_without_end():
    values = pa.array([1])
    for _ in range(60):
        values = pa.StructArray.from_arrays([values], ["in"])
    with pytest.raises(Invalid):
        read(stream(pa.table({"a": values})))


def bent():
    """Every number of a small stream with its highest bit, its sign or its size changed, and every shorter stream."""
    table = pa.table({"city": pa.array(["Lyon", "Paris"] * 20).dictionary_encode(), "n": range(40), "l": [[1, 2]] * 40})
    for compression in (None, "lz4", "zstd"):
        body = stream(table, compression)
        for end in range(0, len(body), 40):
            yield body[:end]
        for at in range(0, len(body) - 8, 4):
            for form, number in (("<i", -1), ("<i", 2**31 - 1), ("<q", -(2**63)), ("<q", 2**40)):
                broken = bytearray(body)
                struct.pack_into(form, broken, at, number)
                yield bytes(broken)


def test_bent_streams_are_refused_or_taken_but_never_a_failure():
    refused = 0
    for body in bent():
        try:
            read(body)
        except Invalid as refusal:
            refused += bool(refusal.sentence)
    assert refused > 1_000


def test_the_door_stays_up(place, event):
    headers = {"Content_Type": "application/vnd.apache.arrow.stream"}
    for body in (bomb("zstd"), bomb("zstd")[:-10], stream(pa.table({"a": STRANGE[0]}))):
        reply = place.send(body, "/api/v1/events?model=m", **headers)
        assert reply.status in (400, 413)
        assert reply.body["detail"]
    assert place.send(event).status == 201
