"""The models as the mover knows them: their columns, and a decoder made for exactly these."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy import Engine, select

from modelward.events.contract import ColumnType, EventTable, FeatureColumn
from modelward.ingest.values import MAX_TEXT_CHARACTERS
from modelward.kit.database import reading, writing
from modelward.registry.service import FeatureKind, Schema, schema, widen
from modelward.registry.tables import Model

_NEEDS_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')
"""Names that JSON writes otherwise than they are: the fast decoder leaves lines that have them to mending."""

_TYPES: Mapping[FeatureKind, Any] = {
    FeatureKind.NUMERIC: float | None,
    FeatureKind.CATEGORICAL: Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARACTERS)] | None,
    FeatureKind.BOOLEAN: bool | None,
}
COLUMN_TYPES: Mapping[FeatureKind, ColumnType] = {
    FeatureKind.NUMERIC: ColumnType.NUMBER,
    FeatureKind.CATEGORICAL: ColumnType.TEXT,
    FeatureKind.BOOLEAN: ColumnType.BOOLEAN,
}


@dataclass(frozen=True, eq=False)
class KnownModel:
    """A model's columns and what reads its lines fast: lines that fit the schema exactly, and no others."""

    model_id: int
    schema: Schema
    table: EventTable
    decoder: "msgspec.json.Decoder[Any]"
    task: str | None
    threshold: float | None

    @property
    def prediction(self) -> FeatureKind:
        """The kind of the prediction's column; numbers until one was seen."""
        return self.schema.prediction or FeatureKind.NUMERIC


class KnownModels:
    """Read from the registry once, and again whenever the mover widens a model."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[int, KnownModel] = {}

    def get(self, model_id: int) -> KnownModel:
        """The model.

        Raises:
            LookupError: the registry has it no more.
        """
        if model_id not in self._known:
            with reading(self._engine) as session:
                model = session.get(Model, model_id)
                if model is None:
                    raise LookupError(f"There is no model {model_id} any more.")
                self._known[model_id] = _known(model, schema(session, model_id))
        return self._known[model_id]

    def widen(
        self, model_id: int, features: Mapping[str, FeatureKind], prediction: FeatureKind | None, now: datetime
    ) -> KnownModel:
        """Give the new features columns, in a transaction of its own; afterwards the model is known anew."""
        with writing(self._engine) as session:
            widened = widen(session, model_id=model_id, features=features, prediction=prediction, now=now)
            self._known[model_id] = _known(session.get_one(Model, model_id), widened)
        return self._known[model_id]

    def refresh(self) -> None:
        """Learn what was changed of the models since: their tasks and thresholds."""
        with reading(self._engine) as session:
            for model_id, task, threshold in session.execute(select(Model.id, Model.task, Model.threshold)):
                known = self._known.get(model_id)
                if known is not None and (known.task, known.threshold) != (task, threshold):
                    self._known[model_id] = replace(known, task=task, threshold=threshold)

    def forget(self, model_id: int) -> None:
        """Read it anew the next time."""
        self._known.pop(model_id, None)


def table_of(model: Model, described: Schema) -> EventTable:
    """The model's table in the event store, which has it once an event was moved."""
    features = tuple(FeatureColumn(spec.column, spec.name, COLUMN_TYPES[spec.kind]) for spec in described.features)
    prediction = COLUMN_TYPES[described.prediction or FeatureKind.NUMERIC]
    return EventTable(model.id, model.organisation_id, model.key, features, prediction, score=True)


def _known(model: Model, described: Schema) -> KnownModel:
    table = table_of(model, described)
    return KnownModel(model.id, described, table, _decoder(described), model.task, model.threshold)


def _decoder(described: Schema) -> "msgspec.json.Decoder[Any]":
    """Whatever does not fit the schema (a new feature, another type) is an error here, and mended elsewhere."""
    simple = [spec for spec in described.features if not _NEEDS_ESCAPE.search(spec.name)]
    fields = [(spec.column, _TYPES[spec.kind], None) for spec in simple]
    names = {spec.column: spec.name for spec in simple}
    features = msgspec.defstruct("Features", fields, rename=names, forbid_unknown_fields=True, frozen=True, gc=False)
    # Until the kind of the prediction is known, only its absence fits.
    prediction = _TYPES[described.prediction] if described.prediction else None
    line = msgspec.defstruct(
        "Line",
        [
            ("event_id", str),
            ("ts", int),
            ("endpoint", str | None, None),
            ("latency_ms", float | None, None),
            ("prediction", prediction, None),
            ("score", float | dict[str, float] | list[float] | None, None),
            ("features", features, features()),
        ],
        gc=False,
    )
    return msgspec.json.Decoder(line)
