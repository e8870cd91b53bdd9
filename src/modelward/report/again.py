"""A table that was read before, once more: as frames of a bounded size, whatever it is."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from modelward.errors import Invalid
from modelward.report.csv_stream import stream_csv
from modelward.report.dated import frames_in
from modelward.report.frames import WHOLE_BELOW, text_bytes
from modelward.report.sources import is_parquet, open_frame, reading
from modelward.stats import Profile

if TYPE_CHECKING:
    import narwhals as nw

T = TypeVar("T")


def read_again(data: Any, consume: "Callable[[Iterable[nw.DataFrame[Any]]], T]") -> T:
    """What `consume` makes of the table's frames; of a text larger than memory it may be asked more than once.

    Raises:
        Invalid: the table cannot be read twice, or it holds no rows but their profile.
    """
    if not _is_long_text(data):
        return consume(frames_of(data))
    with reading(Path(data)):
        return stream_csv(Path(data), lambda tables: consume(map(open_frame, tables)))


def frames_of(data: Any) -> "Iterator[nw.DataFrame[Any]]":
    """The table as frames.

    Raises:
        Invalid: it cannot be read twice, or it holds no rows but their profile.
    """
    import pyarrow as pa

    if isinstance(data, Profile):
        raise Invalid("a profile holds no rows that could be divided; give the table that it was made from")
    if isinstance(data, pa.RecordBatchReader):
        raise Invalid("an Arrow reader can be read only once, and segments need a second time; give a table or a path")
    yield from frames_in(data)


def _is_long_text(data: Any) -> bool:
    if not isinstance(data, str | Path):
        return False
    path = Path(data)
    return path.is_file() and not is_parquet(path) and text_bytes(path) > WHOLE_BELOW
