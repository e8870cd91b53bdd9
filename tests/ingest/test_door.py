"""What the door takes, what it answers, and what it keeps, over real HTTP."""

import gzip
import json

import pyarrow as pa
import pytest
from tests.ingest.place import NOW

from modelward.accounts.principal import Scope
from modelward.kit.database import writing
from modelward.registry.service import register

AT = "2026-06-01T10:00:00Z"


def test_one_event_is_answered_with_its_id_and_stored(place, event):
    reply = place.send(event | {"event_id": "e1", "timestamp": AT, "endpoint": "/score", "latency_ms": 12.5})
    assert reply.status == 201
    assert reply.body == {"accepted": 1, "rejected": [], "event_ids": ["e1"], "event_id": "e1", "id": "e1"}
    (row,) = place.stored("churn")
    assert (row["event_id"], row["prediction"], row["score"], row["latency_ms"]) == ("e1", 1.0, 0.7, 12.5)
    assert (row["age"], row["city"], row["member"], row["endpoint"]) == (41.0, "Lyon", True, "/score")
    assert row["ts"].isoformat() == "2026-06-01T10:00:00+00:00"
    assert row["received_at"] == NOW
    assert row["invalid"] is None
    assert row["overflow"] is None


def test_an_event_without_an_id_gets_a_uuid7_and_without_a_time_gets_now(place, event):
    reply = place.send(event)
    (row,) = place.stored("churn")
    assert row["event_id"] == reply.body["id"]
    assert row["event_id"][14] == "7"
    assert row["ts"] == NOW


@pytest.mark.parametrize(
    "sent",
    [
        {"model_id": "churn", "y_pred": 1, "y_proba": 0.5, "features": {"a": 1}, "prediction_id": "x", "timestamp": AT},
        {"model": "churn", "prediction_value": 1, "score": 0.5, "input_features": {"a": 1}, "event_id": "x", "ts": AT},
        {"model_name": "churn", "prediction": 1, "score": 0.5, "features": {"a": 1}, "event_id": "x", "timestamp": AT},
    ],
)
def test_fields_may_be_named_as_programs_in_the_field_name_them(place, sent):
    for body in (sent, [sent | {"event_id": "y"}, sent | {"event_id": "z"}]):  # alone, and in a column
        assert place.send(body).status == 201
    for row in place.stored("churn"):
        assert (row["prediction"], row["score"], row["a"]) == (1.0, 0.5, 1.0)
        assert row["ts"].hour == 10


def test_the_body_of_the_fastapi_monitors_is_taken_as_it_is(place):
    body = {
        "project_id": "shop", "model_id": "churn_v1", "endpoint": "/predict", "timestamp": "2026-06-01T10:00:00",
        "latency_ms": 3, "y_pred": 1, "y_proba": 0.9, "features": {"age": 3},
    }  # fmt: skip
    assert place.send(body).status == 201
    (row,) = place.stored("churn_v1")
    assert row["ts"].isoformat() == "2026-06-01T10:00:00+00:00"


@pytest.mark.parametrize("prefix", ["", "/api", "/api/v1"])
def test_the_routes_answer_under_all_their_prefixes(place, event, prefix):
    single = {name: value for name, value in event.items() if name != "model_id"}
    assert place.send(event, f"{prefix}/events").status == 201
    assert place.send({"predictions": [single]}, f"{prefix}/models/churn/predictions").status == 201
    assert place.send(event | {"actual_label": None}, f"{prefix}/logs/prediction").body["id"]
    assert place.send([event, event], f"{prefix}/logs/prediction/batch").body["accepted"] == 2
    assert len(place.stored("churn")) == 5


def test_an_envelope_may_say_once_what_its_events_share(place, event):
    events = [{"features": {"a": 1}}, {"features": {"a": 2}, "model_id": "other"}]
    assert place.send({"model_id": "churn", "events": events}).body["accepted"] == 2
    assert [row["a"] for row in place.stored("churn")] == [1.0]
    assert [row["a"] for row in place.stored("other")] == [2.0]


def test_one_bad_item_does_not_lose_the_others_and_is_named(place, event):
    late, old = event | {"timestamp": "2026-06-03T12:00:01Z"}, event | {"timestamp": "1969-12-31T23:59:59Z"}
    bad = [17, late, old, {"features": {"a": 1}}, {"model_id": "churn"}, event | {"features": [1]}]
    bad += [event | {"event_id": "x" * 201}, event | {"timestamp": "yesterday"}, event | {"model_id": "4711"}]
    reply = place.send([event, *bad, event])
    assert reply.status == 201
    assert reply.body["accepted"] == 2
    assert [(one["index"], one["reason"]) for one in reply.body["rejected"]] == [
        (1, "malformed"), (2, "in_future"), (3, "before_1970"), (4, "no_model"), (5, "empty"),
        (6, "features_not_object"), (7, "bad_id"), (8, "bad_timestamp"), (9, "unknown_model"),
    ]  # fmt: skip
    assert all(one["detail"].endswith(".") for one in reply.body["rejected"])
    assert len(place.stored("churn")) == 2
    assert place.door.counters()["rejected.in_future"] == 1


