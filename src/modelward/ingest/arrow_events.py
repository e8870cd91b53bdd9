"""Events as an Arrow IPC stream: the same steps as for JSON, on whole columns, and into the journal as canonical Arrow.

The canonical columns are `event_id`, `ts` (microseconds, UTC), `endpoint`, `latency_ms`, `prediction`, `score`, and
each feature as `feature:<name>` with the type in which it came: what fits its column is for the mover to say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modelward.errors import Invalid
from modelward.ingest.arrow_bounds import check_bounds, check_decoded
from modelward.ingest.labels import MAX_LABEL_CHARACTERS
from modelward.ingest.reasons import Reason, Refused
from modelward.ingest.schemas import (
    ENDPOINT,
    EVENT_ID,
    FEATURES,
    LABEL,
    LATENCY,
    MODEL,
    PREDICTION,
    PROJECT,
    SCORE,
    TIME,
    Rejected,
)
from modelward.ingest.steps import MAX_DEPTH, MAX_ENDPOINT_CHARACTERS, MAX_ID_CHARACTERS
from modelward.ingest.timestamps import Clock, time_of
from modelward.kit.ids import uuid7_batch

FEATURE = "feature:"
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")
_KNOWN = {*EVENT_ID, *TIME, *MODEL, *PROJECT, *PREDICTION, *SCORE, *LATENCY, *ENDPOINT, *LABEL}
_SECONDS_BELOW, _MILLISECONDS_BELOW = 1e11, 1e14  # as in timestamps.py
# What Arrow makes of bytes that lie about themselves. Names that are no UTF-8 are a ValueError.
_NOT_UNDERSTOOD = (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, RecursionError, MemoryError)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ArrowEvents:
    """The rows that were taken, as canonical columns; the models and labels that they name (None: no such column)."""

    table: pa.Table
    models: pa.ChunkedArray | None
    projects: pa.ChunkedArray | None
    labels: pa.ChunkedArray | None
    places: npt.NDArray[np.int64]
    rejected: list[Rejected]
    own_ids: bool


def read_arrow(body: bytes, clock: Clock, *, max_bytes: int, max_rows: int, max_features: int) -> ArrowEvents:
    """The events of an Arrow IPC stream.

    Raises:
        Invalid: not an Arrow stream, or with columns that cannot be events.
        TooLarge: it unpacks to more than `max_bytes`, or has more than `max_rows`.
    """
    try:
        return _events(_table(body, max_bytes, max_rows), clock, max_features)
    except _NOT_UNDERSTOOD as error:
        raise Invalid(f"The Arrow stream is not understood: {str(error)[:200]}") from error


def _events(table: pa.Table, clock: Clock, max_features: int) -> ArrowEvents:
    rejections: dict[int, Rejected] = {}
    ids, own_ids = _ids(table, clock, rejections)
    times = _times(table, clock, rejections)
    columns: dict[str, Any] = {"event_id": ids, "ts": times}
    for name, aliases in (("latency_ms", LATENCY), ("prediction", PREDICTION), ("score", SCORE)):
        if (values := _first(table, aliases)) is not None:
            columns[name] = _plain(values, name)
    if (endpoints := _first(table, ENDPOINT)) is not None:
        columns["endpoint"] = pc.utf8_slice_codeunits(_text(endpoints, "endpoint"), 0, MAX_ENDPOINT_CHARACTERS)
    columns |= _features(table, max_features)
    _refuse_empty(columns)
    models, projects, labels = _first(table, MODEL), _first(table, PROJECT), _first(table, LABEL)
    side = (
        None if models is None else _models(models),
        None if projects is None else _text(projects, "project"),
        None if labels is None else _labels(labels, rejections),
    )
    events = ArrowEvents(
        pa.table(columns),
        *side,
        np.arange(table.num_rows),
        sorted(rejections.values(), key=lambda rejected: rejected.index),
        own_ids,
    )
    return without(events, set(rejections)) if rejections else events


def without(events: ArrowEvents, places: set[int]) -> ArrowEvents:
    """The events but for those at `places` of the request."""
    keep = ~np.isin(events.places, np.fromiter(places, np.int64, len(places)))
    return selected(events, keep)


def selected(events: ArrowEvents, keep: Mask) -> ArrowEvents:
    """The events that `keep` says."""
    mask = pa.array(keep)
    side = [None if one is None else one.filter(mask) for one in (events.models, events.projects, events.labels)]
    return ArrowEvents(
        events.table.filter(mask), side[0], side[1], side[2], events.places[keep], events.rejected, events.own_ids
    )


def packed(table: pa.Table) -> bytes:
    """The table as a compressed Arrow IPC stream, as the journal keeps it."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as writer:
        writer.write_table(table)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream


