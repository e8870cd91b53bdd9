"""A domain classifier: whether a row can be told to be of the current table and not of the reference, and by what."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from modelward.stats.arrays import F64, Flags
from modelward.stats.domain_features import F32, Features, Places, features_of, products
from modelward.stats.intervals import logit
from modelward.stats.joint_rows import Columns, drawn_pair, rows_in
from modelward.stats.metric import CONFIDENCE

ROWS = 10_000
FOLDS = 5
_FEWEST = 50
_MOST_PAIRS = 150
_RIDGE = 0.05
_LEAST_SIGNAL = 1e-12

# Rows of two folds judge each other: each pair of them counts in both, so that the variance is twice that of areas that
# know nothing of one another, as simulations of equal tables confirm.
_TWICE = 2


@dataclass(frozen=True)
class DomainClassifier:
    """`statistic` is the cross-validated ROC AUC: 0.5 where the tables cannot be told apart, 1 where every row can.

    `low` and `high` are its interval, `p_value` is one-sided against 0.5. `columns` are what gives the difference away:
    how much of the AUC is lost when a column's values are shuffled, the largest first.
    """

    statistic: float
    low: float
    high: float
    p_value: float
    n_reference: int
    n_current: int
    columns: tuple[tuple[str, float], ...]


def domain_classifier(
    reference: Columns,
    current: Columns,
    *,
    seed: int = 0,
    rows: int = ROWS,
    folds: int = FOLDS,
    confidence: float = CONFIDENCE,
) -> DomainClassifier:
    """How well a classifier tells current rows from reference rows: its ROC AUC on rows it was not fitted on.

    The classifier is a linear discriminant with a ridge, w = (S + λI)⁻¹ (x̄₁ − x̄₀), over the cells of each column (its
    quantiles, heavy values, commonest names, missing values), its ranks, and those products of two columns' ranks whose
    means differ most, chosen anew on the rows of each fit. So it sees what moved in a column and what
    changed between two columns; a change that only three columns together show it does not see. At most `rows`
    rows of each table are drawn. The interval is that of the mean of the folds' AUCs on the logit scale, with a
    variance of twice DeLong's, and the p-value's twice Mann and Whitney's, because the folds judge one another.

    Edge cases: missing values are a value like any other; infinite numbers count as missing; constant columns give
    nothing away; of more than 100 columns 100 are drawn.

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(2, 1000))
    >>> result = domain_classifier({"a": a, "b": a + 0.3 * b}, {"a": a, "b": b})
    >>> result.statistic > 0.75, result.low > 0.5, sorted(name for name, _ in result.columns)
    (True, True, ['a', 'b'])

    Raises:
        ValueError: fewer than 50 rows in a table, or no column in common.

    Source: Lopez-Paz, Oquab (2017), "Revisiting classifier two-sample tests", ICLR; LeDell, Petersen, van der Laan
    (2015), "Computationally efficient confidence intervals for cross-validated area under the ROC curve estimates",
    Electronic Journal of Statistics 9; Bengio, Grandvalet (2004), "No unbiased estimator of the variance of K-fold
    cross-validation", JMLR 5; Breiman (2001), "Random forests", Machine Learning 45, for the shuffling.
    """
    rng = np.random.default_rng(seed)
    before, now = drawn_pair(reference, current, rows=rows, rng=rng)
    counts = rows_in(before), rows_in(now)
    if min(counts) < _FEWEST:
        raise ValueError(f"A classifier is fitted from {_FEWEST} rows on each side; give a longer window.")
    features = features_of(before, now)
    is_current = np.repeat([False, True], counts)
    fold = np.concatenate([rng.permutation(count) % folds for count in counts])
    fits = _fits(features, is_current, fold, folds)
    areas = [_area(fit.scores, is_current[fold == k]) for k, fit in enumerate(fits)]
    lost = _lost(features, is_current, fold, fits, rng)
    value = float(np.mean([area.value for area in areas]))
    spread = math.sqrt(_TWICE * sum(area.variance for area in areas)) / folds
    low, high = logit(value, spread, float(min(counts)), confidence)
    p_value = _p_value(value, *counts)
    return DomainClassifier(value, low, high, p_value, *counts, columns=lost)


class _Fit(NamedTuple):
    """The weights found without one fold, the pairs that were multiplied, and the scores of the fold's rows."""

    weights: F64
    pairs: Places
    scores: F64


class _Area(NamedTuple):
    value: float
    variance: float


def _fits(features: Features, is_current: Flags, fold: Places, folds: int) -> list[_Fit]:
    """One fit for each fold, without its rows; sums over rows are made once and put together."""
    sides = np.where(is_current, 1.0, -1.0)
    chosen = _pairs_without(features, is_current, fold, folds)
    every = np.unique(np.vstack(chosen), axis=0)
    wide = np.hstack([features.cells, products(features.ranks, every)])
    parts = [wide[fold == k] for k in range(folds)]
    squares = [np.asarray(part.T @ part, dtype=np.float64) for part in parts]
    sums = [
        [part[is_current[fold == k] == side].sum(axis=0, dtype=np.float64) for side in (False, True)]
        for k, part in enumerate(parts)
    ]
    fits = []
    for k in range(folds):
        own = _places(features.cells.shape[1], every, chosen[k])
        others = [j for j in range(folds) if j != k]
        rows = [int(((fold != k) & (sides == side)).sum()) for side in (-1.0, 1.0)]
        square = sum(squares[j][np.ix_(own, own)] for j in others)
        means = [sum(sums[j][side][own] for j in others) / rows[side] for side in (0, 1)]
        weights = _weights(np.asarray(square), means[0], means[1], rows)
        fits.append(
            _Fit(weights, chosen[k], np.asarray(parts[k][:, own] @ weights.astype(np.float32), dtype=np.float64))
        )
    return fits


