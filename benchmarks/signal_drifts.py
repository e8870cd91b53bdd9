"""Drift of a known kind and size, put into one column of a sample."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from benchmarks.signal_tables import Column, Columns

Rng = np.random.Generator
Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]
UNSEEN = "never seen before"


class Drift(NamedTuple):
    """`apply(rng, reference, current, size)` gives the column as it is after the drift."""

    sizes: tuple[float, ...]
    unit: str
    numbers: bool | None  # Of numbers, of texts, or of either (None).
    apply: Callable[[Rng, Column, Column, float], Column]


def inject(rng: Rng, kind: str, size: float, reference: Columns, current: Columns) -> tuple[Columns, str] | None:
    """The current sample with one column drifted, and its name; None where no column can drift so."""
    drift = DRIFTS[kind]
    able = [name for name, values in reference.items() if _able(values, current[name], drift)]
    if not able:
        return None
    name = str(rng.choice(able))
    moved = drift.apply(rng, reference[name], current[name], size)
    return {**current, name: _as_whole(rng, reference[name], moved)}, name


def _able(reference: Column, current: Column, drift: Drift) -> bool:
    """Columns that hold enough to move: numbers of more than ten values, texts whose two first names are common."""
    if drift.numbers is None:
        return True
    if (reference.dtype != object) is not drift.numbers:
        return False
    if reference.dtype == object:
        shares = _shares(reference)
        return len(shares) > 1 and shares[1][1] >= 0.02 and shares[0][1] - shares[1][1] >= 0.1
    known = reference[~np.isnan(reference)]
    common = np.unique(known, return_counts=True)[1].max() if known.size else np.inf
    return bool(np.unique(known).size > 10 and common < known.size / 2 and (~np.isnan(current)).mean() > 0.5)


def _as_whole(rng: Rng, reference: Column, moved: Column) -> Column:
    """Whole numbers where the reference has whole numbers, rounded at random so that the mean stays: a count that holds
    fractions would be another drift than the one meant.
    """
    if reference.dtype == object or bool((reference[~np.isnan(reference)] % 1).any()):
        return moved
    rounded: Floats = np.floor(moved + rng.random(moved.size))
    return rounded


def _shares(values: Column) -> list[tuple[str, float]]:
    names, counts = np.unique([value for value in values.tolist() if value is not None], return_counts=True)
    order = np.argsort(-counts)
    return [(str(names[i]), counts[i] / values.size) for i in order.tolist()]


def _shift(_rng: Rng, reference: Column, current: Column, size: float) -> Column:
    return current + size * np.nanstd(reference)


def _scale(_rng: Rng, reference: Column, current: Column, size: float) -> Column:
    middle = np.nanmedian(reference)
    return middle + size * (current - middle)


def _unit(_rng: Rng, _reference: Column, current: Column, size: float) -> Column:
    return current * size


def _missing(rng: Rng, _reference: Column, current: Column, size: float) -> Column:
    moved = current.copy()
    moved[rng.random(current.size) < size] = None if current.dtype == object else np.nan
    return moved


def _new_category(rng: Rng, _reference: Column, current: Column, size: float) -> Column:
    moved = current.copy()
    moved[rng.random(current.size) < size] = UNSEEN
    return moved


def _swap(rng: Rng, reference: Column, current: Column, size: float) -> Column:
    """The two most common names change places in a share of the rows."""
    (first, _), (second, _), *_ = _shares(reference)
    moved, chosen = current.copy(), rng.random(current.size) < size
    moved[chosen & (current == first)] = second
    moved[chosen & (current == second)] = first
    return moved


def _gradual(_rng: Rng, reference: Column, current: Column, size: float) -> Column:
    """A shift that grows along the rows of the sample, from nothing to its full size."""
    return current + np.linspace(0, size, current.size) * np.nanstd(reference)


def _unrelated(rng: Rng, _reference: Column, current: Column, _size: float) -> Column:
    """The same values in another order: the column's relation to all others is gone."""
    return rng.permutation(current)


DRIFTS: Mapping[str, Drift] = {
    "shift": Drift((0.1, 0.25, 0.5, 1.0), "standard deviations", True, _shift),
    "scale": Drift((1.25, 1.5, 2.0, 3.0), "times the spread", True, _scale),
    "unit": Drift((1.609344, 1000.0), "times the value", True, _unit),
    "missing": Drift((0.03, 0.1, 0.3), "of the rows", None, _missing),
    "new category": Drift((0.02, 0.1, 0.3), "of the rows", False, _new_category),
    "category swap": Drift((0.25, 0.5, 1.0), "of the rows", False, _swap),
    "gradual": Drift((0.5, 1.0, 2.0), "standard deviations at the end", True, _gradual),
    "correlation break": Drift((1.0,), "of the rows", None, _unrelated),
}
