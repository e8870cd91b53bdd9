"""Which columns a model's profiles have, from its schema in the registry."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.monitoring.profiling import ProfiledColumn
from modelward.registry.service import FeatureKind, FeatureSpec, Schema, schema
from modelward.registry.tables import Feature, Model

PREDICTION, SCORE, LATENCY, LABEL = "@prediction", "@score", "@latency_ms", "@label"
SPECIAL = (PREDICTION, SCORE, LATENCY, LABEL)
SHOWN_ONLY = frozenset({LATENCY, LABEL})
"""Summarised and shown, but judged only when the monitor names a test for them."""

LABEL_SOURCE = "label"


def profiled_columns(session: Session, model_id: int) -> tuple[ProfiledColumn, ...]:
    """Every column of the model's profiles."""
    return columns_of(schema(session, model_id))


def columns_of_models(session: Session, model_ids: Collection[int]) -> dict[int, tuple[ProfiledColumn, ...]]:
    """As `profiled_columns`, of many models with two queries."""
    features: defaultdict[int, list[FeatureSpec]] = defaultdict(list)
    query = select(Feature.model_id, Feature.name, Feature.kind, Feature.column).where(Feature.model_id.in_(model_ids))
    for row in session.execute(query.order_by(Feature.model_id, Feature.position)):
        features[row.model_id].append(FeatureSpec(row.name, FeatureKind(row.kind), row.column))
    outcomes = session.execute(select(Model.id, Model.prediction_kind).where(Model.id.in_(model_ids))).all()
    return {
        row.id: columns_of(
            Schema(tuple(features[row.id]), FeatureKind(row.prediction_kind) if row.prediction_kind else None)
        )
        for row in outcomes
    }


def columns_of(described: Schema) -> tuple[ProfiledColumn, ...]:
    """The features in their order, then prediction, score, latency and label."""
    features = [
        ProfiledColumn(feature_key(entry.name), entry.column, summary_kind(entry.kind), entry.name)
        for entry in described.features
        if entry.column
    ]
    special = [
        ProfiledColumn(SCORE, "score", "numeric", "score"),
        ProfiledColumn(LATENCY, "latency_ms", "numeric", "latency_ms"),
    ]
    if described.prediction is not None:  # Until the first prediction nobody knows how to summarise one.
        outcome = summary_kind(described.prediction)
        special.insert(0, ProfiledColumn(PREDICTION, "prediction", outcome, "prediction"))
        special.append(ProfiledColumn(LABEL, LABEL_SOURCE, outcome, ""))
    return (*features, *special)


def feature_key(name: str) -> str:
    """A feature's key in a profile: its name, with a leading "@" doubled, so that no feature passes for a special."""
    return f"@{name}" if name.startswith("@") else name


def title_of(key: str) -> str:
    """A profile key as a person reads it."""
    if key in SPECIAL:
        return key[1:]
    return key[1:] if key.startswith("@@") else key


def summary_kind(kind: str) -> str:
    """How a column of that registry kind is summarised."""
    return "numeric" if kind == "numeric" else "categorical"


def with_label(table: pa.Table, columns: Sequence[ProfiledColumn]) -> pa.Table:
    """The table with one `label` column of the outcome's kind, from the store's `label_number` and `label_text`."""
    kind = next((column.kind for column in columns if column.key == LABEL), None)
    if kind is None or "label_number" not in table.column_names:
        return table
    number, text = table.column("label_number"), table.column("label_text")
    label = number if kind == "numeric" else pc.coalesce(text, _as_category(number))
    return table.append_column(LABEL_SOURCE, label)


def scanned(columns: Sequence[ProfiledColumn]) -> list[str]:
    """What to ask the event store for, so that these columns can be profiled."""
    stored = [column.source for column in columns if column.key != LABEL]
    labels = ["label_number", "label_text"] if len(stored) < len(columns) else []
    return ["ts", "invalid", *stored, *labels]


def _as_category(number: pa.ChunkedArray) -> pa.ChunkedArray:
    # 1.0 and "1" are the same outcome: a label is written as a whole number wherever it is one.
    whole = pc.and_(pc.equal(pc.floor(number), number), pc.less(pc.abs(number), 1e15))
    integers = pc.cast(pc.cast(pc.if_else(whole, number, None), pa.int64()), pa.string())
    return pc.if_else(whole, integers, pc.cast(number, pa.string()))
