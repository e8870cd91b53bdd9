import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from tests.governance.office import HOUR, NOON, Office

from modelward.accounts.principal import Role, operator
from modelward.audit.tables import AuditEntry
from modelward.errors import Conflict, Forbidden, Invalid, Refused
from modelward.governance.decide import reject
from modelward.governance.gate import may_serve
from modelward.governance.lifecycle_tables import Transition
from modelward.governance.overrides import KIND, end_override
from modelward.governance.request_retraining import request_retraining
from modelward.governance.retire import retire
from modelward.governance.roll_back import roll_back
from modelward.jobs.tables import Job
from modelward.kit.database import writing
from modelward.registry.tables import Model
from modelward.rules.lifecycle import Place
from modelward.signals.tables import Signal


@pytest.fixture
def office(each_database: Engine) -> Office:
    return Office.opened(each_database)


def codes(caught: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [str(reason["code"]) for reason in caught.value.reasons]


def answer_of(office: Office, model_id: int, at=NOON):
    with Session(office.engine) as session:
        return may_serve(session, session.get_one(Model, model_id), now=at)


def test_by_the_built_in_policy_a_draft_is_deployed_at_once(office):
    model = office.version()
    step = office.deploy(model)
    assert office.stage(model) == ("deployed", "champion")
    assert step.policies == [{"id": None, "scope": "built_in", "number": 0}]
    assert not step.override


def test_a_blocked_version_is_refused_with_its_reasons_and_nothing_changes(office):
    model = office.version()
    office.measure(model, 0.6)
    with pytest.raises(Refused) as caught:
        office.deploy(model)
    assert codes(caught) == ["blocked"]
    assert "fairness score of sex is 0.6" in caught.value.sentence
    assert office.stage(model) == ("draft", None)
    assert office.steps(model) == []


def test_the_gate_asks_for_what_the_policy_of_the_moment_asks_for(office):
    office.policy(require_reference="any", require_fairness="always", labels_within_days=30, approvals=1)
    with pytest.raises(Refused) as caught:
        office.deploy(office.version())
    assert codes(caught) == ["missing_reference", "missing_fairness", "missing_labels", "approval_missing"]


def test_two_approvals_by_two_people_approve_a_submission_and_let_it_be_deployed(office):
    office.policy(approvals=2)
    model = office.version()
    office.submit(model)
    office.approve(model, "ada")
    assert office.stage(model)[0] == "submitted"
    with pytest.raises(Refused, match="1 of 2 is there"):
        office.deploy(model)
    with pytest.raises(Refused) as caught:
        office.approve(model, "ada")
    assert codes(caught) == ["approved_already"]
    office.approve(model, "ben")
    assert office.stage(model)[0] == "approved"
    step = office.deploy(model)
    assert [given["by"] for given in step.evidence["approvals"]] == ["ada@example.org", "ben@example.org"]
    assert step.policies[0]["number"] == 1


def test_whoever_asked_cannot_approve_nor_through_a_key_that_they_made_nor_one_that_this_key_made(office):
    office.policy(approvals=1)
    ada = office.people["ada"]
    keys = [office.key_of(ada, "ci")]
    keys.append(office.key_of(keys[0], "of the ci"))
    for number, asked_by in enumerate((ada, *keys)):
        model = office.version(str(number))
        office.submit(model, asked_by)
        for who in (ada, *keys):
            with pytest.raises(Refused) as caught:
                office.approve(model, who)
            assert codes(caught) == ["four_eyes"]
        assert office.stage(model)[0] == "submitted"
        office.approve(model, "ben")
        assert office.stage(model)[0] == "approved"


def test_nobody_can_tell_who_opened_a_link_of_the_machine_so_it_is_no_pair_of_eyes(office):
    office.policy(approvals=1)
    model = office.version()
    office.submit(model, "ben")
    with pytest.raises(Refused, match="nobody can tell who is behind"):
        office.approve(model, operator(office.organisation_id))


def test_the_maker_of_a_key_is_known_however_long_their_address_is(office):
    office.policy(approvals=1)
    model, long = office.version(), office.hire("a" * 195, Role.ADMIN)
    office.submit(model, office.key_of(replace(long, title=long.title[:200])))
    with pytest.raises(Refused, match="submitted this version through a key"):
        office.approve(model, long)


def test_without_four_eyes_a_team_of_one_approves_its_own(office):
    office.policy(approvals=1, four_eyes=False)
    model = office.version()
    office.submit(model, "ada")
    office.approve(model, "ada")
    assert office.deploy(model, "ada").after == "deployed"


def test_only_the_roles_of_the_policy_approve(office):
    office.policy(approvals=1)
    model = office.version()
    office.submit(model, "ben")
    with pytest.raises(Refused) as caught:
        office.approve(model, "eve")
    assert codes(caught) == ["not_an_approver"]
    with pytest.raises(Forbidden):
        office.approve(model, "vic")


def test_what_was_rejected_is_refused_until_it_is_submitted_and_approved_anew(office):
    model = office.version()
    office.submit(model)
    office.approve(model)
    with pytest.raises(Invalid, match="Say why"):
        office.do(reject, model, justification=" ")
    office.do(reject, model, justification="Trained on leaked labels.")
    with pytest.raises(Refused) as caught:
        office.deploy(model)
    assert codes(caught) == ["rejected"]
    office.submit(model)
    assert office.steps(model)[-1].evidence["approvals"] != []
    office.policy(approvals=1)
    with pytest.raises(Refused, match="is missing"):
        office.deploy(model)


def test_deploying_a_version_retires_the_one_that_was_there_and_a_rollback_brings_it_back(office):
    one, two, three = (office.version(number) for number in "123")
    for model in (one, two, three):
        office.deploy(model)
    assert [office.stage(model)[0] for model in (one, two, three)] == ["retired", "retired", "deployed"]
    done = office.do(roll_back, three, justification="It answers slowly.")
    assert done.restored.id == two
    assert office.stage(two) == ("deployed", "champion")
    assert office.stage(three) == ("rolled_back", None)
    assert office.do(roll_back, two, justification="So does this one.").restored.id == one
    assert office.do(roll_back, one, justification="And this.").restored is None
    assert [office.stage(model)[1] for model in (one, two, three)] == [None] * 3


def test_a_version_that_was_deployed_once_more_still_knows_which_one_it_replaced(office):
    one, two = office.version("1"), office.version("2")
    office.deploy(one)
    office.deploy(two)
    office.measure(two, 0.5)
    office.deploy(two, "ada", override=True, justification="Until tomorrow.", expires_at=NOON + HOUR)
    office.do(request_retraining, two, "eve", justification=None)
    assert office.do(roll_back, two, justification="It is unfair.").restored.id == one


def test_a_rollback_goes_through_the_gate_too(office):
    one, two = office.version("1"), office.version("2")
    office.deploy(one)
    office.deploy(two)
    office.measure(one, 0.5)
    with pytest.raises(Refused, match="churn 1 may not return") as caught:
        office.do(roll_back, two, justification="It answers slowly.")
    assert codes(caught) == ["blocked"]
    assert office.stage(two) == ("deployed", "champion")
    with pytest.raises(Forbidden, match="only an admin"):
        office.do(roll_back, two, "eve", justification="It answers slowly.", override=True)
    office.do(roll_back, two, justification="It answers slowly.", override=True)
    assert office.stage(one) == ("deployed", "champion")
    assert office.steps(one)[-1].override


def test_a_version_that_was_retired_by_a_person_since_does_not_come_back(office):
    one, two = office.version("1"), office.version("2")
    office.deploy(one)
    office.deploy(two)
    office.submit(one)
    office.do(retire, one, justification="Its licence ended.")
    assert office.do(roll_back, two, justification="It answers slowly.").restored is None


def test_a_challenger_stands_beside_the_champion_until_it_takes_its_place(office):
    one, two = office.version("1"), office.version("2")
    office.deploy(one)
    office.deploy(two, place=Place.CHALLENGER)
    assert (office.stage(one)[1], office.stage(two)[1]) == ("champion", "challenger")
    assert answer_of(office, two).answer == "shadow_only"
    office.deploy(two)
    assert (office.stage(one), office.stage(two)[1]) == (("retired", None), "champion")


def test_what_is_in_production_cannot_be_put_into_the_shadow_without_a_word(office):
    model = office.version()
    office.deploy(model)
    with pytest.raises(Conflict, match="nothing would answer in its place"):
        office.deploy(model, "eve", place=Place.CHALLENGER)
    assert office.stage(model) == ("deployed", "champion")


def test_a_version_that_is_to_be_retrained_goes_on_serving(office):
    model = office.version()
    office.deploy(model)
    office.do(request_retraining, model, "eve", justification=None)
    assert office.stage(model) == ("retraining_requested", "champion")
    assert answer_of(office, model).answer == "allowed"
    office.submit(model)
    assert office.stage(model) == ("submitted", "champion")


def test_deploying_again_changes_nothing_but_asks_the_gate(office):
    model = office.version()
    first = office.deploy(model)
    assert office.deploy(model).id == first.id
    assert len(office.steps(model)) == 1
    office.measure(model, 0.6)
    with pytest.raises(Refused):
        office.deploy(model)
    assert office.stage(model) == ("deployed", "champion")


def test_an_override_needs_an_admin_a_justification_and_an_end_to_come(office):
    model = office.version()
    office.measure(model, 0.6)
    with pytest.raises(Forbidden, match="only an admin"):
        office.deploy(model, "eve", override=True, justification="We know.")
    with pytest.raises(Invalid, match="justification"):
        office.deploy(model, "ada", override=True)
    for nothing in ("   ", "\N{ZERO WIDTH SPACE}\N{WORD JOINER}", "-", "..."):
        with pytest.raises(Invalid, match="justification"):
            office.deploy(model, "ada", override=True, justification=nothing)
    with pytest.raises(Invalid, match="before it begins"):
        office.deploy(model, "ada", override=True, justification="We know.", expires_at=NOON)
    step = office.deploy(model, "ada", override=True, justification="The groups differ by law.")
    assert step.override
    assert [ground["code"] for ground in step.grounds] == ["blocked"]
    with Session(office.engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "version.deployed")).one()
    assert entry.reason == "The groups differ by law."
    assert '"override":true' in str(entry.after).replace(" ", "").replace("'", '"').lower()


