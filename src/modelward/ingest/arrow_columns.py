"""A journal entry that is canonical Arrow (see arrow_events.py) in the columns of the event store."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelward.events.contract import ARROW_TYPES
from modelward.ingest.arrow_events import FEATURE
from modelward.ingest.class_scores import Spread, spread
from modelward.ingest.columns import with_receipt
from modelward.ingest.known_models import COLUMN_TYPES, KnownModel, KnownModels
from modelward.ingest.mending import may_be_named, widened
from modelward.ingest.segments import Waiting
from modelward.ingest.values import MAX_TEXT_CHARACTERS, MISFIT, fitted, json_of
from modelward.registry.schema import MOST_COLUMNS
from modelward.registry.service import FeatureKind


def table_of_arrow(entry: Waiting, model: KnownModel, models: KnownModels, *, now: datetime) -> pa.Table:
    """The events of the entry, the model widened by what it did not know."""
    with pa.ipc.open_stream(pa.BufferReader(entry.body)) as reader:
        table = reader.read_all()
    features = {
        name.removeprefix(FEATURE): table.column(name) for name in table.column_names if name.startswith(FEATURE)
    }
    aside = _Aside(table.num_rows)
    table, chances = _class_scores(table, aside)
    features |= chances
    model = _widened(model, models, features, table, now=now)
    columns = {name: table.column(name) for name in ("event_id", "ts", "endpoint") if name in table.column_names}
    for name, kind in (
        ("latency_ms", FeatureKind.NUMERIC),
        ("score", FeatureKind.NUMERIC),
        ("prediction", model.prediction),
    ):
        if name in table.column_names:
            columns[name] = _fitted(table.column(name), kind, name, aside)
    specs = {spec.name: spec for spec in model.schema.features}
    for name, values in features.items():
        if name in specs:
            columns[specs[name].column] = _fitted(values, specs[name].kind, name, aside)
        else:
            aside.overflow(name, values)
    return with_receipt(columns | aside.columns(), [entry])


def _class_scores(table: pa.Table, aside: "_Aside") -> tuple[pa.Table, dict[str, pa.ChunkedArray]]:
    """The table with plain scores, and the probabilities of classes as features, where scores are structs or lists."""
    if "score" not in table.column_names or not pa.types.is_nested(table.column("score").type):
        return table, {}
    found = []
    for row, value in enumerate(table.column("score").to_pylist()):
        chances = Spread(None, {}) if value is None else spread(value)
        if chances is None:
            aside.invalid(row, "score", value)
        found.append(chances or Spread(None, {}))
    names = dict.fromkeys(name for entry in found for name in entry.columns)
    columns = {name: _numbers([entry.columns.get(name) for entry in found]) for name in names}
    place = table.schema.get_field_index("score")
    return table.set_column(place, "score", _numbers([entry.score for entry in found])), columns


def _numbers(values: list[float | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.float64())])


class _Aside:
    """What does not fit, by row: mostly nothing."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._invalid: dict[int, dict[str, Any]] = {}
        self._overflow: dict[int, dict[str, Any]] = {}

    def invalid(self, row: int, name: str, value: Any) -> None:
        self._invalid.setdefault(row, {})[name] = value

    def overflow(self, name: str, values: pa.ChunkedArray) -> None:
        for row, value in enumerate(values.to_pylist()):
            if value is not None:
                self._overflow.setdefault(row, {})[name] = value

    def columns(self) -> dict[str, pa.Array]:
        kept = (("invalid", self._invalid), ("overflow", self._overflow))
        return {name: self._column(values) for name, values in kept if values}

    def _column(self, values: Mapping[int, dict[str, Any]]) -> pa.Array:
        texts = [json_of(values[row]) if row in values else None for row in range(self._rows)]
        return pa.array(texts, pa.string())


def _widened(
    model: KnownModel, models: KnownModels, features: Mapping[str, pa.ChunkedArray], table: pa.Table, *, now: datetime
) -> KnownModel:
    known = {spec.name for spec in model.schema.features}
    examples = {
        name: [example]
        for name, values in features.items()
        if name not in known and may_be_named(name) and (example := _example(values)) is not None
    }
    prediction = table.column("prediction") if "prediction" in table.column_names else None
    predictions = [] if prediction is None or model.schema.prediction else [_example(prediction)]
    if not predictions and (not examples or len(known) >= MOST_COLUMNS):
        return model
    return widened(model, models, examples, predictions, now=now)


def _example(values: pa.ChunkedArray) -> Any:
    """A value of the kind that the column has; None for columns that decide nothing."""
    if values.null_count == len(values):
        return None
    kind = values.type
    if pa.types.is_boolean(kind):
        return True
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return 0.0
    if pa.types.is_nested(kind):
        return None
    return "text"


def _fitted(values: pa.ChunkedArray, kind: FeatureKind, name: str, aside: _Aside) -> pa.ChunkedArray:
    """The values in the column's type, as a whole where Arrow can, otherwise one by one."""
    target = ARROW_TYPES[COLUMN_TYPES[kind]]
    if _casts(values.type, kind) and not _has_long_text(values):
        cast = values.cast(target, safe=False)
        return _without_nan(cast) if kind is FeatureKind.NUMERIC else cast
    done = []
    for row, value in enumerate(values.to_pylist()):
        fit = fitted(_jsonable(value), kind)
        if fit is MISFIT:
            aside.invalid(row, name, _jsonable(value))
        done.append(None if fit is MISFIT else fit)
    return pa.chunked_array([pa.array(done, target)])


def _casts(source: pa.DataType, kind: FeatureKind) -> bool:
    if pa.types.is_null(source) or source == ARROW_TYPES[COLUMN_TYPES[kind]]:
        return True
    number = pa.types.is_integer(source) or pa.types.is_floating(source) or pa.types.is_decimal(source)
    if kind is FeatureKind.NUMERIC:
        return bool(number or pa.types.is_boolean(source))
    if kind is FeatureKind.CATEGORICAL:
        return bool(number or pa.types.is_boolean(source) or pa.types.is_temporal(source))
    return False


def _has_long_text(values: pa.ChunkedArray) -> bool:
    if not pa.types.is_string(values.type):
        return False
    return (pc.max(pc.utf8_length(values)).as_py() or 0) > MAX_TEXT_CHARACTERS


def _without_nan(values: pa.ChunkedArray) -> pa.ChunkedArray:
    missing = pc.is_nan(values)
    if not pc.any(missing).as_py():
        return values
    return pc.if_else(missing, pa.scalar(None, pa.float64()), values)


def _jsonable(value: Any) -> Any:
    """A value that JSON can say; times and decimals as text."""
    if isinstance(value, dict | list) or value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)
