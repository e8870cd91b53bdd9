"""Events as Arrow streams: every type that frames bring, features beside or inside, and one bad row at a time."""

import datetime as dt
import math

import pyarrow as pa
import pytest
from tests.ingest.place import NOW

ARROW = {"Content_Type": "application/vnd.apache.arrow.stream"}


def stream(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def send(place, columns, path="/api/v1/events?model=m"):
    return place.send(stream(pa.table(columns)), path, **ARROW)


def test_columns_beside_the_known_ones_are_features(place):
    columns = {"event_id": ["a", "b"], "timestamp": pa.array([NOW, NOW]), "y_pred": [0.0, 1.0], "y_proba": [0.2, 0.9]}
    reply = send(place, columns | {"age": [41, 42], "city": ["Lyon", None], "member": [True, False]})
    assert reply.body == {"accepted": 2, "rejected": []}
    rows = place.stored("m")
    assert [(row["event_id"], row["prediction"], row["score"]) for row in rows] == [("a", 0.0, 0.2), ("b", 1.0, 0.9)]
    assert [(row["age"], row["city"], row["member"]) for row in rows] == [(41.0, "Lyon", True), (42.0, None, False)]
    assert {row["ts"] for row in rows} == {NOW}


def test_a_struct_of_features_and_the_model_in_a_column(place):
    columns = {"model_id": ["m", "n", "m"], "features": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": None}]}
    reply = send(place, columns, "/api/v1/events")
    assert reply.body["accepted"] == 3
    assert len(set(reply.body["event_ids"])) == 3
    assert [(row["a"], row["b"]) for row in place.stored("m")] == [(1.0, "x"), (3.0, None)]
    assert [row["a"] for row in place.stored("n")] == [2.0]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([1_780_315_200], pa.int64()),
        pa.array([1_780_315_200_000.0]),
        pa.array(["2026-06-01T12:00:00"]),
        pa.array(["2026-06-01T14:00:00+02:00"]),
        pa.array([NOW.replace(tzinfo=None)], pa.timestamp("ns")),
        pa.array([NOW], pa.timestamp("s", "Europe/Paris")),
        pa.array([None], pa.timestamp("us")),
        pa.array(["2026-06-01T12:00:00Z"]).dictionary_encode(),
    ],
)
def test_every_spelling_of_a_time(place, times):
    assert send(place, {"timestamp": times, "a": [1.0]}).status == 201
    assert place.stored("m")[0]["ts"] == NOW


def test_types_that_frames_bring(place):
    columns = {
        "category": pa.array(["x", "y"]).dictionary_encode(),
        "decimal": pa.array([1, 2], pa.decimal128(5, 2)),
        "small": pa.array([1, None], pa.int8()),
        "half": pa.array([0.5, 1.5], pa.float32()),
        "large": pa.array(["l", "m"], pa.large_string()),
        "day": pa.array([dt.date(2026, 1, 1), None]),
        "nan": [math.nan, math.inf],
        "list": [[1, 2], None],
        "nothing": pa.nulls(2),
    }
    assert send(place, columns).status == 201
    first, second = place.stored("m")
    assert (first["category"], first["decimal"], first["small"], first["half"]) == ("x", 1.0, 1.0, 0.5)
    assert (first["large"], first["day"], second["small"], second["day"]) == ("l", "2026-01-01", None, None)
    assert (first["nan"], second["nan"]) == (None, math.inf)
    assert (first["overflow"], second["overflow"]) == ('{"list":[1,2]}', None)


def test_what_does_not_fit_is_kept_aside_by_row(place):
    send(place, {"a": [1.0, 2.0], "b": ["x", "y"]})
    assert send(place, {"a": ["3", "Infinity"], "b": [7, 8]}).status == 201
    rows = place.stored("m")
    assert [row["a"] for row in rows] == [1.0, 2.0, None, math.inf]
    assert [row["b"] for row in rows] == ["x", "y", "7", "8"]
    assert [row["invalid"] for row in rows] == [None, None, '{"a":"3"}', None]


