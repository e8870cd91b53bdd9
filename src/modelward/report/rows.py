"""A bounded number of rows of a table, drawn by chance in one more reading, as arrays."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelward.report.columns import LeftOut, arrow_of, holds_vectors
from modelward.report.dated import frames_in
from modelward.stats.arrays import F64

if TYPE_CHECKING:
    import narwhals as nw

Rows = dict[str, npt.NDArray[Any]]


def draw(data: Any, columns: Collection[str], most: int, rng: np.random.Generator) -> Rows:
    """At most `most` rows of some columns, each row with the same chance; the columns are those that can be had.

    Every row is given a number by chance, and those with the smallest numbers are drawn, however the rows come.
    """
    parts: list[tuple[F64, Rows]] = []
    limit, held = np.inf, np.zeros(0)
    for frame in frames_in(data):
        numbers = rng.random(len(frame))
        chosen = np.flatnonzero(numbers < limit)
        if len(held) + len(chosen) > most:
            pooled = np.partition(np.concatenate([held, numbers[chosen]]), most - 1)[:most]
            held, limit = pooled, float(pooled.max())
            chosen = np.flatnonzero(numbers <= limit)
        else:
            held = np.concatenate([held, numbers[chosen]])
        parts.append((numbers[chosen], _arrays(frame, columns, chosen)))
    return _together(parts, limit)


def _together(parts: list[tuple[F64, Rows]], limit: float) -> Rows:
    """The rows that are still among the smallest, column by column; one that differs in kind between parts is none."""
    drawn: Rows = {}
    for name in parts[0][1] if parts else ():
        pieces = [part[name][numbers <= limit] for numbers, part in parts if name in part]
        if len(pieces) == len(parts) and len({(piece.dtype.kind, piece.shape[1:]) for piece in pieces}) == 1:
            drawn[name] = np.concatenate(pieces)
    return drawn


def _arrays(frame: "nw.DataFrame[Any]", columns: Collection[str], chosen: npt.NDArray[np.int64]) -> Rows:
    held = frame if len(chosen) == len(frame) else frame[chosen]
    made: Rows = {}
    for name, series in zip(map(str, held.columns), held.iter_columns(), strict=True):
        if name in columns:
            try:
                made[name] = array_of(series)
            except LeftOut:
                continue
    return made


def array_of(series: "nw.Series[Any]") -> npt.NDArray[Any]:
    """A column as floats, as names, or as vectors with a row for each; NaN and None for what is missing.

    Raises:
        LeftOut: it is none of these.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = arrow_of(series)
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = column.type
    if holds_vectors(kind):
        return _vectors(column)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return np.asarray(pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    if pa.types.is_boolean(kind):
        return np.asarray(pc.cast(column, pa.int8()).cast(pa.float64()).to_numpy(zero_copy_only=False))
    if pa.types.is_temporal(kind) or pa.types.is_nested(kind):
        raise LeftOut(f"it holds values of type {kind}")
    return np.array([*column.to_pylist(), None], dtype=object)[:-1]


def _vectors(column: Any) -> F64:
    import pyarrow.compute as pc

    present = column.is_valid().to_numpy(zero_copy_only=False)
    lengths = pc.list_value_length(column.drop_null()).unique().to_pylist()
    if not present.any():
        return np.full((len(column), 0), np.nan)  # Of what length they would be nobody knows.
    if len(lengths) != 1 or not lengths[0]:
        raise LeftOut(UNEVEN)
    vectors = np.full((len(column), lengths[0]), np.nan)
    places = pc.cast(pc.list_flatten(column.drop_null()), "float64", safe=False).to_numpy(zero_copy_only=False)
    vectors[present] = places.reshape(-1, lengths[0])
    return vectors


UNEVEN = "its lists of numbers are of different lengths, and are no vectors"
