"""Labels by the event's id alone: before it, after it, corrected, and under all their names."""

import pytest


def label_in(row):
    return row["label_number"] if row["label_text"] is None else row["label_text"]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"event_id": "e", "label": 1}, 1.0),
        ({"prediction_id": "e", "actual_label": 2.5}, 2.5),
        ({"id": "e", "actual": "late"}, "late"),
        ({"event_id": "e", "y_true": True, "timestamp": "2026-06-01T11:00:00Z"}, 1.0),
        ({"event_id": "e", "label": 0, "model": "churn"}, 0.0),
    ],
)
def test_a_label_under_each_of_its_names(place, event, sent, stored):
    place.send(event | {"event_id": "e"})
    reply = place.send(sent, "/api/v1/labels")
    assert (reply.status, reply.body["accepted"]) == (201, 1)
    (row,) = place.stored("churn")
    assert label_in(row) == stored


def test_a_label_may_come_before_its_event_and_be_corrected(place, event):
    place.send({"event_id": "e", "label": 0}, "/api/v1/labels")
    place.move()
    place.send(event | {"event_id": "e"})
    (row,) = place.stored("churn")
    assert label_in(row) == 0.0
    place.send([{"event_id": "e", "label": 1}, {"event_id": "e", "label": 2}], "/api/v1/labels")
    (row,) = place.stored("churn")
    assert label_in(row) == 2.0


def test_the_outcome_put_to_a_prediction(place, event):
    body = {"actual_label": 1, "timestamp_actual_known": "2026-06-01T11:30:00Z"}
    place.send(event | {"event_id": "an id"})
    assert place.send(body, "/api/logs/prediction/an%20id", method="PUT").status == 201
    (row,) = place.stored("churn")
    assert label_in(row) == 1.0
    assert row["labelled_at"].isoformat() == "2026-06-01T11:30:00+00:00"


def test_one_bad_label_does_not_lose_the_others(place, event):
    place.send([event | {"event_id": "a"}, event | {"event_id": "b"}])
    labels = [
        {"event_id": "a", "label": 1}, {"label": 1}, {"event_id": "b"}, {"event_id": "b", "label": {"x": 1}},
        {"event_id": "b", "label": 1, "model": "nobody"}, {"event_id": "b", "label": 0},
    ]  # fmt: skip
    reply = place.send(labels, "/labels")
    assert (reply.status, reply.body["accepted"]) == (201, 2)
    assert [(one["index"], one["reason"]) for one in reply.body["rejected"]] == [
        (1, "bad_id"), (2, "no_label"), (3, "bad_label"), (4, "unknown_model"),
    ]  # fmt: skip
    assert [label_in(row) for row in place.stored("churn")] == [1.0, 0.0]


def test_the_profiles_hear_whose_label_changed(place, event):
    place.send(event | {"event_id": "e", "timestamp": "2026-06-01T09:00:00Z"})
    place.move()
    place.absorbed.clear()
    place.send({"event_id": "e", "label": 1}, "/api/v1/labels")
    place.move()
    (moved,) = place.absorbed
    assert (moved.model_id, moved.events.num_rows) == (place.model("churn").id, 0)
    assert [time.hour for time in moved.labelled.to_pylist()] == [9]
