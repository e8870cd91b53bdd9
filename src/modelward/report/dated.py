"""Tables whose rows have times: the reference's own windows, of the length of the current table, and its seasons."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelward.errors import Invalid
from modelward.report.batches import batches_in, parquet_batches, parquet_bytes, parquet_files
from modelward.report.frames import WHOLE_BELOW, read_frame
from modelward.report.sources import is_parquet, open_frame, reading
from modelward.rules.calibration import FEWEST
from modelward.rules.monitor import Monitor
from modelward.stats import Profile

if TYPE_CHECKING:
    import narwhals as nw

_HOUR = 3_600_000_000  # Microseconds, as all times here.
_CALENDAR = (7 * 24 * _HOUR, 24 * _HOUR, _HOUR)
_SLACK = 0.05
_MOST = 400  # Windows that are made into profiles, the newest ones.

Times = npt.NDArray[np.int64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class OwnWindow:
    """A stretch of the reference, from `start` up to but without `end`, and its rows' profile."""

    start: datetime
    end: datetime
    profile: Profile


def own_windows(reference: Any, current: Any, timestamp: str, skip: Collection[str]) -> list[OwnWindow]:
    """Stretches of the reference that follow one another, each as long in time as the current table.

    A length that is within 5 % of whole weeks, days or hours is taken for that, and the stretches begin where the
    current table does in its hour, day or week. None where the times cannot be read, or there are fewer than 20.
    """
    found = own_windows_by(reference, current, timestamp, lambda frame: [("", read_frame(frame, skip).profile)])
    windows = found.get("", [])
    return windows if len(windows) >= FEWEST else []


def own_windows_by(
    reference: Any,
    current: Any,
    timestamp: str,
    divided: "Callable[[nw.DataFrame[Any]], Iterable[tuple[str, Profile]]]",
) -> dict[str, list[OwnWindow]]:
    """As `own_windows`, however few, of each part that `divided` makes of rows."""
    span = _span(current, timestamp)
    if span is None or not readable_again(reference):
        return {}
    start, length = span
    parts: dict[str, dict[int, list[Profile]]] = {}
    for frame in frames_in(reference):
        times, known = _times(frame, timestamp)
        numbers = (times - start) // length
        newest = np.unique(numbers[known])[-_MOST:]
        for number, piece in _pieces(frame, numbers, known & (numbers >= newest.min(initial=0))):
            for name, profile in divided(piece):
                parts.setdefault(name, {}).setdefault(number, []).append(profile)
    return {
        name: [
            OwnWindow(_moment(start + number * length), _moment(start + (number + 1) * length), Profile.merge(some))
            for number, some in sorted(by_number.items())[-_MOST:]
        ]
        for name, by_number in parts.items()
    }


def of_season(reference: Any, current: Any, timestamp: str | None, monitor: Monitor) -> Any:
    """The rows of the reference that are of the current table's day, or hour, of the week, where that was asked.

    Raises:
        Invalid: there are no times to tell it by, or no row is left.
    """
    if monitor.reference == "whole":
        return reference
    if timestamp is None or not (readable_again(reference) and readable_again(current)):
        raise Invalid(f"reference {monitor.reference!r} needs times: name their column as timestamp, in a table")
    wanted = np.unique(np.concatenate([_seasons(frame, timestamp, monitor) for frame in frames_in(current)]))
    frame = open_frame(reference)
    chosen = np.isin(_seasons(frame, timestamp, monitor), wanted[wanted >= 0])
    if not chosen.any():
        raise Invalid(f"the reference has no row of the {monitor.reference[5:].replace('_', ' ')} of the current data")
    return frame.filter(chosen.tolist()).to_native()


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _span(current: Any, timestamp: str) -> tuple[int, int] | None:
    """When the current table begins, and how long a window of its length is."""
    if not readable_again(current):
        return None
    ends = [(times[known].min(), times[known].max()) for times, known in _all_times(current, timestamp) if known.any()]
    if not ends:
        return None
    start, stop = int(min(low for low, _ in ends)), int(max(high for _, high in ends))
    length = stop - start
    for period in _CALENDAR:
        whole = round(length / period) * period
        if whole and abs(length - whole) <= _SLACK * period:
            return start, whole
    return (start, length) if length else None


