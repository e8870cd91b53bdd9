"""Whether there is room for what comes in, and by which name a request to the door is found in the log."""

import pytest

from modelward.ingest.health import check_room


def test_there_is_room_until_the_journal_is_full_or_the_disk_is(place, event) -> None:
    folder = place.door.folder
    assert check_room(folder, limit_bytes=1, min_free_disk_bytes=0) is None
    place.send(event)
    assert "journal is full" in str(check_room(folder, limit_bytes=1, min_free_disk_bytes=0))
    assert check_room(folder, limit_bytes=1 << 30, min_free_disk_bytes=0) is None
    assert "disk is nearly full" in str(check_room(folder, limit_bytes=1 << 30, min_free_disk_bytes=1 << 62))
    place.move()
    assert check_room(folder, limit_bytes=1, min_free_disk_bytes=0) is None


@pytest.mark.parametrize("given", ["mine", ""])
def test_a_refusal_of_the_door_names_its_request(place, given: str) -> None:
    answer = place.send(b"{", **({"X_Request_Id": given} if given else {}))
    assert answer.status == 400
    assert answer.headers["x-request-id"] == given or (not given and answer.headers["x-request-id"])


def test_what_the_door_takes_carries_an_id_only_if_it_was_given_one(place, event) -> None:
    assert place.send(event, X_Request_Id="mine").headers["x-request-id"] == "mine"
    assert "x-request-id" not in place.send(event).headers
    assert "x-request-id" not in place.send(event, X_Request_Id="not sane").headers


def test_a_failure_of_the_door_names_its_request_in_its_body_and_in_the_log(
    place, event, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(place.door._commit, "durable", lambda _: 1 / 0)
    answer = place.send(event)
    assert answer.status == 500
    assert answer.body["request_id"] == answer.headers["x-request-id"]
    assert "the door failed" in caplog.text
