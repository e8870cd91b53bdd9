"""The tables that the signal benchmark draws from, and samples of any number of rows and columns drawn from them."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from modelward.demo.flights import FEATURES, read_flights

FEWEST_ROWS = 500
MOST_NAMES = 1000
"""A text of more distinct values is left out: one such column takes a peer minutes."""
_ENDINGS = (".csv", ".csv.gz", ".parquet", ".pq")
_JITTER = 0.01  # Of the standard deviation, for numbers with a fraction that are drawn more than once.

Column = npt.NDArray[np.float64] | npt.NDArray[np.object_]
Columns = dict[str, Column]


@dataclass(frozen=True)
class Table:
    """A table of real data: numbers as doubles with NaN for missing, texts as objects with None."""

    name: str
    columns: Columns
    rows: int


def tables_of(paths: Sequence[Path]) -> list[Table]:
    """The tables in these files and folders; without any, those that come with the project and with scikit-learn."""
    if not paths:
        return [_flights(), *_of_scikit_learn()]
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*")))]
    found = [table for file in files if file.name.endswith(_ENDINGS) for table in _of_file(file)]
    if not found:
        raise SystemExit(f"there is no table of {FEWEST_ROWS} rows or more in {', '.join(map(str, paths))}")
    return found


def _flights() -> Table:
    flights = read_flights()
    return _table("flights", flights.select(list(FEATURES)))


def _of_scikit_learn() -> Iterator[Table]:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    columns = {str(name): data.data[:, i].astype(np.float64) for i, name in enumerate(data.feature_names)}
    yield Table("breast_cancer", columns, data.data.shape[0])


def _of_file(file: Path) -> Iterator[Table]:
    try:
        read = pa.parquet.read_table(file) if file.name.endswith((".parquet", ".pq")) else _read_csv(file)
    except pa.ArrowInvalid:
        return
    table = _table(file.name.partition(".")[0], read)
    if table.rows >= FEWEST_ROWS and table.columns:
        yield table


def _read_csv(file: Path) -> pa.Table:
    nulls = ["", "?", "NA", "NaN", "nan"]
    options = pa.csv.ConvertOptions(null_values=nulls, strings_can_be_null=True)
    raw = pa.input_stream(str(file), compression="detect").read()
    return pa.csv.read_csv(io.BytesIO(raw), convert_options=options)


def _table(name: str, table: pa.Table) -> Table:
    if len(set(table.column_names)) < table.num_columns:  # A file without a line of names.
        table = table.rename_columns([f"column {place + 1}" for place in range(table.num_columns)])
    columns = {column: _column(table[column].combine_chunks()) for column in table.column_names}
    return Table(name, {key: values for key, values in columns.items() if values is not None}, table.num_rows)


def _column(values: pa.Array) -> Column | None:
    """A column as an array; None for dates, for the numbers of rows, and for texts of too many names."""
    kind = values.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False)
        return None if _numbers_rows(numbers) else numbers
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        names = values.to_numpy(zero_copy_only=False).astype(object)
        return names if 1 < pc.count_distinct(values).as_py() <= MOST_NAMES else None
    return None


def _numbers_rows(numbers: npt.NDArray[np.float64]) -> bool:
    known = numbers[~np.isnan(numbers)]
    return known.size == 0 or (bool((known == known.round()).all()) and np.unique(known).size == numbers.size)


def draw(rng: np.random.Generator, tables: Sequence[Table], sizes: Sequence[int], columns: int) -> list[Columns]:
    """Samples of these sizes from one population, of so many columns, taken from the tables in a random order.

    Rows of a table are drawn together, without replacement where it has enough of them, else with replacement and, for
    numbers that have a fraction, a jitter of a hundredth of the standard deviation. When all tables are used up, they
    are drawn again, other rows of them.
    """
    samples: list[Columns] = [{} for _ in sizes]
    turn = 0
    while len(samples[0]) < columns:
        for place in rng.permutation(len(tables)).tolist():
            _add(rng, tables[place], turn, columns, samples, sizes)
        turn += 1
    return samples


def _add(
    rng: np.random.Generator, table: Table, turn: int, columns: int, samples: list[Columns], sizes: Sequence[int]
) -> None:
    wanted = columns - len(samples[0])
    names = rng.permutation(list(table.columns))[: max(0, wanted)]
    again = sum(sizes) > table.rows
    rows = rng.integers(0, table.rows, sum(sizes)) if again else rng.permutation(table.rows)[: sum(sizes)]
    for name in map(str, names):
        drawn: Column = table.columns[name][rows]
        drawn = _jittered(rng, drawn) if again else drawn
        for sample, stop, size in zip(samples, np.cumsum(sizes).tolist(), sizes, strict=True):
            sample[f"{table.name}.{name}.{turn}"] = drawn[stop - size : stop]


def _jittered(rng: np.random.Generator, values: Column) -> Column:
    if values.dtype == object or bool((np.isnan(values) | (values == values.round())).all()):
        return values
    return values + rng.normal(size=values.size) * _JITTER * np.nanstd(values)
