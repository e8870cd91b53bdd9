"""Outcomes and predictions that are called differently are told of, and never measured as if they were all wrong."""

import numpy as np
import pandas as pd
import pytest

import modelward
from modelward.errors import Invalid
from modelward.stats import accuracy

ROWS = 600
NAMES = {0: "no", 1: "yes"}


def table(seed):
    rng = np.random.default_rng(seed)
    score = rng.random(ROWS)
    outcome = (rng.random(ROWS) < score).astype(int)
    return pd.DataFrame({"y": outcome, "predicted": (score >= 0.5).astype(int), "score": score})


REFERENCE, CURRENT = table(1), table(2)
TRUE_ACCURACY = accuracy(CURRENT["y"], CURRENT["predicted"]).statistic


def renamed(frame, names=NAMES, columns=("y",)):
    return frame.assign(**{column: frame[column].map(names) for column in columns})


def compare(reference=REFERENCE, current=CURRENT, **asked):
    return modelward.compare(reference, current, label="y", **asked).performance


def test_predictions_of_other_names_than_the_outcomes_are_refused():
    with pytest.raises(Invalid, match="no prediction is one of the outcomes: predictions are `0`, `1`, outcomes `no`"):
        compare(renamed(REFERENCE), renamed(CURRENT), prediction="predicted")


def test_outcomes_of_other_names_than_those_of_the_reference_are_refused():
    with pytest.raises(Invalid, match=r"outcomes of the reference are `0`, `1`, and those of the current data `no`"):
        compare(REFERENCE, renamed(CURRENT, columns=("y", "predicted")), prediction="predicted")


def test_a_positive_outcome_that_never_comes_is_refused():
    with pytest.raises(Invalid, match="`ja`, which counts as positive, is none of them: name the positive outcome"):
        compare(renamed(REFERENCE), renamed(CURRENT), score="score", config={"positive": "ja"})


def test_two_other_classes_and_a_score_ask_for_the_positive_one():
    with pytest.raises(Invalid, match="where two classes are meant, the setting `positive` names the one"):
        compare(REFERENCE.assign(y=REFERENCE["y"] + 1), CURRENT.assign(y=CURRENT["y"] + 1), score="score")


@pytest.mark.parametrize(
    ("names", "positive"),
    [({0: 1, 1: 2}, "2"), ({0: "good", 1: "bad"}, "bad"), ({0: "no", 1: "yes"}, None), ({0: False, 1: True}, None)],
)
def test_whatever_two_classes_are_called_their_accuracy_is_that_of_0_and_1(names, positive):
    sides = (renamed(side, names, ("y", "predicted")) for side in (REFERENCE, CURRENT))
    found = compare(*sides, prediction="predicted", score="score", config={"positive": positive})
    assert found.task == "binary"
    assert found.current.metrics["accuracy"].statistic == TRUE_ACCURACY


def test_truth_values_on_one_side_are_the_numbers_on_the_other():
    found = compare(REFERENCE, renamed(CURRENT, {0: False, 1: True}), prediction="predicted")
    assert (found.task, found.current.metrics["accuracy"].statistic) == ("binary", TRUE_ACCURACY)


def test_a_table_with_one_outcome_only_is_measured():
    found = compare(REFERENCE, CURRENT.assign(y=0), prediction="predicted")
    assert found.current.metrics["accuracy"].statistic == (CURRENT["predicted"] == 0).mean()
