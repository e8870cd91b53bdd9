"""A table of any length as a series of tables of a bounded size: Parquet, a folder of it, or whatever comes in batches.

Batches are as large as they may be, because a summary of many rows loses less than the sum of many small ones.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelward.errors import Invalid

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_BYTES = 96 * 2**20
PARQUET_MAGIC = b"PAR1"
_FEWEST, _MOST = 20_000, 2_000_000  # Rows that are read at once.


def gathered(batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.Table]":
    """Batches put together to tables of about 96 MB, as long as their schema stays the same."""
    import pyarrow as pa

    held: list[Any] = []
    size = 0
    for batch in batches:
        if held and (size >= BATCH_BYTES or batch.schema != held[0].schema):
            yield pa.Table.from_batches(held)
            held, size = [], 0
        held.append(batch)
        size += batch.nbytes
    if held:
        yield pa.Table.from_batches(held)


def batches_in(data: Any) -> "Iterator[pa.Table] | None":
    """The tables of an Arrow reader or data set, whose rows come in batches; None for anything else."""
    import pyarrow as pa

    if isinstance(data, pa.RecordBatchReader):
        return gathered(data)
    is_dataset = hasattr(data, "scanner") and hasattr(data, "to_batches")
    return gathered(data.to_batches()) if is_dataset else None


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files in a folder and below it, by name; those that begin with `_` or `.` are a writer's own.

    Raises:
        Invalid: there is none.
    """
    files = sorted(file for file in folder.rglob("*.parquet") if file.is_file() and not _hidden(file, folder))
    if not files:
        raise Invalid(
            f"the folder {str(folder)!r} holds no file that ends in .parquet; give a folder of Parquet files, or a file"
        )
    return files


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(("_", ".")) for part in file.relative_to(folder).parts)


def parquet_batches(files: Iterable[Path]) -> "Iterator[pa.Table]":
    """The rows of all files, one after another.

    Raises:
        Invalid: a file cannot be read; the sentence names it.
    """
    return gathered(batch for file in files for batch in _of_file(file))


def _of_file(file: Path) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _naming(file), pq.ParquetFile(file) as opened:
        if not opened.metadata.num_rows:  # Its columns are there all the same.
            yield pa.RecordBatch.from_pylist([], schema=opened.schema_arrow)
        yield from opened.iter_batches(batch_size=_rows_at_once(opened), use_threads=False)


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Which of many files could not be read belongs in the sentence."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        said = str(error).strip().partition("\n")[0]
        raise Invalid(f"{str(file)!r} could not be read as CSV or Parquet: {said}") from error


def _rows_at_once(opened: Any) -> int:
    rows = max(1, opened.metadata.num_rows)
    return int(min(_MOST, max(_FEWEST, BATCH_BYTES // 4 // max(1, _bytes_of(opened.metadata) // rows))))


def parquet_bytes(file: Path) -> int:
    """What the file takes in memory, roughly.

    Raises:
        Invalid: it cannot be read.
    """
    import pyarrow.parquet as pq

    with _naming(file), pq.ParquetFile(file) as opened:
        return _bytes_of(opened.metadata)


def _bytes_of(metadata: Any) -> int:
    """At least 8 bytes a value: what is packed by a dictionary says less."""
    packed = sum(metadata.row_group(place).total_byte_size for place in range(metadata.num_row_groups))
    return int(max(packed, 8 * metadata.num_rows * metadata.num_columns))
