"""Distance of the means of vectors, such as embeddings, with a p-value by permutation."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64

ROWS = 4_000
PERMUTATIONS = 999
_FEWEST = 2


@dataclass(frozen=True)
class DistanceOfMeans:
    """`statistic` is the distance in standard deviations of a place, its mean over the places; `p_value` is the share
    of permutations whose distance is at least as large. `plain` is the Euclidean distance in the vectors' own unit.
    """

    statistic: float
    p_value: float
    plain: float
    n_reference: int
    n_current: int


def distance_of_means(
    reference: npt.ArrayLike,
    current: npt.ArrayLike,
    *,
    seed: int = 0,
    rows: int = ROWS,
    permutations: int = PERMUTATIONS,
) -> DistanceOfMeans:
    """How far the mean vector moved: √(Σ ((x̄₁ − x̄₀) / s)² / d), with s the spread of both tables together.

    Each side is an array of one row for each vector, of which at most `rows` are drawn. The p-value is that of the
    permutation test: the rows of both sides are dealt out anew `permutations` times, and it is
    (1 + those with at least this distance) / (1 + all).

    Edge cases: vectors with a missing or an infinite place are left out; places that never vary count nothing, and
    where none varies the distance is 0 and the p-value 1.

    >>> rng = np.random.default_rng(0)
    >>> result = distance_of_means(rng.normal(size=(300, 8)), rng.normal(0.5, 1, size=(300, 8)))
    >>> round(result.statistic, 2), result.p_value
    (0.53, 0.001)

    Raises:
        ValueError: the vectors of the two sides differ in length, or a side has fewer than 2.

    Source: Pitman (1937), "Significance tests which may be applied to samples from any populations", Supplement to the
    Journal of the Royal Statistical Society 4; Phipson, Smyth (2010), "Permutation p-values should never be zero",
    Statistical Applications in Genetics and Molecular Biology 9.
    """
    rng = np.random.default_rng(seed)
    before, now = (_drawn(side, rows, rng) for side in (reference, current))
    if before.shape[1] != now.shape[1]:
        raise ValueError(
            f"The vectors have {before.shape[1]} places in the reference and {now.shape[1]} in the current data; "
            "compare those of one model."
        )
    counts = len(before), len(now)
    if min(counts) < _FEWEST:
        raise ValueError("A mean is compared from two vectors on each side; give a longer window.")
    both = np.vstack([before, now])
    sizes = np.abs(both).max(axis=0)
    both /= np.where(sizes > 0, sizes, 1.0)  # No square of these is past the range.
    moved = both[counts[0] :].mean(axis=0) - both[: counts[0]].mean(axis=0)
    plain = math.hypot(*(moved * sizes).tolist())
    spread = both.std(axis=0)
    scaled = (both - both.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    if not scaled.shape[1]:
        return DistanceOfMeans(0.0, 1.0, plain, *counts)
    found = _distances(scaled, np.arange(len(both))[None, :] < counts[0], counts[0])[0]
    # A hair less, so that the same distance summed in another order counts as equal.
    as_far = sum(
        int((distances >= found * (1 - 1e-9)).sum()) for distances in _dealt(scaled, counts[0], permutations, rng)
    )
    return DistanceOfMeans(float(found), (1 + as_far) / (1 + permutations), plain, *counts)


def _drawn(side: npt.ArrayLike, rows: int, rng: np.random.Generator) -> F64:
    vectors = np.asarray(side, dtype=np.float64)
    if vectors.ndim != 2:
        raise ValueError("Vectors come as an array with one row for each, all of one length.")
    if len(vectors) > rows:
        vectors = vectors[rng.choice(len(vectors), rows, replace=False)]
    whole: F64 = vectors[np.isfinite(vectors).all(axis=1)]
    return whole


def _dealt(scaled: F64, first: int, permutations: int, rng: np.random.Generator) -> "list[F64]":
    """The distances of permutations, a hundred at a time."""
    at_once = 100
    deals = [min(at_once, permutations - done) for done in range(0, permutations, at_once)]
    return [_distances(scaled, _deal(len(scaled), first, many, rng), first) for many in deals]


def _deal(rows: int, first: int, many: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    taken = np.zeros((many, rows), dtype=np.bool_)
    taken[:, :first] = True
    return np.asarray(rng.permuted(taken, axis=1))


def _distances(scaled: F64, in_first: npt.NDArray[np.bool_], first: int) -> F64:
    """The distance for each way to deal the rows; all rows together have a mean of 0, so that one sum is enough."""
    sums = in_first.astype(np.float32) @ scaled.astype(np.float32)
    between = sums * (1 / first + 1 / (len(scaled) - first))
    distances: F64 = np.sqrt((between.astype(np.float64) ** 2).mean(axis=1))
    return distances
