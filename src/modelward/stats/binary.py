"""Bytes in and out for summaries: plain little-endian fields, no pickle, and a doubtful byte is a ValueError.

A document is a magic of four bytes, a version, whether the rest is compressed, and the rest.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from modelward.stats.arrays import F64, I64

T = TypeVar("T")

VERSION = 1
_HEADER = struct.Struct("<4sBB")
_COMPRESS_FROM = 512
_MOST_BYTES = 256 * 1024 * 1024
_INTEGERS = ("<u1", "<u2", "<u4", "<i8")


class Writer:
    """Collects fields."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def pack(self, layout: str, *fields: object) -> None:
        self._parts.append(struct.pack("<" + layout, *fields))

    def raw(self, data: bytes) -> None:
        self.pack("I", len(data))
        self._parts.append(data)

    def text(self, text: str) -> None:
        self.raw(text.encode("utf-8", "surrogatepass"))

    def texts(self, texts: Sequence[str]) -> None:
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        self.integers(np.fromiter(map(len, encoded), dtype=np.int64, count=len(encoded)))
        self.raw(b"".join(encoded))

    def floats(self, values: F64) -> None:
        """The bytes of equal place stand together: sorted numbers share their first ones, which then compress."""
        self.raw(np.ascontiguousarray(values, dtype="<f8").view(np.uint8).reshape(-1, 8).T.tobytes())

    def integers(self, values: I64) -> None:
        """Whole numbers of 0 and more, in as few bytes each as the largest needs."""
        largest = int(values.max()) if values.size else 0
        kind = next(i for i, name in enumerate(_INTEGERS) if largest <= np.iinfo(name).max)
        self.pack("B", kind)
        self.raw(values.astype(_INTEGERS[kind]).tobytes())

    def document(self, magic: bytes) -> bytes:
        body = b"".join(self._parts)
        squeezed = zlib.compress(body, 1) if len(body) >= _COMPRESS_FROM else body
        smaller = len(squeezed) < len(body)
        return _HEADER.pack(magic, VERSION, smaller) + (squeezed if smaller else body)


class Reader:
    """Takes fields off bytes that nobody vouches for."""

    def __init__(self, data: bytes, magic: bytes) -> None:
        if len(data) < _HEADER.size or data[:4] != magic:
            raise ValueError(f"These bytes are no {magic.decode()} document of Modelward; the first four bytes differ.")
        _, version, squeezed = _HEADER.unpack_from(data)
        if version != VERSION:
            raise ValueError(f"The document has version {version}; this program reads version {VERSION}.")
        self._data = _inflate(data[_HEADER.size :]) if squeezed else data[_HEADER.size :]
        self._at = 0

    def unpack(self, layout: str) -> tuple[int | float, ...]:
        return struct.unpack("<" + layout, self._take(struct.calcsize("<" + layout)))

    def size(self) -> int:
        return int(self.unpack("I")[0])

    def raw(self) -> bytes:
        return self._take(self.size())

    def text(self) -> str:
        return _decode(self.raw())

    def texts(self) -> tuple[str, ...]:
        lengths, data = self.integers(), self.raw()
        ends = np.cumsum(lengths).tolist()
        require((ends[-1] if ends else 0) == len(data), "its texts have a wrong length")
        require(not lengths.size or bool(lengths.min() >= 0), "its texts have a wrong length")
        return tuple(_decode(data[end - size : end]) for size, end in zip(lengths.tolist(), ends, strict=True))

    def floats(self) -> F64:
        data = self.raw()
        if len(data) % 8:
            raise ValueError("The document is damaged: a list of numbers has a broken length.")
        planes = np.frombuffer(data, dtype=np.uint8).reshape(8, -1)
        return np.ascontiguousarray(planes.T).view("<f8").reshape(-1).astype(np.float64, copy=False)

    def integers(self) -> I64:
        kind = int(self.unpack("B")[0])
        if kind >= len(_INTEGERS):
            raise ValueError("The document is damaged: a list of counts has an unknown width.")
        data, width = self.raw(), np.dtype(_INTEGERS[kind]).itemsize
        if len(data) % width:
            raise ValueError("The document is damaged: a list of counts has a broken length.")
        return np.frombuffer(data, dtype=_INTEGERS[kind]).astype(np.int64)

    def finish(self) -> None:
        if self._at != len(self._data):
            raise ValueError("The document is damaged: there are bytes after its end.")

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ValueError("The document is damaged: it ends too early.")
        taken = self._data[self._at : end]
        self._at = end
        return taken


def to_document(magic: bytes, write: Callable[[Writer], None]) -> bytes:
    """What `write` adds, as a versioned document."""
    writer = Writer()
    write(writer)
    return writer.document(magic)


def from_document(data: bytes, magic: bytes, read: Callable[[Reader], T]) -> T:
    """What `read` takes from a document, to its last byte; ValueError, with a sentence, for anything else."""
    reader = Reader(data, magic)
    answer = read(reader)
    reader.finish()
    return answer


def require(condition: bool | np.bool_, what: str) -> None:
    """Refuse a document whose fields contradict each other."""
    if not condition:
        raise ValueError(f"The document is damaged: {what}.")


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise ValueError("The document is damaged: a text is not UTF-8.") from error


def _inflate(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        body = unpacker.decompress(data, _MOST_BYTES)
    except zlib.error as error:
        raise ValueError(f"The document is damaged: it cannot be unpacked ({error}).") from error
    require(unpacker.eof and not unpacker.unused_data, "its packed part has a wrong length")
    return body
