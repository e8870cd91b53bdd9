"""A column of names: how often each came, exactly while they are few, else the heaviest and what is left over."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import I64
from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.distinct import SIZE, NameSample, hash_names, merge_samples, sample_names

CAP = 1000
_MAGIC = b"MWCS"


@dataclass(frozen=True, eq=False)
class CategoricalSummary:
    """What is kept of a column of names.

    `count` is the number of rows with a name, `categories` the names that are kept, most frequent first and by name
    where equal, `counts` how often each came, `other` how many rows had one of the names not kept. While `exact`, all
    names are kept and all counts are true. Otherwise no count is short, and no name left out more frequent, than by
    `count_error` rows.

    >>> summary = CategoricalSummary.of(["b", "a", None, "b"])
    >>> summary.categories, summary.counts.tolist(), summary.missing
    (('b', 'a'), [2, 1], 1)
    """

    count: int
    missing: int
    invalid: int
    categories: tuple[str, ...]
    counts: I64
    other: int = 0
    count_error: int = 0
    sample: NameSample | None = None

    @classmethod
    def of(cls, values: Iterable[object], *, missing: int = 0, invalid: int = 0, cap: int = CAP) -> Self:
        """Summarise names. None and NaN are missing; what is not text is taken by its text, booleans as `true`,
        `false`.
        """
        tally = Counter(values.tolist() if isinstance(values, np.ndarray) else values)
        absent = [value for value in tally if value is None or value != value]  # noqa: PLR0124 - only NaN differs from itself
        missing += sum(tally.pop(value) for value in absent)
        if all(type(value) is str for value in tally):
            return cls.from_counts(tuple(tally), tuple(tally.values()), missing=missing, invalid=invalid, cap=cap)
        named: Counter[str] = Counter()
        for value, times in tally.items():
            named[_name(value)] += times
        return cls.from_counts(tuple(named), tuple(named.values()), missing=missing, invalid=invalid, cap=cap)

    @classmethod
    def from_counts(
        cls,
        categories: Sequence[str],
        counts: npt.ArrayLike,
        *,
        missing: int = 0,
        invalid: int = 0,
        cap: int = CAP,
    ) -> Self:
        """Summarise names that were counted already, each given once; a count of 0 is as if the name were not there."""
        times = np.asarray(counts, dtype=np.int64)
        if times.shape != (len(categories),):
            raise ValueError(
                f"There are {len(categories)} categories but {times.size} counts; give one count for each."
            )
        if times.size and times.min() <= 0:
            if times.min() < 0:
                raise ValueError("A category has a negative count; counts start at 0.")
            present = np.flatnonzero(times).tolist()
            categories, times = [categories[i] for i in present], times[present]
        total = int(times.sum())
        if times.size <= cap:
            names, ordered = _ordered(categories, times)
            return cls(total, missing, invalid, names, ordered)
        hashes = hash_names(categories)
        whole = cls(total, missing, invalid, tuple(categories), times, sample=sample_names(hashes, times))
        return cls._capped(whole, hashes, cap)

    @classmethod
    def _capped(cls, whole: Self, hashes: I64, cap: int) -> Self:
        """Keep the `cap` most frequent categories of a summary that has a sample already."""
        times = whole.counts
        # Of equals at the border those of the smallest hash stay, so that each part of a stream keeps the same ones.
        order = np.lexsort((hashes, -times))
        kept, dropped = order[:cap], order[cap:]
        names, ordered = _ordered([whole.categories[i] for i in kept.tolist()], times[kept])
        return replace(
            whole,
            categories=names,
            counts=ordered,
            other=whole.other + int(times[dropped].sum()),
            count_error=whole.count_error + (int(times[dropped[0]]) if dropped.size else 0),
        )

    @classmethod
    def merge(cls, summaries: Iterable[Self], *, cap: int = CAP) -> Self:
        """The summary of all the rows together, in one step."""
        parts = list(summaries)
        missing, invalid = sum(part.missing for part in parts), sum(part.invalid for part in parts)
        filled = [part for part in parts if part.count]
        if len(filled) == 1:
            return replace(filled[0], missing=missing, invalid=invalid)
        tally: Counter[str] = Counter()
        for part in filled:
            tally.update(dict(zip(part.categories, part.counts.tolist(), strict=True)))
        if all(part.exact for part in filled):
            return cls.from_counts(tuple(tally), tuple(tally.values()), missing=missing, invalid=invalid, cap=cap)
        whole = cls(
            count=sum(part.count for part in filled),
            missing=missing,
            invalid=invalid,
            categories=tuple(tally),
            counts=np.fromiter(tally.values(), dtype=np.int64, count=len(tally)),
            other=sum(part.other for part in filled),
            count_error=sum(part.count_error for part in filled),
            sample=merge_samples(part.names for part in filled),
        )
        return cls._capped(whole, hash_names(whole.categories), cap)

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    @property
    def exact(self) -> bool:
        """Whether every name is kept with its true count."""
        return self.sample is None

    @property
    def rows(self) -> int:
        """All rows that were seen."""
        return self.count + self.missing + self.invalid

    @property
    def distinct(self) -> float:
        """The number of distinct names; an estimate (standard error 5 %) unless `exact`."""
        return float(len(self.categories)) if self.sample is None else max(self.sample.distinct, len(self.categories))

    @property
    def singletons(self) -> float:
        """The number of names that came exactly once; an estimate unless `exact`."""
        return float(np.count_nonzero(self.counts == 1)) if self.sample is None else self.sample.singletons

    @property
    def names(self) -> NameSample:
        """A fair sample of the names, each with its true count."""
        return self.sample or sample_names(hash_names(self.categories), self.counts)

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self.write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls.read)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        writer.pack("5q?", self.count, self.missing, self.invalid, self.other, self.count_error, self.exact)
        writer.texts(self.categories)
        writer.integers(self.counts)
        if self.sample is not None:
            writer.integers(self.sample.hashes)
            writer.integers(self.sample.counts)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        count, missing, invalid, other, error, exact = map(int, reader.unpack("5q?"))
        categories, counts = reader.texts(), reader.integers()
        sample = None if exact else NameSample(reader.integers(), reader.integers())
        require(min(count, missing, invalid, other, error) >= 0, "a count is negative")
        require(len(categories) == len(set(categories)) == counts.size, "categories and counts differ in number")
        require(counts.size == 0 or bool(counts.min() > 0), "a category has no rows")
        require(sum(counts.tolist()) + other == count, "the counts do not add up to the rows")
        require(not exact or other == error == 0, "it is said to be exact and is not")
        require(bool((counts[1:] <= counts[:-1]).all()), "its categories are not in order")
        if sample is not None:
            hashes, times = sample
            require(
                hashes.size == times.size <= SIZE and bool((hashes[1:] > hashes[:-1]).all()), "its sample is broken"
            )
            require(hashes.size == 0 or bool(hashes[0] >= 0 and hashes[-1] < 2**32), "its sample is broken")
        return cls(count, missing, invalid, categories, counts, other, error, sample)


def _ordered(categories: Sequence[str], times: I64) -> tuple[tuple[str, ...], I64]:
    """Most frequent first, by name where equal."""
    by_name = sorted(range(len(categories)), key=categories.__getitem__)
    order = np.asarray(by_name, dtype=np.int64)
    order = order[np.argsort(-times[order], kind="stable")]
    return tuple(categories[i] for i in order.tolist()), times[order]


def _name(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)
