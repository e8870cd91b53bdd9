"""Rows of two tables, drawn and brought into one shape, for the statistics that look at all columns together."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64

Columns = Mapping[str, npt.ArrayLike]
"""Columns of equal length by name: numbers, names, or vectors as an array of two dimensions."""

Table = dict[str, npt.NDArray[Any]]
MOST_COLUMNS = 100


def drawn_pair(reference: Columns, current: Columns, *, rows: int, rng: np.random.Generator) -> tuple[Table, Table]:
    """The columns that both have, of one kind, with at most `rows` rows of each drawn by chance.

    Of more than 100 columns 100 are drawn; vectors are one column for each of their places.

    Raises:
        ValueError: columns of one table differ in length, a table has too few rows to learn from, or they have no
            column in common.
    """
    sides = drawn(reference, rows, rng), drawn(current, rows, rng)
    common = [name for name in sides[0] if name in sides[1] and _alike(sides[0][name], sides[1][name])]
    if not common:
        raise ValueError("The two tables have no column of one kind in common; give tables of the same columns.")
    if len(common) > MOST_COLUMNS:
        common = [common[place] for place in sorted(rng.choice(len(common), MOST_COLUMNS, replace=False))]
    return {name: sides[0][name] for name in common}, {name: sides[1][name] for name in common}


def drawn(columns: Columns, rows: int, rng: np.random.Generator) -> Table:
    """At most `rows` rows of a table by chance: numbers as floats with NaN for missing, names as objects."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    lengths = {array.shape[0] for array in arrays.values()}
    if len(lengths) != 1:
        raise ValueError(f"The columns have different lengths: {sorted(lengths)}. Give the columns of one table.")
    many = lengths.pop()
    if many > rows:
        chosen = rng.choice(many, rows, replace=False)
        arrays = {name: array[chosen] for name, array in arrays.items()}
    table: Table = {}
    for name, array in arrays.items():
        table |= _places(name, array) if array.ndim == 2 else {name: _plain(array)}
    return table


def leading(before: F64, now: F64, most: int) -> tuple[F64, F64]:
    """Vectors on the `most` leading principal components of both tables together, where they are longer; those with a
    missing place are left out. Which vector is of which table does not enter.
    """
    sides = [side[np.isfinite(side).all(axis=1)] for side in (before, now)]
    if before.shape[1] <= most:
        return sides[0], sides[1]
    both = np.vstack(sides)
    both = both - both.mean(axis=0)
    directions = np.linalg.eigh(both.T @ both)[1][:, -most:]
    turned: F64 = both @ directions
    return turned[: len(sides[0])], turned[len(sides[0]) :]


def rows_in(table: Mapping[str, npt.NDArray[Any]]) -> int:
    """How many rows a table has."""
    return len(next(iter(table.values())))


def missing_in(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which names are missing: None, or what differs from itself as NaN does."""
    return np.array([value is None or value != value for value in values.tolist()], dtype=np.bool_)  # noqa: PLR0124


def is_numbers(values: npt.NDArray[Any]) -> bool:
    """Whether a column of a drawn table holds numbers."""
    return bool(values.dtype.kind == "f")


def _places(name: str, vectors: npt.NDArray[Any]) -> Table:
    return {f"{name}[{place}]": _plain(vectors[:, place]) for place in range(vectors.shape[1])}


def _plain(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.dtype.kind in "fiub":
        numbers: F64 = values.astype(np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    return values.astype(object)


def _alike(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> bool:
    return is_numbers(first) == is_numbers(second)
