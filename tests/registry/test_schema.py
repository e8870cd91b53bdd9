"""Schemas grow with what events bring, up to 500 columns, and what is known stays as it is."""

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from modelward.errors import Invalid, NotFound
from modelward.kit.database import reading, writing
from modelward.registry.schema import MOST_COLUMNS, Schema, schema, widen
from modelward.registry.service import touch
from modelward.signals.service import recent

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def grow(engine: Engine, model_id: int, features: dict[str, str], prediction: str | None = None) -> Schema:
    with writing(engine) as session:
        return widen(session, model_id=model_id, features=features, prediction=prediction, now=NOON)


def columns(told: Schema) -> list[tuple[str, str, str]]:
    return [(feature.name, feature.kind.value, feature.column) for feature in told.features]


def test_features_get_columns_in_the_order_in_which_they_come(each_database: Engine, churn: int) -> None:
    grow(each_database, churn, {"Age": "numeric", "age": "categorical"})
    told = grow(each_database, churn, {"ts": "boolean", "Age": "numeric"}, prediction="numeric")
    assert columns(told) == [("Age", "numeric", "f1"), ("age", "categorical", "f2"), ("ts", "boolean", "f3")]
    assert told.prediction == "numeric"
    with reading(each_database) as session:
        assert schema(session, churn) == told


def test_what_is_known_stays_as_it_is(each_database: Engine, churn: int) -> None:
    before = grow(each_database, churn, {"a": "numeric"}, prediction="numeric")
    assert grow(each_database, churn, {"a": "categorical"}, prediction="categorical") == before
    assert grow(each_database, churn, {}) == before


def test_only_the_first_500_features_get_columns(each_database: Engine, churn: int) -> None:
    grow(each_database, churn, {f"a{number}": "numeric" for number in range(300)})
    told = grow(each_database, churn, {f"b{number}": "numeric" for number in range(300)})
    assert len(told.features) == MOST_COLUMNS
    assert told.features[-1].name == "b199"
    assert told.features[-1].column == "f500"
    assert grow(each_database, churn, {"one more": "numeric"}) == told


def test_hostile_names_are_names(each_database: Engine, churn: int) -> None:
    hostile = ["'; DROP TABLE features; --", '"', "f1", "\u202eevil", "🛫", "a\nb", "x" * 200, " ", "NULL"]
    told = grow(each_database, churn, dict.fromkeys(hostile, "numeric"))
    assert [feature.name for feature in told.features] == hostile


def test_a_name_that_cannot_be_kept_changes_nothing(each_database: Engine, churn: int) -> None:
    with pytest.raises(Invalid, match="use 1 to 200"):
        grow(each_database, churn, {"good": "numeric", "x" * 201: "numeric"})
    assert grow(each_database, churn, {}).features == ()


def test_a_model_that_is_not_there_is_told(each_database: Engine) -> None:
    with pytest.raises(NotFound):
        grow(each_database, 4711, {"a": "numeric"})


def test_a_change_of_schema_is_told_only_once_there_were_events(each_database: Engine, churn: int, ours: int) -> None:
    grow(each_database, churn, {"a": "numeric"})
    with writing(each_database) as session:
        touch(session, model_id=churn, events=1, last_event_at=NOON)
    grow(each_database, churn, {"a": "numeric"})
    grow(each_database, churn, {f"new{number}": "categorical" for number in range(7)})
    with reading(each_database) as session:
        [signal] = recent(session, organisation_id=ours)
    assert (signal.kind, signal.subject, signal.model_id) == ("schema_changed", "churn", churn)
    assert (signal.before, signal.after) == ("1 features", "8 features")
    assert signal.reason.endswith("new0, new1, new2, new3, new4 and 2 more.")
    assert signal.evidence
    assert len(signal.evidence["added"]) == 7


def test_processes_that_widen_at_once_give_every_feature_one_column(each_database: Engine, churn: int) -> None:
    together = threading.Barrier(4)

    def send(sender: int) -> None:
        together.wait()
        for number in range(5):
            grow(each_database, churn, {"shared": "numeric", f"own {sender} {number}": "numeric"})

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = grow(each_database, churn, {})
    assert len(told.features) == 21
    assert [feature.column for feature in told.features] == [f"f{number}" for number in range(1, 22)]