def test_the_chain_keeps_the_whole_of_a_long_justification(office):
    said = "The groups differ by law. " * 150
    office.deploy(office.version(), "ada", justification=said)
    with Session(office.engine) as session:
        assert session.scalars(select(AuditEntry.reason).where(AuditEntry.reason.is_not(None))).all() == [said.strip()]


def test_an_override_with_another_end_is_another_one_and_the_same_one_again_is_none(office):
    model, end = office.version(), NOON + HOUR
    office.measure(model, 0.6)
    office.deploy(model, "ada", override=True, justification="We know.")
    office.deploy(model, "ada", override=True, justification="Only for an hour.", expires_at=end)
    office.deploy(model, "ada", override=True, justification="Only for an hour.", expires_at=end)
    assert [step.expires_at for step in office.steps(model)] == [None, end]
    assert answer_of(office, model, end).answer == "shadow_only"


def test_an_override_of_a_missing_approval_runs_out_too_and_the_approval_can_be_given_afterwards(office):
    model, end = office.version(), NOON + HOUR
    office.policy(approvals=1)
    office.deploy(model, "ada", override=True, justification="Ben is on a plane.", expires_at=end)
    assert answer_of(office, model).answer == "allowed"
    found = answer_of(office, model, end)
    assert found.answer == "shadow_only"
    assert [str(reason.code) for reason in found.reasons] == ["override_expired", "approval_missing"]
    office.submit(model)
    office.approve(model, "ben")
    assert office.stage(model) == ("approved", "champion")
    assert answer_of(office, model, end).answer == "allowed"


