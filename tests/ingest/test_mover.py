"""From the journal into the store: every event once, with its values where they fit and aside where not."""

import json
from datetime import timedelta

import pyarrow as pa
import pytest
from sqlalchemy.exc import OperationalError
from tests.ingest.place import NOW

from modelward.accounts.principal import Scope
from modelward.errors import Unavailable
from modelward.ingest.segments import Entry, Kind
from modelward.jobs.leases import hold
from modelward.kit.database import writing
from modelward.registry.service import register, schema, widen
from modelward.registry.tables import Model


def test_the_same_id_is_stored_once_and_counted(place, event):
    for _ in range(3):
        assert place.send([event | {"event_id": "a"}, event | {"event_id": "b"}]).body["accepted"] == 2
    assert len(place.stored("churn")) == 2
    counters = place.mover.counters()
    assert (counters["moved"], counters["new"], counters["duplicates"]) == (6, 2, 4)
    assert place.model("churn").event_count == 2


def test_new_features_widen_the_model_and_old_ones_may_be_missing(place, event):
    place.send(event | {"features": {"a": 1}})
    place.move()
    place.send([event | {"features": {"a": 2, "b": "x"}}, event | {"features": {"c": True}}])
    rows = place.stored("churn")
    assert [(row["a"], row["b"], row["c"]) for row in rows] == [(1.0, None, None), (2.0, "x", None), (None, None, True)]


def test_a_model_that_widens_within_a_step_keeps_all_its_rows(place, event):
    """Chunks that were read before the widening lack the column; they get it as nulls."""
    for n in range(6):
        place.send(event | {"features": {"a": n} | ({"b": n} if n == 3 else {}), "event_id": str(n)})
    rows = place.stored("churn")
    assert [(row["a"], row["b"]) for row in rows] == [(float(n), 3.0 if n == 3 else None) for n in range(6)]


def test_values_of_the_wrong_type_lose_no_event(place, event):
    place.send([event | {"event_id": f"a{n}", "features": {"n": n, "t": "x", "b": True}} for n in range(3)])
    place.move()
    odd = [
        {"n": "seven", "t": 7, "b": "yes"}, {"n": True, "t": 1.5, "b": 1}, {"n": None, "t": None, "b": None},
        {"n": {"x": 1}, "t": [1], "b": 2}, {"n": 10**400, "t": False, "b": 0}, {"n": "Infinity", "t": "Infinity"},
    ]  # fmt: skip
    items = [
        event | {"event_id": f"b{n}", "features": one, "latency_ms": "slow" if n == 0 else 1}
        for n, one in enumerate(odd)
    ]
    assert place.send(items).body["accepted"] == 6
    rows = place.stored("churn")[3:]
    assert [(row["n"], row["t"], row["b"]) for row in rows] == [
        (None, "7", None), (1.0, "1.5", True), (None, None, None),
        (None, None, None), (float("inf"), "false", False), (float("inf"), "Infinity", None),
    ]  # fmt: skip
    aside = [json.loads(row["invalid"]) if row["invalid"] else None for row in rows]
    assert aside[0] == {"latency_ms": "slow", "n": "seven", "b": "yes"}
    assert aside[1:4] == [None, None, {"n": {"x": 1}, "t": [1], "b": 2}]
    assert aside[4] is None
    assert place.mover.counters()["invalid"] == 2


def test_features_past_the_columns_and_nested_ones_are_kept_as_json(place, event):
    wide = {f"w{n:04d}": n for n in range(503)} | {"nested": {"a": [1]}, "": 1, "x" * 300: 2}
    for number in ("1", "2"):
        assert place.send(event | {"event_id": number, "features": wide}).status == 201
    for row in place.stored("churn"):
        assert row["w0499"] == 499.0
        left = {"w0500": 500, "w0501": 501, "w0502": 502, "nested": {"a": [1]}, "": 1, "x" * 300: 2}
        assert json.loads(row["overflow"]) == left


def test_kinds_are_what_most_values_are_and_null_decides_nothing(place, event):
    features = [{"a": None, "b": "x", "c": 1}, {"a": None, "b": 2, "c": True}, {"a": 5, "b": "y", "c": False}]
    place.send([event | {"features": one} for one in features])
    place.move()
    with writing(place.database) as session:
        kinds = {spec.name: spec.kind for spec in schema(session, place.model("churn").id).features}
    assert kinds == {"a": "numeric", "b": "categorical", "c": "numeric"}


