"""A CSV file of any length, batch by batch, with the types that it would have as a whole.

Arrow guesses a column's type from the first block. Where a later value does not fit, the type is widened to one that
holds both, and the file is read again from its start: seldom, and never more than three times for a column.
"""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from modelward.report.batches import gathered

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

GZIP_MAGIC = b"\x1f\x8b"
DELIMITERS = ",;\t|"
BLOCK = 4 * 2**20  # Arrow reads some thirty of them ahead.
_COLUMN = re.compile(r"In CSV column #(\d+)")
_VALUE = re.compile(r"invalid value '(.*)'", re.DOTALL)


def delimiter_of(head: bytes) -> str:
    """The delimiter of a CSV by its first line: the one that is there most often."""
    header = head.partition(b"\n")[0].decode("utf-8", "replace")
    return max(DELIMITERS, key=header.count)


def stream_csv(path: Path, consume: "Callable[[Iterable[pa.Table]], T]", *, block: int = BLOCK) -> T:
    """What `consume` makes of the tables of a CSV; it is called anew whenever a type has to be widened.

    Raises:
        pyarrow.ArrowException: the file is no CSV.
        UnicodeDecodeError: its names are not UTF-8.
    """
    types: dict[str, Any] = {}
    while True:
        with _opened(path) as file:
            delimiter = delimiter_of(file.read(1 << 16))
        with _opened(path) as file:
            reader = _reader(file, delimiter, types, block)
            try:
                return consume(gathered(reader))
            except _too_narrow() as error:
                types |= _widened(str(error), reader.schema) or _given_up(error)


def _opened(path: Path) -> Any:
    import pyarrow as pa

    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return pa.input_stream(str(path), compression="gzip" if packed else None)


def _reader(file: Any, delimiter: str, types: Mapping[str, Any], block: int) -> Any:
    from pyarrow import csv

    return csv.open_csv(
        file,
        read_options=csv.ReadOptions(block_size=block),
        parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=csv.ConvertOptions(strings_can_be_null=True, column_types=dict(types)),
    )


def _too_narrow() -> type[Exception]:
    import pyarrow as pa

    invalid: type[Exception] = pa.ArrowInvalid
    return invalid


def _given_up(error: Exception) -> dict[str, Any]:
    raise error


def _widened(said: str, schema: "pa.Schema") -> dict[str, Any]:
    """The column that a value did not fit, with a type that fits both; nothing where no type would help."""
    column = _COLUMN.search(said)
    if column is None:
        return {}
    field = schema.field(int(column[1]))
    value = _VALUE.search(said)
    wider = _union(field.type, _type_of(value[1]) if value else None)
    return {} if wider == field.type else {field.name: wider}


def _type_of(value: str) -> Any:
    """The type that Arrow gives a single value."""
    import pyarrow as pa
    from pyarrow import csv

    try:
        return csv.read_csv(io.BytesIO(f"value\n{value}\n".encode()))["value"].type
    except (pa.ArrowException, KeyError):
        return pa.string()


def _union(one: Any, other: Any) -> Any:
    """A type that holds both; other is None for bytes that are no text."""
    import pyarrow as pa

    if other is None:
        return pa.binary()
    if pa.types.is_null(one):
        return other
    numbers = pa.types.is_integer, pa.types.is_floating
    if all(any(is_number(kind) for is_number in numbers) for kind in (one, other)):
        return pa.float64()
    moments = pa.types.is_date, pa.types.is_timestamp
    both_moments = all(any(is_moment(kind) for is_moment in moments) for kind in (one, other))
    return pa.timestamp("ns") if both_moments and one != pa.timestamp("ns") else pa.string()
