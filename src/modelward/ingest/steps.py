"""The steps that every event takes between its bytes and the journal, a column of the batch at a time.

Each step first asks, in a few calls that run in C, whether the whole column is as it should be, which is nearly always
so; only otherwise it looks at each item by itself, and refuses those that cannot be taken. Both ways mean the same.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from operator import attrgetter, is_, is_not
from typing import Any, TypeVar

import msgspec
import numpy as np

from modelward.ingest.reasons import Reason, Refused
from modelward.ingest.schemas import (
    ABSENT,
    ENDPOINT,
    EVENT_ID,
    FEATURES,
    LATENCY,
    PREDICTION,
    SCORE,
    TIME,
    Item,
    Line,
    Rejected,
)
from modelward.ingest.timestamps import Clock, time_of, times_of
from modelward.ingest.values import decoded_json
from modelward.kit.ids import uuid7_batch

MAX_ID_CHARACTERS = 200
MAX_ENDPOINT_CHARACTERS = 2_000
MAX_DEPTH = 20
_LEAST_BYTES_OF_A_FEATURE = 5  # `"":1,`

_BRACE = ord("{")
_EMPTY = "The event has neither features nor a prediction: send `features`, `prediction` or both."
_NAMES = {name: attrgetter(name) for name in Item.__struct_fields__}
_T = TypeVar("_T")


class Batch:
    """The items of one request, and which of them were refused on the way."""

    def __init__(self, items: Sequence[Any], clock: Clock) -> None:
        self.items = items
        self.clock = clock
        self.refused: dict[int, Rejected] = {}

    def column(self, names: tuple[str, ...]) -> list[Any]:
        """What the items have under the first of `names` that each of them uses; ABSENT where there is none."""
        items = self.items
        used = [name for name in names if getattr(items[0], name) is not ABSENT]
        if used:
            values = list(map(_NAMES[used[0]], items))
            if not any(map(is_, values, repeat(ABSENT))):
                return values
        columns = [list(map(_NAMES[name], items)) for name in names]
        filled = [column for column in columns if any(map(is_not, column, repeat(ABSENT)))]
        if len(filled) <= 1:
            return (filled or columns)[0]
        return [next((value for value in row if value is not ABSENT), ABSENT) for row in zip(*filled, strict=True)]

    def each(self, values: Sequence[Any], step: Callable[[Any], _T], *, otherwise: _T) -> list[_T]:
        """The step for each value by itself; an item that it refuses keeps its place with `otherwise`."""
        done = []
        for index, value in enumerate(values):
            try:
                done.append(step(value))
            except Refused as refusal:
                self.refuse(index, refusal)
                done.append(otherwise)
        return done

    def refuse(self, index: int, refusal: Refused) -> None:
        """The first refusal of an item is the one that is answered."""
        self.refused.setdefault(index, Rejected(index, refusal.reason.value, refusal.detail))


def assign_ids(batch: Batch) -> list[str]:
    """The ids that the events carry; a new UUIDv7 for each that carries none."""
    values = batch.column(EVENT_ID)
    if all(map(is_, values, repeat(ABSENT))):
        return uuid7_batch(len(values), batch.clock.now_ms)
    if set(map(type, values)) == {str} and all(values) and max(map(len, values)) <= MAX_ID_CHARACTERS:
        return values
    fresh = fresh_ids(batch.clock)
    return batch.each(values, lambda value: id_of(value, fresh), otherwise="")


_STOCK = 64
_stock: list[str] = []
_stock_until = 0


def fresh_ids(clock: Clock) -> Iterator[str]:
    """New ids, as many as are asked for: made many at a time, and none older than a tenth of a second."""
    global _stock_until  # noqa: PLW0603 - ids of one process are one sequence
    while True:
        if not _stock or clock.now_ms > _stock_until:
            _stock[:] = reversed(uuid7_batch(_STOCK, clock.now_ms))
            _stock_until = clock.now_ms + 100
        yield _stock.pop()


def id_of(value: Any, fresh: Iterator[str]) -> str:
    """An event's own id as text.

    Raises:
        Refused: it is neither text nor a whole number, or too long.
    """
    if value is ABSENT or value is None or value == "":
        return next(fresh)
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise Refused(Reason.BAD_ID, "The event's id must be text or a whole number.")
    if len(value) > MAX_ID_CHARACTERS:
        raise Refused(Reason.BAD_ID, f"The event's id has {len(value):,} characters; {MAX_ID_CHARACTERS} are allowed.")
    return value


def read_times(batch: Batch, names: tuple[str, ...] = TIME) -> list[int]:
    """When the events happened, in microseconds since 1970; now for those that do not say."""
    values = batch.column(names)
    times = times_of(values, batch.clock)
    if times is not None:
        return times
    return batch.each(values, lambda value: time_of(value, batch.clock), otherwise=0)


def check_features(batch: Batch, *, max_features: int) -> list[msgspec.Raw]:
    """The features' JSON as sent, each an object of bounded size and depth; ABSENT where there are none."""
    values = batch.column(FEATURES)
    if max(map(len, values)) < max_features * _LEAST_BYTES_OF_A_FEATURE and _are_objects(values):
        return values
    return batch.each(values, lambda value: features_of(value, max_features), otherwise=ABSENT)