def _table(body: bytes, max_bytes: int, max_rows: int) -> pa.Table:
    check_bounds(body, max_bytes=max_bytes, max_rows=max_rows)
    try:
        with pa.ipc.open_stream(pa.BufferReader(body)) as reader:
            table = reader.read_all()
        table.validate(full=True)  # what a stranger says about his offsets is not believed
    except _NOT_UNDERSTOOD as error:
        raise Invalid(f"The body is not a whole Arrow IPC stream: {str(error)[:200]}") from error
    check_decoded(table, max_bytes=max_bytes)
    names = table.column_names
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"The column {twice!r} is there twice: give each column a name of its own.")
    return table


def _first(table: pa.Table, names: tuple[str, ...]) -> pa.ChunkedArray | None:
    return next((table.column(name) for name in names if name in table.column_names), None)


def _ids(table: pa.Table, clock: Clock, rejections: dict[int, Rejected]) -> tuple[pa.ChunkedArray, bool]:
    values = _first(table, EVENT_ID)
    if values is None:
        return pa.chunked_array([pa.array(uuid7_batch(table.num_rows, clock.now_ms), pa.string())]), False
    ids = _text(values, "event_id")
    lengths = pc.utf8_length(ids)
    detail = f"The event's id is longer than {MAX_ID_CHARACTERS} characters."
    _reject(pc.greater(lengths, MAX_ID_CHARACTERS), Refused(Reason.BAD_ID, detail), rejections)
    missing = pc.or_(pc.is_null(ids), pc.fill_null(pc.equal(lengths, 0), True))
    n = pc.sum(missing).as_py() or 0
    if n == 0:
        return ids, True
    flat = ids.combine_chunks()
    return pa.chunked_array(
        [pc.replace_with_mask(flat, missing.combine_chunks(), pa.array(uuid7_batch(n, clock.now_ms)))]
    ), False


def _models(values: pa.ChunkedArray) -> pa.ChunkedArray:
    models = _plain(values, "model_id")
    if not any(test(models.type) for test in (pa.types.is_null, pa.types.is_string, pa.types.is_integer)):
        raise Invalid(f"The column 'model_id' has the type {values.type}: send ids, whole numbers, or keys, texts.")
    return models


def _labels(values: pa.ChunkedArray, rejections: dict[int, Rejected]) -> pa.ChunkedArray:
    labels = _plain(values, "label")
    if pa.types.is_nested(labels.type):
        raise Invalid(f"The column 'label' has the type {values.type}: send numbers, text or booleans.")
    if pa.types.is_string(labels.type):
        detail = f"The label is longer than {MAX_LABEL_CHARACTERS:,} characters."
        _reject(pc.greater(pc.utf8_length(labels), MAX_LABEL_CHARACTERS), Refused(Reason.BAD_LABEL, detail), rejections)
    return labels


def _times(table: pa.Table, clock: Clock, rejections: dict[int, Rejected]) -> pa.ChunkedArray:
    values = _first(table, TIME)
    if values is None:
        times = np.full(table.num_rows, clock.now_us, np.int64)
    else:
        times = _microseconds(_plain(values, "timestamp"), clock, rejections)
        early = Refused(Reason.BEFORE_1970, "The timestamp lies before 1970.")
        _reject_where(times < 0, early, rejections)
        late = Refused(Reason.IN_FUTURE, "The timestamp lies more than 24 hours in the future.")
        _reject_where(times > clock.latest_us, late, rejections)
    return pa.chunked_array([pa.array(times).cast(pa.timestamp("us", "UTC"))])


