"""Batches and table definitions brought into the one form that every engine stores."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelward.errors import Invalid
from modelward.events.contract import LABELS, ColumnType, EventTable, FeatureColumn, event_schema

REQUIRED = ("event_id", "ts", "received_at")
WIDTH = {ColumnType.BOOLEAN: 0, ColumnType.NUMBER: 1, ColumnType.TEXT: 2}


def conform(batch: pa.Table, table: EventTable) -> pa.Table:
    """The batch with the table's types, of the columns that it has. Raises Invalid where it does not fit."""
    schema = event_schema(table)
    unknown = sorted(set(batch.column_names) - set(schema.names))
    if unknown:
        msg = f"Model {table.model_id} has no column {', '.join(unknown)}: widen its table with `ensure` first."
        raise Invalid(msg)
    for name in REQUIRED:
        _require(batch, name)
    return _cast(batch, pa.schema([schema.field(name) for name in batch.column_names]))


def conform_labels(labels: pa.Table) -> pa.Table:
    """The labels with exactly the columns of `LABELS`. Raises Invalid with a sentence where they do not fit."""
    unknown = sorted(set(labels.column_names) - set(LABELS.names))
    if unknown:
        msg = f"A label has no column {', '.join(unknown)}."
        raise Invalid(msg)
    for name in ("organisation_id", "event_id", "labelled_at", "sequence"):
        _require(labels, name)
    for field in LABELS:
        if field.name not in labels.column_names:
            labels = labels.append_column(field, pa.nulls(labels.num_rows, field.type))
    return _cast(labels.select(LABELS.names), LABELS)


def _require(batch: pa.Table, name: str) -> None:
    if batch.column_names.count(name) != 1:
        msg = f"The batch needs the column {name} once."
        raise Invalid(msg)
    if batch.column(name).null_count:
        msg = f"The column {name} may not be null."
        raise Invalid(msg)


def _cast(batch: pa.Table, schema: pa.Schema) -> pa.Table:
    try:
        return batch.cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        msg = f"The batch does not fit its table: {error}"
        raise Invalid(msg) from error


def widened(stored: EventTable | None, wanted: EventTable) -> EventTable:
    """The table that has all of both. Names and the view are the wanted ones; types only ever get wider.

    A caller that knows less than the store (its schema is older) takes nothing away.
    """
    _check(wanted)
    if stored is None:
        return wanted
    known = {feature.column: feature for feature in stored.features}
    given = {feature.column: feature for feature in wanted.features}
    merged = tuple(_wider(known.get(column), given.get(column)) for column in known | given)
    return EventTable(
        model_id=wanted.model_id,
        organisation_id=wanted.organisation_id,
        view=wanted.view,
        features=merged,
        prediction=max(stored.prediction, wanted.prediction, key=WIDTH.__getitem__),
        score=stored.score or wanted.score,
    )


def _wider(stored: FeatureColumn | None, wanted: FeatureColumn | None) -> FeatureColumn:
    if stored is None or wanted is None:
        present = stored or wanted
        assert present is not None
        return present
    return FeatureColumn(wanted.column, wanted.name, max(stored.type, wanted.type, key=WIDTH.__getitem__))


def _check(table: EventTable) -> None:
    seen = {name.casefold() for name in event_schema(table).names[:7]} | {"overflow", "invalid"}
    seen |= {"label_number", "label_text", "labelled_at"}
    for feature in table.features:
        if not feature.column.isidentifier() or feature.column.casefold() in seen:
            msg = f"Model {table.model_id} cannot keep a feature in the column {feature.column!r}: taken, or no name."
            raise Invalid(msg)
        seen.add(feature.column.casefold())


def to_json(table: EventTable) -> dict[str, Any]:
    """The table's definition as JSON, to be kept or sent; `from_json` reads it back."""
    return {
        "model_id": table.model_id,
        "organisation_id": table.organisation_id,
        "view": table.view,
        "features": [[feature.column, feature.name, feature.type.value] for feature in table.features],
        "prediction": table.prediction.value,
        "score": table.score,
    }


def from_json(value: Mapping[str, Any]) -> EventTable:
    features: Sequence[Sequence[str]] = value["features"]
    return EventTable(
        model_id=value["model_id"],
        organisation_id=value["organisation_id"],
        view=value["view"],
        features=tuple(FeatureColumn(column, name, ColumnType(kind)) for column, name, kind in features),
        prediction=ColumnType(value["prediction"]),
        score=value["score"],
    )


def take_rows(batch: pa.Table, new: pa.BooleanArray) -> pa.Table:
    """The rows that are new; the batch itself when all are."""
    return batch if pc.all(new, min_count=0).as_py() else batch.filter(new)