def test_a_declared_kind_is_kept(place, event):
    with writing(place.database) as session:
        model = register(session, scope=Scope(place.organisation_id), key="churn", now=NOW)
        widen(session, model_id=model.id, features={"zip": "categorical"}, prediction="categorical", now=NOW)
    place.send(event | {"features": {"zip": 69001}, "prediction": "yes"})
    (row,) = place.stored("churn")
    assert (row["zip"], row["prediction"]) == ("69001", "yes")


def test_features_with_hard_names(place, event):
    names = ["ts", "event_id", "Age", "age", "prediction", "f1", "größe", "a b", "@score", 'quo"te', "features"]
    place.send(event | {"features": {name: n for n, name in enumerate(names)}})
    place.move()
    place.send(event | {"features": {name: n for n, name in enumerate(names)}})
    assert place.move() == 1
    model = place.mover._models.get(place.model("churn").id)
    assert [feature.name for feature in model.table.features] == names
    rows = place.store.last(model.model_id, 2).to_pylist()
    assert [[row[feature.column] for feature in model.table.features] for row in rows] == [list(range(len(names)))] * 2


def test_a_fractional_prediction_of_a_classifier_is_its_score(place, event):
    with writing(place.database) as session:
        register(session, scope=Scope(place.organisation_id), key="c", task="classification", threshold=0.3, now=NOW)
    for prediction in (0.2, 0.4):
        place.send({"model": "c", "prediction": prediction, "features": {"a": 1}})
    assert [(row["prediction"], row["score"]) for row in place.stored("c")] == [(0.0, 0.2), (1.0, 0.4)]


def test_a_broken_entry_is_set_aside_and_blocks_nobody(place, event):
    place.send(event | {"event_id": "before"})
    model_id = place.move() and place.model("churn").id
    bad = [b"{broken\n", b'{"event_id":"x"}\n', b'{"event_id":1,"ts":2}\n', b'{"event_id":"x","ts":1,"features":[]}\n']
    entries = [Entry(Kind.EVENTS, 1, model_id, 1, 1, body) for body in bad]
    entries += [Entry(Kind.ARROW, 1, model_id, 1, 1, b"no arrow"), Entry(Kind.LABELS, 1, 0, 1, 1, b"no label\n")]
    entries += [Entry(Kind.EVENTS, 1, 4711, 1, 1, b'{"event_id":"x","ts":1}\n')]
    for entry in entries:
        place.journal.append([entry])
    place.send(event | {"event_id": "after"})
    assert place.mover.step() == 1
    for _ in range(6):
        place.mover.step()
    assert sorted(row["event_id"] for row in place.stored("churn")) == ["after", "before"]
    aside = place.reader.set_aside()
    assert len(aside) == len(entries)
    assert all(one.reason and one.attempts == 5 for one in aside)
    assert place.mover.counters()["aside"] == len(entries)
    assert place.mover.counters()["waiting_events"] == 0


def test_a_number_without_end_loses_no_other_event(place):
    long = ["9" * 5000, "-" + "9" * 5000]
    good = [json.dumps({"model_id": "p", "features": {"a": n}}) for n in range(99)]
    for digits in long:
        items = [*good, f'{{"model_id":"p","features":{{"a":{digits}}}}}']
        assert place.send(f"[{','.join(items)}]".encode()).body["accepted"] == 100
    assert place.send(f'{{"model_id":"p","features":{{"a":{long[0]},"b":{{}}}}}}'.encode()).status == 201
    rows = place.stored("p")
    infinite = [row["a"] for row in rows if abs(row["a"]) == float("inf")]
    assert (len(rows), sorted(infinite)) == (201, [float("-inf"), float("inf"), float("inf")])
    assert place.reader.set_aside() == []
    label = {"event_id": "x", "label": 1}
    reply = place.send(f'[{json.dumps(label)},{{"event_id":"y","label":{long[0]}}}]'.encode(), "/api/v1/labels")
    assert (reply.body["accepted"], reply.body["rejected"][0]["reason"]) == (1, "bad_label")


