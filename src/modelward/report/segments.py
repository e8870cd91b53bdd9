"""The segments of a column in two tables: their rows are read a second time, and divided."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelward.errors import Invalid
from modelward.report.batches import batches_in, parquet_batches, parquet_files
from modelward.report.columns import arrow_of
from modelward.report.frames import read_frame
from modelward.report.segment_rows import rows_by_segment
from modelward.report.sources import is_parquet, open_frame, reading
from modelward.rules.finding import Comparison
from modelward.rules.monitor import Monitor
from modelward.rules.segments import Cut, Segments, compare_segments, cut_of
from modelward.stats import Profile

if TYPE_CHECKING:
    import narwhals as nw


def segments_of(
    column: str,
    reference: Any,
    current: Any,
    *,
    profiles: tuple[Profile, Profile],
    whole: Comparison,
    monitor: Monitor,
    skip: Collection[str],
) -> Segments:
    """The verdict on every segment of a column; both tables are read a second time, in batches where they are large.

    Raises:
        Invalid: the column cannot be divided by, or a table cannot be read twice.
    """
    cut = _cut(column, profiles, monitor)
    sides = (_divided(reference, cut, skip), _divided(current, cut, skip))
    return compare_segments(column, *sides, whole, monitor)


def frames_of(data: Any) -> "Iterator[nw.DataFrame[Any]]":
    """A table that was read before, once more, as frames.

    Raises:
        Invalid: it cannot be read twice, or it holds no rows but their profile.
    """
    import pyarrow as pa

    if isinstance(data, Profile):
        raise Invalid("a profile holds no rows that could be divided; give the table that it was made from")
    if isinstance(data, pa.RecordBatchReader):
        raise Invalid("an Arrow reader can be read only once, and segments need a second time; give a table or a path")
    if isinstance(data, str | Path):
        yield from _of_path(Path(data))
        return
    batches = batches_in(data)
    yield from map(open_frame, [data] if batches is None else batches)


def _of_path(path: Path) -> "Iterator[nw.DataFrame[Any]]":
    with reading(path):
        if path.is_dir():
            yield from map(open_frame, parquet_batches(parquet_files(path)))
        elif is_parquet(path):
            yield from map(open_frame, parquet_batches([path]))
        else:
            yield open_frame(path)


def _cut(column: str, profiles: tuple[Profile, Profile], monitor: Monitor) -> Cut:
    reference, current = (side.columns.get(column) for side in profiles)
    if reference is None or current is None:
        raise Invalid(
            f"the rows cannot be divided by {column!r}: it must be in both tables, and hold numbers or categories"
        )
    return cut_of(column, reference, current, monitor.segment_edges.get(column))


def _divided(data: Any, cut: Cut, skip: Collection[str]) -> Mapping[str, Profile]:
    """The profile of each segment of a table."""
    parts: defaultdict[str, list[Profile]] = defaultdict(list)
    for frame in frames_of(data):
        for name, rows in rows_by_segment(arrow_of(frame.get_column(cut.column)), cut):
            parts[name].append(read_frame(frame[rows.tolist()], skip).profile)
    return {name: some[0] if len(some) == 1 else Profile.merge(some) for name, some in parts.items()}
