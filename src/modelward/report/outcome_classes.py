"""Whether the outcomes and predictions of two tables are of the same classes, by what their summaries hold."""

from collections.abc import Sequence

import numpy as np

from modelward.rules.outcome_classes import MOST_NAMES, never_predicted, unlike_before, without_positive
from modelward.stats import NumericSummary, Summary
from modelward.stats.labels import class_name

TRUTH = {"true": 1.0, "false": 0.0}
"""Truth values as they are summarised, by what they stand for."""

Classes = frozenset[str]


def require_two_classes(label: Sequence[Summary], prediction: Sequence[Summary], positive: str, *, named: bool) -> None:
    """Refuse outcomes without the class that counts as positive, and what `require_same_classes` does.

    Raises:
        ValueError: a sentence says which classes there are, and what to do.
    """
    outcomes = _all_of(_sides(label))
    _refuse(without_positive(outcomes, positive, named=named) if outcomes else "")
    require_same_classes(label, prediction)


def require_same_classes(label: Sequence[Summary], prediction: Sequence[Summary]) -> None:
    """Refuse classes that are others in the current table than in the reference, or others predicted than happened.

    Raises:
        ValueError: a sentence says which classes there are, and what to do.
    """
    outcomes, predicted = _sides(label), _sides(prediction)
    for what, sides in (("outcomes", outcomes), ("predictions", predicted)):
        if len(sides) == 2:
            _refuse(unlike_before(sides[0], sides[1], what))
    _refuse(never_predicted(_all_of(outcomes), _all_of(predicted)))


def _sides(summaries: Sequence[Summary]) -> list[Classes]:
    """The classes on each side; none of any side where those of one are too many to be told of."""
    found = [_classes(summary) for summary in summaries]
    return found if all(found) else []


def _classes(summary: Summary) -> Classes:
    if isinstance(summary, NumericSummary):
        values = np.unique(summary.values) if summary.exact else np.empty(0)
        return frozenset(map(class_name, values.tolist())) if values.size <= MOST_NAMES else frozenset()
    few = len(summary.categories) <= MOST_NAMES
    return (
        frozenset(class_name(TRUTH.get(name.casefold(), name)) for name in summary.categories) if few else frozenset()
    )


def _all_of(sides: Sequence[Classes]) -> Classes:
    return frozenset[str]().union(*sides)


def _refuse(sentence: str) -> None:
    if sentence:
        raise ValueError(sentence)
