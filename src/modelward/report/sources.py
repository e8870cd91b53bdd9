"""What a user may hand over as a table (a frame of any library, a dict of columns, a path), as one kind of frame."""

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelward.errors import Invalid, NotFound
from modelward.report.batches import PARQUET_MAGIC
from modelward.report.csv_stream import GZIP_MAGIC, delimiter_of

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

_LARGEST_BLOCK = 2**31 - 1


def open_frame(data: Any) -> "nw.DataFrame[Any]":
    """A frame over pandas, Polars, Arrow, anything else narwhals knows, a mapping of columns, or a CSV or Parquet path.

    Raises:
        NotFound: there is no file at the path.
        Invalid: it is not a table, or the file cannot be read as one.
    """
    import narwhals as nw

    if isinstance(data, str | Path):
        data = read_file(Path(data))
    elif isinstance(data, Mapping):
        data = _from_mapping(data)
    try:
        frame = nw.from_native(data)
        return frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    except TypeError as error:
        raise Invalid(
            f"a {type(data).__name__} is not a table; give a pandas, Polars or Arrow table, or a path to CSV or Parquet"
        ) from error
    except nw.exceptions.DuplicateError as error:
        twice = ", ".join(repr(name) for name in _twice(data))
        raise Invalid(f"two columns of the table have the same name; rename one ({twice})") from error


def name_of(data: Any, otherwise: str) -> str:
    """What a person calls a table: the name of its file or folder; a frame has none of its own."""
    return Path(data).name or str(data) if isinstance(data, str | Path) else otherwise


def _twice(data: Any) -> list[str]:
    """The names that a table gives to more than one column; pandas and Arrow call them differently."""
    names = getattr(data, "column_names", None)
    names = list(getattr(data, "columns", ()) if names is None else names)
    return [str(name) for name, count in Counter(names).items() if count > 1]


def _from_mapping(columns: Mapping[str, Any]) -> "pa.Table":
    import pyarrow as pa

    try:
        return pa.table({str(name): values for name, values in columns.items()})
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise Invalid(f"the columns do not make a table: {_first_line(error)}") from error


def read_file(path: Path) -> "pa.Table":
    """The table in a CSV or Parquet file; the content decides which it is, not the name. A CSV may be gzipped.

    Raises:
        NotFound: there is no such file.
        Invalid: it cannot be read as a table; the sentence carries the reader's own words.
    """
    require_there(path)
    with reading(path):
        table = _read_parquet(path) if is_parquet(path) else _read_csv(path)
        _ = table.column_names  # Arrow reads any bytes as names, and decodes them only when asked for them
    return table


def require_there(path: Path) -> None:
    """Refuse a path at which there is nothing.

    Raises:
        NotFound: there is no file or folder.
    """
    if not path.exists():
        raise NotFound(f"there is no file {str(path)!r}; check the path")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """What a reader says of a file that is none, as our sentence.

    Raises:
        Invalid: the file cannot be read as a table; the sentence carries the reader's own words.
    """
    import pyarrow as pa

    try:
        yield
    except UnicodeDecodeError as error:
        raise Invalid(f"{str(path)!r} names its columns in another encoding than UTF-8; save it as UTF-8") from error
    except (pa.ArrowException, OSError, EOFError, zlib.error) as error:
        said = _first_line(error)
        raise Invalid(f"{str(path)!r} could not be read as CSV or Parquet: {said}") from error


def is_parquet(path: Path) -> bool:
    """Whether the content of a file is Parquet, whatever its name."""
    with path.open("rb") as file:
        return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC


def _read_parquet(path: Path) -> "pa.Table":
    import pyarrow.parquet as pq

    return pq.read_table(path)


def _read_csv(path: Path) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import csv

    content = _bytes_of(path)
    parse = csv.ParseOptions(delimiter=delimiter_of(content), newlines_in_values=True)
    convert = csv.ConvertOptions(strings_can_be_null=True)
    try:
        return csv.read_csv(pa.BufferReader(content), parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid:
        # A type is guessed from the first block; with all rows in one block a late "?" makes a text column, no error.
        whole = csv.ReadOptions(block_size=min(max(len(content), 1) + 1, _LARGEST_BLOCK))
        return csv.read_csv(pa.BufferReader(content), read_options=whole, parse_options=parse, convert_options=convert)


def _bytes_of(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
