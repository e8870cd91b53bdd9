"""A table as a profile: every column summarised, the others named with the reason why they are left out.

A file that would not fit into memory comfortably, or a folder, is summarised batch by batch, and the profiles are
merged: many at once, because each merge of compressed columns adds a little to their error.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelward.report.batches import batches_in, parquet_batches, parquet_bytes, parquet_files
from modelward.report.columns import LeftOut, summarise
from modelward.report.csv_stream import GZIP_MAGIC, stream_csv
from modelward.report.merging import Merging
from modelward.report.sources import is_parquet, open_frame, reading, require_there
from modelward.stats import Profile

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

WHOLE_BELOW = 192 * 2**20
"""What takes fewer bytes in memory is read as one table, which loses nothing by being put together."""

_UNPACKED = 6  # How many times larger a gzipped text is, as a rule.


@dataclass(frozen=True)
class Read:
    """A table that was read: its profile, and the columns that are not part of it, each with the reason in words.

    `skipped` are those that the caller did not want, as far as they were there.
    """

    profile: Profile
    left_out: Mapping[str, str]
    skipped: frozenset[str] = frozenset()

    def __contains__(self, column: str) -> bool:
        """Whether the table has a column of this name."""
        return column in self.profile.columns or column in self.left_out or column in self.skipped


def read_profile(data: Any, *, skip: Collection[str] = ()) -> Read:
    """Summarise a table: a frame, a mapping of columns, a path to CSV or Parquet, or a folder of Parquet files.

    Raises:
        NotFound: there is no file at the path.
        Invalid: it is not a table that can be read.
    """
    consume = partial(read_batches, skip=skip)
    if not isinstance(data, str | Path):
        batches = batches_in(data)
        return read_frame(open_frame(data), skip) if batches is None else consume(batches)
    path = Path(data)
    require_there(path)
    with reading(path):
        if path.is_dir():
            return consume(parquet_batches(parquet_files(path)))
        if is_parquet(path):
            return consume(parquet_batches([path])) if parquet_bytes(path) > WHOLE_BELOW else _whole(path, skip)
        return stream_csv(path, consume) if text_bytes(path) > WHOLE_BELOW else _whole(path, skip)


def _whole(path: Path, skip: Collection[str]) -> Read:
    return read_frame(open_frame(path), skip)


def text_bytes(path: Path) -> int:
    """What a text takes once it is unpacked, roughly."""
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return path.stat().st_size * (_UNPACKED if packed else 1)


def read_frame(frame: "nw.DataFrame[Any]", skip: Collection[str]) -> Read:
    """Summarise a frame that is open."""
    columns: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    # Looking each column up would ask for all names each time: a minute for a file of 10,000 columns.
    for name, series in zip(map(str, frame.columns), frame.iter_columns(), strict=True):
        if name in skip:
            continue
        try:
            columns[name] = summarise(series)
        except LeftOut as reason:
            left_out[name] = str(reason)
    return Read(Profile(rows=len(frame), columns=columns), left_out, frozenset(skip) & {*map(str, frame.columns)})


def read_batches(tables: "Iterable[pa.Table]", *, skip: Collection[str]) -> Read:
    """The profile of all tables together; a column that cannot be compared in one of them is left out of all."""
    merging = Merging[Profile](Profile.merge)
    left_out: dict[str, str] = {}
    skipped = frozenset[str]()
    for table in tables:
        read = read_frame(open_frame(table), skip)
        left_out, skipped = {**read.left_out, **left_out}, skipped | read.skipped
        merging.add(read.profile)
    whole = merging.whole()
    columns = {name: summary for name, summary in whole.columns.items() if name not in left_out}
    return Read(Profile(whole.rows, columns), left_out, skipped)