def _are_objects(values: list[msgspec.Raw]) -> bool:
    """Whether each is an object, and all their brackets together are too few to be nested too deep."""
    # No JSON text holds the byte 0, so what follows one is what begins a value.
    text = b"\0".join([b"", *values])
    if len(values) == 1:
        objects, braces = text.count(b"\0{"), text.count(b"{")
    else:
        # The same as the counts above, in a quarter of their time.
        signs = np.frombuffer(text, np.uint8)
        opened = np.flatnonzero(signs == _BRACE)
        objects, braces = int(np.count_nonzero(signs[opened - 1] == 0)), len(opened)
    brackets = text.count(b"[") if b"[" in text else 0
    return objects == len(values) and braces - objects + brackets < MAX_DEPTH - 1


def features_of(value: msgspec.Raw, max_features: int) -> msgspec.Raw:
    """The features of one event.

    Raises:
        Refused: not an object, too many, or nested too deep.
    """
    if bytes(value) == b"null":
        return ABSENT
    decoded = decoded_within(value, "features")
    if not isinstance(decoded, dict):
        raise Refused(Reason.FEATURES_NOT_OBJECT, 'The features must be an object of names and values: {"age": 41}.')
    if len(decoded) > max_features:
        detail = f"The event has {len(decoded):,} features; {max_features:,} are allowed."
        raise Refused(Reason.TOO_MANY_FEATURES, detail)
    return value


def decoded_within(value: msgspec.Raw, what: str) -> Any:
    """The value, when it is not nested too deep. Numbers beyond a double come as infinities.

    Raises:
        Refused: it is.
    """
    refusal = Refused(Reason.TOO_DEEP, f"The {what} are nested deeper than {MAX_DEPTH} levels.")
    try:
        decoded = decoded_json(bytes(value))
    except RecursionError:
        raise refusal from None
    if _depth(decoded, MAX_DEPTH) > MAX_DEPTH:
        raise refusal
    return decoded


def _depth(value: Any, limit: int) -> int:
    if not isinstance(value, dict | list) or limit < 0:
        return 0
    return 1 + max(
        (_depth(one, limit - 1) for one in (value.values() if isinstance(value, dict) else value)), default=0
    )


def check_values(batch: Batch, names: tuple[str, ...]) -> list[msgspec.Raw]:
    """A prediction, score or latency as sent; the mover sets aside what its column cannot hold."""
    values = batch.column(names)
    text = b"\0".join(values)
    if text.find(b"{") < 0 and text.find(b"[") < 0:
        return values
    return batch.each(values, lambda value: _shallow(value, names[0]), otherwise=ABSENT)


def _shallow(value: msgspec.Raw, name: str) -> msgspec.Raw:
    decoded_within(value, f"values of `{name}`")
    return value


def read_endpoints(batch: Batch) -> list[str | None]:
    """The endpoint that answered, as text."""
    values = batch.column(ENDPOINT)
    if set(map(type, values)) == {str} and max(map(len, values)) <= MAX_ENDPOINT_CHARACTERS:
        return values
    return list(map(endpoint_of, values))


def endpoint_of(value: Any) -> str | None:
    """The endpoint as text, cut where it is endless; None when there is none."""
    return None if value is ABSENT or value is None else str(value)[:MAX_ENDPOINT_CHARACTERS]


def refuse_empty(batch: Batch, *columns: list[msgspec.Raw]) -> None:
    """An event that has neither features nor a prediction says nothing."""
    if any(not any(map(is_, column, repeat(ABSENT))) for column in columns):
        return
    for index, row in enumerate(zip(*columns, strict=True)):
        if all(value is ABSENT for value in row):
            batch.refuse(index, Refused(Reason.EMPTY, _EMPTY))


def lines_of(batch: Batch, *, max_features: int) -> list[Line]:
    """All steps that need nothing but the batch: its canonical lines, in the items' places."""
    if len(batch.items) == 1:
        return [_line_of(batch, batch.items[0], max_features)]
    ids = assign_ids(batch)
    times = read_times(batch)
    features = check_features(batch, max_features=max_features)
    predictions = check_values(batch, PREDICTION)
    scores = check_values(batch, SCORE)
    latencies = check_values(batch, LATENCY)
    refuse_empty(batch, features, predictions, scores)
    return list(map(Line, ids, times, features, predictions, scores, latencies, read_endpoints(batch)))


def _line_of(batch: Batch, item: Item, max_features: int) -> Line:
    """The same steps for an event that came by itself, without the columns: the way of most requests."""
    try:
        line = Line(
            id_of(first_of(item, EVENT_ID), fresh_ids(batch.clock)),
            time_of(first_of(item, TIME), batch.clock),
            _features_of(first_of(item, FEATURES), max_features),
            _value_of(item, PREDICTION),
            _value_of(item, SCORE),
            _value_of(item, LATENCY),
            endpoint_of(item.endpoint),
        )
        _refuse_if_empty(line)
    except Refused as refusal:
        batch.refuse(0, refusal)
        return Line("", 0)
    return line


def _refuse_if_empty(line: Line) -> None:
    if line.features is ABSENT and line.prediction is ABSENT and line.score is ABSENT:
        raise Refused(Reason.EMPTY, _EMPTY)


def first_of(item: Item, names: tuple[str, ...]) -> Any:
    """What the item has under the first of the names that it uses, or ABSENT."""
    for name in names:
        if (value := getattr(item, name)) is not ABSENT:
            return value
    return ABSENT


def _features_of(value: msgspec.Raw, max_features: int) -> msgspec.Raw:
    if len(value) < max_features * _LEAST_BYTES_OF_A_FEATURE and _are_objects([value]):
        return value
    return features_of(value, max_features)


def _value_of(item: Item, names: tuple[str, ...]) -> msgspec.Raw:
    value: msgspec.Raw = first_of(item, names)
    return value if len(value) <= MAX_DEPTH else _shallow(value, names[0])
