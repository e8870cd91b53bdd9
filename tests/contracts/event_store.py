"""What every engine of the event store must do. A runner subclasses `EventStoreContract` and gives `engine`."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from modelward.errors import Invalid, NotFound
from modelward.events.contract import (
    TIME,
    ColumnType,
    EventStore,
    EventTable,
    FeatureColumn,
    scan_schema,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
NUMBER, TEXT, BOOLEAN = ColumnType.NUMBER, ColumnType.TEXT, ColumnType.BOOLEAN
EVER = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))


class Engine(Protocol):
    """How the suite gets at an engine: `open` gives the store, `reopen` after a proper stop."""

    def open(self) -> EventStore: ...

    def reopen(self) -> EventStore: ...


def table_of(model_id=1, *features, organisation=1, view=None, prediction=NUMBER, score=True):
    columns = tuple(FeatureColumn(f"f{i}", name, kind) for i, (name, kind) in enumerate(features, start=1))
    return EventTable(model_id, organisation, view or f"model {model_id}", columns, prediction, score)


def events_of(ids, *, ts=NOON, received=NOON, **columns):
    """A batch; `ts` and `received` are one time for all rows, or a list."""
    return pa.table(
        {
            "event_id": pa.array(ids, pa.string()),
            "ts": pa.array(ts if isinstance(ts, list) else [ts] * len(ids), TIME),
            "received_at": pa.array(received if isinstance(received, list) else [received] * len(ids), TIME),
            **columns,
        }
    )


def labels_of(ids, *, sequence, number=None, text=None, organisation=1, model=None, at=NOON + DAY):
    n = len(ids)
    return pa.table(
        {
            "organisation_id": pa.array([organisation] * n, pa.int64()),
            "model_id": pa.array([model] * n, pa.int64()),
            "event_id": pa.array(ids, pa.string()),
            "number": pa.array(number if isinstance(number, list) else [number] * n, pa.float64()),
            "text": pa.array([text] * n, pa.string()),
            "labelled_at": pa.array([at] * n, TIME),
            "sequence": pa.array(sequence if isinstance(sequence, list) else [sequence] * n, pa.int64()),
        }
    )


def everything(store, model_id=1, columns=None):
    return store.scan(model_id, *EVER, columns).read_all()


def labels_by_id(store, model_id=1):
    rows = everything(store, model_id)
    return dict(zip(rows["event_id"].to_pylist(), rows["label_number"].to_pylist(), strict=True))


def ids_in(store, model_id=1):
    return sorted(everything(store, model_id, ["event_id"])["event_id"].to_pylist())


class EventStoreContract:
    @pytest.fixture
    def engine(self, tmp_path) -> Engine:
        raise NotImplementedError

    @pytest.fixture
    def store(self, engine):
        store = engine.open()
        store.ensure([table_of(1, ("amount", NUMBER), ("city", TEXT), ("new", BOOLEAN))])
        return store

    # Storing and reading back

    def test_what_is_stored_is_read_back_with_every_column(self, store):
        batch = events_of(
            ["a", "b"],
            ts=[NOON, NOON + timedelta(microseconds=1)],
            endpoint=["/predict", None],
            latency_ms=[1.5, None],
            prediction=[0.25, None],
            score=[None, 1.0],
            f1=[float("inf"), 1e-300],
            f2=["Zürich 東京 🛫\t\"'", ""],
            f3=[True, None],
            overflow=['{"deep": [1, 2]}', None],
            invalid=[None, '{"amount": "much"}'],
        )
        assert store.append({1: batch})[1].new.to_pylist() == [True, True]
        stored = store.last(1, 10)
        assert stored.schema == scan_schema(table_of(1, ("amount", NUMBER), ("city", TEXT), ("new", BOOLEAN)))
        assert stored.select(batch.column_names).equals(batch.cast(stored.select(batch.column_names).schema))
        assert stored["label_number"].to_pylist() == [None, None]

    def test_columns_that_a_batch_leaves_out_are_null(self, store):
        store.append({1: events_of(["a"])})
        assert store.fetch(1, ["a"]).to_pylist()[0]["f1"] is None

    def test_columns_may_come_in_any_order(self, store):
        batch = events_of(["a"], f2=["x"], f1=[2.0], prediction=[1.0])
        store.append({1: batch.select(["f2", "prediction", "received_at", "f1", "ts", "event_id"])})
        row = store.fetch(1, ["a"]).to_pylist()[0]
        assert (row["f1"], row["f2"], row["prediction"]) == (2.0, "x", 1.0)

    def test_an_empty_batch_changes_nothing(self, store):
        appended = store.append({1: events_of([])})
        assert len(appended[1].new) == 0
        assert appended[1].labelled.num_rows == 0
        assert store.append({}) == {}
        assert store.count(1) == 0

    def test_an_empty_batch_beside_a_full_one(self, store):
        store.ensure([table_of(2)])
        appended = store.append({1: events_of([]), 2: events_of(["a"])})
        assert {model: part.new.to_pylist() for model, part in appended.items()} == {1: [], 2: [True]}

    def test_a_column_that_the_table_does_not_have_is_refused_and_nothing_stored(self, store):
        store.ensure([table_of(2)])
        with pytest.raises(Invalid, match="f9"):
            store.append({2: events_of(["a"]), 1: events_of(["b"], f9=[1.0])})
        assert (store.count(1), store.count(2)) == (0, 0)

    def test_a_value_of_the_wrong_type_is_refused_and_nothing_stored(self, store):
        with pytest.raises(Invalid, match="fit"):
            store.append({1: events_of(["a", "b"], f1=["1", "many"])})
        assert store.count(1) == 0

    @pytest.mark.parametrize("column", ["event_id", "ts", "received_at"])
    def test_an_event_needs_its_id_and_times(self, store, column):
        batch = events_of(["a"])
        place = batch.column_names.index(column)
        with pytest.raises(Invalid, match=column):
            store.append({1: batch.remove_column(place)})
        with pytest.raises(Invalid, match=column):
            store.append({1: batch.set_column(place, column, pa.nulls(1, batch.schema.field(column).type))})

    def test_a_model_without_a_table_is_not_found(self, store):
        for call in (
            lambda: store.append({7: events_of(["a"])}),
            lambda: store.scan(7, *EVER),
            lambda: store.latest(7),
            lambda: store.last(7, 1),
            lambda: store.fetch(7, ["a"]),
            lambda: store.count(7),
            lambda: store.delete_before(7, NOON),
        ):
            with pytest.raises(NotFound, match="model 7"):
                call()

    def test_the_first_and_the_last_years_are_times_like_any_other(self, store):
        years = [datetime(year, 1, 1, tzinfo=UTC) for year in (1900, 1970, 2026, 2262, 9000)]
        assert store.append({1: events_of(list("abcde"), ts=years)})[1].new.to_pylist() == [True] * 5
        assert store.last(1, 5)["ts"].to_pylist() == years
        assert store.count(1, years[1], years[3]) == 2
        assert store.append({1: events_of(["a"], ts=years[0])})[1].new.to_pylist() == [False]

    def test_five_hundred_columns(self, store):
        wide = table_of(5, *((f"feature {i}", NUMBER) for i in range(500)))
        store.ensure([wide])
        store.append({5: events_of(["a"], **{f"f{i}": [float(i)] for i in range(1, 501)})})
        row = everything(store, 5).to_pylist()[0]
        assert [row[f"f{i}"] for i in range(1, 501)] == [float(i) for i in range(1, 501)]

    def test_predictions_may_be_text_or_boolean(self, store):
        store.ensure([table_of(2, prediction=TEXT), table_of(3, prediction=BOOLEAN)])
        store.append({2: events_of(["a"], prediction=["cat"]), 3: events_of(["a"], prediction=[True])})
        assert everything(store, 2)["prediction"].to_pylist() == ["cat"]
        assert everything(store, 3)["prediction"].to_pylist() == [True]

    def test_a_large_batch_comes_back_whole(self, store):
        n = 200_000
        ids = [f"event-{i}" for i in range(n)]
        store.append({1: events_of(ids, f1=[float(i) for i in range(n)])})
        with store.scan(1, *EVER, ["f1"]) as reader:
            total = sum(pc.sum(batch["f1"]).as_py() for batch in reader)
        assert total == n * (n - 1) / 2
        assert not any(store.append({1: events_of(ids[:1000])})[1].new.to_pylist())

    def test_a_scan_of_many_labels_has_every_event_once_with_its_own(self, store):
        n = 700_000
        ids = pa.array(np.arange(n)).cast(pa.string())
        times = pa.array(NOON.timestamp() * 1e6 + np.arange(n) // 3).cast(pa.int64()).cast(TIME)
        events = pa.table({"event_id": ids, "ts": times, "received_at": times, "f1": pa.array(np.arange(n) * 1.0)})
        store.append({1: events})
        labels = {"organisation_id": np.ones(n, np.int64), "event_id": ids, "labelled_at": times}
        labels |= {"number": np.arange(n) * 1.0, "sequence": np.arange(n)}
        store.append_labels(pa.table(labels))
        rows = everything(store, 1, ["f1", "label_number"])
        assert sorted(rows["f1"].to_pylist()) == list(range(n))
        assert pc.all(pc.equal(rows["f1"], rows["label_number"])).as_py()

    # Tables

    def test_a_table_widens_and_keeps_what_it_had(self, store):
        store.append({1: events_of(["a"], f1=[1.0])})
        store.ensure([table_of(1, ("amount", NUMBER), ("city", TEXT), ("new", BOOLEAN), ("late", NUMBER))])
        store.append({1: events_of(["b"], f1=[2.0], f4=[9.0])})
        assert store.last(1, 2).select(["f1", "f4"]).to_pylist() == [{"f1": 1.0, "f4": None}, {"f1": 2.0, "f4": 9.0}]

    def test_a_caller_that_knows_fewer_columns_takes_none_away(self, store):
        store.append({1: events_of(["a"], f2=["x"])})
        store.ensure([table_of(1, ("amount", NUMBER))])
        assert everything(store)["f2"].to_pylist() == ["x"]

    def test_types_only_get_wider(self, store):
        store.append({1: events_of(["a"], prediction=[0.5], f1=[2.5], f3=[True])})
        wider = table_of(1, ("amount", TEXT), ("city", TEXT), ("new", NUMBER), prediction=TEXT)
        store.ensure([wider])
        store.append({1: events_of(["b"], prediction=["yes"], f1=["many"], f3=[7.0])})
        rows = store.last(1, 2)
        assert rows["prediction"].to_pylist() == ["0.5", "yes"]
        assert rows["f1"].to_pylist() == ["2.5", "many"]
        assert rows["f3"].to_pylist() == [1.0, 7.0]
        store.ensure([table_of(1, ("amount", NUMBER), ("city", TEXT), ("new", BOOLEAN))])
        assert everything(store).schema == scan_schema(wider)

    def test_a_table_may_be_ensured_again_and_again(self, store):
        store.append({1: events_of(["a"])})
        for _ in range(3):
            store.ensure([table_of(1, ("amount", NUMBER), ("city", TEXT), ("new", BOOLEAN))])
        assert ids_in(store) == ["a"]

    @pytest.mark.parametrize(
        "name",
        ["", " ", 'a"; DROP TABLE events_1; --', "events_1", "EVENTS_2", "labels", "select", "x\0y\n", "é" * 300],
    )
    def test_a_model_may_have_any_name(self, store, name):
        store.ensure([table_of(2, ("a", NUMBER), view=name), table_of(3, view=name), table_of(4, view=name.upper())])
        store.append({model: events_of(["a"]) for model in (1, 2, 3, 4)})
        store.ensure([table_of(2, ("a", NUMBER), ("b", NUMBER), view="renamed")])
        assert [store.count(model) for model in (1, 2, 3, 4)] == [1, 1, 1, 1]

    def test_features_may_have_any_name(self, store):
        names = [
            "ts",
            "TS",
            "event_id",
            "Age",
            "age",
            "AGE",
            "label_number",
            "score",
            "",
            'x"y',
            "a b",
            "f1",
            "ß",
            "SS",
        ]
        store.ensure([table_of(2, *((name, NUMBER) for name in names))])
        store.append({2: events_of(["a"], **{f"f{i}": [float(i)] for i in range(1, len(names) + 1)})})
        row = everything(store, 2).to_pylist()[0]
        assert row["ts"] == NOON
        assert [row[f"f{i}"] for i in range(1, len(names) + 1)] == [float(i) for i in range(1, len(names) + 1)]

    @pytest.mark.parametrize("column", ["ts", "Event_Id", "overflow", "label_text", "a b", ""])
    def test_a_feature_cannot_take_the_column_of_something_else(self, store, column):
        odd = EventTable(2, 1, "odd", (FeatureColumn(column, "x", NUMBER),), NUMBER, score=True)
        with pytest.raises(Invalid, match="column"):
            store.ensure([odd])

    # Exactly once

    def test_an_event_is_stored_once_and_the_first_wins(self, store):
        assert store.append({1: events_of(["a"], f1=[1.0])})[1].new.to_pylist() == [True]
        assert store.append({1: events_of(["b", "a"], f1=[2.0, 3.0])})[1].new.to_pylist() == [True, False]
        assert store.fetch(1, ["a"])["f1"].to_pylist() == [1.0]

    def test_an_event_is_stored_once_of_one_batch_and_the_first_wins(self, store):
        new = store.append({1: events_of(["a", "b", "a", "a"], f1=[1.0, 2.0, 3.0, 4.0])})[1].new
        assert new.to_pylist() == [True, True, False, False]
        assert store.fetch(1, ["a"])["f1"].to_pylist() == [1.0]

    def test_a_duplicate_is_known_whatever_time_it_claims(self, store):
        store.append({1: events_of(["a"])})
        later = events_of(["a"], ts=NOON + 400 * DAY, received=NOON + SECOND)
        assert store.append({1: later})[1].new.to_pylist() == [False]

    def test_ids_that_look_alike_are_different(self, store):
        uuid = "0195b2c8-7c3e-7000-8000-0123456789ab"
        alike = [
            "a",
            "A",
            "a ",
            " a",
            "ä",
            "a\u0308",
            "",
            "0",
            "00",
            uuid,
            uuid.upper(),
            uuid.replace("-", ""),
            f"{{{uuid}}}",
        ]
        assert store.append({1: events_of(alike)})[1].new.to_pylist() == [True] * len(alike)
        assert store.append({1: events_of(alike)})[1].new.to_pylist() == [False] * len(alike)
        assert store.fetch(1, [uuid]).num_rows == 1

    def test_one_id_in_two_models_is_two_events(self, store):
        store.ensure([table_of(2)])
        appended = store.append({1: events_of(["a"]), 2: events_of(["a", "b"])})
        assert [part.new.to_pylist() for part in appended.values()] == [[True], [True, True]]
        assert (ids_in(store, 1), ids_in(store, 2)) == (["a"], ["a", "b"])

    def test_an_event_retried_after_a_restart_is_a_duplicate(self, store, engine):
        store.append({1: events_of(["a"])})
        again = engine.reopen()
        assert again.append({1: events_of(["a", "b"])})[1].new.to_pylist() == [False, True]

    def test_an_id_is_the_same_event_for_seven_days_of_receipt(self, store):
        store.append({1: events_of(["a"], received=NOON)})
        inside = events_of(["a"], received=NOON + 7 * DAY - SECOND)
        outside = events_of(["a"], ts=NOON + 7 * DAY, received=NOON + 7 * DAY)
        assert store.append({1: inside})[1].new.to_pylist() == [False]
        assert store.append({1: outside})[1].new.to_pylist() == [True]
        assert store.append({1: outside})[1].new.to_pylist() == [False]
        assert store.count(1) == 2

    def test_the_seven_days_hold_inside_a_batch(self, store):
        days = [0, 1, 6, 8, 9, 14, 16]
        batch = events_of(["a"] * 7, received=[NOON + day * DAY for day in days])
        assert store.append({1: batch})[1].new.to_pylist() == [True, False, False, True, False, False, True]

    def test_five_hundred_models_in_one_append(self, store):
        models = range(10, 510)
        store.ensure([table_of(model, ("x", NUMBER)) for model in models])
        batches = {model: events_of([f"{i}" for i in range(5)], f1=[float(model)] * 5) for model in models}
        assert all(all(part.new.to_pylist()) for part in store.append(batches).values())
        assert not any(any(part.new.to_pylist()) for part in store.append(batches).values())
        assert sum(store.count(model) for model in models) == 2500
        assert set(everything(store, 123)["f1"].to_pylist()) == {123.0}

    # Labels

    def test_a_label_finds_its_event_by_the_id_alone(self, store):
        store.append({1: events_of(["a", "b"], ts=[NOON, NOON + SECOND])})
        applied = store.append_labels(labels_of(["b"], number=1.0, text="late", sequence=1))
        assert applied.touched.to_pylist() == [{"model_id": 1, "ts": NOON + SECOND}]
        assert applied.waiting == 0
        row = store.fetch(1, ["b"]).to_pylist()[0]
        assert (row["label_number"], row["label_text"], row["labelled_at"]) == (1.0, "late", NOON + DAY)
        assert store.fetch(1, ["a"])["labelled_at"].to_pylist() == [None]

    def test_every_reading_shows_the_label(self, store):
        store.append({1: events_of(["a"])})
        store.append_labels(labels_of(["a"], number=1.0, sequence=1))
        readings = [everything(store), store.latest(1), store.last(1, 1), store.fetch(1, ["a"])]
        assert [rows["label_number"].to_pylist() for rows in readings] == [[1.0]] * 4

    def test_the_label_latest_in_sequence_wins_in_whatever_order_they_come(self, store):
        store.append({1: events_of(["a", "b"])})
        store.append_labels(labels_of(["a"], number=1.0, sequence=5))
        store.append_labels(labels_of(["a", "b"], number=[0.0, 7.0], sequence=[3, 4]))
        assert labels_by_id(store) == {"a": 1.0, "b": 7.0}
        assert store.append_labels(labels_of(["a"], number=2.0, sequence=6)).touched.num_rows == 1
        assert labels_by_id(store) == {"a": 2.0, "b": 7.0}

    def test_the_label_latest_in_sequence_wins_inside_a_batch(self, store):
        store.append({1: events_of(["a"])})
        applied = store.append_labels(labels_of(["a", "a", "a"], number=[1.0, 3.0, 2.0], sequence=[1, 3, 2]))
        assert applied.touched.num_rows == 1
        assert labels_by_id(store) == {"a": 3.0}

    def test_a_correction_may_take_the_value_away(self, store):
        store.append({1: events_of(["a"])})
        store.append_labels(labels_of(["a"], number=1.0, sequence=1))
        store.append_labels(labels_of(["a"], text="unknown", sequence=2))
        row = store.fetch(1, ["a"]).to_pylist()[0]
        assert (row["label_number"], row["label_text"]) == (None, "unknown")

    def test_labels_may_be_sent_again(self, store):
        store.append({1: events_of(["a"])})
        batch = labels_of(["a", "z"], number=[1.0, 2.0], sequence=[1, 2])
        first, second = store.append_labels(batch), store.append_labels(batch)
        assert first.touched.equals(second.touched)
        assert (first.waiting, second.waiting) == (1, 1)
        assert store.count(1) == everything(store).num_rows == 1
        assert store.append({1: events_of(["z"])})[1].labelled.num_rows == 1
        assert labels_by_id(store) == {"a": 1.0, "z": 2.0}

    def test_a_label_waits_for_its_event(self, store, engine):
        assert store.append_labels(labels_of(["a", "b"], number=[1.0, 0.0], sequence=[1, 2])).waiting == 2
        store.append_labels(labels_of(["a"], number=5.0, sequence=3))
        again = engine.reopen()
        appended = again.append({1: events_of(["c", "a"], ts=[NOON, NOON + SECOND])})
        assert appended[1].labelled.to_pylist() == [{"event_id": "a", "ts": NOON + SECOND}]
        assert labels_by_id(again) == {"c": None, "a": 5.0}

    def test_a_waiting_label_is_applied_once_and_can_be_corrected(self, store):
        store.append_labels(labels_of(["a"], number=1.0, sequence=1))
        batch = {1: events_of(["a", "a"])}
        assert store.append(batch)[1].labelled.num_rows == 1
        assert store.append(batch)[1].labelled.num_rows == 0
        store.append_labels(labels_of(["a"], number=2.0, sequence=2))
        assert labels_by_id(store) == {"a": 2.0}

    def test_an_id_that_two_models_share_is_labelled_in_both(self, store):
        store.ensure([table_of(2)])
        store.append({1: events_of(["a"]), 2: events_of(["a"], ts=NOON + SECOND)})
        applied = store.append_labels(labels_of(["a"], number=1.0, sequence=1))
        touched = sorted(applied.touched.to_pylist(), key=lambda row: row["model_id"])
        assert touched == [{"model_id": 1, "ts": NOON}, {"model_id": 2, "ts": NOON + SECOND}]
        assert labels_by_id(store, 1) == labels_by_id(store, 2) == {"a": 1.0}

    @pytest.mark.parametrize("before", [True, False], ids=["label first", "between the events"])
    def test_an_id_that_two_models_share_is_labelled_in_both_whenever_they_come(self, store, before):
        store.ensure([table_of(2)])
        if not before:
            store.append({1: events_of(["a"])})
        store.append_labels(labels_of(["a"], number=1.0, sequence=1))
        if before:
            assert store.append({1: events_of(["a"])})[1].labelled.num_rows == 1
        assert store.append({2: events_of(["a"])})[2].labelled.num_rows == 1
        assert labels_by_id(store, 1) == labels_by_id(store, 2) == {"a": 1.0}

    def test_a_label_for_one_model_leaves_the_other_alone(self, store):
        store.ensure([table_of(2)])
        store.append({1: events_of(["a", "b"]), 2: events_of(["a"])})
        applied = store.append_labels(labels_of(["a", "b"], number=1.0, model=2, sequence=[1, 2]))
        assert (applied.touched.num_rows, applied.waiting) == (1, 1)
        assert store.append({2: events_of(["b"])})[2].labelled.num_rows == 1
        assert labels_by_id(store, 1) == {"a": None, "b": None}
        assert labels_by_id(store, 2) == {"a": 1.0, "b": 1.0}

    def test_another_organisation_is_never_touched(self, store):
        store.ensure([table_of(2, organisation=2)])
        store.append_labels(labels_of(["w"], number=1.0, sequence=1))
        assert store.append({2: events_of(["w", "a"])})[2].labelled.num_rows == 0
        store.append({1: events_of(["a"])})
        assert store.append_labels(labels_of(["a"], number=1.0, sequence=2)).touched["model_id"].to_pylist() == [1]
        theirs = store.append_labels(labels_of(["a"], number=1.0, organisation=1, model=2, sequence=3))
        assert (theirs.touched.num_rows, theirs.waiting) == (0, 1)
        assert labels_by_id(store, 2) == {"w": None, "a": None}

    def test_no_labels_and_labels_that_are_none(self, store):
        assert store.append_labels(labels_of([], sequence=1)).waiting == 0
        with pytest.raises(Invalid, match="sequence"):
            store.append_labels(labels_of(["a"], sequence=1).drop_columns(["sequence"]))
        with pytest.raises(Invalid, match="colour"):
            store.append_labels(labels_of(["a"], sequence=1).append_column("colour", pa.array(["red"])))

    # Reading

    def test_a_scan_is_of_the_times_from_start_to_before_end(self, store):
        store.append({1: events_of(list("abc"), ts=[NOON, NOON + SECOND, NOON + 2 * SECOND])})
        rows = store.scan(1, NOON, NOON + 2 * SECOND, ["event_id"]).read_all()
        assert sorted(rows["event_id"].to_pylist()) == ["a", "b"]
        assert store.scan(1, NOON + SECOND, NOON + SECOND).read_all().num_rows == 0

    def test_a_scan_gives_the_asked_columns_in_the_asked_order(self, store):
        store.append({1: events_of(["a"], f1=[1.0])})
        rows = store.scan(1, *EVER, ["label_number", "f1", "event_id"]).read_all()
        assert rows.to_pylist() == [{"label_number": None, "f1": 1.0, "event_id": "a"}]
        assert rows.column_names == ["label_number", "f1", "event_id"]

    @pytest.mark.parametrize("columns", [["f9"], ["f1", "1; DROP TABLE events_1"], []])
    def test_a_scan_of_columns_that_are_not_there_is_refused(self, store, columns):
        with pytest.raises(Invalid, match="column"):
            store.scan(1, *EVER, columns)

    def test_the_latest_come_newest_first_in_pages(self, store):
        ids = [f"{i:02}" for i in range(25)]
        store.append({1: events_of(ids, ts=[NOON + (i // 5) * SECOND for i in range(25)])})
        pages, before = [], None
        while len(page := store.latest(1, limit=7, before=before)):
            pages += page["event_id"].to_pylist()
            before = (page["ts"][-1].as_py(), page["event_id"][-1].as_py())
        assert pages == ids[::-1]

    def test_the_last_are_oldest_first(self, store):
        store.append({1: events_of(["c", "a", "b"], ts=[NOON + 2 * SECOND, NOON, NOON + SECOND])})
        assert store.last(1, 2)["event_id"].to_pylist() == ["b", "c"]
        assert store.last(1, 0).num_rows == 0

    def test_fetch_finds_the_ids_that_are_there(self, store):
        store.append({1: events_of(["a", "b", "c"])})
        assert store.fetch(1, ["c", "nobody", "a", "a"])["event_id"].to_pylist() == ["a", "c"]
        assert store.fetch(1, []).num_rows == 0

    def test_count_counts_a_range(self, store):
        store.append({1: events_of(list("abc"), ts=[NOON, NOON + SECOND, NOON + 2 * SECOND])})
        bounds = [(None, None), (NOON + SECOND, None), (None, NOON + SECOND), (NOON, NOON + 2 * SECOND)]
        assert [store.count(1, *bound) for bound in bounds] == [3, 2, 1, 2]

    def test_a_scan_sees_one_moment_while_others_write(self, store):
        store.append({1: events_of([f"a{i}" for i in range(150_000)])})
        with store.scan(1, *EVER, ["event_id"]) as reader:
            first = reader.read_next_batch().num_rows
            store.append({1: events_of([f"b{i}" for i in range(1000)])})
            store.append_labels(labels_of(["a1"], number=1.0, sequence=1))
            assert first + sum(batch.num_rows for batch in reader) == 150_000
        assert store.count(1) == 151_000

    def test_a_scan_may_be_left_in_the_middle(self, store):
        store.append({1: events_of([f"a{i}" for i in range(150_000)])})
        for _ in range(3):
            with store.scan(1, *EVER) as reader:
                assert reader.read_next_batch().num_rows
        assert store.append({1: events_of(["b"])})[1].new.to_pylist() == [True]

    def test_many_threads_write_and_read_at_once(self, store):
        store.ensure([table_of(2)])
        wrong = []

        def write(worker):
            for i in range(10):
                own, shared = f"{worker}-{i}", f"shared-{i}"
                store.append({1: events_of([own, shared]), 2: events_of([own])})
                store.append_labels(labels_of([own], number=float(i), sequence=worker * 100 + i))
                rows = everything(store, 1, ["event_id"])
                if rows.num_rows != len(rows["event_id"].unique()):
                    wrong.append(rows)

        threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        assert (store.count(1), store.count(2)) == (50, 40)
        assert sum(label is not None for label in labels_by_id(store).values()) == 40

    # Retention

    def test_deleting_takes_the_old_events_with_their_ids_and_labels(self, store):
        store.append({1: events_of(["old", "edge"], ts=[NOON - SECOND, NOON])})
        store.append_labels(labels_of(["old", "edge"], number=1.0, sequence=[1, 2]))
        assert store.delete_before(1, NOON) == 1
        assert store.delete_before(1, NOON) == 0
        assert ids_in(store) == ["edge"]
        assert store.append_labels(labels_of(["old"], number=2.0, sequence=3)).waiting == 1
        assert store.append({1: events_of(["old", "edge"])})[1].new.to_pylist() == [True, False]
        assert labels_by_id(store) == {"old": 2.0, "edge": 1.0}

    def test_deleting_leaves_other_models_alone(self, store):
        store.ensure([table_of(2)])
        store.append({1: events_of(["a"]), 2: events_of(["a"])})
        store.append_labels(labels_of(["a"], number=1.0, sequence=1))
        assert store.delete_before(1, NOON + DAY) == 1
        assert labels_by_id(store, 2) == {"a": 1.0}
        assert store.append({2: events_of(["a"])})[2].new.to_pylist() == [False]

    # Restart

    def test_everything_is_there_after_a_restart(self, store, engine):
        store.append({1: events_of(["a"], f1=[1.0])})
        store.append_labels(labels_of(["a"], number=1.0, sequence=1))
        again = engine.reopen()
        assert again.fetch(1, ["a"]).select(["f1", "label_number"]).to_pylist() == [{"f1": 1.0, "label_number": 1.0}]
        again.ensure([table_of(1, ("amount", NUMBER), ("city", TEXT), ("new", BOOLEAN), ("more", TEXT))])
        again.append({1: events_of(["b"], f4=["x"])})
        assert ids_in(again) == ["a", "b"]
