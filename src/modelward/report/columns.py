"""One column of a frame as a summary, or the reason why it is left out. No loop over values: Arrow and NumPy count."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelward.stats import CategoricalSummary, NumericSummary, Summary

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa


class LeftOut(Exception):  # noqa: N818 - it is an answer, not an error
    """A column that holds nothing a verdict can be about, with the reason."""


def summarise(series: "nw.Series[Any]") -> Summary:
    """The summary of a column.

    Raises:
        LeftOut: it holds dates, lists or other things that are neither numbers nor categories.
    """
    dtype = series.dtype
    if dtype.is_temporal():
        raise LeftOut(_TEMPORAL)
    if dtype.is_numeric() and not dtype.is_decimal():
        values = _numbers(series)
        if str(series.name).lower() in _ROW_NUMBERS and _counts_the_rows(values):
            raise LeftOut("it counts the rows, which tells nothing of them")
        return NumericSummary.of(values)
    return _of_arrow(arrow_of(series))


def _numbers(series: "nw.Series[Any]") -> npt.NDArray[Any]:
    """A column of numbers as NumPy holds it, which has no whole numbers of 128 bits."""
    import narwhals as nw

    wide = series.dtype in (nw.Int128, nw.UInt128)
    values: npt.NDArray[Any] = (series.cast(nw.Float64) if wide else series).to_numpy()
    return values


_TEMPORAL = "it holds dates or times, which always move; derive a number such as the hour or an age to compare it"


# Only under such a name: elsewhere 0, 1, 2, … may be a small table made by hand, and is compared.
_ROW_NUMBERS = frozenset({"", "id", "idx", "index", "row", "rowid", "row_id", "row_number", "level_0", "unnamed: 0"})


def _counts_the_rows(values: npt.NDArray[Any]) -> bool:
    """Whether a column is 0, 1, 2, … from any start on: the number of a row always moves."""
    if values.dtype.kind not in "iu" or values.size < 3 or int(values[-1]) - int(values[0]) != values.size - 1:
        return False
    return bool((np.diff(values) == 1).all())


def arrow_of(series: "nw.Series[Any]") -> Any:
    """A column as Arrow holds it.

    Raises:
        LeftOut: its values are of no kind that Arrow has.
    """
    import narwhals as nw
    import pyarrow as pa
    import pyarrow.compute as pc

    if series.dtype in (nw.Int128, nw.UInt128):
        return series.cast(nw.Float64).to_arrow()
    try:
        column = _dense(series).to_arrow()
    except (pa.ArrowException, TypeError, NotImplementedError, OverflowError):
        return _mixed(series)
    if pa.types.is_run_end_encoded(column.type):
        return pc.run_end_decode(column)
    bands = pa.types.is_dictionary(column.type) and not _countable(column.type)
    return _mixed(series) if bands and hasattr(series.to_native(), "factorize") else column


def _dense(series: "nw.Series[Any]") -> "nw.Series[Any]":
    """A column with every value in it, where pandas keeps only those that are not the usual one."""
    import narwhals as nw

    native = series.to_native()
    sparse = str(getattr(native, "dtype", "")).startswith("Sparse[")
    return nw.from_native(native.sparse.to_dense(), series_only=True) if sparse else series


def _mixed(series: "nw.Series[Any]") -> Any:
    """A column of Python objects: as numbers if all of them are, else each as its text. Only distinct values are looked
    at one by one.
    """
    import pyarrow as pa

    native = series.to_native()
    try:
        codes, distinct = native.factorize()
        numbers = _as_floats(distinct)
        names = None if numbers is not None else pa.array(list(map(_as_text, distinct)), pa.string())
    except (TypeError, AttributeError, pa.ArrowException) as error:
        raise LeftOut(f"its values ({series.dtype}) are neither numbers nor text") from error
    if numbers is not None:
        return pa.array(np.where(codes < 0, np.nan, np.append(numbers, np.nan)[codes]))
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), names)


def _as_floats(distinct: Sequence[Any]) -> npt.NDArray[np.float64] | None:
    """Values as floats, infinite where no float is so large; None if one of them is no number."""
    numbers = int | float | Decimal | np.integer | np.floating
    if not all(isinstance(value, numbers) and not isinstance(value, bool) for value in distinct):
        return None
    return np.array([_as_float(value) for value in distinct], dtype=np.float64)


def _as_text(value: object) -> str:
    if isinstance(value, complex | np.complexfloating):
        raise TypeError("A complex number is no category.")
    return str(value)


def _as_float(value: float | Decimal) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _of_arrow(column: Any) -> Summary:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_temporal(kind):
        raise LeftOut(_TEMPORAL)
    if pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return NumericSummary.of(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    if pa.types.is_null(kind):
        return CategoricalSummary.from_counts((), (), missing=len(column))
    if holds_vectors(kind):
        raise LeftOut(VECTORS)
    if not _countable(kind):
        raise LeftOut(f"it holds values of type {kind}, which are neither numbers nor categories")
    return _categories(column)


VECTORS = "it holds lists of numbers, which are compared as vectors where the rows of both tables can be read once more"


def holds_vectors(kind: "pa.DataType") -> bool:
    """Whether a type is a list of numbers."""
    import pyarrow as pa

    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(is_lists(kind) for is_lists in lists):
        return False
    return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def _countable(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_boolean)
    if pa.types.is_dictionary(kind):
        held = kind.value_type
        return _countable(held) or bool(pa.types.is_primitive(held) or pa.types.is_decimal(held))
    return any(is_text(kind) for is_text in texts)


def _categories(column: Any) -> CategoricalSummary:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string_view(column.type):
        column = pc.cast(column, pa.large_string())  # Arrow counts the missing of a view as empty text.
    found = pc.value_counts(column)
    values, counts = found.field("values"), found.field("counts").to_numpy()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    present = values.is_valid().to_numpy(zero_copy_only=False)
    missing = int(counts[~present].sum())
    names = pc.cast(values, pa.large_string()).drop_null()
    return CategoricalSummary.from_counts(names.to_pylist(), counts[present].astype(np.int64), missing=missing)
