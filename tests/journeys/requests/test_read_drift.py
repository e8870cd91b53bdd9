"""`GET /models/{id}/drift` and `/drift/current`: the verdict, after enough events."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from tests.journeys.requests.field import Answer, Field, fresh
from tests.journeys.running import wait_for

DRIFT = """
curl "$URL/models/$MODEL/drift" -H "Authorization: Bearer $KEY"
curl "$URL/models/$MODEL/drift/current" -H "Authorization: Bearer $KEY"
"""
MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def send_three_days(field: Field) -> str:
    """A quiet day, of which the first events become the reference; a day of older people; and one event of the next."""
    model, chance = fresh("drifting"), random.Random(7)
    for days_ago, age, count in ((4, 40, 600), (3, 60, 600), (2, 60, 1)):
        day = MIDNIGHT - timedelta(days=days_ago)
        events = [
            {
                "timestamp": (day + timedelta(minutes=2 * number)).isoformat(),
                "features": {"age": chance.gauss(age, 8), "city": chance.choice(["Lyon", "Bonn"])},
                "prediction_value": chance.random(),
            }
            for number in range(count)
        ]
        sent = requests.post(
            f"{field.url}/models/{model}/predictions", json={"predictions": events}, headers=field.headers, timeout=30
        )
        assert (sent.status_code, sent.json()["accepted"]) == (201, count)
    return model


def drifted(field: Field, model: str | int) -> list[Answer]:
    """Both answers, once they say that the data moved."""
    answers: list[Answer] = []

    def there() -> bool:
        answers[:] = field.curl(DRIFT, MODEL=model)
        return all(answer.body["drift_detected"] for answer in answers)

    wait_for(there, f"drift of {model}")
    return answers


def shape_of(told: dict[str, Any]) -> None:
    assert type(told["drift_detected"]) is bool
    assert isinstance(told["psi"], float)
    assert isinstance(told["ks"], float)
    for feature in told["features"].values():
        assert {"drift_detected", "psi", "ks"} <= feature.keys()


def test_by_curl_by_id_and_by_key(field: Field) -> None:
    model = send_three_days(field)
    for named in (model, field.read(f"/models/{model}")["id"]):
        for answer in drifted(field, named):
            assert answer.status == 200
            shape_of(answer.body)
            moved = {name: feature["drift_detected"] for name, feature in answer.body["features"].items()}
            assert (moved["age"], moved["city"]) == (True, False)
            assert answer.body["psi"] >= answer.body["features"]["age"]["psi"] > 0.25


def test_a_dashboard_of_ones_own_by_a_program(field: Field) -> None:
    model = send_three_days(field)
    drifted(field, model)
    told = requests.get(f"{field.url}/dashboard/data", params={"model": model}, headers=field.headers, timeout=30)
    assert (told.status_code, told.headers["content-type"]) == (200, "application/json")
    assert len(told.json()["recent_predictions"]) == 50
    newest = datetime.fromisoformat(told.json()["recent_predictions"][0]["timestamp"])
    assert newest == MIDNIGHT - timedelta(days=2)
    age = told.json()["drift"]["age"]
    assert age.keys() == {"psi", "ks", "drifted"}
    assert age["drifted"] is True
    latest = requests.get(f"{field.url}/dashboard/data", headers=field.headers, timeout=30).json()
    assert latest["model"] is not None
    assert len(latest["recent_predictions"]) > 0
