"""Metrics of classes mean what scikit-learn says they mean, and say why where they mean nothing."""

import math

import numpy as np
import pytest
import sklearn.metrics as published
from hypothesis import given, settings
from hypothesis import strategies as st

from modelward.stats import (
    BinaryScores,
    Confusion,
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    f1,
    matthews_correlation,
    per_class,
    precision,
    recall,
    specificity,
)

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)
binary_pairs = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60)


def columns(rows):
    label, prediction = zip(*rows, strict=True)
    return np.array(label), np.array(prediction)


@given(binary_pairs)
def test_binary_metrics_are_scikit_learn_s(rows):
    label, prediction = columns(rows)
    same = {
        accuracy: published.accuracy_score,
        precision: published.precision_score,
        recall: published.recall_score,
        f1: published.f1_score,
        matthews_correlation: published.matthews_corrcoef,
    }
    for ours, theirs in same.items():
        found = ours(label, prediction)
        if math.isnan(found.statistic):
            assert found.reason
        else:
            assert found.statistic == pytest.approx(theirs(label, prediction), abs=1e-12)
            assert found.low <= found.statistic <= found.high


@given(binary_pairs)
def test_specificity_is_the_recall_of_the_other_class(rows):
    label, prediction = columns(rows)
    assert specificity(label, prediction).statistic == pytest.approx(
        recall(label, prediction, positive=0).statistic, nan_ok=True
    )


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(precision, published.precision_score), (recall, published.recall_score), (f1, published.f1_score)],
)
@settings(max_examples=40)
@given(rows=pairs)
def test_averages_are_scikit_learn_s(ours, theirs, average, rows):
    label, prediction = columns(rows)
    found = ours(label, prediction, average=average)
    assert found.statistic == pytest.approx(theirs(label, prediction, average=average, zero_division=0), abs=1e-12)
    assert found.low - 1e-12 <= found.statistic <= found.high + 1e-12


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label was found")
@given(pairs)
def test_the_table_and_balanced_accuracy_are_scikit_learn_s(rows):
    label, prediction = columns(rows)
    counted = confusion_matrix(label, prediction)
    assert counted.counts.tolist() == published.confusion_matrix(label, prediction).tolist()
    found = balanced_accuracy(label, prediction).statistic
    assert found == pytest.approx(published.balanced_accuracy_score(label, prediction))


@given(pairs)
def test_each_class_by_itself_is_that_class_against_the_rest(rows):
    label, prediction = columns(rows)
    names = np.array(["a", "b", "c", "d", "e"])
    label, prediction = names[label], names[prediction]
    for found in per_class(label, prediction):
        single = precision(label, prediction, positive=found.name).statistic
        assert found.precision.statistic == pytest.approx(single, nan_ok=True)
        assert found.support == np.count_nonzero(label == found.name)


@given(pairs, st.integers(1, 5), st.randoms(use_true_random=False))
def test_parts_in_any_order_add_up_to_the_whole(rows, parts, order):
    label, prediction = columns(rows)
    pieces = [Confusion.of(label[i::parts], prediction[i::parts]) for i in range(parts)]
    order.shuffle(pieces)
    merged, whole = Confusion.merge(pieces), Confusion.of(label, prediction)
    assert merged.classes == whole.classes
    assert merged.counts.tolist() == whole.counts.tolist()
    back = Confusion.from_bytes(merged.to_bytes())
    assert (back.classes, back.counts.tolist(), back.missing) == (whole.classes, whole.counts.tolist(), 0)


def test_true_and_one_and_their_texts_are_one_class():
    assert accuracy([True, 1, 1.0, "1", False], ["1", True, 1, 1.0, 0]).statistic == 1.0


def test_names_need_to_say_which_one_is_positive():
    with pytest.raises(ValueError, match="name another by positive="):
        precision(["yes", "no"], ["yes", "yes"])
    assert precision(["yes", "no"], ["yes", "yes"], positive="yes").statistic == 0.5


def test_several_classes_need_an_average():
    with pytest.raises(ValueError, match="name another by positive="):
        f1([0, 1, 2], [0, 1, 2])
    with pytest.raises(ValueError, match="name the positive one by positive=, or an average"):
        f1(Confusion.of([0, 1, 2], [0, 1, 2]))
    with pytest.raises(ValueError, match="macro, micro or weighted"):
        f1([0, 1], [0, 1], average="samples")  # type: ignore[arg-type]


def test_missing_labels_are_left_out_and_counted():
    label, prediction = [1, None, 0, float("nan")], [1, 1, None, 0]
    assert accuracy(label, prediction).n == 1
    assert confusion_matrix(label, prediction).missing == 3


def test_nothing_to_divide_by_is_said():
    assert "never predicted" in precision([1, 0], [0, 0]).reason
    assert "No label is positive" in recall([0, 0], [0, 1]).reason
    assert "one class only" in matthews_correlation([1, 1], [0, 1]).reason
    assert "no rows" in accuracy([], []).reason
    with pytest.raises(ValueError, match="wait for labels"):
        accuracy([], []).required()


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="label 2, prediction 3"):
        accuracy([1, 0], [1, 0, 1])


def test_the_rarest_of_many_classes_share_one_and_the_accuracy_stays_exact():
    rng = np.random.default_rng(3)
    label = rng.zipf(1.5, 5000) % 400
    prediction = np.where(rng.random(5000) < 0.7, label, rng.permutation(label))
    parts = [Confusion.of(label[i::4], prediction[i::4], cap=50) for i in range(4)]
    capped = Confusion.merge(parts, cap=50)
    assert len(capped.classes) == 51
    assert capped.n == 5000
    assert Confusion.of(label, prediction, cap=50).correct == np.count_nonzero(label == prediction) == capped.correct
    assert Confusion.from_bytes(capped.to_bytes()).other_wrong == capped.other_wrong > 0


def test_a_damaged_table_is_refused():
    whole = Confusion.of([0, 1, 1], [0, 1, 0]).to_bytes()
    for data in (whole[:-1], whole + b"x", b"MWXX" + whole[4:]):
        with pytest.raises(ValueError, match="document"):
            Confusion.from_bytes(data)


def test_counts_of_a_joint_summary_are_those_of_its_rows():
    rng = np.random.default_rng(0)
    score, label = rng.random(5000), rng.integers(0, 2, 5000)
    kept = BinaryScores.of(label, score, threshold=0.3)
    for metric in (accuracy, precision, recall, specificity, f1, balanced_accuracy, matthews_correlation):
        assert metric(kept) == metric(label, (score >= 0.3).astype(int))
