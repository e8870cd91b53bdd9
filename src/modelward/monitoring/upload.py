"""An uploaded file on its way to become a reference: kept within bounds, and gone afterwards."""

import gzip
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from modelward.errors import Invalid

LARGEST_FILE = 200_000_000
LARGEST_UNPACKED = 1_000_000_000
"""Bytes of values. A small file may unpack to any size; memory is looked after before that happens."""

_PIECE = 1 << 20
_LONGEST_NAME = 200


@contextmanager
def kept(upload: IO[bytes]) -> Iterator[Path]:
    """The upload as a file for as long as the block runs.

    Raises:
        Invalid: it is empty or too large.
    """
    with tempfile.TemporaryDirectory(prefix="modelward-upload-") as folder:
        path = Path(folder) / "upload"
        size = 0
        with path.open("wb") as file:
            while piece := upload.read(_PIECE):
                size += len(piece)
                if size > LARGEST_FILE:
                    raise Invalid(
                        f"The file is larger than {LARGEST_FILE // 1_000_000} MB: send a sample of it. A few thousand "
                        "rows make a good reference."
                    )
                file.write(piece)
        if not size:
            raise Invalid("The file is empty: send a CSV or Parquet file with a row for each prediction.")
        yield path


def shown_name(name: str | None) -> str:
    """The file's name as it may be kept and shown: without folders, printable, and not endless."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable()).strip()[:_LONGEST_NAME] or "a file"


def check_size(path: Path) -> None:
    """Refuse a file whose content is too much for memory, before it is unpacked.

    Raises:
        Invalid: it unpacks to too many bytes.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    size = _parquet_size(path) if magic == b"PAR1" else _gzip_size(path) if magic[:2] == b"\x1f\x8b" else 0
    if size > LARGEST_UNPACKED:
        raise Invalid(f"The file unpacks to more than {LARGEST_UNPACKED // 1_000_000} MB: send a sample of its rows.")


def _parquet_size(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        raise Invalid(f"The file begins as Parquet and cannot be read as such: {error}") from error
    # Encodings can make any number of rows small, so rows and columns count as if each value took eight bytes.
    groups = sum(metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    return max(int(groups), 8 * int(metadata.num_rows) * int(metadata.num_columns))


def _gzip_size(path: Path) -> int:
    size = 0
    try:
        with gzip.open(path) as file:
            while size <= LARGEST_UNPACKED and (piece := file.read(_PIECE)):
                size += len(piece)
    except (OSError, EOFError) as error:
        raise Invalid(f"The file begins as gzip and cannot be unpacked: {error}") from error
    return size
