"""Many parts judged at once: how much further an interval must reach so that more parts make no more false alarms.

Law: with no part worse than another, at most one look in a hundred calls any of them worse, however many they are. Of m
verdicts each rests on an interval of 1 − 0.01 / m (Bonferroni); a single verdict keeps its interval of 95 %.
"""

from functools import cache

from modelward.stats.distributions import student_quantile
from modelward.stats.metric import CONFIDENCE

LEVEL = 0.01
_MANY = 1e9  # So many degrees of freedom are a normal distribution.


@cache
def widening(looks: int, level: float = LEVEL) -> float:
    """By how many times an interval of 95 % is widened when it is one of so many, all of them holding with 1 − `level`.

    >>> widening(1), round(widening(20), 3), round(widening(20, 0.05), 3)
    (1.0, 1.776, 1.543)
    """
    return 1.0 if looks <= 1 else _quantile(level / looks) / _quantile(1 - CONFIDENCE)


def family_confidence(looks: int) -> float:
    """The confidence of each of so many intervals, so that all of them hold together with 99 %.

    >>> family_confidence(1), round(family_confidence(5), 6)
    (0.95, 0.998)
    """
    return CONFIDENCE if looks <= 1 else 1 - LEVEL / looks


def _quantile(level: float) -> float:
    return student_quantile(level / 2, _MANY)
