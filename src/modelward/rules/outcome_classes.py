"""What outcomes are called: which of two counts as positive, and whether predictions speak of the same classes.

Law: classes that never meet are not measured but told of, because their accuracy would be 0, or 1, and mean nothing. It
takes two names on either side to say so: a window may well hold one outcome only, and that one never predicted.
"""

from collections.abc import Collection

from modelward.rules import phrases

_NUMBERS = (frozenset({"0", "1"}), frozenset({"-1", "1"}))
_POSITIVE = {"yes": "no", "y": "n", "t": "f", "true": "false", "positive": "negative", "pos": "neg"}
MOST_NAMES = 50
"""With more classes than these on a side nothing is said: nobody kept all of their names."""


def are_two_classes(names: Collection[str]) -> bool:
    """Whether all of these are one of two that need no explanation: 0 and 1, yes and no, however they are written."""
    known = {name.casefold() for name in names}
    pairs = (*_NUMBERS, *({yes, no} for yes, no in _POSITIVE.items()))
    return bool(known) and any(known <= pair for pair in pairs)


def positive_of(names: Collection[str]) -> str:
    """The class among these that counts as positive where nobody named one: the one that says yes, else 1.

    Where only the one that says no has come so far, it is the other one in the same letters.

    >>> positive_of({"No", "Yes"}), positive_of({"NO"}), positive_of({"0", "1"}), positive_of({"cat", "dog"})
    ('Yes', 'YES', '1', '1')
    """
    yes = next((name for name in sorted(names) if name.casefold() in _POSITIVE), None)
    if yes is not None or not are_two_classes(names):
        return yes or "1"
    negative = min(names)
    other = {no: yes for yes, no in _POSITIVE.items()}.get(negative.casefold(), "1")
    return other.upper() if negative.isupper() else other.title() if negative.istitle() else other


def without_positive(outcomes: Collection[str], positive: str, *, named: bool) -> str:
    """Why two classes cannot be told apart by the one that counts as positive; empty where they can.

    Args:
        outcomes: The classes that came, by `modelward.stats.labels.class_name`.
        positive: The class that counts as positive.
        named: Whether somebody named it. If nobody did it is 1, and other outcomes than 0 and -1 are not its negatives.
    """
    if positive in outcomes or len(outcomes) > MOST_NAMES:
        return ""
    if named and len(outcomes) < 2:
        return ""
    if not named and set(outcomes) <= {"0", "-1"}:
        return ""
    return (
        f"the outcomes are {_listed(outcomes)}, and `{phrases.shortened(positive)}`, which counts as positive, is none "
        "of them: name the positive outcome in the setting `positive`"
    )


def never_predicted(outcomes: Collection[str], predicted: Collection[str]) -> str:
    """Why predictions cannot be held against outcomes: no class is among both; empty where one is, or may be."""
    if not _apart(outcomes, predicted):
        return ""
    return (
        f"no prediction is one of the outcomes: predictions are {_listed(predicted)}, outcomes {_listed(outcomes)}; "
        "give both by the same names"
    )


def unlike_before(before: Collection[str], now: Collection[str], what: str) -> str:
    """Why `what` (outcomes, predictions) of two tables cannot be compared; empty where they can."""
    if not _apart(before, now):
        return ""
    return (
        f"the {what} of the reference are {_listed(before)}, and those of the current data {_listed(now)}; give both "
        "by the same names"
    )


def _apart(one: Collection[str], other: Collection[str]) -> bool:
    if min(len(one), len(other)) < 2 or max(len(one), len(other)) > MOST_NAMES:
        return False
    return set(one).isdisjoint(other)


def _listed(names: Collection[str]) -> str:
    return phrases.quoted(sorted(names))