def _microseconds(values: pa.ChunkedArray, clock: Clock, rejections: dict[int, Rejected]) -> npt.NDArray[np.int64]:
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        numbers = values.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
        return _whole(pc.fill_null(numbers, clock.now_us))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _from_numbers(values, clock, rejections)
    if pa.types.is_string(kind) or pa.types.is_null(kind):
        return _from_texts(values, clock, rejections)
    raise Invalid(f"The timestamps have the type {kind}: send timestamps, ISO 8601 text, or numbers since 1970.")


def _from_numbers(values: pa.ChunkedArray, clock: Clock, rejections: dict[int, Rejected]) -> npt.NDArray[np.int64]:
    numbers = values.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
    given = pc.is_valid(values).to_numpy()
    bad = Refused(Reason.BAD_TIMESTAMP, "The timestamp is not a number of seconds or milliseconds since 1970.")
    _reject_where(given & ~np.isfinite(numbers), bad, rejections)
    size = np.abs(numbers)
    scale = np.where(size < _SECONDS_BELOW, 1e6, np.where(size < _MILLISECONDS_BELOW, 1e3, 1.0))
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.clip(np.round(numbers * scale), -1.0, 9e18)
    times: npt.NDArray[np.int64] = np.where(given & np.isfinite(scaled), scaled, clock.now_us).astype(np.int64)
    return times


def _from_texts(values: pa.ChunkedArray, clock: Clock, rejections: dict[int, Rejected]) -> npt.NDArray[np.int64]:
    for kind in (pa.timestamp("us", "UTC"), pa.timestamp("us")):
        try:
            return _whole(pc.fill_null(values.cast(kind).cast(pa.int64()), clock.now_us))
        except pa.ArrowInvalid:
            continue
    times = np.full(len(values), clock.now_us, np.int64)
    for index, text in enumerate(values.to_pylist()):
        try:
            times[index] = time_of(text, clock)
        except Refused as refusal:
            rejections.setdefault(index, Rejected(index, refusal.reason.value, refusal.detail))
    return times


def _whole(numbers: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    whole: npt.NDArray[np.int64] = numbers.to_numpy()
    return whole


def _features(table: pa.Table, max_features: int) -> dict[str, pa.ChunkedArray]:
    nested = _first(table, FEATURES)
    if nested is None:
        columns = {name: table.column(name) for name in table.column_names if name not in _KNOWN}
    elif pa.types.is_struct(nested.type):
        names = [field.name for field in nested.type]
        columns = dict(zip(names, pa.table({"features": nested}).flatten().columns, strict=True))
    else:
        raise Invalid(f"The column `features` has the type {nested.type}: send a struct, or a column for each feature.")
    if len(columns) > max_features:
        raise Invalid(f"The events have {len(columns):,} features; {max_features:,} are allowed.")
    return {FEATURE + name: _plain(values, name) for name, values in columns.items()}


def _refuse_empty(columns: dict[str, Any]) -> None:
    if not columns.keys() - {"event_id", "ts", "endpoint", "latency_ms"}:
        raise Invalid("The events have neither features nor a prediction: send a column for each feature.")


def _plain(values: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """The values without the encodings that say the same in another way."""
    kind = values.type
    if pa.types.is_dictionary(kind) and _is_known(kind.value_type, 0):
        return _plain(values.cast(kind.value_type), name)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    if not _is_known(kind, MAX_DEPTH):
        raise Invalid(f"The column {name!r} has the type {kind}: send numbers, text, booleans or times.")
    return values


_SCALARS: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_timestamp,
    pa.types.is_date,
    pa.types.is_time,
)


def _is_known(kind: pa.DataType, depth: int) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return depth > 0 and _is_known(kind.value_type, depth - 1)
    if pa.types.is_struct(kind):
        return depth > 0 and all(_is_known(field.type, depth - 1) for field in kind)
    return any(test(kind) for test in _SCALARS)


def _text(values: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    try:
        return _plain(values, name).cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise Invalid(f"The column {name!r} has the type {values.type}: send text.") from None


def _reject(which: pa.ChunkedArray, refusal: Refused, rejections: dict[int, Rejected]) -> None:
    if pc.any(which).as_py():
        _reject_where(pc.fill_null(which, False).to_numpy(), refusal, rejections)


def _reject_where(which: Mask, refusal: Refused, rejections: dict[int, Rejected]) -> None:
    for index in np.flatnonzero(which).tolist():
        rejections.setdefault(index, Rejected(index, refusal.reason.value, refusal.detail))
