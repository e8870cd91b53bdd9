"""One column of a frame as a summary, or the reason why it is left out. No loop over values: Arrow and NumPy count."""

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
        values = series.to_numpy()
        if str(series.name).lower() in _ROW_NUMBERS and _counts_the_rows(values):
            raise LeftOut("it counts the rows, which tells nothing of them")
        return NumericSummary.of(values)
    return _of_arrow(arrow_of(series))


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
    import pyarrow as pa

    try:
        return series.to_arrow()
    except (pa.ArrowException, TypeError, NotImplementedError):
        return _mixed(series)


def _mixed(series: "nw.Series[Any]") -> Any:
    """A column of mixed Python objects, each as its text; only distinct values are looked at one by one."""
    import pyarrow as pa

    native = series.to_native()
    try:
        codes, distinct = native.factorize()
        names = pa.array([str(value) for value in distinct], pa.string())
    except (TypeError, AttributeError, pa.ArrowException) as error:
        raise LeftOut(f"its values ({series.dtype}) are neither numbers nor text") from error
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), names)


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
    return any(is_text(kind) for is_text in texts) or pa.types.is_dictionary(kind)


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
