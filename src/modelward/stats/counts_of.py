"""Whatever a metric of counts is given, arrays or a joint summary, as confusion counts."""

from typing import NamedTuple

from modelward.stats.binary_scores import BinaryScores
from modelward.stats.confusion import Confusion
from modelward.stats.labels import Column, class_name

Outcomes = Column | Confusion | BinaryScores

NO_ROWS = "There are no rows with a label and a prediction; wait for labels or choose a longer window."


class Counts(NamedTuple):
    """Of the positive class against the rest: right and wrong, by what was predicted."""

    true_negatives: float
    false_positives: float
    false_negatives: float
    true_positives: float

    @property
    def n(self) -> float:
        """All rows."""
        return sum(self)


def confusion_of(label: Outcomes, prediction: Column | None) -> Confusion:
    """The counts of all classes."""
    if isinstance(label, Confusion):
        return label
    if isinstance(label, BinaryScores):
        return label.confusion
    return Confusion.of(label, _needed(prediction))


def counts_of(label: Outcomes, prediction: Column | None, positive: object = 1) -> Counts:
    """The counts of the positive class against all others.

    Raises:
        ValueError: there is no such class, or nothing says which of several is positive.
    """
    if isinstance(label, BinaryScores):
        return _of_table(label.confusion, 1)
    if isinstance(label, Confusion):
        return _of_table(label, _place(label, class_name(positive)))
    return _of_table(Confusion.of_binary(label, _needed(prediction), positive=positive), 1)


def _place(confusion: Confusion, positive: str) -> int:
    classes = confusion.classes
    if positive == "1" and len(classes) > 2:
        raise ValueError(
            f"There are {len(classes)} classes; name the positive one by positive=, or an average (macro, micro, "
            "weighted)."
        )
    if positive in classes:
        return classes.index(positive)
    if positive == "1" and len(classes) == 2 and classes != ("-1", "0"):
        return 1
    if not classes or set(classes) <= {"0", "-1"}:
        return -1
    raise ValueError(f"None of the classes {', '.join(classes[:5])} is {positive}; name the positive one by positive=.")


def _of_table(confusion: Confusion, place: int) -> Counts:
    if place < 0:
        return Counts(confusion.n, 0.0, 0.0, 0.0)
    hits = float(confusion.counts[place, place])
    labelled, predicted = float(confusion.support[place]), float(confusion.predicted[place])
    return Counts(confusion.n - labelled - predicted + hits, predicted - hits, labelled - hits, hits)


def _needed(prediction: Column | None) -> Column:
    if prediction is None:
        raise ValueError("A metric of labels needs the predictions too, or a joint summary of both.")
    return prediction
