"""How many distinct names there were, and how many came once, from a small sample that merges exactly.

Each name is hashed to a number; the sample keeps the names with the smallest hashes, each with its count. Whoever is
among the smallest of a union is among the smallest of each part, so merged counts are the true ones, and the sample is
a fair one of the names, not of the rows.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import I64

SIZE = 512
_SPACE = 2**32


class NameSample(NamedTuple):
    """The smallest hashes of names, ascending, and the count of each of these names."""

    hashes: I64
    counts: I64

    @property
    def distinct(self) -> float:
        """Estimated number of distinct names, with a standard error of about 5 %; exact below the sample's size.

        (k − 1) / h, with h the k-th smallest hash as a share of all possible ones. Source: Bar-Yossef, Jayram, Kumar,
        Sivakumar, Trevisan (2002), "Counting distinct elements in a data stream".
        """
        if self.hashes.size < SIZE:
            return float(self.hashes.size)
        return float((SIZE - 1) * _SPACE / (int(self.hashes[-1]) + 1))

    @property
    def singletons(self) -> float:
        """Estimated number of names that came exactly once."""
        if not self.counts.size:
            return 0.0
        return self.distinct * float(np.count_nonzero(self.counts == 1)) / self.counts.size


def hash_names(names: Sequence[str]) -> I64:
    """A 32-bit number for each name, the same on every machine."""
    encoded = (name.encode("utf-8", "surrogatepass") for name in names)
    return _mix(np.fromiter(map(zlib.crc32, encoded), dtype=np.uint32, count=len(names))).astype(np.int64)


def sample_names(hashes: I64, counts: I64) -> NameSample:
    """The sample of distinct names, given the hash and the count of each."""
    if hashes.size > SIZE:
        chosen = np.argpartition(hashes, SIZE)[:SIZE]
        hashes, counts = hashes[chosen], counts[chosen]
    return merge_samples([NameSample(hashes, counts)])


def merge_samples(samples: Iterable[NameSample]) -> NameSample:
    """The sample of the union."""
    parts = list(samples)
    hashes, where = np.unique(np.concatenate([part.hashes for part in parts]), return_inverse=True)
    counts = np.zeros(hashes.size, dtype=np.int64)
    np.add.at(counts, where, np.concatenate([part.counts for part in parts]))
    return NameSample(hashes[:SIZE], counts[:SIZE])


def shared_part(first: NameSample, second: NameSample) -> tuple[NameSample, NameSample]:
    """The names of each side up to the hash to which both samples are complete."""
    ends = [int(sample.hashes[-1]) for sample in (first, second) if sample.hashes.size >= SIZE]
    reach = min(ends, default=_SPACE)
    parts = [NameSample(*(column[sample.hashes <= reach] for column in sample)) for sample in (first, second)]
    return parts[0], parts[1]


def _mix(sums: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Spread checksums evenly: names that differ by a digit have checksums that differ by a pattern (MurmurHash3's
    finaliser).
    """
    mixed = sums ^ (sums >> np.uint32(16))
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return mixed
