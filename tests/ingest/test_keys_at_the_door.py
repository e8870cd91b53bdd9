"""Keys at the door: what a bound one may send, and from when on a revoked or ended one opens nothing."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.ingest.place import NOW, Place

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key, revoke_key
from modelward.accounts.tables import ApiKey
from modelward.ingest import directory
from modelward.ingest.directory import KEY_SECONDS
from modelward.kit.database import writing


class Clock:
    """What the directory takes for the time that passes."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(directory, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


def make(place: Place, **given: Any) -> tuple[ApiKey, str]:
    with writing(place.database) as session:
        owner = place.organisation_id
        return create_key(session, organisation_id=owner, kind=KeyKind.INGEST, name="k", now=NOW, **given)


def sent(place: Place, key: str, event: dict[str, Any], path: str = "/api/v1/events") -> int:
    return place.send(event, path, X_API_Key=key).status


def test_a_revoked_key_is_refused_after_five_seconds_at_the_latest(
    place: Place, event: dict[str, Any], clock: Clock
) -> None:
    assert KEY_SECONDS <= 5
    row, key = make(place)
    assert sent(place, key, event) == 201
    with writing(place.database) as session:
        revoke_key(session, organisation_id=place.organisation_id, key_id=row.id, now=NOW)
    clock.seconds += KEY_SECONDS
    assert sent(place, key, event) == 401
    clock.seconds += 3_600
    assert sent(place, key, event) == 401


def test_a_key_that_ended_is_refused(place: Place, event: dict[str, Any], clock: Clock) -> None:
    _, key = make(place, expires_at=NOW + timedelta(minutes=1))
    assert sent(place, key, event) == 201
    place.now = NOW + timedelta(minutes=1)
    clock.seconds += KEY_SECONDS
    assert sent(place, key, event) == 401


@pytest.fixture
def two_models(place: Place, event: dict[str, Any]) -> tuple[int, int]:
    """The ids of `churn` in the project `crm` and `fraud` in `cards`."""
    for model, project in (("churn", "crm"), ("fraud", "cards")):
        assert place.send({**event, "model_id": model, "project_id": project}).status == 201
    return place.model("churn").id, place.model("fraud").id


def test_a_key_of_a_model_sends_to_that_model_alone(
    place: Place, event: dict[str, Any], two_models: tuple[int, int]
) -> None:
    churn, fraud = two_models
    _, key = make(place, model_id=churn)
    for name in ("churn", churn):
        assert sent(place, key, {**event, "model_id": name}) == 201
    for name in ("fraud", fraud, "quite-new"):
        assert sent(place, key, {**event, "model_id": name}) == 422
    assert sent(place, key, event, f"/api/v1/models/{fraud}/predictions") == 404
    assert sent(place, key, event, "/api/v1/models/fraud/predictions") == 403  # registered or not: it may register none
    assert sent(place, key, event, "/api/v1/models/quite-new/predictions") == 403
    assert (len(place.stored("churn")), len(place.stored("fraud"))) == (3, 1)


def test_a_key_of_a_project_sends_to_its_models_and_registers_new_ones_there(
    place: Place, event: dict[str, Any], two_models: tuple[int, int]
) -> None:
    _, fraud = two_models
    project_id = place.model("churn").project_id
    _, key = make(place, project_id=project_id)
    assert sent(place, key, {**event, "model_id": "new", "project_id": "crm"}) == 201
    assert sent(place, key, {**event, "model_id": "newer"}) == 201
    assert {place.model(name).project_id for name in ("new", "newer")} == {project_id}
    assert sent(place, key, {**event, "model_id": "newest", "project_id": "cards"}) == 422
    for name in ("fraud", fraud):
        assert sent(place, key, {**event, "model_id": name}) == 422
        assert sent(place, key, event, f"/api/v1/models/{name}/predictions") == 404
    assert len(place.stored("fraud")) == 1


def test_a_bound_key_labels_only_what_it_is_bound_to(
    place: Place, event: dict[str, Any], two_models: tuple[int, int]
) -> None:
    churn, _ = two_models
    for model in ("churn", "fraud"):
        assert place.send({**event, "model_id": model, "event_id": f"{model}-1"}).status == 201
    _, of_model = make(place, model_id=churn)
    _, of_project = make(place, project_id=place.model("churn").project_id)
    assert sent(place, of_model, {"event_id": "churn-1", "label": 1}, "/api/v1/labels") == 201
    assert sent(place, of_model, {"event_id": "fraud-1", "label": 1}, "/api/v1/labels") == 201  # of churn: it has none
    assert sent(place, of_model, {"event_id": "fraud-1", "label": 1, "model_id": "fraud"}, "/api/v1/labels") == 422
    assert sent(place, of_project, {"event_id": "fraud-1", "label": 1}, "/api/v1/labels") == 422
    assert sent(place, of_project, {"event_id": "fraud-1", "label": 1, "model_id": "fraud"}, "/api/v1/labels") == 422
    assert sent(place, of_project, {"event_id": "churn-1", "label": 0, "model_id": "churn"}, "/api/v1/labels") == 201
    place.move()
    [fraud] = [row for row in place.stored("fraud") if row["event_id"] == "fraud-1"]
    [own] = [row for row in place.stored("churn") if row["event_id"] == "churn-1"]
    assert (fraud["label_number"], own["label_number"]) == (None, 0.0)