def _weights(square: F64, mean_before: F64, mean_now: F64, rows: list[int]) -> F64:
    """The discriminant's direction: both tables count alike, whatever their rows."""
    total = sum(rows)
    between = np.asarray(mean_now - mean_before)
    within = square / total - rows[0] / total * np.outer(mean_before, mean_before)
    within -= rows[1] / total * np.outer(mean_now, mean_now)
    ridge = _RIDGE + len(between) / min(rows)
    return np.asarray(np.linalg.solve(within + ridge * np.eye(len(between)), between))


def _places(cells: int, every: Places, chosen: Places) -> Places:
    """Where the cells and these pairs stand among all columns."""
    at = {(int(first), int(second)): place for place, (first, second) in enumerate(every.tolist())}
    own = [cells + at[int(first), int(second)] for first, second in chosen.tolist()]
    return np.concatenate([np.arange(cells), np.array(own, dtype=np.int64)])


def _pairs_without(features: Features, is_current: Flags, fold: Places, folds: int) -> list[Places]:
    """For each fold, the pairs whose product moved most among all other rows, as far as chance does not explain it."""
    ranks = features.ranks
    moments = [[_moments(ranks[(fold == k) & (is_current == side)]) for side in (False, True)] for k in range(folds)]
    first, second = np.triu_indices(ranks.shape[1], 1)
    apart = features.rank_of[first] != features.rank_of[second]
    pairs = np.column_stack([first[apart], second[apart]])
    chosen = []
    for k in range(folds):
        sides = [_summed([moments[j][side] for j in range(folds) if j != k], pairs) for side in (0, 1)]
        noise = np.sqrt(sides[0].variance + sides[1].variance)
        signal = np.abs(sides[1].mean - sides[0].mean) / np.where(noise > _LEAST_SIGNAL, noise, np.inf)
        least = math.sqrt(2 * math.log(max(2, len(pairs))))
        best = np.argsort(-signal, kind="stable")[:_MOST_PAIRS]
        chosen.append(pairs[np.sort(best[signal[best] > least])])
    return chosen


class _Moments(NamedTuple):
    rows: int
    product: F64
    square: F64


class _Mean(NamedTuple):
    mean: F64
    variance: F64


def _moments(ranks: F32) -> _Moments:
    squared = ranks * ranks
    return _Moments(len(ranks), np.asarray(ranks.T @ ranks, np.float64), np.asarray(squared.T @ squared, np.float64))


def _summed(moments: list[_Moments], pairs: Places) -> _Mean:
    rows = sum(part.rows for part in moments)
    at = pairs[:, 0], pairs[:, 1]
    mean = np.asarray(sum(part.product for part in moments))[at] / rows
    square = np.asarray(sum(part.square for part in moments))[at] / rows
    return _Mean(mean, np.maximum(square - mean**2, 0) / rows)


def _area(scores: F64, is_current: Flags) -> _Area:
    """The area and DeLong's variance of it."""
    before, now = np.sort(scores[~is_current]), np.sort(scores[is_current])
    below = _share_below(before, now)
    above = 1 - _share_below(now, before)
    value = float(below.mean())
    return _Area(value, float(below.var(ddof=1) / below.size + above.var(ddof=1) / above.size))


def _share_below(ordered: F64, values: F64) -> F64:
    """The share of the ordered values below each value, equal ones by half."""
    places = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return np.asarray(places / (2 * len(ordered)))


def _p_value(value: float, before: int, now: int) -> float:
    """The chance of an area as large where nothing differs: Mann and Whitney's variance, for folds."""
    spread = math.sqrt(_TWICE * (before + now + 1) / (12 * before * now))
    return 0.5 * math.erfc((value - 0.5) / spread / math.sqrt(2))


def _lost(
    features: Features, is_current: Flags, fold: Places, fits: list[_Fit], rng: np.random.Generator
) -> tuple[tuple[str, float], ...]:
    """What shuffling each column costs, the mean over the folds."""
    losses = np.zeros(len(features.names))
    for k, fit in enumerate(fits):
        side = is_current[fold == k]
        rows = features.cells[fold == k], features.ranks[fold == k]
        whole = _area(fit.scores, side).value
        for column in range(len(losses)):
            moved = fit.scores + _change(features, fit, rows, column, rng.permutation(len(side)))
            losses[column] += (whole - _area(moved, side).value) / len(fits)
    return tuple(sorted(zip(features.names, losses.tolist(), strict=True), key=lambda one: -one[1]))


def _change(features: Features, fit: _Fit, rows: tuple[F32, F32], column: int, shuffled: Places) -> F64:
    """How the scores change when one column's values are those of other rows."""
    cells, ranks = rows
    own = np.flatnonzero(features.cell_of == column)
    part = cells[:, own] @ fit.weights[own]
    change = part[shuffled] - part
    touching = np.flatnonzero((features.rank_of[fit.pairs] == column).any(axis=1))
    if touching.size:
        pairs, weights = fit.pairs[touching], fit.weights[cells.shape[1] + touching]
        mixed = np.where(features.rank_of == column, ranks[shuffled], ranks)
        change = change + (products(mixed, pairs) - products(ranks, pairs)) @ weights
    return np.asarray(change)
