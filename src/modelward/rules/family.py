"""Many parts judged at once: how much further an interval must reach so that more parts make no more false alarms.

Law: with no part worse than another, at most one look in 20 calls any of them worse, however many they are. Each
interval is that of 95 % for a single look, and of 1 − 0.05 / m for m of them (Bonferroni).
"""

from functools import cache

from modelward.stats.distributions import student_quantile
from modelward.stats.metric import CONFIDENCE

_MANY = 1e9  # So many degrees of freedom are a normal distribution.


@cache
def widening(looks: int) -> float:
    """By how many times an interval of 95 % is widened when it is one of so many.

    >>> widening(1), round(widening(20), 3)
    (1.0, 1.542)
    """
    return _quantile(looks) / _quantile(1)


def family_confidence(looks: int) -> float:
    """The confidence of each of so many intervals, so that all of them hold together with 95 %.

    >>> family_confidence(1), family_confidence(5)
    (0.95, 0.99)
    """
    return 1 - (1 - CONFIDENCE) / max(1, looks)


def _quantile(looks: int) -> float:
    return student_quantile((1 - CONFIDENCE) / 2 / max(1, looks), _MANY)
