"""Policies are versions that override each other by what they name; changing one shows and causes what follows."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from tests.governance.measured_world import CALM, START, MeasuredWorld

from modelward.accounts.principal import KeyKind
from modelward.accounts.service import create_key
from modelward.audit.author import SYSTEM
from modelward.audit.tables import AuditEntry
from modelward.errors import Conflict, Invalid
from modelward.governance import policy_routes, risk_routes
from modelward.governance.change_policy import change_policy, preview_policy
from modelward.governance.policies import InForce, Place, policy_of
from modelward.governance.policy_schemas import PolicyFields
from modelward.governance.policy_tables import PolicyVersion
from modelward.governance.risk_tables import RiskRecord
from modelward.jobs.tables import Job
from modelward.kit.database import reading, writing
from modelward.kit.problems import install_problem_handlers
from modelward.registry.tables import Model
from modelward.rules.policy import BUILT_IN
from modelward.settings import settings_from


@pytest.fixture
def world(each_database: Engine) -> MeasuredWorld:
    return MeasuredWorld.make(each_database)


@pytest.fixture
def client(world: MeasuredWorld, tmp_path) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.database = world.engine
    app.state.settings = settings_from({}, data_dir=tmp_path, secret_key="s" * 40)
    install_problem_handlers(app)
    for router in (policy_routes.router, risk_routes.starred):
        app.include_router(router, prefix="/api/v1")
    with writing(world.engine) as session:
        _, token = create_key(
            session, organisation_id=world.organisation_id, kind=KeyKind.ADMIN, name="test", now=START
        )
    with TestClient(app, headers={"X-API-Key": token}, base_url="http://test/api/v1/") as client:
        yield client


def at(world: MeasuredWorld, level: str = "organisation") -> Place:
    with reading(world.engine) as session:
        model = session.get_one(Model, world.model_id)
    ids = {"organisation": world.organisation_id, "project": model.project_id, "model": model.id}
    return Place(world.organisation_id, level, ids[level])  # type: ignore[arg-type]


def write(world: MeasuredWorld, body: dict[str, Any], level: str = "organisation", **more: Any) -> PolicyVersion:
    with writing(world.engine) as session:
        return change_policy(
            session, place=at(world, level), body=body, author=SYSTEM, now=START, title="a policy", **more
        )


def in_force(world: MeasuredWorld) -> InForce:
    with reading(world.engine) as session:
        return policy_of(session, session.get_one(Model, world.model_id))


def test_without_a_policy_the_built_in_one_holds_as_version_0(world: MeasuredWorld) -> None:
    found = in_force(world)
    assert (found.policy.at_risk, found.cited) == (50.0, [{"id": None, "scope": "built_in", "number": 0}])
    assert found.title == "the built-in policy"


def test_the_description_of_the_api_names_what_is_built_in() -> None:
    assert PolicyFields.model_validate({}).model_dump() == BUILT_IN.to_dict()


def test_the_model_overrides_the_project_and_that_the_organisation(world: MeasuredWorld) -> None:
    write(world, {"at_risk": 40.0, "approvals": 2, "four_eyes": False})
    write(world, {"approvals": 3, "blocked": 70.0}, "project")
    write(world, {"approvals": 0}, "model")
    found = in_force(world)
    policy = found.policy
    assert (policy.at_risk, policy.blocked, policy.approvals, policy.four_eyes) == (40.0, 70.0, 0, False)
    assert [(version.level, version.number) for version in found.versions] == [
        ("organisation", 1),
        ("project", 1),
        ("model", 1),
    ]
    write(world, {}, "model")
    assert in_force(world).policy.approvals == 3, "an empty version overrides nothing"


def test_each_version_is_kept_and_told_in_the_audit_chain(world: MeasuredWorld) -> None:
    write(world, {"at_risk": 40.0})
    version = write(world, {"at_risk": 45.0}, note="After the review.", based_on=1)
    assert version.number == 2
    with reading(world.engine) as session:
        bodies = session.scalars(select(PolicyVersion.body).order_by(PolicyVersion.number)).all()
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.position.desc())).first()
    assert bodies == [{"at_risk": 40.0}, {"at_risk": 45.0}]
    assert entry is not None
    assert (entry.action, entry.reason) == ("policy.changed", "After the review.")
    assert (entry.before_json, entry.after_json) == (
        '{"names":{"at_risk":40.0},"number":1}',
        '{"names":{"at_risk":45.0},"number":2}',
    )


def test_nobody_overwrites_what_another_wrote_meanwhile(world: MeasuredWorld) -> None:
    write(world, {"at_risk": 40.0}, based_on=0)
    with pytest.raises(Conflict, match="Version 0 is not the newest any more, 1 is"):
        write(world, {"at_risk": 45.0}, based_on=0)


def test_of_many_writers_at_once_each_gets_a_number_of_its_own(world: MeasuredWorld) -> None:
    threads = [threading.Thread(target=write, args=(world, {"at_risk": 40.0 + n})) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(world.engine) as session:
        assert sorted(session.scalars(select(PolicyVersion.number))) == [1, 2, 3, 4, 5, 6]


def test_levels_that_cannot_hold_together_are_refused_from_both_sides(world: MeasuredWorld) -> None:
    write(world, {"blocked": 55.0}, "project")
    with pytest.raises(Invalid, match=r"with what is written for the model 'churn' or its project: at_risk \(60\)"):
        write(world, {"at_risk": 60.0})
    write(world, {"at_risk": 52.0})
    with pytest.raises(Invalid, match=r"This policy cannot be used: at_risk \(52\)"):
        write(world, {"blocked": 51.0}, "model")


def test_a_new_version_has_every_model_under_it_looked_at(world: MeasuredWorld) -> None:
    other = world.another("other", project="else")
    write(world, {"at_risk": 40.0}, "project")
    with reading(world.engine) as session:
        assert session.scalars(select(Job.key).where(Job.kind == "measured")).all() == [str(world.model_id)]
    write(world, {"at_risk": 40.0})
    with reading(world.engine) as session:
        keys = set(session.scalars(select(Job.key).where(Job.kind == "measured")))
    assert keys == {str(world.model_id), str(other.model_id)}


def test_the_step_that_a_policy_makes_names_its_version(world: MeasuredWorld) -> None:
    world.window(0, {**CALM, "fare": 0.3})
    world.look(world.after(1))
    write(world, {"blocked": 50.0})
    world.look(world.after(1.1))
    last = world.history()[-1]
    assert (last.event, last.status) == ("policy", "BLOCKED")
    assert last.cause == "Risk stays 50.0, now blocked: version 1 of the organisation's policy is in force."
    assert last.sources["policy"][0]["number"] == 1
    assert world.told() == [(None, "AT_RISK"), ("AT_RISK", "BLOCKED")]


def test_what_was_said_under_a_former_policy_is_put_right_under_that_one(world: MeasuredWorld) -> None:
    world.window(0)
    world.look(world.after(1))
    world.window(1)
    world.look(world.after(2.5))
    write(world, {"blocked": 50.0})
    world.look(world.after(2.6))
    world.window(1, {**CALM, "fare": 0.3}, at=world.after(2.7))
    world.look(world.after(2.7))
    assert [(row.event, row.status) for row in world.history()] == [
        ("first", "APPROVED"),
        ("daily", "AT_RISK"),
        ("policy", "BLOCKED"),
    ]


def test_a_preview_says_which_models_would_change_and_writes_nothing(world: MeasuredWorld) -> None:
    calm = world.another("calm")
    world.window(0, {**CALM, "fare": 0.3})
    calm.window(0)
    with reading(world.engine) as session:
        changes, models = preview_policy(session, place=at(world), body={"at_risk": 30.0, "blocked": 45.0})
    assert models == 2
    assert [(c.model.key, c.before.status, c.after.status) for c in changes] == [("churn", "AT_RISK", "BLOCKED")]
    assert changes[0].after.reasons[0].sentence == "the risk is 50.0; from 45 on a model is blocked"
    assert in_force(world).versions == ()


def test_policies_over_http(client: TestClient, world: MeasuredWorld) -> None:
    world.window(0, {**CALM, "fare": 0.3})
    tried = client.post("policies/preview", json={"policy": {"blocked": 50}}).json()
    assert (tried["models"], tried["changes"][0]["model"], tried["changes"][0]["after"]) == (1, "churn", "BLOCKED")
    wrote = client.put("policies", json={"policy": {"blocked": 50, "fairness_limit": None}, "note": "Stricter."}).json()
    assert (wrote["number"], wrote["policy"], wrote["author"]) == (
        1,
        {"blocked": 50, "fairness_limit": None},
        'the admin key "test"',
    )
    assert client.put("policies?model=churn", json={"policy": {"approvals": 2}}).status_code == 200
    listed = client.get("policies").json()["items"]
    assert [(entry["scope"], entry["number"]) for entry in listed] == [("model", 1), ("organisation", 1)]
    assert [entry["scope"] for entry in client.get("policies?scope=organisation").json()["items"]] == ["organisation"]
    assert [entry["scope"] for entry in client.get("policies?model=churn").json()["items"]] == ["model"]
    found = client.get("policies/in-force?model=churn").json()
    assert (found["policy"]["blocked"], found["origins"]["approvals"]) == (50, "model")
    assert client.get("policies/in-force").json()["policy"]["approvals"] == 0
    assert client.get(f"policies/{wrote['id']}").json() == wrote


def test_what_cannot_be_meant_is_a_sentence_and_no_version(client: TestClient) -> None:
    for address, body, status in (
        ("", {"at_risc": 1}, 422),
        ("", {"at_risk": 101}, 422),
        ("", {"at_risk": 90}, 422),
        ("", {"approver_roles": []}, 422),
        ("?model=nothing", {}, 404),
        ("?project=nothing", {}, 404),
        ("?model=churn&project=default", {}, 422),
    ):
        wrote = client.put(f"policies{address}", json={"policy": body})
        tried = client.post(f"policies/preview{address}", json={"policy": body})
        assert [(answer.status_code, bool(answer.json()["detail"])) for answer in (wrote, tried)] == [
            (status, True)
        ] * 2
    assert client.get("policies").json()["items"] == []


def test_the_status_of_a_model_over_http(client: TestClient, world: MeasuredWorld) -> None:
    fresh = client.get("models/churn/status").json()
    assert (fresh["status"], fresh["governance_status"], fresh["risk_score"]) == ("DRAFT", None, None)
    assert fresh["reasons"][0]["code"] == "nothing_measured"
    world.window(0, prediction=0.18)
    world.fairness(0, 0.892, low=0.87, high=0.91)
    found = client.get(f"models/{world.model_id}/status").json()
    assert (found["governance_status"], round(found["risk_score"], 4)) == ("AT_RISK", 64.8)
    assert found["sentence"] == "Risk 64.8 = 0.6 × drift 72.0 + 0.4 × fairness 54.0."
    assert [part["name"] for part in found["components"]] == ["drift", "fairness"]
    assert found["policy"] == [{"id": None, "scope": "built_in", "number": 0}]
    assert found["measured_at"] == "2026-03-03T00:00:00Z"
    assert found["compliance"] == 1 / 2, "no low risk, but fair"


def test_the_history_over_http_is_a_bare_array_newest_first(client: TestClient, world: MeasuredWorld) -> None:
    assert client.get("models/churn/risk-history").json() == []
    for day in range(5):
        world.window(day, {**CALM, "fare": 0.3} if day % 2 else None)
    world.look(world.after(5))
    with writing(world.engine) as session:
        session.add(
            RiskRecord(
                model_id=world.model_id, at=world.after(6), risk_score=None, status=None, event="reference",
                cause="The risk is not known any more.", components=[], unmeasured=[], reasons=[], sources={},
            )
        )  # fmt: skip
    answer = client.get("models/churn/risk-history?limit=2")
    steps = answer.json()
    assert [step["risk_score"] for step in steps] == [0.0, 50.0], "a number in each"
    following = answer.headers["link"].partition(">")[0].lstrip("<")
    assert [step["risk_score"] for step in client.get(following).json()] == [0.0, 50.0]
    assert steps[1]["cause"].startswith("Risk rose from 0.0 to 50.0")
    assert client.get("models/churn/risk-history?sort=at&limit=1").json()[0]["event"] == "first"
    assert client.get("models/churn/risk-history?start=2026-03-05T12:00:00Z").json()[-1]["at"] > "2026-03-05T12"
