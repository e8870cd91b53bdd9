"""The equi-depth sketch: a sorted column as a few hundred groups of equal weight.

Each entry is either an *atom*, one value with its exact weight, or a *group*: its middle value (the value at half of
its weight), its mean and its weight. A value that holds more than 1/groups of the rows is always an atom.

The bound. Let t be the rank in the middle of a group and v its middle value: the true distribution passes t at v. So
between two neighbouring middles the true distribution and a line drawn between them stay within the same two ranks, and
are never further apart than those are (`line_error`); a step drawn at each middle is never further away than half a
group (`step_error`). A merge adds up the steps of its parts, so it carries their errors along, and adds its own.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from modelward.stats.arrays import F64, I64, Flags
from modelward.stats.moments import exponent_of, scaled
from modelward.stats.order import BucketOrder, SortedOrder

Order = SortedOrder | BucketOrder


class Entries(NamedTuple):
    """Sorted entries: the value, the mean and the weight of each, and whether it is an atom."""

    values: F64
    means: F64
    weights: F64
    atoms: Flags


def entries_of(order: Order, cap: int, groups: int) -> tuple[Entries, bool]:
    """Every distinct value while there are at most `cap`, else the sketch; and whether it is the former."""
    if isinstance(order, SortedOrder) and not has_more_distinct_than(order.values, cap):
        return run_lengths(order.values), True
    return group(order, min(groups, order.size)), False


def run_lengths(ordered: F64) -> Entries:
    """Every distinct value of a sorted array, with its count."""
    changes = np.flatnonzero(ordered[1:] != ordered[:-1])
    if changes.size == ordered.size - 1:
        values, weights = ordered, np.ones(ordered.size)
    else:
        bounds = np.concatenate(([0], changes + 1, [ordered.size]))
        values, weights = ordered[bounds[:-1]], np.diff(bounds).astype(np.float64)
    return Entries(values, values, weights, np.ones(values.size, dtype=bool))


def has_more_distinct_than(ordered: F64, cap: int) -> bool:
    """Whether a sorted array has more than `cap` distinct values; a sample of it decides most large arrays."""
    if ordered.size <= cap:
        return False
    sample = ordered[:: max(1, ordered.size // (4 * cap))]
    if np.count_nonzero(sample[1:] != sample[:-1]) >= cap:
        return True
    return bool(np.count_nonzero(ordered[1:] != ordered[:-1]) >= cap)


def group(order: Order, groups: int) -> Entries:
    """Compress finite values, of which there are more than groups, into about `groups` entries."""
    grid = _rank_grid(order.size, groups)
    lefts, rights = _heavy_runs(order, grid, groups)
    bounds = _bounds(grid, lefts, rights)
    starts, stops = bounds[:-1], bounds[1:]
    weights = (stops - starts).astype(np.float64)
    both = order.at(np.concatenate(((starts + stops) // 2, starts)))
    values = both[: starts.size]
    atoms = np.isin(starts, lefts, assume_unique=True) | (weights == 1)
    return Entries(values, np.where(atoms, values, order.means(starts)), weights, atoms)


def _rank_grid(size: int, groups: int) -> I64:
    """The ranks at which groups are parted: evenly, and ever closer towards both ends, down to a single row.

    What lies beyond the other sample's last value is a cell of PSI that is empty on that side, where a small share
    counts for much; so the tails are kept finer than the middle.
    """
    even = np.arange(groups + 1, dtype=np.int64) * size // groups
    tail = 2 ** np.arange(max(0, size // groups).bit_length(), dtype=np.int64)
    return np.unique(np.concatenate((even, tail, size - tail)))


def _heavy_runs(order: Order, grid: I64, groups: int) -> tuple[I64, I64]:
    """Where each value that holds more than 1/groups of the rows starts and stops; so long a run meets the grid."""
    # The middles are asked for at once because the next step wants them.
    wanted = np.concatenate((grid[:-1], (grid[1:] + grid[:-1]) // 2))
    candidates = np.unique(order.at(wanted)[: grid.size - 1])
    lefts, rights = order.runs(candidates)
    heavy = (rights - lefts) * groups > order.size
    return lefts[heavy], rights[heavy]


def _bounds(grid: I64, lefts: I64, rights: I64) -> I64:
    """Where groups start and stop: on the grid, and at both ends of each heavy run, and never inside one."""
    if not lefts.size:
        return grid
    run = lefts.searchsorted(grid, "right") - 1
    inside = (run >= 0) & (grid < rights[run])
    return np.unique(np.concatenate((grid[~inside], lefts, rights)))


def unite(parts: Sequence[Entries]) -> Entries:
    """One sorted run of the entries of all parts; atoms of one value become one atom."""
    values, means, weights, atoms = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((~atoms, values)) if not atoms.all() else np.argsort(values, kind="stable")
    values, means, weights, atoms = values[order], means[order], weights[order], atoms[order]
    repeats = (values[1:] == values[:-1]) & atoms[1:] & atoms[:-1]
    if not repeats.any():
        return Entries(values, means, weights, atoms)
    starts = np.flatnonzero(np.concatenate(([True], ~repeats)))
    return Entries(values[starts], means[starts], np.add.reduceat(weights, starts), atoms[starts])


def regroup(entries: Entries, groups: int) -> Entries:
    """Compress sorted entries: those whose middles fall between the same two ranks of the grid become one group.

    Heavy atoms stay as they are and part the groups before them from those behind them.
    """
    values, means, weights, atoms = entries
    reached = np.cumsum(weights)
    total = reached[-1]
    heavy = atoms & (weights * groups > total)
    cell = _rank_grid(int(total), groups).searchsorted(reached - weights / 2, "right")
    starts = np.flatnonzero(np.concatenate(([True], (cell[1:] != cell[:-1]) | heavy[1:] | heavy[:-1])))
    stops = np.append(starts[1:], values.size)
    sums = np.add.reduceat(weights, starts)
    alone = atoms[starts] & (stops - starts == 1)
    middles = _middles(values, reached, reached[stops - 1] - sums / 2)
    exponent = exponent_of(float(values[0]), float(values[-1]))
    group_means = _unscaled(np.add.reduceat(weights * scaled(means, exponent), starts) / sums, exponent)
    return Entries(middles, _within(group_means, middles, alone), sums, alone)


def _middles(values: F64, reached: F64, targets: F64) -> F64:
    """The value at which the running weight passes each target; half way where it rests on the target between two
    values.
    """
    index = reached.searchsorted(targets, "left")
    following = np.minimum(index + 1, values.size - 1)
    between = values[index] / 2 + values[following] / 2
    return np.where(reached[index] == targets, between, values[index])


def _unscaled(means: F64, exponent: int) -> F64:
    return means if exponent == 0 else np.ldexp(means, exponent)


def _within(means: F64, values: F64, atoms: Flags) -> F64:
    return np.where(atoms, values, means)


def knots(entries: Entries, minimum: float, maximum: float) -> tuple[F64, F64]:
    """The points (value, weight reached) between which the distribution is drawn in lines; an atom is upright."""
    values, _, weights, atoms = entries
    reached = np.cumsum(weights)
    last = np.cumsum(1 + atoms)
    points = np.empty(last[-1] + 2)
    heights = np.empty(last[-1] + 2)
    points[0], points[-1] = minimum, maximum
    heights[0], heights[-1] = 0.0, reached[-1]
    half = np.where(atoms, 0.0, weights / 2)
    points[last - atoms] = points[last] = values
    heights[last - atoms] = reached - weights + half
    heights[last] = reached - half
    return points, heights


def height_at(points: F64, heights: F64, x: F64, side: str) -> F64:
    """The weight reached at `x`: up to it for the side `right`, before it for `left`."""
    shrink = _shrink(points)
    if side == "right":
        reached = _interpolated(x * shrink, points * shrink, heights)
    else:
        reached = heights[-1] - _interpolated(-x * shrink, -points[::-1] * shrink, heights[-1] - heights[::-1])
    return reached.clip(0.0, heights[-1])


def _interpolated(x: F64, points: F64, heights: F64) -> F64:
    """`np.interp`, but for points so close together (around 1e-308) that the slope between them is infinite: there the
    height of the last point that is reached.
    """
    reached: F64 = np.interp(x, points, heights, left=0.0)
    if not np.isfinite(reached).all():
        stepped = np.concatenate(([0.0], heights))[points.searchsorted(x, "right")]
        reached = np.where(np.isfinite(reached), reached, stepped)
    return reached


def point_at(points: F64, heights: F64, height: F64) -> F64:
    """The value at which the weight reaches this height."""
    shrink = _shrink(points)
    return np.interp(height, heights, points * shrink) / shrink


def _shrink(points: F64) -> float:
    """What to multiply by, because the distance between two finite numbers may be infinite."""
    return 1.0 if math.isfinite(float(points[-1]) - float(points[0])) else 0.25


def order_statistic(values: F64, reached: F64, shares: F64) -> F64:
    """Quantiles of distinct values: linear between order statistics (Hyndman and Fan's type 7, NumPy's default)."""
    position = shares * (reached[-1] - 1)
    below = np.floor(position)
    part = position - below
    lower = values[np.minimum(reached.searchsorted(below, "right"), values.size - 1)]
    upper = values[np.minimum(reached.searchsorted(below + 1, "right"), values.size - 1)]
    quantiles: F64 = np.asarray(np.where(part > 0, lower * (1 - part) + upper * part, lower))
    return quantiles


def line_error(entries: Entries) -> float:
    """The largest share of the weight between two neighbouring knots that do not lie on one vertical line."""
    free = np.where(entries.atoms, 0.0, entries.weights)
    padded = np.concatenate(([0.0], free, [0.0]))
    return float((padded[1:] + padded[:-1]).max() / 2 / entries.weights.sum())


def step_error(entries: Entries) -> float:
    """Half of the largest group's share of the weight."""
    free = np.where(entries.atoms, 0.0, entries.weights)
    return float(free.max() / 2 / entries.weights.sum())
