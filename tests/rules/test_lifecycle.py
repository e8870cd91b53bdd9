import pytest

from modelward.accounts.principal import Right
from modelward.rules.lifecycle import STEPS, TABLE, WORDS, Action, Place, Stage, possible, refusal


def test_every_action_is_one_line_of_the_table_and_asks_for_a_right_that_there_is():
    assert [step.action for step in TABLE] == list(Action)
    assert {step.right for step in TABLE} <= set(Right)


def test_every_stage_has_a_word_and_can_be_reached_and_left():
    assert set(WORDS) == set(Stage)
    assert {step.after for step in TABLE} | {Stage.DRAFT} == set(Stage)
    assert all(set(possible(stage, None)) - {Action.DEPLOY, Action.RETIRE} for stage in Stage)


def test_the_way_from_draft_to_production_and_out_again():
    stage, way = Stage.DRAFT, [Action.SUBMIT, Action.APPROVE, Action.DEPLOY, Action.RETIRE, Action.SUBMIT]
    passed = []
    for action in way:
        assert refusal(action, stage, None) is None
        stage = STEPS[action].after
        passed.append(stage)
    assert passed == [Stage.SUBMITTED, Stage.APPROVED, Stage.DEPLOYED, Stage.RETIRED, Stage.SUBMITTED]


@pytest.mark.parametrize("stage", [Stage.REJECTED, Stage.DEPLOYED, Stage.RETRAINING, Stage.ROLLED_BACK, Stage.RETIRED])
def test_what_was_sent_back_can_be_submitted_again(stage):
    assert Action.SUBMIT in possible(stage, None)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.SUBMITTED])
def test_only_what_was_submitted_can_be_approved(stage):
    said = refusal(Action.APPROVE, stage, None)
    assert said is not None
    assert WORDS[stage] in said
    assert "submit it first" in said


def test_only_what_is_in_production_can_be_rolled_back():
    assert Action.ROLL_BACK in possible(Stage.DEPLOYED, Place.CHAMPION)
    assert "not in production" in (refusal(Action.ROLL_BACK, Stage.SUBMITTED, None) or "")


def test_asking_for_retraining_and_submitting_again_leave_a_version_in_production():
    assert not STEPS[Action.REQUEST_RETRAINING].leaves
    assert not STEPS[Action.SUBMIT].leaves
    assert all(STEPS[action].leaves for action in (Action.REJECT, Action.ROLL_BACK, Action.RETIRE))


def test_whoever_ends_something_says_why():
    assert {action for action in Action if STEPS[action].justified} == {Action.REJECT, Action.ROLL_BACK, Action.RETIRE}
