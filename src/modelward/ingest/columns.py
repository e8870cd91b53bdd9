"""Journal entries of one model as an Arrow table with the event store's columns: the fast way, for lines that fit."""

from collections.abc import Sequence
from types import NoneType
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from modelward.events.contract import TIME, event_schema
from modelward.ingest.class_scores import Spread, spread
from modelward.ingest.known_models import KnownModel
from modelward.ingest.segments import Waiting
from modelward.registry.service import FeatureKind

_OWN = ("event_id", "ts", "endpoint", "latency_ms", "prediction", "score")
CHUNK_BYTES = (
    512 * 1024
)  # of lines decoded at once: what is decoded should still be in the cache when it becomes columns


def table_of_lines(entries: Sequence[Waiting], model: KnownModel) -> pa.Table | None:
    """The events of the entries; None when a line does not fit the schema."""
    try:
        rows = model.decoder.decode_lines(b"".join(entry.body for entry in entries))
    except (msgspec.DecodeError, RecursionError):
        return None
    schema = event_schema(model.table)
    features = _columns([row.features for row in rows], [spec.column for spec in model.schema.features])
    values = _columns(rows, _OWN) | features
    if not set(map(type, values["score"])) <= {float, NoneType}:
        chances = _class_scores(values["score"], model)
        if chances is None:
            return None
        values |= chances
    columns = {
        field.name: pa.array(values[field.name], pa.int64() if field.name == "ts" else field.type)
        for field in schema
        if field.name in values
    }
    columns["ts"] = columns["ts"].cast(TIME)
    return with_receipt(columns, entries)


def _class_scores(scores: Sequence[Any], model: KnownModel) -> dict[str, tuple[Any, ...]] | None:
    """The scores, and the columns of class probabilities among them; None where one has no column yet, or is none."""
    found = [spread(value) if isinstance(value, dict | list) else Spread(value, {}) for value in scores]
    columns = {spec.name: spec.column for spec in model.schema.features if spec.kind is FeatureKind.NUMERIC}
    names = {name for entry in found if entry is not None for name in entry.columns}
    if None in found or not names <= columns.keys():
        return None
    known = [entry for entry in found if entry is not None]
    chances = {columns[name]: tuple(entry.columns.get(name) for entry in known) for name in names}
    return {"score": tuple(entry.score for entry in known), **chances}


def with_receipt(columns: dict[str, Any], entries: Sequence[Waiting]) -> pa.Table:
    """The columns as a table, with the moment in which each row was received."""
    received = np.repeat([entry.received_at for entry in entries], [entry.events for entry in entries])
    return pa.table({**columns, "received_at": pa.array(received.astype(np.int64)).cast(TIME)})


def _columns(rows: Sequence[msgspec.Struct], names: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """The fields of the rows, turned over."""
    if not names:
        return {}
    turned = zip(*map(msgspec.structs.astuple, rows), strict=True)
    fields = rows[0].__struct_fields__
    return {name: values for name, values in zip(fields, turned, strict=True) if name in names}
