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
    codes_of: dict[str, int] = {}
    seen: dict[object, int] = {}
    codes = np.empty(array.size, dtype=np.int64)
    for row, value in enumerate(array.tolist()):
        key = (type(value), value)
        code = seen.get(key)
        if code is None:
            missing = value is None or value != value  # noqa: PLR0124 - only NaN differs from itself
            code = -1 if missing else codes_of.setdefault(class_name(value), len(codes_of))
            seen[key] = code
        codes[row] = code
    return _in_order(tuple(codes_of), codes)


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
    values, codes = np.unique(array, return_inverse=True)  # NaNs are one value, the last.
    kept = values[~np.isnan(values)] if array.dtype.kind == "f" else values
    codes = np.where(codes < kept.size, codes, -1)
    return Named(tuple(class_name(value) for value in kept.tolist()), codes.astype(np.int64))


def _in_order(names: tuple[str, ...], codes: I64) -> Named:
    order = sorted(range(len(names)), key=lambda i: sort_key(names[i]))
    places = np.full(len(names) + 1, -1, dtype=np.int64)
    places[order] = np.arange(len(names))
    return Named(tuple(names[i] for i in order), places[codes])


def _require_two(classes: set[str], what: str) -> None:
    if not any(classes <= pair for pair in _TWO_CLASSES):
        shown = ", ".join(sorted(classes, key=sort_key)[:5])
        raise ValueError(f"The {what} holds {shown}, and 1 is taken for the positive class; name another by positive=.")


def _is_number(name: str) -> bool:
    try:
        return math.isfinite(float(name))
    except ValueError:
        return False