def test_an_override_that_is_not_needed_is_none(office):
    assert not office.deploy(office.version(), "ada", override=True, justification="To be safe.").override


def test_when_an_override_has_run_out_the_gate_holds_again_and_it_is_told_once(office):
    model, end = office.version(), NOON + HOUR
    office.measure(model, 0.6)
    step = office.deploy(model, "ada", override=True, justification="Until the retrained one is here.", expires_at=end)
    assert answer_of(office, model).answer == "allowed"
    assert answer_of(office, model).override is not None
    assert answer_of(office, model, end).answer == "shadow_only"
    with Session(office.engine) as session:
        job = session.scalars(select(Job).where(Job.kind == KIND)).one()
    assert (job.key, job.run_at) == (str(step.id), end)
    assert end_override(office.engine, transition_id=step.id, now=NOON) is None
    writes = [end_override(office.engine, transition_id=step.id, now=end) for _ in range(2)]
    for write in writes:
        assert write is not None
        with writing(office.engine) as session:
            write(session)
    assert [taken.action for taken in office.steps(model)] == ["deploy", "expire"]
    with Session(office.engine) as session:
        signal = session.scalars(select(Signal).where(Signal.after == "override_expired")).one()
    assert "BLOCKED" in signal.reason
    assert office.stage(model) == ("deployed", "champion")
    found = answer_of(office, model, end)
    assert [str(reason.code) for reason in found.reasons] == ["override_expired", "blocked"]
    office.measure(model, 0.95)
    assert answer_of(office, model, end).answer == "allowed"


