from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient
from tests.governance.office import NOON, Office

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key
from modelward.api import create_api
from modelward.kit.database import writing
from modelward.settings import settings_from


@pytest.fixture
def office(database: Engine) -> Office:
    return Office.opened(database)


@pytest.fixture
def client(office: Office) -> Callable[[str], TestClient]:
    api = create_api()
    api.state.database, api.state.settings = office.engine, settings_from({"MODELWARD_SECRET_KEY": "s" * 40})

    def make(maker: str = "ben") -> TestClient:
        with writing(office.engine) as session:
            _, token = create_key(
                session,
                organisation_id=office.organisation_id,
                kind=KeyKind.ADMIN,
                name=f"of {maker}",
                now=NOON,
                created_by=f"{maker}@example.org",
            )
        return TestClient(api, headers={"X-API-Key": token})

    return make


def test_programs_in_the_field_deploy_a_draft_as_they_always_did(client):
    http = client()
    made = http.post("/api/models", json={"model_name": "credit", "version": "1.0"}).json()
    assert (made["status"], made["deployment_status"]) == ("draft", "draft")
    for prefix in ("/api", "", "/api/v1"):
        answer = http.post(f"{prefix}/models/{made['id']}/deploy", json={"override": False})
        assert answer.status_code == 200
        assert answer.json()["deployment_status"] == "deployed"
    assert http.get(f"/models/{made['id']}").json()["status"] == "deployed"
    assert http.post(f"/models/{made['id']}/deploy").status_code == 200


def test_a_refusal_is_a_problem_with_all_its_reasons(client, office):
    model = office.version()
    office.measure(model, 0.6)
    office.policy(approvals=1)
    answer = client().post(f"/api/models/{model}/deploy", json={"override": False})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert [reason["code"] for reason in problem["reasons"]] == ["blocked", "approval_missing"]
    assert all(reason["sentence"] in problem["detail"] for reason in problem["reasons"])
    assert problem["reasons"][1]["evidence"] == {"needed": 1, "given": 0, "roles": ["admin", "owner"]}


def test_the_approvals_that_wait_are_those_that_the_caller_can_give(client, office):
    office.policy(approvals=1, four_eyes=False)
    one = office.version("1")
    office.submit(one, "eve")
    http = client("ben")
    (item,) = http.get("/api/v1/approvals").json()["items"]
    assert (item["model_id"], item["submitted_by"], item["may_approve"]) == (one, "eve@example.org", True)
    office.policy(approvals=1)
    assert http.get("/api/v1/approvals").json()["items"] == []
    (item,) = http.get("/api/v1/approvals", params={"mine": False}).json()["items"]
    assert item["why_not"]["code"] == "four_eyes"


def test_the_steps_are_told_with_who_took_them_and_on_whose_behalf(client, office):
    model = office.version()
    http = client("ben")
    assert http.post(f"/api/v1/models/{model}/submit", json={"reason": "It is better."}).status_code == 200
    assert http.post(f"/api/v1/models/{model}/deploy", json={"place": "challenger"}).status_code == 200
    deployed, submitted = http.get(f"/api/v1/models/{model}/transitions").json()["items"]
    assert (submitted["action"], submitted["justification"]) == ("submit", "It is better.")
    assert submitted["author"]["on_behalf_of"] == "ben@example.org"
    assert (deployed["before"], deployed["after"], deployed["place_after"]) == ("submitted", "deployed", "challenger")
    assert http.get(f"/api/v1/models/{model}/may-serve").json()["answer"] == "shadow_only"
    assert [item["id"] for item in http.get("/api/v1/models?deployment_status=deployed").json()["items"]] == [model]


def test_a_step_that_the_table_does_not_know_is_a_conflict_that_says_what_to_do(client, office):
    answer = client().post(f"/api/v1/models/{office.version()}/approve")
    assert answer.status_code == 409
    assert "submit it first" in answer.json()["detail"]


@pytest.mark.parametrize("way", ["reject", "rollback", "retire"])
def test_whoever_ends_something_has_to_say_why(client, office, way):
    model = office.version()
    office.submit(model)
    answer = client().post(f"/api/v1/models/{model}/{way}", json={})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "justification"


def test_the_card_of_a_model_is_checked_and_kept_among_its_attributes(client):
    http = client()
    card: dict[str, object] = {
        "purpose": "Ranks customers by how likely they are to leave.",
        "owner": "growth@example.org",
        "limits": "Not for customers of less than a month.",
        "training_data": {"description": "2025", "rows": 40_000, "from_date": "2025-01-01", "to_date": "2025-12-31"},
        "training_metrics": {"accuracy": 0.91},
    }
    made = http.post("/api/v1/models", json={"name": "churn", **card}).json()
    assert {name: made["attributes"][name] for name in card} == card
    changed = http.patch(f"/api/v1/models/{made['id']}", json={"limits": None, "owner": "risk@example.org"}).json()
    assert changed["attributes"]["owner"] == "risk@example.org"
    assert changed["attributes"]["limits"] is None
    assert changed["attributes"]["purpose"] == card["purpose"]
    for wrong in (
        {"training_data": {"rows": -1}},
        {"training_data": {"from_date": "2026-01-02", "to_date": "2026-01-01"}},
        {"attributes": {"purpose": 5}},
        {"owner": "a\0b"},
    ):
        assert http.patch(f"/api/v1/models/{made['id']}", json=wrong).status_code == 422


def test_a_version_in_production_does_not_take_the_name_of_another_there(client):
    http = client()
    ids = [http.post("/api/v1/models", json={"name": name}).json()["id"] for name in ("one", "two")]
    for found in ids:
        assert http.post(f"/api/v1/models/{found}/deploy").status_code == 200
    answer = http.patch(f"/api/v1/models/{ids[1]}", json={"name": "one"})
    assert answer.status_code == 409
    assert "is in production" in answer.json()["detail"]
