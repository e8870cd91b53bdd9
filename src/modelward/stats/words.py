"""Words of texts: how many there are, and how many of them a reference never had."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self
from zlib import crc32

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64, I64
from modelward.stats.binary import Reader, Writer, from_document, require, to_document

PLACES = 2**20
_MAGIC = b"MWVO"
_BYTES = PLACES // 8


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The words of many texts, each as one of 1,048,576 places that it is hashed to: 128 KB, however many there are.

    Vocabularies add up. Two words may share a place, so that with w words known a new one passes for known with a
    chance of about w / 1,048,576.

    >>> monday, tuesday = Vocabulary.of(["late again"]), Vocabulary.of(["Never late"])
    >>> (monday + tuesday).unseen(["never again", "very good"]).tolist()
    [0.0, 1.0]
    """

    places: npt.NDArray[np.uint8]

    @classmethod
    def empty(cls) -> Self:
        """No word at all."""
        return cls(np.zeros(_BYTES, dtype=np.uint8))

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """The words of some texts."""
        known = np.zeros(PLACES, dtype=np.bool_)
        known[hashed_words(list(texts))[0]] = True
        return cls(np.packbits(known))

    def __add__(self, other: Self) -> Self:
        return type(self)(self.places | other.places)

    def unseen(self, texts: Sequence[str]) -> F64:
        """The share of each text's words that are not known; NaN for a text without a word."""
        places, lengths = hashed_words(texts)
        known = (self.places[places >> 3] >> (7 - (places & 7)).astype(np.uint8)) & 1
        new = np.bincount(np.repeat(np.arange(len(lengths)), lengths), weights=1.0 - known, minlength=len(lengths))
        shares: F64 = np.where(lengths > 0, new / np.maximum(lengths, 1), np.nan)
        return shares

    def to_bytes(self) -> bytes:
        """The vocabulary as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self._write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls._read)

    def _write(self, writer: Writer) -> None:
        writer.raw(self.places.tobytes())

    @classmethod
    def _read(cls, reader: Reader) -> Self:
        places = np.frombuffer(reader.raw(), dtype=np.uint8)
        require(places.size == _BYTES, "its size is another")
        return cls(places)


def hashed_words(texts: Sequence[str]) -> tuple[I64, I64]:
    """The place of every word of all texts, one after another, and how many words each text has.

    A word is what stands between spaces, in small letters, without punctuation around it.
    """
    split = [text.lower().split() for text in texts]
    known: dict[str, int] = {}
    places = [_place(word, known) for words in split for word in words]
    lengths = np.fromiter(map(len, split), dtype=np.int64, count=len(split))
    return np.array(places, dtype=np.int64), lengths


def _place(word: str, known: dict[str, int]) -> int:
    place = known.get(word)
    if place is None:
        bare = word.strip(".,;:!?\"'()[]{}«»„“”‚‘’…-–—*") or word
        place = known[word] = crc32(bare.encode("utf-8", "surrogatepass")) % PLACES
    return place
