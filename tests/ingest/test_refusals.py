"""What the door remembers of what it refused, and whom it tells."""

from datetime import timedelta

from tests.ingest.place import NOW

from modelward.ingest.refusals import KEPT, MOST_ORGANISATIONS, Refusals

DAY_BEFORE = NOW - timedelta(days=1)


def reasons_of(place, **whose):
    found = place.door.refusals.since(DAY_BEFORE, organisation_id=place.organisation_id, **whose)
    return [refusal.reason for refusal in found]


def test_what_is_taken_is_not_remembered(place, event):
    assert place.send(event).status == 201
    assert reasons_of(place, strangers=True) == []


def test_a_key_of_the_wrong_kind_is_told_to_its_organisation(place, event):
    assert place.send(event, X_API_Key=place.read_key).status == 403
    (refusal,) = place.door.refusals.since(DAY_BEFORE, organisation_id=place.organisation_id)
    assert (refusal.reason, refusal.at, refusal.address) == ("Forbidden", NOW, "127.0.0.1")
    assert "use an ingest key" in refusal.sentence
    assert place.door.refusals.since(DAY_BEFORE, organisation_id=place.organisation_id + 1, strangers=True) == []


def test_an_unknown_key_is_told_only_to_whoever_may_see_strangers(place, event):
    assert place.send(event, X_API_Key="mw_ingest_nonsense").status == 401
    assert place.send(event, X_API_Key="mw_ingest_nonsense").status == 401  # from memory now
    assert reasons_of(place) == []
    assert reasons_of(place, strangers=True) == ["Unauthorized", "Unauthorized"]


def test_a_body_or_an_event_that_is_not_understood_is_told_with_its_reason(place, event):
    assert place.send(b"{nonsense").status == 400
    assert place.send({"prediction": 1}).status == 422
    assert place.send({"events": [event, {"prediction": 1}]}).status == 201
    assert place.send(event | {"model_id": 4711}).status == 422
    assert sorted(reasons_of(place)) == ["Invalid", "no_model", "no_model", "unknown_model"]


def test_only_what_came_since_is_told_newest_first(place, event):
    place.send({"prediction": 1})
    place.now = NOW + timedelta(minutes=1)
    place.send({"model_id": 4711, "prediction": 1})
    since = place.door.refusals.since(NOW + timedelta(seconds=1), organisation_id=place.organisation_id)
    assert [refusal.reason for refusal in since] == ["unknown_model"]
    assert reasons_of(place) == ["unknown_model", "no_model"]


def test_the_memory_is_bounded():
    refusals = Refusals()
    for n in range(KEPT + 5):
        refusals.note(organisation_id=1, at=NOW, reason=str(n), sentence="x" * 10_000)
    kept = refusals.since(NOW, organisation_id=1)
    assert len(kept) == KEPT
    assert {len(refusal.sentence) for refusal in kept} == {500}
    for organisation in range(2, MOST_ORGANISATIONS + 2):
        refusals.note(organisation_id=organisation, at=NOW, reason="no_model", sentence="none")
    assert refusals.since(NOW, organisation_id=1) == []
    assert len(refusals.since(NOW, organisation_id=MOST_ORGANISATIONS + 1)) == 1
