"""The probabilities of many classes in the place of a score: a column a class, whichever way they come."""

import json

import pyarrow as pa
import pytest
from tests.ingest.test_arrow import send as send_arrow

from modelward.ingest.class_scores import spread

SURE = {"cat": 0.7, "dog": 0.2, "eel": 0.1}


def chances(row):
    return [row[f"@score:{name}"] for name in ("cat", "dog", "eel")]


def test_an_object_of_classes_becomes_columns_and_the_highest_is_the_score(place, event):
    place.send(event | {"event_id": "1", "prediction": "cat", "score": SURE})
    place.move()
    # Those that come later find their columns there.
    place.send([event | {"event_id": str(n), "prediction": "dog", "score": {"dog": 0.6, "cat": 0.4}} for n in (2, 3)])
    first, second, third = place.stored("churn")
    assert (first["score"], chances(first)) == (0.7, [0.7, 0.2, 0.1])
    assert (second["score"], chances(second)) == (None, [0.4, 0.6, None])
    assert chances(third) == chances(second)
    assert not first["invalid"]


def test_a_list_is_for_the_classes_0_1_2_and_of_two_classes_the_second_is_the_score(place, event):
    place.send([event | {"event_id": "1", "score": [0.1, 0.2, 0.7]}, event | {"event_id": "2", "score": 0.4}])
    place.move()
    place.send(
        [event | {"event_id": "3", "score": [0.3, 0.7]}, event | {"event_id": "4", "score": {"1": 0.2, "0": 0.8}}]
    )
    rows = place.stored("churn")
    assert [row["score"] for row in rows] == [0.7, 0.4, 0.7, 0.2]
    assert [row["@score:2"] for row in rows] == [0.7, None, None, None]


@pytest.mark.parametrize(
    "wrong", [{"cat": 0.7, "dog": 0.7}, [0.5, 0.5, -0.1], {"cat": "sure"}, {"cat": True, "dog": 0}, [1 / 60] * 60]
)
def test_what_is_no_distribution_is_set_aside_and_loses_no_event(place, event, wrong):
    assert spread(wrong) is None
    place.send([event | {"event_id": "1", "score": SURE}, event | {"event_id": "2", "score": wrong}])
    place.move()
    place.send(event | {"event_id": "3", "score": wrong})
    for row in place.stored("churn")[1:]:
        assert row["score"] is None
        assert json.loads(row["invalid"]) == {"score": wrong}


def test_arrow_brings_structs_and_lists(place):
    sent = pa.array([SURE, {"cat": 0.5, "dog": 0.5, "eel": None}, None, {"cat": 3.0, "dog": None, "eel": None}])
    assert send_arrow(place, {"event_id": list("abcd"), "y_proba": sent}).status == 201
    rows = place.stored("m")
    assert [row["score"] for row in rows] == [0.7, None, None, None]
    assert [chances(row) for row in rows[:2]] == [[0.7, 0.2, 0.1], [0.5, 0.5, None]]
    assert json.loads(rows[3]["invalid"])["score"]["cat"] == 3.0
    assert send_arrow(place, {"event_id": ["e"], "y_proba": pa.array([[0.2, 0.8]])}).status == 201
    assert place.stored("m")[-1]["score"] == 0.8


def test_a_row_without_any_class_has_no_score(place, event):
    place.send(event | {"score": {}})
    assert place.stored("churn")[0]["score"] is None
    assert spread({"cat": None}) == (None, {})