def test_when_nothing_is_taken_the_answer_is_422_with_the_reasons(place, event):
    reply = place.send([event | {"timestamp": "soon"}, 5])
    assert reply.status == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert [one["reason"] for one in reply.body["rejected"]] == ["bad_timestamp", "malformed"]


def test_nan_and_infinity_do_not_lose_the_batch(place):
    first = b'{"model":"m","features":{"a":NaN,"b":Infinity,"c":1}}'
    body = b"[" + first + b',{"model":"m","features":{"a":2,"b":-Infinity,"c":1e999}}]'
    assert place.send(body).body["accepted"] == 2
    rows = place.stored("m")
    assert [(row["a"], row["b"], row["c"]) for row in rows] == [
        (None, float("inf"), 1.0),
        (2.0, float("-inf"), float("inf")),
    ]
    assert [row["invalid"] for row in rows] == [None, None]


def test_ndjson_names_its_broken_lines(place, event):
    lines = [json.dumps(event), "{broken", json.dumps(event), "", '{"model":"churn","features":{"age":NaN}}']
    reply = place.send("\n".join(lines).encode(), Content_Type="application/x-ndjson")
    assert (reply.status, reply.body["accepted"]) == (201, 3)
    assert [(one["index"], one["reason"]) for one in reply.body["rejected"]] == [(1, "malformed")]


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_packed_bodies_are_unpacked(place, event, coding):
    plain = json.dumps(event).encode()
    packed = gzip.compress(plain) if coding == "gzip" else pa.Codec("zstd").compress(plain, asbytes=True)
    assert place.send(packed, Content_Encoding=coding).status == 201
    assert place.send(packed[:-3], Content_Encoding=coding).status == 400
    assert len(place.stored("churn")) == 1


def test_a_body_that_unpacks_to_too_much_is_refused(place):
    bomb = gzip.compress(b"[" + b" " * 60_000_000 + b"]")
    reply = place.send(bomb, Content_Encoding="gzip")
    assert reply.status == 413
    assert "50,000,000" in reply.body["detail"]


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b'{"a":', b'"text"', b"17", b"\xff{}", b"[" * 5_000, b'[{"a":"\xff"}]']
)
def test_what_is_no_json_is_400_with_a_sentence(place, body):
    reply = place.send(body)
    assert reply.status == 400
    assert reply.body["title"] == "Not understood"
    assert reply.body["detail"].endswith(".")


def test_other_codings_and_types_are_415(place, event):
    assert place.send(event, Content_Encoding="br").status == 415
    assert place.send(event, Content_Type="application/xml").status == 415


def test_keys_are_asked_for_and_told_apart(place, event):
    assert place.send(event, X_API_Key="").status == 401
    assert place.send(event, X_API_Key="mw_ingest_wrong").headers["www-authenticate"] == "Bearer"
    assert place.send(event, X_API_Key=place.read_key).status == 403
    assert place.send(event, X_API_Key="", Authorization=f"Bearer Bearer {place.key}").status == 201


def test_a_model_in_the_path_is_registered_by_its_key_but_an_unknown_id_is_404(place, event):
    assert place.send(event, "/api/v1/models/fresh/predictions").status == 201
    assert len(place.stored("fresh")) == 1
    reply = place.send(event, "/api/v1/models/4711/predictions")
    assert reply.status == 404
    by_id = place.send([event], f"/api/v1/models/{place.model('fresh').id}/predictions")
    assert by_id.body["accepted"] == 1


def test_another_organisations_model_is_not_there(place, event):
    with writing(place.database) as session:
        from modelward.accounts.service import create_organisation

        other = create_organisation(session, name="There", now=NOW)
        theirs = register(session, scope=Scope(other.id), key="churn", now=NOW).id
    assert place.send(event, f"/api/v1/models/{theirs}/predictions").status == 404
    assert place.send(event).status == 201  # the same key in our organisation is ours
    assert place.store.count(theirs) == 0 if theirs in place.store._tables else True


def test_sizes_are_limited_with_clear_sentences(place_with, event):
    place = place_with(max_body_bytes=20_000, max_events_per_request=10, max_features=50)
    assert "20,000" in place.send([event | {"endpoint": "x" * 30_000}]).body["detail"]
    assert place.send(event | {"endpoint": "x" * 30_000}).status == 413
    reply = place.send([{"model": "m", "features": {"a": 1}}] * 11)
    assert (reply.status, "11 items; 10" in reply.body["detail"]) == (413, True)
    features = {f"f{n}": n for n in range(51)}
    wide = {"model": "m", "features": features}
    assert place.send(wide).body["rejected"][0]["reason"] == "too_many_features"
    features.pop("f50")
    assert place.send(wide).status == 201


