"""When outcomes and predictions speak of different classes."""

import pytest

from modelward.rules.outcome_classes import MOST_NAMES, never_predicted, unlike_before, without_positive


def test_classes_that_never_meet_are_told_with_both_their_names():
    said = never_predicted({"no", "yes"}, {"0", "1"})
    assert said.startswith("no prediction is one of the outcomes: predictions are `0`, `1`, outcomes `no`, `yes`")


@pytest.mark.parametrize(
    ("outcomes", "predicted"),
    [
        ({"a", "b"}, {"b", "c"}),
        ({"a"}, {"b", "c"}),
        ({"a", "b"}, {"c"}),
        ({"a", "b"}, set()),
        ({f"a{n}" for n in range(MOST_NAMES + 1)}, {"b", "c"}),
    ],
)
def test_one_class_in_common_or_too_few_or_too_many_to_say_are_no_contradiction(outcomes, predicted):
    assert never_predicted(outcomes, predicted) == ""


def test_other_classes_than_in_the_reference_are_told():
    assert unlike_before({"0", "1"}, {"no", "yes"}, "outcomes").startswith("the outcomes of the reference are `0`, `1`")
    assert unlike_before({"0", "1"}, {"1"}, "outcomes") == ""


@pytest.mark.parametrize(
    ("outcomes", "positive", "named", "told"),
    [
        ({"no", "yes"}, "1", False, True),
        ({"no"}, "1", False, True),
        ({"no", "yes"}, "ja", True, True),
        ({"0"}, "1", False, False),
        ({"-1"}, "1", False, False),
        ({"no"}, "yes", True, False),
        ({"no", "yes"}, "yes", True, False),
    ],
)
def test_a_positive_class_that_is_none_of_the_outcomes_is_told(outcomes, positive, named, told):
    assert bool(without_positive(outcomes, positive, named=named)) is told
