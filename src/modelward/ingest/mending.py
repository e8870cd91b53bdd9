"""Journal entries of one model that do not fit its schema: the slow way, value by value.

New features widen the schema; what does not fit its column is set aside in `invalid`; what has no column (features past
the 500th, lists and objects) is kept in `overflow`. No event is lost for one of its values.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from modelward.errors import Invalid
from modelward.events.contract import TIME, event_schema
from modelward.ingest.class_scores import spread
from modelward.ingest.columns import with_receipt
from modelward.ingest.known_models import KnownModel, KnownModels
from modelward.ingest.segments import Waiting
from modelward.ingest.values import MISFIT, decoded_json, fitted, json_of, kind_of
from modelward.registry.names import feature_name
from modelward.registry.schema import MOST_COLUMNS
from modelward.registry.service import FeatureKind, Schema

_FIXED = ("event_id", "ts", "endpoint")
_NUMBERS = ("latency_ms", "score")


def mended_table(entry: Waiting, model: KnownModel, models: KnownModels, *, now: datetime) -> pa.Table:
    """The events of the entry, the model widened by what it did not know.

    Raises:
        ValueError: a line is no JSON, or lacks what every line has.
    """
    lines = [_line(text) for text in entry.body.splitlines()]
    model = widened(model, models, _feature_values(lines), [line.get("prediction") for line in lines], now=now)
    return table_of(lines, entry, model)


def table_of(lines: Sequence[Mapping[str, Any]], entry: Waiting, model: KnownModel) -> pa.Table:
    """The lines in the model's columns, misfits aside."""
    rows = [_row(line, model) for line in lines]
    columns: dict[str, Any] = {
        field.name: pa.array([row.get(field.name) for row in rows], pa.int64() if field.name == "ts" else field.type)
        for field in event_schema(model.table)
        if field.name != "received_at"
    }
    columns["ts"] = columns["ts"].cast(TIME)
    return with_receipt(columns, [entry])


def widened(
    model: KnownModel,
    models: KnownModels,
    features: Mapping[str, Sequence[Any]],
    predictions: Sequence[Any],
    *,
    now: datetime,
) -> KnownModel:
    """The model with a column for each feature that can have one, and a kind for its prediction."""
    known = {spec.name for spec in model.schema.features}
    new = _kinds({name: values for name, values in features.items() if name not in known})
    room = MOST_COLUMNS - len(known)
    prediction = None if model.schema.prediction else kind_of(predictions)
    if (new and room > 0) or prediction:
        return models.widen(model.model_id, new, prediction, now)
    return model


def _kinds(features: Mapping[str, Sequence[Any]]) -> dict[str, FeatureKind]:
    found = {name: kind_of(values) for name, values in features.items() if may_be_named(name)}
    return {name: kind for name, kind in found.items() if kind is not None}


def may_be_named(name: str) -> bool:
    """Whether the registry takes a feature of this name; others are kept without a column."""
    try:
        feature_name(name)
    except Invalid:
        return False
    return True


def _line(text: bytes) -> dict[str, Any]:
    try:
        line = msgspec.json.decode(text)
    except msgspec.ValidationError:  # a number beyond a double, which Python's own decoder takes as infinite
        line = decoded_json(text)
    shape = {"event_id": str, "ts": int, "features": dict}
    if not isinstance(line, dict) or not all(isinstance(line.get(name, {}), kind) for name, kind in shape.items()):
        raise ValueError("a line of the entry is not an event")
    return _with_class_scores(line)


def _with_class_scores(line: dict[str, Any]) -> dict[str, Any]:
    """The line with the probabilities of its classes among its features; those that are none stay where they were."""
    score = line.get("score")
    if not isinstance(score, dict | list) or (found := spread(score)) is None:
        return line
    return line | {"score": found.score, "features": {**line.get("features", {}), **found.columns}}


def _feature_values(lines: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    values: defaultdict[str, list[Any]] = defaultdict(list)
    for line in lines:
        for name, value in line.get("features", {}).items():
            values[name].append(value)
    return values


def _row(line: Mapping[str, Any], model: KnownModel) -> dict[str, Any]:
    """One line by columns."""
    row: dict[str, Any] = {name: line.get(name) for name in _FIXED}
    invalid: dict[str, Any] = {}
    for name in _NUMBERS:
        _put(row, name, name, line.get(name), kind=FeatureKind.NUMERIC, invalid=invalid)
    _put(row, "prediction", "prediction", line.get("prediction"), kind=model.prediction, invalid=invalid)
    overflow = _put_features(row, line.get("features", {}), model.schema, invalid)
    row["overflow"] = json_of(overflow) if overflow else None
    row["invalid"] = json_of(invalid) if invalid else None
    return row


def _put_features(
    row: dict[str, Any], features: Mapping[str, Any], schema: Schema, invalid: dict[str, Any]
) -> dict[str, Any]:
    """The features into their columns; what has no column is returned."""
    specs = {spec.name: spec for spec in schema.features}
    for name in features.keys() & specs.keys():
        _put(row, specs[name].column, name, features[name], kind=specs[name].kind, invalid=invalid)
    return {name: value for name, value in features.items() if name not in specs and value is not None}


def _put(
    row: dict[str, Any], column: str, name: str, value: Any, *, kind: FeatureKind, invalid: dict[str, Any]
) -> None:
    fit = fitted(value, kind)
    if fit is MISFIT:
        invalid[name] = value
    else:
        row[column] = fit
