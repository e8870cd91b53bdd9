"""Labels and predictions as users give them, in one form.

A label is a number, a truth value or a name. Booleans are 1 and 0, whole numbers drop their fraction, and all else is
taken by its text, so that True, 1, 1.0 and "1" are one class. None and NaN are missing.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64, I64, Flags

# What a user gives for a column: whatever NumPy takes, and lists with None in them.
Column = npt.ArrayLike | Sequence[Any]

_NUMBERS = "biuf"
_SMALL_RANGE = 10_000
_TWO_CLASSES = ({"0", "1"}, {"-1", "1"})


class Binary(NamedTuple):
    """Which rows are positive, and which have a value at all."""

    positive: Flags
    present: Flags


class Named(NamedTuple):
    """The class of each row by its place in `classes`, -1 where it is missing."""

    classes: tuple[str, ...]
    codes: I64


def class_name(value: object) -> str:
    """The one text of a class."""
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def binary(values: Column, positive: object = 1, *, what: str = "label") -> Binary:
    """Which rows are of the positive class; every other class is negative.

    Raises:
        ValueError: `positive` was left at 1 and the values are not 0 and 1 (nor -1 and 1).
    """
    array = np.asarray(values).reshape(-1)
    wanted = class_name(positive)
    if array.dtype.kind in _NUMBERS and _is_number(wanted):
        present = ~np.isnan(array) if array.dtype.kind == "f" else np.ones(array.size, dtype=bool)
        hits = array == float(wanted)
        if wanted == "1" and not bool((hits | ~present | (array == 0)).all()):
            _require_two({class_name(value) for value in np.unique(array[present & ~hits]).tolist()}, what)
        return Binary(hits & present, present)
    classes, codes = named(values)
    if wanted == "1":
        _require_two(set(classes), what)
    place = classes.index(wanted) if wanted in classes else -2
    return Binary(codes == place, codes >= 0)


def named(values: Column) -> Named:
    """Every row's class; classes are in order, numbers before names."""
    array = np.asarray(values).reshape(-1)
    if array.dtype.kind in _NUMBERS:
        return _named_numbers(array)
    if not isinstance(values, np.ndarray):  # NumPy has written a NaN beside names as the name "nan".
        array = np.asarray(values, dtype=object).reshape(-1)
    listed = array.tolist()
    # What is equal has one class, and equal keys one place: True is 1 is 1.0. Only NaN is not even itself.
    names = {value: class_name(value) for value in set(listed) if value is not None and value == value}  # noqa: PLR0124
    classes = sorted(set(names.values()), key=sort_key)
    places = {name: place for place, name in enumerate(classes)}
    code_of = {value: places[name] for value, name in names.items()}
    codes = np.fromiter((code_of.get(value, -1) for value in listed), dtype=np.int64, count=len(listed))
    return Named(tuple(classes), codes)


def scores_of(score: Column) -> F64:
    """Scores as numbers; None is NaN.

    Raises:
        ValueError: they are no numbers.
    """
    try:
        return np.asarray(score, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError) as error:
        raise ValueError("A score is a number, and these are not; give the score and not the predicted class.") from (
            error
        )


def require_equal_lengths(**columns: npt.NDArray[Any] | None) -> None:
    """Refuse columns of different lengths."""
    lengths = {name: column.size for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"The columns have different lengths ({told}); give one value for each row.")


def sort_key(name: str) -> tuple[bool, float, str]:
    """Numbers by size, then names by text."""
    return (False, float(name), name) if _is_number(name) else (True, 0.0, name)


def _named_numbers(array: npt.NDArray[Any]) -> Named:
    known = ~np.isnan(array) if array.dtype.kind == "f" else np.ones(array.size, dtype=bool)
    small = _small_integers(array[known])
    codes = np.full(array.size, -1, dtype=np.int64)
    if small is None:
        values, codes[known] = np.unique(array[known], return_inverse=True)
    else:
        there = np.bincount(small) > 0
        values = np.flatnonzero(there) + float(array[known].min())
        codes[known] = (np.cumsum(there) - 1)[small]
    return Named(tuple(class_name(value) for value in values.tolist()), codes)


def _small_integers(values: npt.NDArray[Any]) -> I64 | None:
    """Whole numbers of a small range, counted from the least of them; None if they are anything else."""
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and high - low < _SMALL_RANGE and max(-low, high) < 2**52):
        return None
    offsets = (values.astype(np.float64) - low).astype(np.int64)
    return offsets if low.is_integer() and bool((offsets + low == values).all()) else None


def _require_two(classes: set[str], what: str) -> None:
    if not any(classes <= pair for pair in _TWO_CLASSES):
        shown = ", ".join(sorted(classes, key=sort_key)[:5])
        raise ValueError(f"The {what} holds {shown}, and 1 is taken for the positive class; name another by positive=.")


def _is_number(name: str) -> bool:
    try:
        return math.isfinite(float(name))
    except ValueError:
        return False