def test_bad_rows_are_named_and_lose_nobody(place):
    late = NOW + dt.timedelta(hours=25)
    columns = {"event_id": ["a", "b" * 300, "c", None], "timestamp": [NOW, NOW, late, NOW], "x": [1, 2, 3, 4]}
    reply = send(place, columns)
    assert [(one["index"], one["reason"]) for one in reply.body["rejected"]] == [(1, "bad_id"), (2, "in_future")]
    assert sorted(row["x"] for row in place.stored("m")) == [1.0, 4.0]
    models = {"model_id": ["m", None, "m"], "x": [5, 6, 7]}
    reply = send(place, models, "/api/v1/events")
    assert [(one["index"], one["reason"]) for one in reply.body["rejected"]] == [(1, "no_model")]


def test_labels_may_come_in_a_column(place):
    send(place, {"event_id": ["a", "b"], "x": [1, 2], "y_true": [1, None]})
    assert [row["label_number"] for row in place.stored("m")] == [1.0, None]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        stream(pa.table({"a": [1]}))[:-50],
        stream(pa.table({"event_id": ["a"]})),
        stream(pa.table({"a": [b"bytes"]})),
        stream(pa.table({"a": [1], "timestamp": [True]})),
        stream(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])),
        stream(pa.table({"features": [1]})),
    ],
)
def test_what_is_no_stream_of_events_is_400(place, body):
    reply = place.send(body, "/api/v1/events?model=m", **ARROW)
    assert reply.status == 400
    assert reply.body["detail"]


def test_a_stream_with_lying_offsets_does_not_crash_the_door(place):
    body = bytearray(stream(pa.table({"city": ["Lyon", "Paris", "Nice"], "n": [1, 2, 3]})))
    for at in range(0, len(body), 3):
        broken = bytearray(body)
        broken[at] ^= 0xFF
        assert place.send(bytes(broken), "/api/v1/events?model=m", **ARROW).status in (201, 400, 413, 422)


@pytest.mark.parametrize("name", ["model_id", "project", "label"])
def test_columns_that_name_nothing_are_400_with_a_sentence(place, name):
    for values in ([["m"], ["n"]], [{"a": 1}, {"a": 2}]):
        reply = send(place, {"model_id": ["m", "m"], name: values, "a": [1.0, 2.0]}, "/api/v1/events")
        assert (reply.status, reply.body["title"]) == (400, "Not understood")
        assert name in reply.body["detail"]
    assert send(place, {"model_id": [0.5], "a": [1.0]}, "/api/v1/events").status == 400


def test_models_are_told_apart_by_their_projects_too(place):
    columns = {"model_id": ["pm", "pm", None, "pm"], "project": ["A", "B", "A", None], "a": [1.0, 2.0, 3.0, 4.0]}
    asked = []
    known = place.door._directory.model

    async def model(name, **how):
        asked.append(name[1:])
        return await known(name, **how)

    place.door._directory.model = model
    reply = send(place, columns, "/api/v1/events")
    assert (reply.status, [one["index"] for one in reply.body["rejected"]]) == (201, [2])
    assert sorted(asked, key=str) == sorted([("A", "pm"), ("B", "pm"), (None, "pm")], key=str)


def test_a_stream_of_too_many_models_is_refused(place):
    reply = send(place, {"model_id": [f"m{n}" for n in range(1_001)], "a": [1.0] * 1_001}, "/api/v1/events")
    assert (reply.status, "1,001 models; 1,000" in reply.body["detail"]) == (400, True)


def test_texts_without_end(place):
    columns = {"city": ["x" * 10_000, "x" * 10_001], "endpoint": ["y" * 2_001] * 2, "label": ["a", "b" * 10_001]}
    assert [one["reason"] for one in send(place, columns).body["rejected"]] == ["bad_label"]
    columns.pop("label")
    assert send(place, columns).status == 201
    rows = place.stored("m")
    assert sorted(len(row["city"] or "") for row in rows) == [0, 10_000, 10_000]
    assert {len(row["endpoint"]) for row in rows} == {2_000}
    assert sum(row["invalid"] is not None for row in rows) == 1
