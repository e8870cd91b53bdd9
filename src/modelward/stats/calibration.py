"""What a score of a model is worth: the frequency of the positive class at each score, learned from a reference."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from modelward.stats.arrays import F64, I64
from modelward.stats.binary import Reader, Writer, from_document, require, to_document
from modelward.stats.binary_scores import BinaryScores, binary_scores_of
from modelward.stats.labels import Column
from modelward.stats.score_cells import ClassCells, class_cells

FOLDS = 5
_BINS = 10
_MAGIC = b"MWCA"
_MOST_ROWS = 10**8


@dataclass(frozen=True, eq=False)
class Calibration:
    """A rising curve from score to probability: straight between `scores`, level beyond both ends.

    `needed` says whether it was learned, because that made the scores truer, or is the score itself. `n` are the rows
    of the reference and `base_rate` their share of positive ones.
    """

    scores: F64
    probabilities: F64
    needed: bool
    n: int
    base_rate: float

    def __call__(self, score: Column) -> F64:
        """The probability of the positive class at each score; nan where that is nan."""
        probabilities: F64 = np.interp(np.asarray(score, dtype=np.float64), self.scores, self.probabilities)
        return probabilities

    def to_bytes(self) -> bytes:
        """The curve as a versioned document, for `from_bytes`."""
        return to_document(_MAGIC, self.write)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; ValueError, with a sentence, for anything else."""
        return from_document(data, _MAGIC, cls.read)

    def write(self, writer: Writer) -> None:
        """Add the fields to a document."""
        writer.pack("q?d", self.n, self.needed, self.base_rate)
        writer.floats(self.scores)
        writer.floats(self.probabilities)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Take the fields from a document."""
        n, needed, rate = reader.unpack("q?d")
        scores, probabilities = reader.floats(), reader.floats()
        require(n > 0 and 0 <= rate <= 1 and scores.size == probabilities.size > 0, "its curve is broken")
        rising = bool((np.diff(scores) > 0).all() and (np.diff(probabilities) >= 0).all())
        require(rising and probabilities[0] >= 0 and probabilities[-1] <= 1, "its curve does not rise from 0 to 1")
        return cls(scores, probabilities, bool(needed), int(n), float(rate))


def calibrate(
    label: Column | BinaryScores, score: Column | None = None, *, positive: object = 1, seed: int = 0
) -> Calibration:
    """Learn, by isotonic regression, what each score is worth, if that makes the scores truer than they are.

    The rows are split at random (by `seed`) into five folds; scores are calibrated only where the expected calibration
    error of the fold left out falls in every one of them, since calibrating true scores only adds noise. Scores outside
    [0, 1] are always calibrated. Works on a joint summary as on arrays: a fold takes rows out of the distributions of
    both classes.

    Edge cases: rows that lack a label or a score are left out.

    >>> label, score = [0, 0, 0, 1] * 50, [0.1, 0.1, 0.9, 0.9] * 50
    >>> calibrate(label, score)([0.1, 0.9]).tolist()
    [0.0, 0.5]

    Raises:
        ValueError: the label of the reference has one class only.

    Sources: Zadrozny, Elkan (2002), "Transforming classifier scores into accurate multiclass probability estimates",
    KDD; the algorithm of Ayer et al. (1955), Annals of Mathematical Statistics 26; the decision by folds as in
    NannyML's documentation of confidence-based performance estimation.
    """
    scores = binary_scores_of(label, score, positive, keep=False)
    if not (scores.negatives.count and scores.positives.count):
        raise ValueError(
            "The label of the reference has one class only, and scores are calibrated against two; take a longer one."
        )
    return curve_of(class_cells(scores.negatives, scores.positives), seed=seed, always=scores.outside > 0)


def curve_of(cells: ClassCells, *, seed: int, always: bool = False) -> Calibration:
    """The curve of scores that were cut into cells with rows of both classes; `always` learns it untested."""
    finite = np.isfinite(cells.middles)
    middles = cells.middles[finite]
    negatives, positives = _whole(cells.negatives[finite]), _whole(cells.positives[finite])
    n = round(float(cells.negatives.sum() + cells.positives.sum()))
    rate = float(cells.positives.sum()) / n
    if always or _truer_in_every_fold(middles, negatives, positives, np.random.default_rng(seed)):
        return Calibration(*_isotonic(middles, negatives, positives), True, n, rate)
    return Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]), False, n, rate)


def _whole(masses: F64) -> I64:
    """Rows as whole numbers, with every running sum as near as can be."""
    return np.diff(np.rint(np.cumsum(masses)), prepend=0.0).astype(np.int64)


def _isotonic(middles: F64, negatives: I64, positives: I64) -> tuple[F64, F64]:
    """The rising curve nearest to the shares of positive rows: neighbours out of order are pooled, again and again.

    A level stretch is kept by its two ends.
    """
    rows = negatives + positives
    used = rows > 0
    x, weights, hits = middles[used], rows[used].tolist(), positives[used].tolist()
    blocks: list[tuple[float, float, int, int]] = []  # Positive rows, rows, first and last cell.
    for i, (hit, weight) in enumerate(zip(hits, weights, strict=True)):
        block = (hit, weight, i, i)
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2], block[3])
        blocks.append(block)
    ends = [(place, hit / weight) for hit, weight, first, last in blocks for place in sorted({first, last})]
    places, probabilities = np.array([place for place, _ in ends]), np.array([share for _, share in ends])
    return x[places], probabilities


def _truer_in_every_fold(middles: F64, negatives: I64, positives: I64, rng: np.random.Generator) -> bool:
    folds = zip(_folds(negatives, rng), _folds(positives, rng), strict=True)
    return all(_truer(middles, (negatives, positives), fold) for fold in folds)


def _truer(middles: F64, whole: tuple[I64, I64], fold: tuple[I64, I64]) -> bool:
    """Whether a curve learned from the other rows makes the scores of this fold truer."""
    kept = whole[0] - fold[0], whole[1] - fold[1]
    if not (kept[0].any() and kept[1].any() and (fold[0].any() or fold[1].any())):
        return False
    calibrated = np.interp(middles, *_isotonic(middles, *kept))
    return _error(calibrated, *fold) < _error(middles, *fold)


def _error(scores: F64, negatives: I64, positives: I64) -> float:
    """The expected calibration error times the rows."""
    rows = negatives + positives
    place = np.clip(np.ceil(scores * _BINS) - 1, 0, _BINS - 1).astype(np.int64)
    return float(np.abs(np.bincount(place, positives - scores * rows, _BINS)).sum())


def _folds(rows: I64, rng: np.random.Generator) -> Iterator[I64]:
    """The rows of each cell that fall into each fold, drawn without replacement."""
    left = rows if rows.sum() < _MOST_ROWS else (rows * (_MOST_ROWS / rows.sum())).astype(np.int64)
    for fold in range(FOLDS, 0, -1):
        taken = rng.multivariate_hypergeometric(left, int(left.sum()) // fold, method="marginals")
        left = left - taken
        yield taken