def test_an_override_of_a_version_that_left_production_ends_in_silence(office):
    model, end = office.version(), NOON + HOUR
    office.measure(model, 0.6)
    step = office.deploy(model, "ada", override=True, justification="For a demo.", expires_at=end)
    office.do(retire, model, justification="The demo is over.")
    write = end_override(office.engine, transition_id=step.id, now=end)
    assert write is not None
    with writing(office.engine) as session:
        write(session)
    assert [taken.action for taken in office.steps(model)] == ["deploy", "retire"]


def test_what_is_blocked_in_production_goes_on_in_the_shadow_and_what_is_not_there_is_refused(office):
    model = office.version()
    assert [str(reason.code) for reason in answer_of(office, model).reasons] == ["not_in_production"]
    office.deploy(model)
    office.measure(model, 0.6)
    assert answer_of(office, model).answer == "shadow_only"
    office.measure(model, 0.95)
    office.policy(approvals=1)
    found = answer_of(office, model)
    assert found.answer == "allowed"
    assert [str(reason.code) for reason in found.warnings] == ["approval_missing"]


def test_every_step_is_in_the_audit_chain_and_every_change_a_signal(office):
    model = office.version()
    office.submit(model)
    office.approve(model)
    office.deploy(model)
    with Session(office.engine) as session:
        of_versions = select(AuditEntry.action).where(AuditEntry.action.startswith("version."))
        told = session.scalars(of_versions.order_by(AuditEntry.position)).all()
        signals = session.execute(select(Signal.before, Signal.after).where(Signal.kind == "deployment")).all()
    assert told == ["version.submitted", "version.approved", "version.deployed"]
    assert [tuple(pair) for pair in signals] == [
        ("draft", "submitted"),
        ("submitted", "approved"),
        ("approved", "deployed"),
    ]


def at_once(*calls: Callable[[], object]) -> list[BaseException | None]:
    """Run these in threads that begin together, and answer what each raised."""
    barrier = threading.Barrier(len(calls))
    raised: list[BaseException | None] = [None] * len(calls)

    def run(place: int) -> None:
        barrier.wait()
        try:
            calls[place]()
        except Exception as error:  # noqa: BLE001 - what it was is asserted
            raised[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_deployments_at_once_have_one_effect(office):
    model = office.version()
    assert at_once(*[lambda: office.deploy(model)] * 4) == [None] * 4
    assert len(office.steps(model)) == 1


def test_of_two_versions_deployed_at_once_one_is_in_production(office):
    one, two = office.version("1"), office.version("2")
    assert at_once(lambda: office.deploy(one), lambda: office.deploy(two)) == [None, None]
    assert sorted([office.stage(one)[0], office.stage(two)[0]]) == ["deployed", "retired"]


def test_two_approvals_of_one_person_at_once_are_one(office):
    office.policy(approvals=2)
    model = office.version()
    office.submit(model)
    raised = at_once(*[lambda: office.approve(model)] * 3)
    assert sum(error is None for error in raised) == 1
    assert all(isinstance(error, Conflict) for error in raised if error is not None)
    with Session(office.engine) as session:
        approved = select(Transition).where(Transition.action == "approve")
        assert len(session.scalars(approved).all()) == 1
    assert office.stage(model)[0] == "submitted"
