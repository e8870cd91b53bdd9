"""Which rows of a table lie in which segment, for Arrow columns. No loop over values."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from modelward.rules.segments import MISSING, OTHER, Cut, value_name
from modelward.stats.arrays import I64

if TYPE_CHECKING:
    import pyarrow as pa


def rows_by_segment(values: "pa.ChunkedArray | pa.Array", cut: Cut) -> Iterator[tuple[str, I64]]:
    """Each segment that has rows, with their places. Values that have no segment of their own are in one together."""
    names, codes = _coded(values, cut)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    for place, name in enumerate(names):
        if starts[place] < starts[place + 1]:
            yield name, order[starts[place] : starts[place + 1]]


def _coded(values: Any, cut: Cut) -> tuple[list[str], I64]:
    """The segments' names, and each row's place among them."""
    import pyarrow as pa

    if cut.edges is not None:
        return [*cut.bands, MISSING], _banded(values, cut.edges)
    encoded = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    kept = [*(cut.values or ()), OTHER, MISSING]
    places = {name: place for place, name in enumerate(kept[:-2])}
    of_value = [_place(value, places, len(kept)) for value in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(len(of_value)).to_numpy(zero_copy_only=False)
    return kept, np.array([*of_value, len(kept) - 1], dtype=np.int64)[codes]


def _place(value: Any, places: dict[str, int], segments: int) -> int:
    if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return segments - 1
    return places.get(value_name(value), segments - 2)


def _banded(values: Any, edges: tuple[float, ...]) -> I64:
    import pyarrow as pa
    import pyarrow.compute as pc

    numeric = pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_decimal(values.type)
    if not numeric:  # What was a number in the reference is none here: nothing of it lies between the edges.
        return np.full(len(values), len(edges) + 1, dtype=np.int64)
    numbers = np.asarray(pc.fill_null(pc.cast(values, pa.float64(), safe=False), np.nan))
    places = np.searchsorted(np.array(edges), numbers, side="left")
    return np.where(np.isnan(numbers), len(edges) + 1, places).astype(np.int64)
