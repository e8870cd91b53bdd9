"""Labels and predictions by group: the joint summary of fairness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64, I64, Flags
from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.calibration_bins import CalibrationBins
from modelward.stats.confusion import OTHER
from modelward.stats.labels import Column, binary, named, require_equal_lengths, scores_of, sort_key

CAP = 200
BINS = 10
BETWEEN = " & "
_MAGIC = b"MWGO"
_UNKNOWN = 2


@dataclass(frozen=True, eq=False)
class GroupOutcomes:
    """`counts[g, l, p]` rows of group g had label l (0 negative, 1 positive, 2 not known yet) and prediction p.

    `bins` has the reliability of each group's labelled scores, in ten bins, where there are scores from 0 to 1. Rows
    that lack the group are `without_group`, those of a group that lack the prediction `without_prediction`; both are
    left out. Past `cap` groups the largest are kept and the others share `(other)`.

    >>> kept = GroupOutcomes.of([1, 0, None, 1], [1, 1, 0, 0], ["a", "a", "b", "b"])
    >>> kept.groups, kept.rows.tolist(), kept.selected.tolist()
    (('a', 'b'), [2, 2], [2, 0])
    """

    groups: tuple[str, ...]
    counts: I64
    bins: tuple[CalibrationBins, ...]
    without_group: int = 0
    without_prediction: int = 0

    @classmethod
    def of(
        cls,
        label: Column | None,
        prediction: Column,
        group: Column,
        *,
        score: Column | None = None,
        positive: object = 1,
        cap: int = CAP,
    ) -> Self:
        """Count rows by group; without labels where there are none yet."""
        guess, owner = binary(prediction, positive, what="prediction"), named(group)
        outcome = _labels(label, guess.present.size, positive)
        scores = None if score is None else scores_of(score)
        require_equal_lengths(label=outcome, prediction=guess.present, group=owner.codes, score=scores)
        kept = guess.present & (owner.codes >= 0)
        codes, outcome = owner.codes[kept], outcome[kept]
        cells = (codes * 3 + outcome) * 2 + guess.positive[kept]
        counts = np.bincount(cells, minlength=6 * len(owner.classes)).reshape(-1, 3, 2).astype(np.int64)
        if scores is None:
            bins = (CalibrationBins.empty(BINS),) * len(owner.classes)
        else:
            bins = _reliability(scores[kept], outcome, codes, len(owner.classes))
        lost = int(np.count_nonzero(owner.codes < 0))
        return cls._capped(owner.classes, counts, bins, (lost, int(kept.size - kept.sum()) - lost), cap)

    @classmethod
    def merge(cls, parts: Iterable[Self], *, cap: int = CAP) -> Self:
        """All rows together, in one step."""
        every = list(parts)
        names = {name for part in every for name in part.groups}
        groups = (*sorted(names - {OTHER}, key=sort_key), *(names & {OTHER}))
        counts = np.zeros((len(groups), 3, 2), dtype=np.int64)
        bins: dict[str, list[CalibrationBins]] = {name: [] for name in groups}
        for part in every:
            for name, table, reliability in zip(part.groups, part.counts, part.bins, strict=True):
                counts[groups.index(name)] += table
                bins[name].append(reliability)
        merged = tuple(CalibrationBins.merge(bins[name]) for name in groups)
        aside = (sum(part.without_group for part in every), sum(part.without_prediction for part in every))
        return cls._capped(groups, counts, merged, aside, cap)

    @classmethod
    def _capped(
        cls, groups: Sequence[str], counts: I64, bins: Sequence[CalibrationBins], aside: tuple[int, int], cap: int
    ) -> Self:
        if len([name for name in groups if name != OTHER]) <= cap:
            return cls(tuple(groups), counts, tuple(bins), *aside)
        sizes = np.where([name == OTHER for name in groups], -1, counts.sum(axis=(1, 2)))
        kept = sorted(np.argsort(-sizes, kind="stable")[:cap].tolist())
        rest = sorted(set(range(len(groups))) - set(kept))
        return cls(
            (*(groups[i] for i in kept), OTHER),
            np.concatenate((counts[kept], counts[rest].sum(axis=0, keepdims=True))),
            (*(bins[i] for i in kept), CalibrationBins.merge([bins[i] for i in rest])),
            *aside,
        )

    def __add__(self, other: Self) -> Self:
        return self.merge([self, other])

    @property
    def rows(self) -> I64:
        """The rows of each group that have a prediction."""
        rows: I64 = self.counts.sum(axis=(1, 2))
        return rows

    @property
    def selected(self) -> I64:
        """The rows of each group that were predicted positive."""
        selected: I64 = self.counts[:, :, 1].sum(axis=1)
        return selected

    def to_bytes(self) -> bytes:
        """The summary as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self.write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls.read)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        writer.pack("2q", self.without_group, self.without_prediction)
        writer.texts(self.groups)
        writer.integers(self.counts.reshape(-1))
        for reliability in self.bins:
            reliability.write(writer)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        lost, silent = map(int, reader.unpack("2q"))
        groups, counts = reader.texts(), reader.integers()
        require(min(lost, silent) >= 0 and bool((counts >= 0).all()), "a count is negative")
        require(counts.size == 6 * len(groups) and len(set(groups)) == len(groups), "its groups are broken")
        bins = tuple(CalibrationBins.read(reader) for _ in groups)
        require(all(part.rows.size == BINS for part in bins), "its bins have another number")
        return cls(groups, counts.reshape(-1, 3, 2), bins, lost, silent)


def intersection(first: Column, second: Column) -> npt.NDArray[np.object_]:
    """The groups of two attributes together, as a column: missing where either is.

    Edge cases: without rows there are none; a pair that no row has is no group.

    >>> intersection(["f", "m", None], ["old", "young", "old"]).tolist()
    ['f & old', 'm & young', None]

    Source: Buolamwini, Gebru (2018), "Gender shades: intersectional accuracy disparities in commercial gender
    classification", Proceedings of Machine Learning Research 81.
    """
    one, two = named(first), named(second)
    require_equal_lengths(first=one.codes, second=two.codes)
    names = [f"{a}{BETWEEN}{b}" for a in one.classes for b in two.classes]
    together = np.array([*names, None], dtype=object)
    codes = one.codes * len(two.classes) + two.codes
    joined: npt.NDArray[np.object_] = together[np.where((one.codes >= 0) & (two.codes >= 0), codes, -1)]
    return joined


def _labels(label: Column | None, rows: int, positive: object) -> I64:
    if label is None:
        return np.full(rows, _UNKNOWN, dtype=np.int64)
    truth = binary(label, positive)
    return np.where(truth.present, truth.positive.astype(np.int64), _UNKNOWN)


def _reliability(scores: F64, outcome: I64, codes: I64, groups: int) -> tuple[CalibrationBins, ...]:
    known: Flags = (outcome != _UNKNOWN) & (scores >= 0) & (scores <= 1)
    scores, positive, codes = scores[known], outcome[known] == 1, codes[known]
    order = np.argsort(codes, kind="stable")
    ends = codes[order].searchsorted(np.arange(1, groups))
    pieces = np.split(order, ends)[:groups]  # Without any group there is still one piece, an empty one.
    return tuple(CalibrationBins.of(scores[piece], positive[piece], bins=BINS) for piece in pieces)