def arrow_of(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_only_the_lines_that_cannot_be_read_are_set_aside(place, event):
    place.send(event)
    model_id = place.move() and place.model("churn").id
    good = [b'{"event_id":"g%d","ts":1,"features":{"age":1}}\n' % n for n in range(20)]
    bad = [b"{broken\n", b'{"event_id":1,"ts":2}\n', b'{"event_id":"x","ts":%d}\n' % 2**70]
    lines = [*good[:7], bad[0], *good[7:15], *bad[1:], *good[15:]]
    labels = [b'{"event_id":"g1","label":1,"labelled_at":1}\n', b"no label\n"]
    place.journal.append([Entry(Kind.EVENTS, place.organisation_id, model_id, len(lines), 1, b"".join(lines))])
    place.journal.append([Entry(Kind.LABELS, place.organisation_id, 0, len(labels), 1, b"".join(labels))])
    times = pa.array([1, 2], pa.int64()).cast(pa.timestamp("us", "UTC"))
    late = pa.array([1, 2**63 - 1], pa.int64()).cast(pa.timestamp("s"))
    table = pa.table({"event_id": ["a1", "a2"], "ts": times, "feature:city": late})
    place.journal.append([Entry(Kind.ARROW, place.organisation_id, model_id, 2, 1, arrow_of(table))])
    kept = {row["event_id"]: row["label_number"] for row in place.stored("churn")}
    assert {"a1", *(f"g{n}" for n in range(20))} <= kept.keys()
    assert kept["g1"] == 1.0
    counters = place.mover.counters()
    assert counters["waiting_events"] == counters["waiting_bytes"] == 0
    aside = place.reader.set_aside()
    assert [one.events for one in aside][:2] == [3, 1]
    assert counters["aside"] == sum(one.events for one in aside)
    n = len(place.stored("churn"))
    for one in aside:  # tried again, they are set aside again, and the others are the duplicates that they are
        assert place.reader.retry(one.position)
    place.move()
    assert len(place.stored("churn")) == n == place.model("churn").event_count
    assert [one.events for one in place.reader.set_aside()] == [one.events for one in aside]


def test_a_store_that_is_away_delays_and_loses_nothing(place, event, monkeypatch):
    def away(*_):
        raise Unavailable("The event store is away.")

    with monkeypatch.context() as patched:
        patched.setattr(place.store, "append", away)
        for number in range(5):
            assert place.send(event | {"event_id": str(number)}).status == 201
        with pytest.raises(Unavailable):
            place.mover.step()
    assert [row["event_id"] for row in place.stored("churn")] == ["0", "1", "2", "3", "4"]
    assert place.reader.set_aside() == []


def test_a_model_that_is_being_rebuilt_waits_and_the_others_do_not(place, event):
    place.send(event)
    place.send(event | {"model_id": "other"})
    name = f"model:{place.model('churn').id}"
    with writing(place.database) as session:
        assert hold(session, name, "rebuild", NOW, 30)
    assert place.move() == 1
    assert len(place.stored("other")) == 1
    with writing(place.database) as session:
        hold(session, name, "rebuild", NOW, -1)
    assert len(place.stored("churn")) == 1


def test_the_mover_lets_go_of_every_lease(place, event):
    place.send(event)
    place.move()
    with writing(place.database) as session:
        assert hold(session, f"model:{place.model('churn').id}", "rebuild", NOW, 30)


def test_profiles_are_told_what_is_new_and_what_was_there(place, event):
    place.send([event | {"event_id": "a"}, event | {"event_id": "b", "timestamp": "2026-06-01T08:00:00Z"}])
    place.move()
    place.send([event | {"event_id": "b", "timestamp": "2026-06-01T08:00:00Z"}, event | {"event_id": "c"}])
    place.move()
    first, second = place.absorbed
    assert (first.events["event_id"].to_pylist(), len(first.repeated)) == (["a", "b"], 0)
    assert second.events["event_id"].to_pylist() == ["c"]
    assert [time.hour for time in second.repeated.to_pylist()] == [8]
    assert first.batch != second.batch


def test_many_models_are_one_append(place, event, monkeypatch):
    calls = []
    append = place.store.append

    def counted(batches):
        calls.append(len(batches))
        return append(batches)

    monkeypatch.setattr(place.store, "append", counted)
    place.send([event | {"model_id": f"model {n % 50}"} for n in range(250)])
    assert place.move() == 250
    assert calls == [50]


def test_numbers_that_only_a_text_could_hold_lose_nobody(place, event):
    body = b'[{"model":"m","features":{"a":1e400}},{"model":"m","features":{"a":2}}]'
    assert place.send(body).body["accepted"] == 2
    assert [row["a"] for row in place.stored("m")] == [float("inf"), 2.0]


def absorbing(place, monkeypatch, guilty):
    """Profiles that cannot take what `guilty` says."""

    def absorb(_, moved):
        for one in moved:
            if guilty(one):
                raise ZeroDivisionError("a profile that cannot be")
        place.absorbed.extend(moved)

    monkeypatch.setattr(place.mover, "_absorb", absorb)


def test_a_model_that_cannot_be_absorbed_holds_up_no_other_and_is_set_aside(place, event, monkeypatch):
    place.send([event | {"model_id": key} for key in ("good", "bad", "fine")])
    bad = place.model("bad").id
    with monkeypatch.context() as patched:
        absorbing(place, patched, lambda one: one.model_id == bad)
        assert place.mover.step() == 2
        place.send(event | {"model_id": "good"})
        for _ in range(10):
            place.mover.step()
        assert [one.model_id for one in place.absorbed].count(place.model("good").id) == 2
        (aside,) = place.reader.set_aside()
        assert (aside.model_id, aside.attempts) == (bad, 5)
        assert aside.reason == "ZeroDivisionError: a profile that cannot be"
        assert place.mover.counters()["waiting_events"] == 0
    assert place.reader.retry(aside.position)
    place.move()
    assert [place.model(key).event_count for key in ("good", "bad", "fine")] == [2, 1, 1]
    assert [len(place.stored(key)) for key in ("good", "bad", "fine")] == [2, 1, 1]
    assert len(next(one for one in place.absorbed if one.model_id == bad).repeated) == 1


def test_labels_that_cannot_be_absorbed_hold_up_no_other_labels(place, event, monkeypatch):
    place.send([event | {"model_id": key, "event_id": key} for key in ("good", "bad")])
    place.move()
    bad = place.model("bad").id
    with monkeypatch.context() as patched:
        absorbing(place, patched, lambda one: one.model_id == bad)
        for key in ("good", "bad"):
            place.send({"event_id": key, "label": 1}, "/api/v1/labels")
        for _ in range(8):
            place.mover.step()
    assert [one.reason for one in place.reader.set_aside()] == ["ZeroDivisionError: a profile that cannot be"]
    assert [len(one.labelled) for one in place.absorbed if one.model_id == place.model("good").id] == [0, 1]


def test_a_database_that_is_away_sets_nothing_aside(place, event, monkeypatch):
    def away(*_):
        raise OperationalError("INSERT", {}, Exception("disk I/O error"))

    place.send(event)
    with monkeypatch.context() as patched:
        patched.setattr(place.mover, "_absorb", away)
        for _ in range(7):
            with pytest.raises(OperationalError):
                place.mover.step()
    assert len(place.stored("churn")) == 1
    assert place.model("churn").event_count == 1
    assert place.reader.set_aside() == []


def test_a_step_that_failed_is_counted_once_whoever_sends_again(place, event, monkeypatch):
    """Appended and not absorbed, then absorbed and not marked: neither changes the count, nor do true duplicates."""
    place.send([event | {"event_id": "a"}, event | {"event_id": "a"}, event | {"event_id": "b"}])

    def fall(*_, **__):
        raise Unavailable("away")

    for owner, name in ((place.mover, "_absorb"), (place.reader, "mark"), (place.mover, "_absorb")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, fall)
            with pytest.raises(Unavailable):
                place.mover.step()
        place.now += timedelta(seconds=1)
        place.send([event | {"event_id": "b"}, event | {"event_id": "c"}])
    place.move()
    assert place.model("churn").event_count == len(place.stored("churn")) == 3


def test_a_task_that_is_changed_is_learned(place, event):
    fractional = {"model": "c", "prediction": 0.4, "features": {"a": 1}}
    place.send(fractional)
    place.move()
    with writing(place.database) as session:
        model = session.get_one(Model, place.model("c").id)
        model.task, model.threshold = "classification", 0.3
    place.now += timedelta(minutes=1)
    place.send(fractional)
    assert [(row["prediction"], row["score"]) for row in place.stored("c")] == [(0.4, None), (1.0, 0.4)]
