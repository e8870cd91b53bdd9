"""Whatever a statistic is given, an array or a summary, as a summary."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modelward.stats.categorical_summary import CategoricalSummary
from modelward.stats.numeric_summary import NumericSummary

Summary = NumericSummary | CategoricalSummary
Sample = Summary | npt.NDArray[Any] | Sequence[Any]

_NUMBERS = "fiu"
_TEXTS = "US"
_TIMES = "Mm"


def summary_of(sample: Sample) -> Summary:
    """A summary as it is; an array summarised without any loss, numbers as numbers and all else as names."""
    if isinstance(sample, Summary):
        return sample
    array = _array_of(sample)
    if _holds_numbers(array):
        return NumericSummary.of(array, cap=max(1, array.size))
    return CategoricalSummary.of(array, cap=max(1, array.size))


def column_summary(values: npt.NDArray[Any] | Sequence[Any]) -> Summary:
    """The summary of a column of a profile, compressed where it is long."""
    array = _array_of(values)
    return NumericSummary.of(array) if _holds_numbers(array) else CategoricalSummary.of(array)


def numeric_of(sample: Sample) -> NumericSummary:
    """A summary of numbers; ValueError for names."""
    summary = summary_of(sample)
    if isinstance(summary, CategoricalSummary):
        if summary.count:
            raise ValueError("This statistic compares numbers, and the column holds names; use chi_squared or psi.")
        return NumericSummary.empty(missing=summary.missing, invalid=summary.invalid)
    return summary


def summary_pair(reference: Sample, current: Sample) -> tuple[Summary, Summary]:
    """Both sides as summaries of one kind; a side without a single value takes the kind of the other."""
    first, second = summary_of(reference), summary_of(current)
    if type(first) is type(second):
        return first, second
    if not values_in(first):
        return without_values(first, like=second), second
    if not values_in(second):
        return first, without_values(second, like=first)
    raise ValueError("One side holds numbers and the other names; a column is compared with one of its own kind.")


def values_in(summary: Summary) -> int:
    """How many rows hold a value: a number, an infinity among them, or a name."""
    return summary.numbers if isinstance(summary, NumericSummary) else summary.count


def without_values(summary: Summary, *, like: Summary) -> Summary:
    """A side without a single value as the kind of the other."""
    if isinstance(like, NumericSummary):
        return NumericSummary.empty(missing=summary.missing, invalid=summary.invalid)
    return CategoricalSummary.from_counts((), (), missing=summary.missing, invalid=summary.invalid)


def _array_of(values: npt.NDArray[Any] | Sequence[Any]) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        what = f"a table of {array.ndim} dimensions" if array.ndim else f"one {type(values).__name__}"
        raise ValueError(f"A statistic compares columns of values, and this is {what}; give a list or an array of one.")
    if array.dtype.kind in _TIMES:
        raise ValueError("A column of dates or times always moves; derive a number such as the hour or an age from it.")
    if array.dtype.kind in _TEXTS and not isinstance(values, np.ndarray):
        # NumPy has written a NaN beside names as the name "nan"; as objects it stays missing.
        return np.asarray(values, dtype=object)
    return array


def _holds_numbers(array: npt.NDArray[Any]) -> bool:
    return array.dtype.kind in _NUMBERS or (array.dtype == object and _all_numbers(array.tolist()))


def _all_numbers(values: Iterable[object]) -> bool:
    kinds = set(map(type, values))
    numbers = [kind for kind in kinds if issubclass(kind, int | float | np.number) and kind is not bool]
    return bool(numbers) and len(numbers) + (type(None) in kinds) == len(kinds)
