"""The equi-depth sketch: a sorted column as a few hundred groups of equal weight.

Each entry is either an *atom*, one value with its exact weight, or a *group*: its middle value (the value at half of its
weight), its mean and its weight. A value that holds more than 1/groups of the rows is always an atom.

The bound. Let t be the rank in the middle of a group and v its middle value: the true distribution passes t at v. So
between two neighbouring middles the true distribution and a line drawn between them stay within the same two ranks, and are
never further apart than those are (`line_error`); a step drawn at each middle is never further away than half a group
(`step_error`). A merge adds up the steps of its parts, so it carries their errors along, and adds its own.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from modelward.stats.arrays import F64, I64, Flags
from modelward.stats.moments import exponent_of, scaled


class Entries(NamedTuple):
    """Sorted entries: the value, the mean and the weight of each, and whether it is an atom."""

    values: F64
    means: F64
    weights: F64
    atoms: Flags


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


def group(ordered: F64, groups: int) -> Entries:
    """Compress a sorted array of finite values into about `groups` entries."""
    lefts, rights = _heavy_runs(ordered, groups)
    bounds = _bounds(ordered.size, lefts, rights, groups)
    starts, stops = bounds[:-1], bounds[1:]
    weights = (stops - starts).astype(np.float64)
    values = ordered[(starts + stops) // 2]
    atoms = np.isin(starts, lefts, assume_unique=True) if lefts.size else np.zeros(starts.size, dtype=bool)
    exponent = exponent_of(float(ordered[0]), float(ordered[-1]))
    means = _unscaled(np.add.reduceat(scaled(ordered, exponent), starts) / weights, exponent)
    return Entries(values, _within(means, values, atoms), weights, atoms)


def _heavy_runs(ordered: F64, groups: int) -> tuple[I64, I64]:
    """Where each value that holds more than 1/groups of the rows starts and stops: so long a run meets every such stride."""
    candidates = ordered[:: max(1, ordered.size // groups)]
    candidates = candidates[np.concatenate(([True], candidates[1:] != candidates[:-1]))]
    lefts = ordered.searchsorted(candidates, "left")
    rights = ordered.searchsorted(candidates, "right")
    heavy = (rights - lefts) * groups > ordered.size
    return lefts[heavy], rights[heavy]


def _bounds(size: int, lefts: I64, rights: I64, groups: int) -> I64:
    """Where groups start and stop: an even grid, cut anew at both ends of each heavy run and never inside one."""
    grid = np.arange(groups + 1, dtype=np.int64) * size // groups
    if lefts.size:
        run = lefts.searchsorted(grid, "right") - 1
        inside = (run >= 0) & (grid < rights[run])
        grid = np.concatenate((grid[~inside], lefts, rights))
    return np.unique(grid)


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
    """Compress sorted entries: those whose middles fall into one cell of an even grid of ranks become one group.

    Heavy atoms stay as they are and part the groups before them from those behind them.
    """
    values, means, weights, atoms = entries
    reached = np.cumsum(weights)
    total = reached[-1]
    heavy = atoms & (weights * groups > total)
    cell = ((reached - weights / 2) * (groups / total)).astype(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], (cell[1:] != cell[:-1]) | heavy[1:] | heavy[:-1])))
    stops = np.append(starts[1:], values.size)
    sums = np.add.reduceat(weights, starts)
    alone = atoms[starts] & (stops - starts == 1)
    middles = _middles(values, reached, reached[stops - 1] - sums / 2)
    exponent = exponent_of(float(values[0]), float(values[-1]))
    group_means = _unscaled(np.add.reduceat(weights * scaled(means, exponent), starts) / sums, exponent)
    return Entries(middles, _within(group_means, middles, alone), sums, alone)


def _middles(values: F64, reached: F64, targets: F64) -> F64:
    """The value at which the running weight passes each target; half way where it rests on the target between two values."""
    index = reached.searchsorted(targets, "left")
    following = np.minimum(index + 1, values.size - 1)
    between = values[index] / 2 + values[following] / 2
    return np.where(reached[index] == targets, between, values[index])


def _unscaled(means: F64, exponent: int) -> F64:
    return means if exponent == 0 else np.ldexp(means, exponent)


def _within(means: F64, values: F64, atoms: Flags) -> F64:
    return np.where(atoms, values, means)


def knots(entries: Entries, minimum: float, maximum: float) -> tuple[F64, F64]:
    """The points (value, weight reached) between which the distribution is drawn as lines; an atom is a vertical one."""
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


def line_error(entries: Entries) -> float:
    """The largest share of the weight between two neighbouring knots that do not lie on one vertical line."""
    free = np.where(entries.atoms, 0.0, entries.weights)
    padded = np.concatenate(([0.0], free, [0.0]))
    return float((padded[1:] + padded[:-1]).max() / 2 / entries.weights.sum())


def step_error(entries: Entries) -> float:
    """Half of the largest group's share of the weight."""
    free = np.where(entries.atoms, 0.0, entries.weights)
    return float(free.max() / 2 / entries.weights.sum())
