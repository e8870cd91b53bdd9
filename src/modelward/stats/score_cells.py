"""Scores as a run of cells in rising order: single values, and the stretches between two of them.

While a summary is exact there are only values. Of a compressed one, the rows between two knots of its distribution lie
evenly between them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from modelward.stats.arrays import F64, Flags
from modelward.stats.numeric_summary import NumericSummary


class ScoreCells(NamedTuple):
    """The middle of each cell, whether it is a single value, and each summary's rows in it."""

    middles: F64
    atoms: Flags
    masses: tuple[F64, ...]


class ClassCells(NamedTuple):
    """Cells of two classes: the middle of each, whether it is a single value, and the rows of each class."""

    middles: F64
    atoms: Flags
    negatives: F64
    positives: F64


def score_cells(summaries: Sequence[NumericSummary], cuts: F64 | None = None) -> ScoreCells:
    """Cells that suit all of the summaries, with a border at each of the cuts too; cells without rows are left out."""
    filled = [summary for summary in summaries if summary.numbers]
    if all(summary.exact and summary.numbers == summary.count for summary in filled):
        return _values_only(summaries)
    points = [summary.turning_points for summary in filled]
    infinite = [
        s
        for s, there in ((-np.inf, "negative_infinities"), (np.inf, "positive_infinities"))
        for summary in filled
        if getattr(summary, there)
    ]
    borders = np.unique(np.concatenate([*points, infinite, np.empty(0) if cuts is None else cuts]))
    with np.errstate(invalid="ignore"):  # Between two infinities there is no middle, and no row.
        middles = _interleaved(borders, borders[:-1] / 2 + borders[1:] / 2)
    atoms = _interleaved(np.ones(borders.size), np.zeros(borders.size - 1)).astype(bool)
    masses = tuple(_masses(summary, borders) for summary in summaries)
    used = np.sum(masses, axis=0) > 0
    return ScoreCells(middles[used], atoms[used], tuple(mass[used] for mass in masses))


def class_cells(negatives: NumericSummary, positives: NumericSummary) -> ClassCells:
    """Cells of two classes."""
    middles, atoms, masses = score_cells((negatives, positives))
    return ClassCells(middles, atoms, *masses)


def _values_only(summaries: Sequence[NumericSummary]) -> ScoreCells:
    filled = [summary for summary in summaries if summary.count]
    if not filled:
        return ScoreCells(np.empty(0), np.empty(0, dtype=bool), tuple(np.empty(0) for _ in summaries))
    if len(summaries) == 1:
        return ScoreCells(filled[0].values, filled[0].atoms, (filled[0].weights,))
    values = np.unique(np.concatenate([summary.values for summary in filled]))
    masses = []
    for summary in summaries:
        mass = np.zeros(values.size)
        mass[values.searchsorted(summary.values)] = summary.weights
        masses.append(mass)
    return ScoreCells(values, np.ones(values.size, dtype=bool), tuple(masses))


def _masses(summary: NumericSummary, borders: F64) -> F64:
    if not summary.numbers:
        return np.zeros(2 * borders.size - 1)
    upto, below = summary.cdf(borders) * summary.numbers, summary.cdf_below(borders) * summary.numbers
    at, between = upto - below, below[1:] - upto[:-1]
    # What rounding leaves is no row.
    grain = 1e-9 * summary.numbers
    masses = _interleaved(np.where(at > grain, at, 0.0), np.where(between > grain, between, 0.0))
    masses *= summary.numbers / masses.sum()
    return masses


def _interleaved(first: F64, second: F64) -> F64:
    both = np.empty(first.size + second.size)
    both[0::2], both[1::2] = first, second
    return both
