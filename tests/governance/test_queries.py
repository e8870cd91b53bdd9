"""What pages and the record of the monitor read: risk by day, all models at once, and policies within a scope."""

from datetime import date

import pytest
from sqlalchemy import Engine, select
from tests.governance.measured_world import CALM, DAY, START, MeasuredWorld

from modelward.accounts.principal import Scope
from modelward.audit.author import SYSTEM
from modelward.errors import NotFound
from modelward.governance.change_policy import change_policy
from modelward.governance.command_center import command_center
from modelward.governance.policies import Place
from modelward.governance.policy_queries import policies_page, policy_at, policy_version
from modelward.governance.policy_schemas import PoliciesAsked
from modelward.governance.policy_tables import PolicyVersion
from modelward.governance.queries import RiskChanges, risk_changes_by_day
from modelward.kit.database import reading, writing
from modelward.registry.tables import Model
from modelward.signals.service import emit


@pytest.fixture
def world(database: Engine) -> MeasuredWorld:
    return MeasuredWorld.make(database)


def test_risk_by_day_counts_looks_and_those_that_changed_something(world: MeasuredWorld) -> None:
    for day in range(4):
        world.window(day, {**CALM, "fare": 0.3} if day == 2 else None)
    world.look(world.after(4))
    with reading(world.engine) as session:
        found = risk_changes_by_day(session, Scope(world.organisation_id), START + 2 * DAY, START + 5 * DAY)
        others = risk_changes_by_day(session, Scope(world.organisation_id + 1), START, START + 5 * DAY)
    assert found == [
        RiskChanges(date(2026, 3, 4), looks=1, changes=0, worse=0, better=0),
        RiskChanges(date(2026, 3, 5), looks=1, changes=1, worse=1, better=0),
        RiskChanges(date(2026, 3, 6), looks=1, changes=1, worse=0, better=1),
    ]
    assert others == []


def test_the_days_of_the_command_center_carry_on_what_was_known(world: MeasuredWorld) -> None:
    other = world.another("other")
    world.window(0, {**CALM, "fare": 0.3})
    other.window(2)
    world.look(world.after(1))
    other.look(other.after(3))
    with writing(world.engine) as session:
        for at, before, after in (
            (1, "approved", "deployed"),
            (2, "override", "override_expired"),
            (3, "deployed", "retired"),
        ):
            emit(
                session,
                organisation_id=world.organisation_id,
                model_id=world.model_id,
                kind="deployment",
                subject="churn",
                before=before,
                after=after,
                reason="as the test says",
                at=world.after(at),
            )
    with reading(world.engine) as session:
        found = command_center(session, Scope(world.organisation_id), start=START, end=START + 5 * DAY)
    assert [day.risk for day in found.days] == [None, 50.0, 50.0, 25.0, 25.0]
    assert [day.at_risk for day in found.days] == [0, 1, 1, 1, 1]
    assert [day.deployed for day in found.days] == [0, 1, 1, 0, 0]
    assert [entry.model.key for entry in found.models] == ["churn", "other"]


def test_a_key_of_one_model_reads_what_its_model_is_held_to_and_nothing_of_others(world: MeasuredWorld) -> None:
    other = world.another("other", project="else")
    with writing(world.engine) as session:
        projects = {model.id: model.project_id for model in session.scalars(select(Model))}
        for level, number in (
            ("organisation", world.organisation_id),
            ("project", projects[world.model_id]),
            ("model", world.model_id),
            ("project", projects[other.model_id]),
            ("model", other.model_id),
        ):
            place = Place(world.organisation_id, level, number)  # type: ignore[arg-type]
            change_policy(session, place=place, body={"approvals": 2}, author=SYSTEM, now=START, title="a policy")
    scope = Scope(world.organisation_id, projects[world.model_id], world.model_id)
    with reading(world.engine) as session:
        seen = policies_page(session, scope, PoliciesAsked(sort="id")).items
        hidden = session.scalars(select(PolicyVersion.id).where(PolicyVersion.id.not_in([one.id for one in seen])))
        assert [version.scope for version in seen] == ["organisation", "project", "model"]
        for version_id in [*hidden, 0, 2**70]:
            with pytest.raises(NotFound):
                policy_version(session, scope, version_id)
        with pytest.raises(NotFound):
            policy_at(session, scope, project=None, model="other")
        assert policy_at(session, scope, project=None, model="churn").policy.approvals == 2