def _all_times(data: Any, timestamp: str) -> Iterator[tuple[Times, npt.NDArray[np.bool_]]]:
    return (_times(frame, timestamp) for frame in frames_in(data))


def readable_again(data: Any) -> bool:
    """Whether the rows can be read a second time: not those of a profile, a stream, or a text larger than memory."""
    import pyarrow as pa

    if isinstance(data, Profile | pa.RecordBatchReader):
        return False
    if not isinstance(data, str | Path):
        return True
    path = Path(data)
    return path.is_dir() or (path.is_file() and (is_parquet(path) or path.stat().st_size <= WHOLE_BELOW))


def frames_in(data: Any) -> "Iterator[nw.DataFrame[Any]]":
    """The rows of a table as frames, in batches where it is large."""
    if not isinstance(data, str | Path):
        batches = batches_in(data)
        yield from [open_frame(data)] if batches is None else map(open_frame, batches)
        return
    path = Path(data)
    with reading(path):
        if path.is_dir():
            yield from map(open_frame, parquet_batches(parquet_files(path)))
        elif is_parquet(path) and parquet_bytes(path) > WHOLE_BELOW:
            yield from map(open_frame, parquet_batches([path]))
        else:
            yield open_frame(path)


def _times(frame: "nw.DataFrame[Any]", timestamp: str) -> tuple[Times, npt.NDArray[np.bool_]]:
    """The times in microseconds of UTC, and which of them are known; none where they cannot be read as times."""
    import pyarrow.compute as pc

    moments = _moments(frame, timestamp)
    if moments is None:
        return np.zeros(len(frame), dtype=np.int64), np.zeros(len(frame), dtype=np.bool_)
    numbers = pc.fill_null(pc.cast(moments, "int64"), 0).to_numpy()
    return numbers, moments.is_valid().to_numpy()


def _moments(frame: "nw.DataFrame[Any]", timestamp: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if timestamp not in frame.columns:
        return None
    try:
        column = frame[timestamp].to_arrow()
        whole = pa.chunked_array([column]) if isinstance(column, pa.Array) else column
        if pa.types.is_integer(whole.type) or pa.types.is_floating(whole.type):
            return None  # Seconds, days, or since when: nobody can know.
        zoned = pa.types.is_timestamp(whole.type) and whole.type.tz is not None
        plain = whole if zoned else pc.cast(whole, pa.timestamp("us"), safe=False)
        return pc.cast(plain, pa.timestamp("us", "UTC"), safe=False)
    except (pa.ArrowException, TypeError, NotImplementedError):
        return None


def _seasons(frame: "nw.DataFrame[Any]", timestamp: str, monitor: Monitor) -> Times:
    """A number for the day, or the hour, of the week on the monitor's clock; -1 where the time is not known."""
    import pyarrow as pa
    import pyarrow.compute as pc

    moments = _moments(frame, timestamp)
    if moments is None:
        return np.full(len(frame), -1, dtype=np.int64)
    local = pc.local_timestamp(pc.cast(moments, pa.timestamp("us", monitor.time_zone)))
    days: Times = pc.fill_null(pc.day_of_week(local), -1).to_numpy().astype(np.int64)
    hours = pc.fill_null(pc.hour(local), 0).to_numpy().astype(np.int64)
    return days if monitor.reference == "same_weekday" else np.where(days < 0, days, 24 * days + hours)


def _pieces(
    frame: "nw.DataFrame[Any]", numbers: Times, chosen: npt.NDArray[np.bool_]
) -> "Iterator[tuple[int, nw.DataFrame[Any]]]":
    """The rows of each window, put together by sorting them once."""
    places = np.flatnonzero(chosen)
    if not places.size:
        return
    places = places[np.argsort(numbers[places], kind="stable")]
    stops = np.flatnonzero(np.diff(numbers[places], append=np.iinfo(np.int64).max)) + 1
    ordered = frame[places]
    for first, stop in zip([0, *stops[:-1].tolist()], stops.tolist(), strict=True):
        yield int(numbers[places[first]]), ordered[first:stop]