def test_nesting_is_limited(place):
    def nested(depth):
        return {"model": "m", "features": {"a": json.loads("[" * (depth - 1) + "]" * (depth - 1))}}

    assert place.send(nested(20)).status == 201
    for body in (nested(21), nested(500), {"model": "m", "prediction": nested(25)}):
        assert place.send(body).body["rejected"][0]["reason"] == "too_deep"
    assert place.send([nested(20), nested(21)]).body["accepted"] == 1


def test_a_full_journal_is_503_until_the_mover_has_been(place_with):
    place = place_with(journal_limit_bytes=1024 * 1024)
    noise = [{"model": "m", "features": {"text": json.dumps(list(range(n, n + 400)))}} for n in range(400)]
    while (reply := place.send(noise)).status == 201:
        pass
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0
    assert "journal is full" in reply.body["detail"]
    place.move()
    place.journal._looked_at = float("-inf")  # a second later
    assert place.send(noise).status == 201


def test_a_nearly_full_disk_is_503(place_with, event):
    place = place_with(min_free_disk_bytes=10**18)
    assert "disk is nearly full" in place.send(event).body["detail"]


def test_a_disk_that_refuses_is_503_and_the_next_event_is_kept(place, event):
    assert place.send(event | {"event_id": "1"}).status == 201
    place.journal._writer._connection.execute("DROP TABLE entries")
    assert place.send(event | {"event_id": "2"}).status == 503
    assert place.send(event | {"event_id": "3"}).status == 201
    (place.folder / "journal" / "000000000001.segment").unlink()
    assert [row["event_id"] for row in place.stored("churn")] == ["3"]


def test_the_door_answers_its_own_paths_only(place):
    def answers(method, path):
        return place.door.answers({"type": "http", "method": method, "path": path})

    assert answers("POST", "/api/v1/events")
    assert answers("PUT", "/api/logs/prediction/abc")
    assert not answers("GET", "/api/v1/models/m/events")
    assert not answers("POST", "/api/v1/models")
    assert not answers("POST", "/api/v2/events")


def test_a_label_may_come_with_its_event(place, event):
    place.send(event | {"event_id": "e", "actual_label": 1})
    (row,) = place.stored("churn")
    assert (row["label_number"], row["label_text"]) == (1.0, None)


def test_a_million_small_things_at_once_keep_their_places(place):
    """Mixed shapes in one list: every item goes its own way through the steps, and ids and answers stay aligned."""
    items: list[dict[str, object]] = [
        {"model": f"m{n % 3}", "event_id": f"e{n}", "features": {"n": n}} for n in range(300)
    ]
    for n in range(0, 300, 7):
        items[n]["timestamp"] = 1_780_000_000 + n
    for n in range(0, 300, 11):
        items[n] = {"model": f"m{n % 3}", "prediction_id": f"e{n}", "input_features": {"n": n}}
    reply = place.send(items)
    assert reply.body["event_ids"] == [f"e{n}" for n in range(300)]
    stored = [row for model in ("m0", "m1", "m2") for row in place.stored(model)]
    assert {row["event_id"]: row["n"] for row in stored} == {f"e{n}": float(n) for n in range(300)}


def test_numbers_without_end_are_the_items_own_fault(place, event):
    for name, reason in (("timestamp", "bad_timestamp"), ("model_id", "unknown_model"), ("event_id", "bad_id")):
        bad = json.dumps(event | {name: "?"}).replace('"?"', "9" * 400)
        reply = place.send(f"[{json.dumps(event)},{bad},{json.dumps(event | {'timestamp': None})}]".encode())
        assert (reply.status, reply.body["accepted"]) == (201, 2)
        assert [(one["index"], one["reason"]) for one in reply.body["rejected"]] == [(1, reason)]
        assert place.send(bad.encode()).status == 422
    nan = b'[{"model":"m","features":{"a":NaN,"b":' + b"9" * 5000 + b',"c":123456789012345678901234567890}}]'
    assert place.send(nan).status == 201
    (row,) = place.stored("m")
    assert (row["b"], row["c"]) == (float("inf"), 123456789012345678901234567890.0)


def test_a_project_that_is_no_name_is_the_items_own_fault(place, event):
    reply = place.send([event | {"project": {"a": 1}}, event | {"project": "shop"}, event | {"project_id": [1]}])
    assert reply.body["accepted"] == 1
    assert [(one["index"], one["reason"]) for one in reply.body["rejected"]] == [(0, "bad_project"), (2, "bad_project")]
    assert place.send(event | {"project": True}).body["rejected"][0]["reason"] == "bad_project"


def test_a_text_without_end_is_no_category(place, event):
    for _ in range(2):  # as a new feature, and as a known one
        assert place.send([event | {"features": {"city": "x" * n}} for n in (10_000, 10_001)]).status == 201
        place.move()
    rows = place.stored("churn")
    assert sorted(len(row["city"] or "") for row in rows) == [0, 0, 10_000, 10_000]
    assert sum(row["invalid"] is not None for row in rows) == 2
